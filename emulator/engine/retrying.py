"""Incomplete executions are tried again: at once when somebody asks for it, or when their time has come.

Sources: Help centre, "Incomplete executions", "Break error handler", "Exponential backoff".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from ..world import incompletes
from ..world.enums import zone_of
from ..world.models import Execution, IncompleteExecution, Json, Retry
from ..world.refusals import Exhausted, WrongState
from ..world.usage import count_execution, is_exhausted, organization_of
from ..world.world import World
from . import executor, incomplete, listening, restrictions, sequence
from .blueprint import parse
from .budget import Budget
from .computation import FAILURE, Breakpoint, Computation, place_of
from .recovery import BACKOFF, described_as

#: So many retries of one scenario run at the same time (Help centre, "Automatic retry of incomplete executions").
PARALLEL = 3


def next_due(world: World, until: int) -> IncompleteExecution | None:
    """What is to be tried again first, if its time comes by a moment."""
    first = next(iter(world.incomplete_executions.where(awaited=True).page(_turn, limit=1)), None)
    return first if first is not None and (first.next_retry or 0) <= until else None


def _turn(row: Any) -> tuple[int, int]:
    return row.next_retry, row.index


def free_from(world: World, row: IncompleteExecution, at: int) -> int:
    """When an incomplete execution may be tried again at the earliest, from a moment on.

    Its scenario must not be running. While three of its incomplete executions are being tried again, the others wait until
    all three are done (Help centre).
    """
    at = max(at, sequence.last_end(world, world.scenarios[row.scenario_id]))
    latest = world.retries.where(scenario=row.scenario_id).page(_by_end, descending=True, limit=PARALLEL)
    if len(latest) == PARALLEL and latest[-1].execution.ends > at:
        return latest[0].execution.ends
    return at


def _by_end(retry: Retry) -> tuple[int, int]:
    return retry.execution.ends, retry.execution.sequence


def retry_due(world: World, row: IncompleteExecution, budget: Budget) -> None:
    """Try again what is due, or put it off until it may be tried."""
    due = row.next_retry or 0
    free = free_from(world, row, due)
    if free > due:
        world.incomplete_executions.put(replace(row, next_retry=free))
    else:
        retry(world, row, kind="auto", at=due, budget=budget)


def retry_all(
    world: World, rows: Sequence[IncompleteExecution], *, author_id: int
) -> list[IncompleteExecution]:
    """Try several of a scenario again that are not resolved; the runs wait for each other in a queue (API documentation).

    Raises:
        Exhausted: if the organization has no operations left (Make's IM310).
    """
    tried = [row for row in rows if not row.resolved]
    at = world.now()
    for row in tried:
        at = free_from(world, row, at)
        retry(world, row, author_id=author_id, at=at)
    return tried


def retry(
    world: World,
    row: IncompleteExecution,
    *,
    kind: Literal["auto", "manual"] = "manual",
    author_id: int | None = None,
    at: int | None = None,
    budget: Budget | None = None,
) -> Execution:
    """Run the rest of what broke off. A success resolves it; a failure is one attempt more, stored in its place.

    Raises:
        WrongState: if it is resolved already.
        Exhausted: if somebody asks for it, and the organization has no operations left (Make's IM310).
    """
    if row.resolved:
        raise WrongState("The incomplete execution is resolved already.")
    organization = organization_of(world, row.team_id)
    if kind == "manual" and is_exhausted(world, organization):
        raise Exhausted("The organization has no operations left.")
    scenario = world.scenarios[row.scenario_id]
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    computed = Computation(
        world,
        scenario,
        replace(version, blueprint=row.blueprint),
        row.inputs,
        world.now() if at is None else at,
        call=executor.called,
        budget=budget,
        at=Breakpoint(row.failer, row.bundles, row.variables),
    )
    computed.begin()
    execution = computed.execution(kind=kind, author_id=author_id, instant=False)
    broken = list(computed.broken)
    if broken and execution.error is None:
        execution = replace(execution, status=FAILURE, error=described_as(broken[0]), outputs=None)
    execution = count_execution(world, execution)
    world.retries.put(Retry(incomplete_id=row.id, execution=execution))
    attempts = row.attempts + 1
    if execution.status != FAILURE and not computed.interrupted:
        world.incomplete_executions.put(
            replace(row, attempts=attempts, resolved=True, retry=False, next_retry=None)
        )
        release(world, scenario.id, execution.ends)
        return execution
    rest: dict[str, Any] = {}
    if broken:
        kept = incomplete.remains(computed, broken.pop(0))
        rest = {name: kept[name] for name in ("failer", "reason", "bundles", "variables", "size")}
    elif execution.error is not None:
        rest = {"reason": execution.error.message}
    again = row.retry and attempts < row.most_attempts
    wait = row.interval or BACKOFF[min(attempts, len(BACKOFF) - 1)]
    world.incomplete_executions.put(
        replace(
            row,
            attempts=attempts,
            retry=again,
            next_retry=execution.ends + wait if again else None,
            **rest,
        )
    )
    incomplete.store(computed, broken)
    return execution


def delete(world: World, rows: Sequence[IncompleteExecution], *, confirmed: bool) -> list[str]:
    """Delete incomplete executions for good; what waited for them goes on.

    Raises:
        Unconfirmed: if the caller did not confirm.
    """
    deleted = incompletes.delete(world, rows, confirmed=confirmed)
    for scenario_id in {row.scenario_id for row in rows}:
        release(world, scenario_id, world.now())
    return deleted


def release(world: World, scenario_id: int, at: int) -> None:
    """Let a scenario go on that was held until all that broke off was resolved (see `sequence`)."""
    scenario = world.scenarios.get(scenario_id)
    if scenario is None or not scenario.is_active or scenario.next_exec is not None:
        return
    if not sequence.is_sequential(world, scenario) or sequence.is_held(world, scenario):
        return
    turn = listening.turn(world, scenario, at)
    # What runs by itself and awaits no turn was held when it was due.
    if turn is None and scenario.scheduling.get("type") not in ("immediately", "on-demand"):
        zone = zone_of(organization_of(world, scenario.team_id).timezone_id)
        turn = restrictions.next_allowed(scenario.scheduling, at, zone)
    if turn is not None:
        world.scenarios.put(replace(scenario, next_exec=turn))


def change(
    world: World, row: IncompleteExecution, *, blueprint: Json = None, failer: int | None = None
) -> IncompleteExecution:
    """Mend what is run when it is tried again, and where that begins.

    Raises:
        Invalid: if the blueprint is malformed.
        BadBlueprint: if it does not hang together, or has no such module.
    """
    blueprint = row.blueprint if blueprint is None else blueprint
    failer = row.failer if failer is None else failer
    place_of(parse(blueprint), failer)
    return world.incomplete_executions.put(replace(row, blueprint=blueprint, failer=failer))
