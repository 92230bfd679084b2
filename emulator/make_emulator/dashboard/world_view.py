"""Data of the dashboard: the state of one world."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import TypeVar

from ..engine.scenarios import module_checks
from ..engine.scheduling import scheduler
from ..http.endpoint import Endpoint
from ..http.faults import FaultRule
from ..http.request_log import DENIED_POLICY, LogEntry
from ..policies import agents
from ..policies.statements import describe_grant
from ..redaction.masking import TRACE_REDACTOR, OutputRedactor
from ..registry import WorldHandle
from ..reports import access
from ..world.clock import format_iso
from ..world.models import (
    Agent,
    Execution,
    HttpRule,
    IncompleteExecution,
    Mail,
    ModuleScript,
    OAuthClient,
    Scenario,
    SentRequest,
    Toolbox,
)
from ..world.tables import Table
from ..world.world import World

#: Maximum number of requests or mails, of other rows, and of executions and warnings of a scenario.
MAX_REQUESTS, MAX_ROWS, MAX_RUNS_PER_SCENARIO, MAX_WARNINGS = 40, 50, 3, 5

_SentT = TypeVar("_SentT", SentRequest, Mail)

_ACTION_TEXTS = {
    "reset": "reset the connection",
    "timeout": "time out",
    "truncate": "truncate the response",
}

_RUN_STATES = {1: ("success", "good"), 2: ("warning", "warn"), 3: ("error", "bad")}


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """State and start of an execution."""

    id: str
    state: str
    tone: str
    at: str


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """Scenario with its last executions, and warnings of its modules."""

    id: int
    name: str
    state: str
    tone: str
    runs: list[ExecutionRow]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """Fault rule, module script or response rule: what it matches, its action, and its number of matches."""

    target: str
    action: str
    hits: str


@dataclass(frozen=True, slots=True)
class HttpRequestRow:
    """Request that a scenario sent."""

    at: str
    status: str
    tone: str
    request: str
    sender: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class MailRow:
    """Mail that a scenario sent."""

    at: str
    to: str
    subject: str
    sender: str
    attachments: int


@dataclass(frozen=True, slots=True)
class IncompleteExecutionRow:
    """Unresolved incomplete execution."""

    scenario: str
    reason: str
    attempts: int
    next_retry: str | None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """Agent with its grants, and the decisions on its requests in the log."""

    name: str
    holder: str
    grants: list[str]
    allowed: int
    denied: int
    #: The grants that denied requests lacked.
    missing: list[str]


@dataclass(frozen=True, slots=True)
class OAuthClientRow:
    """OAuth client with the number of its grants."""

    id: str
    name: str
    kind: str
    redirects: str
    grants: int


@dataclass(frozen=True, slots=True)
class ToolboxRow:
    """MCP toolbox with the labels of its tools, and the number of its keys."""

    name: str
    uuid: str
    tools: str
    keys: int


def template_context(handle: WorldHandle, endpoints: Collection[Endpoint]) -> dict[str, object]:
    """Returns the variables of the template, after running what fell due."""
    with handle.locked() as world:
        scheduler.catch_up(world)
        redactor = TRACE_REDACTOR.with_secrets(handle.secret_values())
        team = handle.main_team()
        organization = world.organizations[team.organization_id] if team else None
        scenarios = [_scenario_row(world, scenario) for scenario in islice(world.scenarios, MAX_ROWS)]
        context: dict[str, object] = {
            "name": handle.name,
            "now": format_iso(world.now()),
            "frozen": world.clock.frozen,
            "token": handle.main_token().token,
            "plan": organization.plan if organization else None,
            "zone": organization.zone if organization else None,
            "team_id": team.id if team else None,
            "organization_id": organization.id if organization else None,
            "user_id": handle.main_user().id,
            "checkpoint_count": len(handle.checkpoints),
            "scenarios": scenarios,
            "scenario_count": len(world.scenarios),
            "data_stores": list(islice(world.data_stores, MAX_ROWS)),
            "data_store_count": len(world.data_stores),
            "incomplete_executions": [
                _incomplete_execution_row(world, row, redactor)
                for row in islice(_unresolved(world), MAX_ROWS)
            ],
            "scripts": [_script_row(script) for script in world.scripts.values()],
            "response_rules": [_http_rule_row(rule, redactor) for rule in world.http_rules],
            "sent_requests": [
                _http_request_row(world, row, redactor) for row in _latest(world.http_requests)
            ],
            "sent_request_count": len(world.http_requests),
            "mails": [_mail_row(world, mail, redactor) for mail in _latest(world.outbox)],
            "mail_count": len(world.outbox),
            "agents": [_agent_row(world, row, handle) for row in islice(world.agents, MAX_ROWS)],
            "agent_count": len(world.agents),
            "oauth_clients": [
                _oauth_client_row(world, client) for client in islice(world.oauth_clients, MAX_ROWS)
            ],
            "oauth_client_count": len(world.oauth_clients),
            "toolboxes": [_toolbox_row(world, toolbox) for toolbox in islice(world.toolboxes, MAX_ROWS)],
            "toolbox_count": len(world.toolboxes),
        }
    entries = list(handle.request_log)
    return context | {
        "requests": [
            {"at": format_iso(entry.at), "status": entry.status, "sentence": entry.sentence()}
            for entry in reversed(entries[-MAX_REQUESTS:])
        ],
        "request_count": len(entries),
        "decisions": [
            {
                "at": format_iso(entry.at),
                "statement": entry.statement(),
                "tone": "bad" if _missing_grants(entry) else "",
            }
            for entry in islice((entry for entry in reversed(entries) if entry.agent), MAX_ROWS)
        ],
        "faults": [_fault_row(rule, redactor) for rule in handle.faults],
        "tokens": access.report(handle, endpoints),
    }


def _scenario_row(world: World, scenario: Scenario) -> ScenarioRow:
    if scenario.is_invalid:
        state, tone = "invalid", "bad"
    elif scenario.is_paused:
        state, tone = "paused", "warn"
    else:
        state, tone = ("active", "good") if scenario.is_active else ("inactive", "soft")
    runs = (entry for entry in world.logs.where(scenario=scenario.id) if isinstance(entry, Execution))
    latest = nlargest(MAX_RUNS_PER_SCENARIO, runs, key=attrgetter("started", "sequence"))
    return ScenarioRow(
        scenario.id,
        scenario.name,
        state,
        tone,
        [execution_row(run, world.now()) for run in latest],
        module_checks.find_warnings(
            world, world.blueprints[scenario.id, scenario.blueprint_version].blueprint
        )[:MAX_WARNINGS],
    )


def execution_row(run: Execution, now: int) -> ExecutionRow:
    """Returns the row of an execution at a moment."""
    state, tone = _RUN_STATES.get(run.status, ("unknown", "soft")) if run.ends <= now else ("running", "soft")
    return ExecutionRow(run.id, state, tone, format_iso(run.started))


def _unresolved(world: World) -> Iterator[IncompleteExecution]:
    return (row for row in world.incomplete_executions if not row.resolved)


def _incomplete_execution_row(
    world: World, row: IncompleteExecution, redactor: OutputRedactor
) -> IncompleteExecutionRow:
    name = world.scenarios[row.scenario_id].name
    next_retry = format_iso(row.next_retry) if row.next_retry is not None else None
    return IncompleteExecutionRow(name, redactor.mask_text(row.reason), row.attempts, next_retry)


def _fault_row(rule: FaultRule, redactor: OutputRedactor) -> RuleRow:
    actions = [
        rule.name or "",
        f"respond {rule.status}" if rule.status else "",
        _ACTION_TEXTS.get(rule.action or "", ""),
    ]
    actions.append(f"after {rule.delay_ms} ms" if rule.delay_ms else "")
    actions.append(f"with a probability of {100 * rule.probability:g} %" if rule.probability < 1 else "")
    target = f"{rule.method or 'any method'} {redactor.mask_values(rule.path or 'any path')}"
    return RuleRow(target, ", ".join(filter(None, actions)), _hits_text(rule.hits, rule.times))


def _script_row(script: ModuleScript) -> RuleRow:
    if script.error is not None:
        action = f"fail with {script.error.name}"
    elif script.output is not None:
        count = len(script.output)
        action = f"output {count} bundle{'s' * (count != 1)}"
    else:
        action = "run"
    action += f", {script.duration} ms later" if script.duration else ""
    return RuleRow(script.module, action, _hits_text(script.hits, _total_times(script)))


def _http_rule_row(rule: HttpRule, redactor: OutputRedactor) -> RuleRow:
    if rule.error is not None:
        action = "time out" if rule.error == "timeout" else "refuse the connection"
    else:
        count = len(rule.pages)
        action = f"respond {rule.status}" + (f" with {count} page{'s' * (count != 1)}" if count else "")
    action += f", {rule.delay} ms later" if rule.delay else ""
    return RuleRow(
        f"{rule.method or 'any method'} {redactor.mask_url(rule.url)}",
        action,
        _hits_text(rule.hits, _total_times(rule)),
    )


def _latest(table: Table[int, _SentT]) -> list[_SentT]:
    """Returns the last rows of a table, the latest first."""
    return list(table)[: -MAX_REQUESTS - 1 : -1]


def _http_request_row(world: World, row: SentRequest, redactor: OutputRedactor) -> HttpRequestRow:
    return HttpRequestRow(
        at=format_iso(row.at),
        status=str(row.status or row.error or "?"),
        tone="bad" if row.status is None or row.status >= 400 else "good",
        request=f"{row.method} {redactor.mask_url(row.url)}",
        sender=_sender(world, row.scenario_id, row.module_id),
        answered_by=row.answered_by,
    )


def _mail_row(world: World, mail: Mail, redactor: OutputRedactor) -> MailRow:
    recipients = ", ".join((*mail.to, *mail.cc, *mail.bcc))
    sender = _sender(world, mail.scenario_id, mail.module_id)
    return MailRow(
        format_iso(mail.at), recipients, redactor.mask_text(mail.subject), sender, len(mail.attachments)
    )


def _agent_row(world: World, agent: Agent, handle: WorldHandle) -> AgentRow:
    own = handle.request_log.select({"agent": (agent.name,)})
    denied = [entry for entry in own if entry.decision == DENIED_POLICY or entry.denied_in_run]
    token = world.tokens.get(agent.token) if agent.token is not None else None
    client = world.oauth_clients.get(agent.client_id) if agent.client_id is not None else None
    holders = [
        f"token {token.label}" if token is not None else "",
        f"OAuth client {client.name}" if client is not None else "",
    ]
    return AgentRow(
        agent.name,
        ", ".join(filter(None, holders)),
        [
            *(describe_grant(grant) for grant in agent.grants),
            *([f"runs: {agent.runs}"] if agent.runs != agents.TRUST else []),
        ],
        len(own) - len(denied),
        len(denied),
        sorted({text for entry in denied for text in _missing_grants(entry)})[:MAX_ROWS],
    )


def _missing_grants(entry: LogEntry) -> tuple[str, ...]:
    missing = entry.missing if entry.decision == DENIED_POLICY else ()
    return (*missing, *entry.denied_in_run)


def _oauth_client_row(world: World, client: OAuthClient) -> OAuthClientRow:
    kind = "public" if client.secret is None else "confidential"
    redirects = [*client.redirect_uris, *(["any on loopback"] if client.allows_loopback else [])]
    return OAuthClientRow(
        client.id,
        client.name,
        "registered itself" if client.is_dynamic else kind,
        ", ".join(redirects),
        len(world.oauth_grants.where(client=client.id)),
    )


def _toolbox_row(world: World, toolbox: Toolbox) -> ToolboxRow:
    tools = world.toolbox_tools.where(toolbox=toolbox.id)
    labels = (tool.label or world.scenarios[tool.scenario_id].name for tool in tools)
    keys = len(world.toolbox_keys.where(toolbox=toolbox.id))
    return ToolboxRow(toolbox.name, toolbox.uuid, ", ".join(labels), keys)


def _sender(world: World, scenario_id: int, module_id: int) -> str:
    scenario = world.scenarios.get(scenario_id)
    part = f"module {module_id}" if module_id else "callback"
    return f"{scenario.name if scenario else f'scenario {scenario_id}'}, {part}"


def _total_times(row: ModuleScript | HttpRule) -> int | None:
    """Returns the total number of matches that a row allows; ``None`` for no limit."""
    return None if row.left is None else row.left + row.hits


def _hits_text(hits: int, total: int | None) -> str:
    return str(hits) if total is None else f"{hits} of {total}"
