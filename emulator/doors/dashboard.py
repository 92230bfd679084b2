"""What the dashboard shows of a world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from ..endpoint import Endpoint
from ..engine import scheduler
from ..middleware.faults import Rule
from ..middleware.masking import query_text
from ..middleware.tenant import Tenant
from ..reports import access
from ..world.clock import iso
from ..world.models import Execution, HttpRequest, HttpRule, IncompleteExecution, Mail, Scenario, Script
from ..world.tables import Table
from ..world.world import World

#: How many requests or mails, scenarios or data stores, and runs of a scenario are shown.
REQUESTS, ROWS, RUNS = 40, 50, 3

_Kept = TypeVar("_Kept", HttpRequest, Mail)

_PASSIVE = {
    "reset": "reset the connection",
    "timeout": "leave it unanswered",
    "truncate": "cut the answer short",
}

_RUN_STATES = {1: ("success", "good"), 2: ("warning", "warn"), 3: ("error", "bad")}


@dataclass(frozen=True, slots=True)
class Run:
    """A run as a word, and when it began."""

    id: str
    state: str
    tone: str
    at: str


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario with its last runs."""

    id: int
    name: str
    state: str
    tone: str
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Something that a test arranged: what it is about, what happens there, and how often it did."""

    about: str
    does: str
    hits: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that a scenario sent: when, what it came to, whereto, and who answered."""

    at: str
    status: str
    tone: str
    request: str
    sender: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that a scenario sent."""

    at: str
    to: str
    subject: str
    sender: str
    attachments: int


@dataclass(frozen=True, slots=True)
class Broken:
    """An incomplete execution that is not resolved: whose, why, and what becomes of it."""

    scenario: str
    reason: str
    attempts: int
    next_retry: str | None


def view(tenant: Tenant, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The world at this moment, what fell due included."""
    with tenant.hold() as world:
        scheduler.catch_up(world)
        team = tenant.main_team()
        organization = world.organizations[team.organization_id] if team else None
        scenarios = [_row(world, scenario) for scenario in islice(world.scenarios, ROWS)]
        shown: dict[str, Any] = {
            "name": tenant.name,
            "now": iso(world.now()),
            "frozen": world.clock.frozen,
            "token": tenant.main_token().token,
            "plan": organization.plan if organization else None,
            "zone": organization.zone if organization else None,
            "team_id": team.id if team else None,
            "organization_id": organization.id if organization else None,
            "user_id": tenant.main_user().id,
            "scenarios": scenarios,
            "scenarios_all": len(world.scenarios),
            "data_stores": list(islice(world.data_stores, ROWS)),
            "data_stores_all": len(world.data_stores),
            "broken": [_broken(world, row) for row in islice(_unresolved(world), ROWS)],
            "scripts": [_script(script) for script in world.scripts.values()],
            "rules": [_rule(rule) for rule in world.http_rules],
            "sent": [_sent(world, row) for row in _latest(world.http_requests)],
            "sent_kept": len(world.http_requests),
            "mails": [_letter(world, mail) for mail in _latest(world.outbox)],
            "mails_kept": len(world.outbox),
        }
    entries = list(tenant.journal)
    return shown | {
        "requests": [
            {"at": iso(entry.at), "status": entry.status, "sentence": entry.sentence()}
            for entry in reversed(entries[-REQUESTS:])
        ],
        "requests_kept": len(entries),
        "faults": [_fault(rule) for rule in tenant.faults],
        "tokens": access.report(tenant, endpoints),
    }


def _row(world: World, scenario: Scenario) -> Row:
    if scenario.is_invalid:
        state, tone = "invalid", "bad"
    elif scenario.is_paused:
        state, tone = "paused", "warn"
    else:
        state, tone = ("active", "good") if scenario.is_active else ("inactive", "soft")
    runs = (entry for entry in world.logs.where(scenario=scenario.id) if isinstance(entry, Execution))
    latest = nlargest(RUNS, runs, key=attrgetter("started", "sequence"))
    return Row(scenario.id, scenario.name, state, tone, [run_of(run, world.now()) for run in latest])


def run_of(run: Execution, now: int) -> Run:
    """What is shown of a run at a moment."""
    state, tone = _RUN_STATES.get(run.status, ("unknown", "soft")) if run.ends <= now else ("running", "soft")
    return Run(run.id, state, tone, iso(run.started))


def _unresolved(world: World) -> Iterator[IncompleteExecution]:
    return (row for row in world.incomplete_executions if not row.resolved)


def _broken(world: World, row: IncompleteExecution) -> Broken:
    name = world.scenarios[row.scenario_id].name
    again = iso(row.next_retry) if row.next_retry is not None else None
    return Broken(name, row.reason, row.attempts, again)


def _fault(rule: Rule) -> Arrangement:
    does = [
        rule.name or "",
        f"answer {rule.status}" if rule.status else "",
        _PASSIVE.get(rule.action or "", ""),
    ]
    does.append(f"after {rule.delay_ms} ms" if rule.delay_ms else "")
    does.append(f"in {100 * rule.probability:g} % of the cases" if rule.probability < 1 else "")
    about = f"{rule.method or 'any method'} {rule.path or 'any path'}"
    return Arrangement(about, ", ".join(filter(None, does)), _hits(rule.hits, rule.times))


def _script(script: Script) -> Arrangement:
    if script.error is not None:
        does = f"fail with {script.error.name}"
    elif script.output is not None:
        count = len(script.output)
        does = f"put out {count} bundle{'s' * (count != 1)}"
    else:
        does = "do its work"
    does += f", {script.duration} ms later" if script.duration else ""
    return Arrangement(script.module, does, _hits(script.hits, _whole(script)))


def _rule(rule: HttpRule) -> Arrangement:
    if rule.error is not None:
        does = "not answer in time" if rule.error == "timeout" else "refuse the connection"
    else:
        count = len(rule.pages)
        does = f"answer {rule.status}" + (f" with {count} page{'s' * (count != 1)}" if count else "")
    does += f", {rule.delay} ms later" if rule.delay else ""
    return Arrangement(f"{rule.method or 'any method'} {rule.url}", does, _hits(rule.hits, _whole(rule)))


def _latest(table: Table[int, _Kept]) -> list[_Kept]:
    """The last rows of a table, the latest first."""
    return list(table)[: -REQUESTS - 1 : -1]


def _sent(world: World, row: HttpRequest) -> Sent:
    address, mark, query = row.url.partition("?")
    return Sent(
        at=iso(row.at),
        status=str(row.status or row.error or "?"),
        tone="bad" if row.status is None or row.status >= 400 else "good",
        request=f"{row.method} {address}{mark}{query_text(query)}",
        sender=_sender(world, row.scenario_id, row.module_id),
        answered_by=row.answered_by,
    )


def _letter(world: World, mail: Mail) -> Letter:
    receivers = ", ".join((*mail.to, *mail.cc, *mail.bcc))
    sender = _sender(world, mail.scenario_id, mail.module_id)
    return Letter(iso(mail.at), receivers, mail.subject, sender, len(mail.attachments))


def _sender(world: World, scenario_id: int, module_id: int) -> str:
    scenario = world.scenarios.get(scenario_id)
    return f"{scenario.name if scenario else f'scenario {scenario_id}'}, module {module_id}"


def _whole(row: Script | HttpRule) -> int | None:
    """How often something was to happen in all; ``None`` for as often as it comes to it."""
    return None if row.left is None else row.left + row.hits


def _hits(hits: int, whole: int | None) -> str:
    return str(hits) if whole is None else f"{hits} of {whole}"
