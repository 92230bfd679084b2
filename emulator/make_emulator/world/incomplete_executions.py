"""Incomplete executions as they are kept: how many there are, what is shown of them, and how they are deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .exceptions import NotConfirmedError, NotFoundError
from .models import IncompleteExecution, RetryAttempt, Scenario
from .tables import Selection
from .world import World


def newest_first(row: IncompleteExecution) -> tuple[int, int]:
    return -row.created, -row.index


def by_time(retry: RetryAttempt) -> tuple[int, int]:
    return retry.execution.started, retry.execution.sequence


def list_for_scenario(world: World, scenario: Scenario) -> Selection[IncompleteExecution]:
    """What broke off in runs of a scenario until now."""
    now = world.now()
    return world.incomplete_executions.where(scenario=scenario.id).filter(lambda row: row.created <= now)


def count_unresolved_and_total(world: World, scenario: Scenario) -> tuple[int, int]:
    """How many incomplete executions of a scenario are not resolved, and how many there are; lists ask each row."""
    if not len(world.incomplete_executions):
        return 0, 0
    rows = list(list_for_scenario(world, scenario))
    return sum(not row.resolved for row in rows), len(rows)


def logs(world: World, row: IncompleteExecution) -> Selection[RetryAttempt]:
    """The finished attempts to complete it."""
    now = world.now()
    return world.retries.where(incomplete=row.id).filter(lambda retry: retry.execution.ends <= now)


def find_log(world: World, row: IncompleteExecution, execution_id: str) -> RetryAttempt:
    """One finished attempt.

    Raises:
        NotFound: if there is none.
    """
    retry = world.retries.get((row.id, execution_id))
    if retry is None or retry.execution.ends > world.now():
        raise NotFoundError("execution", execution_id)
    return retry


def select(
    world: World, scenario: Scenario, ids: Sequence[str] | None, spared: Iterable[str] = ()
) -> list[IncompleteExecution]:
    """The incomplete executions of a scenario with these ids, or all but some, oldest first.

    Raises:
        NotFound: if an id is not among them.
    """
    rows = {row.id: row for row in list_for_scenario(world, scenario)}
    for id in ids or ():
        if id not in rows:
            raise NotFoundError("incomplete execution", id)
    wanted = set(rows if ids is None else ids) - set(spared)
    return sorted((rows[id] for id in wanted), key=lambda row: row.index)


def delete(world: World, rows: Sequence[IncompleteExecution], *, confirmed: bool) -> list[str]:
    """Delete incomplete executions, which cannot be undone.

    Raises:
        Unconfirmed: if the caller did not confirm.
    """
    if not confirmed:
        raise NotConfirmedError("Incomplete executions are deleted for good.")
    for row in rows:
        world.incomplete_executions.remove(row.id)
    return [row.id for row in rows]
