"""What the dashboard shows of a world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from ..engine.scheduling import scheduler
from ..http.endpoint import Endpoint
from ..http.faults import FaultRule
from ..redaction.masking import format_query
from ..registry import WorldHandle
from ..reports import access
from ..world.clock import format_iso
from ..world.models import Execution, HttpRule, IncompleteExecution, Mail, ModuleScript, Scenario, SentRequest
from ..world.tables import Table
from ..world.world import World

#: How many requests or mails, scenarios or data stores, and runs of a scenario are shown.
MAX_REQUESTS, MAX_ROWS, MAX_RUNS_PER_SCENARIO = 40, 50, 3

_SentT = TypeVar("_SentT", SentRequest, Mail)

_ACTION_TEXTS = {
    "reset": "reset the connection",
    "timeout": "leave it unanswered",
    "truncate": "cut the answer short",
}

_RUN_STATES = {1: ("success", "good"), 2: ("warning", "warn"), 3: ("error", "bad")}


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """A run as a word, and when it began."""

    id: str
    state: str
    tone: str
    at: str


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario with its last runs."""

    id: int
    name: str
    state: str
    tone: str
    runs: list[ExecutionRow]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """Something that a test arranged: what it is about, what happens there, and how often it did."""

    about: str
    does: str
    hits: str


@dataclass(frozen=True, slots=True)
class HttpRequestRow:
    """A request that a scenario sent: when, what it came to, whereto, and who answered."""

    at: str
    status: str
    tone: str
    request: str
    sender: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail that a scenario sent."""

    at: str
    to: str
    subject: str
    sender: str
    attachments: int


@dataclass(frozen=True, slots=True)
class IncompleteExecutionRow:
    """An incomplete execution that is not resolved: whose, why, and what becomes of it."""

    scenario: str
    reason: str
    attempts: int
    next_retry: str | None


def template_context(tenant: WorldHandle, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The world at this moment, what fell due included."""
    with tenant.locked() as world:
        scheduler.catch_up(world)
        team = tenant.main_team()
        organization = world.organizations[team.organization_id] if team else None
        scenarios = [_scenario_row(world, scenario) for scenario in islice(world.scenarios, MAX_ROWS)]
        shown: dict[str, Any] = {
            "name": tenant.name,
            "now": format_iso(world.now()),
            "frozen": world.clock.frozen,
            "token": tenant.main_token().token,
            "plan": organization.plan if organization else None,
            "zone": organization.zone if organization else None,
            "team_id": team.id if team else None,
            "organization_id": organization.id if organization else None,
            "user_id": tenant.main_user().id,
            "scenarios": scenarios,
            "scenarios_all": len(world.scenarios),
            "data_stores": list(islice(world.data_stores, MAX_ROWS)),
            "data_stores_all": len(world.data_stores),
            "broken": [_incomplete_execution_row(world, row) for row in islice(_unresolved(world), MAX_ROWS)],
            "scripts": [_script_row(script) for script in world.scripts.values()],
            "rules": [_http_rule_row(rule) for rule in world.http_rules],
            "sent": [_http_request_row(world, row) for row in _latest(world.http_requests)],
            "sent_kept": len(world.http_requests),
            "mails": [_mail_row(world, mail) for mail in _latest(world.outbox)],
            "mails_kept": len(world.outbox),
        }
    entries = list(tenant.request_log)
    return shown | {
        "requests": [
            {"at": format_iso(entry.at), "status": entry.status, "sentence": entry.sentence()}
            for entry in reversed(entries[-MAX_REQUESTS:])
        ],
        "requests_kept": len(entries),
        "faults": [_fault_row(rule) for rule in tenant.faults],
        "tokens": access.report(tenant, endpoints),
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
        scenario.id, scenario.name, state, tone, [execution_row(run, world.now()) for run in latest]
    )


def execution_row(run: Execution, now: int) -> ExecutionRow:
    """What is shown of a run at a moment."""
    state, tone = _RUN_STATES.get(run.status, ("unknown", "soft")) if run.ends <= now else ("running", "soft")
    return ExecutionRow(run.id, state, tone, format_iso(run.started))


def _unresolved(world: World) -> Iterator[IncompleteExecution]:
    return (row for row in world.incomplete_executions if not row.resolved)


def _incomplete_execution_row(world: World, row: IncompleteExecution) -> IncompleteExecutionRow:
    name = world.scenarios[row.scenario_id].name
    again = format_iso(row.next_retry) if row.next_retry is not None else None
    return IncompleteExecutionRow(name, row.reason, row.attempts, again)


def _fault_row(rule: FaultRule) -> RuleRow:
    does = [
        rule.name or "",
        f"answer {rule.status}" if rule.status else "",
        _ACTION_TEXTS.get(rule.action or "", ""),
    ]
    does.append(f"after {rule.delay_ms} ms" if rule.delay_ms else "")
    does.append(f"in {100 * rule.probability:g} % of the cases" if rule.probability < 1 else "")
    about = f"{rule.method or 'any method'} {rule.path or 'any path'}"
    return RuleRow(about, ", ".join(filter(None, does)), _hits_text(rule.hits, rule.times))


def _script_row(script: ModuleScript) -> RuleRow:
    if script.error is not None:
        does = f"fail with {script.error.name}"
    elif script.output is not None:
        count = len(script.output)
        does = f"put out {count} bundle{'s' * (count != 1)}"
    else:
        does = "do its work"
    does += f", {script.duration} ms later" if script.duration else ""
    return RuleRow(script.module, does, _hits_text(script.hits, _total_times(script)))


def _http_rule_row(rule: HttpRule) -> RuleRow:
    if rule.error is not None:
        does = "not answer in time" if rule.error == "timeout" else "refuse the connection"
    else:
        count = len(rule.pages)
        does = f"answer {rule.status}" + (f" with {count} page{'s' * (count != 1)}" if count else "")
    does += f", {rule.delay} ms later" if rule.delay else ""
    return RuleRow(
        f"{rule.method or 'any method'} {rule.url}", does, _hits_text(rule.hits, _total_times(rule))
    )


def _latest(table: Table[int, _SentT]) -> list[_SentT]:
    """The last rows of a table, the latest first."""
    return list(table)[: -MAX_REQUESTS - 1 : -1]


def _http_request_row(world: World, row: SentRequest) -> HttpRequestRow:
    address, mark, query = row.url.partition("?")
    return HttpRequestRow(
        at=format_iso(row.at),
        status=str(row.status or row.error or "?"),
        tone="bad" if row.status is None or row.status >= 400 else "good",
        request=f"{row.method} {address}{mark}{format_query(query)}",
        sender=_sender(world, row.scenario_id, row.module_id),
        answered_by=row.answered_by,
    )


def _mail_row(world: World, mail: Mail) -> MailRow:
    receivers = ", ".join((*mail.to, *mail.cc, *mail.bcc))
    sender = _sender(world, mail.scenario_id, mail.module_id)
    return MailRow(format_iso(mail.at), receivers, mail.subject, sender, len(mail.attachments))


def _sender(world: World, scenario_id: int, module_id: int) -> str:
    scenario = world.scenarios.get(scenario_id)
    return f"{scenario.name if scenario else f'scenario {scenario_id}'}, module {module_id}"


def _total_times(row: ModuleScript | HttpRule) -> int | None:
    """How often something was to happen in all; ``None`` for as often as it comes to it."""
    return None if row.left is None else row.left + row.hits


def _hits_text(hits: int, whole: int | None) -> str:
    return str(hits) if whole is None else f"{hits} of {whole}"
