"""Storage of incomplete executions: selection, logs of retries, deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .exceptions import NotFoundError
from .models import IncompleteExecution, RetryAttempt, Scenario
from .tables import Selection
from .world import World


def newest_first(row: IncompleteExecution) -> tuple[int, int]:
    """Sort key of incomplete executions."""
    return -row.created, -row.index


def by_time(retry: RetryAttempt) -> tuple[int, int]:
    """Sort key of retries."""
    return retry.execution.started, retry.execution.sequence


def list_for_scenario(world: World, scenario: Scenario) -> Selection[IncompleteExecution]:
    """The incomplete executions of a scenario until now."""
    now = world.now()
    return world.incomplete_executions.where(scenario=scenario.id).filter(lambda row: row.created <= now)


def count_by_scenario(world: World) -> Callable[[int], tuple[int, int]]:
    """Returns the function from a scenario's id to its numbers of unresolved and of all incomplete executions, until now."""
    if not len(world.incomplete_executions):
        return lambda scenario_id: (0, 0)
    now = world.now()

    def count(scenario_id: int) -> tuple[int, int]:
        rows = [row for row in world.incomplete_executions.where(scenario=scenario_id) if row.created <= now]
        return sum(not row.resolved for row in rows), len(rows)

    return count


def logs(
    world: World,
    row: IncompleteExecution,
    *,
    status: int | None = None,
    since: int = 0,
    until: int | None = None,
) -> Selection[RetryAttempt]:
    """The finished attempts to complete an incomplete execution, of a status and within a time, both inclusive."""
    now = world.now()
    return world.retries.where(incomplete=row.id).filter(
        lambda retry: (
            retry.execution.ends <= now
            and status in (None, retry.execution.status)
            and since <= retry.execution.started
            and (until is None or retry.execution.started <= until)
        )
    )


def is_being_retried(world: World, row: IncompleteExecution) -> bool:
    """Returns true if an attempt to complete an incomplete execution has not ended yet."""
    now = world.now()
    return any(retry.execution.ends > now for retry in world.retries.where(incomplete=row.id))


def find_log(world: World, row: IncompleteExecution, execution_id: str) -> RetryAttempt:
    """The finished attempt with an id.

    Raises:
        NotFoundError: if there is none.
    """
    retry = world.retries.get((row.id, execution_id))
    if retry is None or retry.execution.ends > world.now():
        raise NotFoundError("execution", execution_id)
    return retry


def select(
    world: World, scenario: Scenario, ids: Sequence[str] | None, excluded: Iterable[str] = ()
) -> list[IncompleteExecution]:
    """The incomplete executions of a scenario with these ids, or all (``ids=None``) except the excluded, oldest first.

    Raises:
        NotFoundError: if an id is not among them.
    """
    rows = {row.id: row for row in list_for_scenario(world, scenario)}
    for id in ids or ():
        if id not in rows:
            raise NotFoundError("incomplete execution", id)
    selected = set(rows if ids is None else ids) - set(excluded)
    return sorted((rows[id] for id in selected), key=lambda row: row.index)


def delete(world: World, rows: Sequence[IncompleteExecution]) -> list[IncompleteExecution]:
    """Deletes incomplete executions irrevocably, but for those that are being retried; returns the deleted ones."""
    deleted = [row for row in rows if not is_being_retried(world, row)]
    for row in deleted:
        world.incomplete_executions.remove(row.id)
    return deleted
