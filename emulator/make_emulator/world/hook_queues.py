"""Queues of hooks, and the logs of their deliveries.

Sources: API documentation, "Hooks > Incomings", "Hooks > Logs"; recorded exchanges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from .clock import DAY
from .consumption import organization_of
from .exceptions import NotConfirmedError, NotFoundError, QueueFullError
from .hooks import queue_limit
from .models import Hook, HookLog, Incoming, Json
from .tables import Selection
from .world import World

#: The most characters of a request's body in a log.
MAX_LOGGED_BODY = 65_536

#: The most bytes of JSON in the queue of a hook, and in all queues of a world. Make bounds the number of entries; these limits
#: are the emulator's own, so that neither memory nor a snapshot grows without end.
MAX_QUEUE_SIZE = 16 * 1024 * 1024
MAX_TOTAL_QUEUE_SIZE = 32 * 1024 * 1024

#: The most bytes of JSON in the log of a hook, and in all logs of a world; beyond, the oldest entries are dropped.
MAX_LOG_SIZE = 8 * 1024 * 1024
MAX_TOTAL_LOG_SIZE = 16 * 1024 * 1024


def oldest_first(row: Incoming) -> tuple[int, int]:
    """Sort key of queues."""
    return row.created, row.sequence


def by_time(row: HookLog) -> tuple[int, int]:
    """Sort key of logs."""
    return row.logged_at, row.sequence


def enqueue(world: World, hook: Hook, data: Json, *, id: str, size: int | None = None) -> Incoming:
    """Queues a bundle for the hook's scenario.

    Raises:
        QueueFullError: if the queue holds as many entries as the plan allows, or as many bytes as the emulator keeps.
    """
    queue, incoming = world.incomings, create_incoming(world, hook, data, id=id, size=size)
    if (
        len(queue.where(hook=hook.id)) >= queue_limit(world, hook)
        or queue.size_of(hook=hook.id) + incoming.size > MAX_QUEUE_SIZE
        or queue.total_size + incoming.size > MAX_TOTAL_QUEUE_SIZE
    ):
        raise QueueFullError("Queue is full.")
    return queue.put(incoming)


def create_incoming(world: World, hook: Hook, data: Json, *, id: str, size: int | None = None) -> Incoming:
    """A bundle that a hook received, not yet queued."""
    return Incoming(
        id=id,
        hook_id=hook.id,
        data=data,
        size=len(orjson.dumps(data)) if size is None else size,
        created=world.now(),
        sequence=world.ids.next("incoming"),
    )


def dequeue(world: World, hook_id: int, count: int) -> list[Incoming]:
    """Removes up to ``count`` entries from a queue and returns them, oldest first."""
    taken = list(world.incomings.where(hook=hook_id).page(oldest_first, limit=count))
    for incoming in taken:
        world.incomings.remove((hook_id, incoming.id))
    return taken


def requeue(world: World, rows: Iterable[Incoming]) -> None:
    """Returns entries to the queues that they were taken from; those of deleted hooks are dropped."""
    for row in rows:
        if row.hook_id in world.hooks:
            world.incomings.put(row)


def flatten_bundles(rows: Iterable[Incoming]) -> list[Json]:
    """The bundles in entries of queues."""
    bundles: list[Json] = []
    for incoming in rows:
        bundles.extend(incoming.data if isinstance(incoming.data, list) else [incoming.data])
    return bundles


def find_incoming(world: World, hook: Hook, id: str) -> Incoming:
    """The entry of a hook's queue with an id.

    Raises:
        NotFoundError: if there is none.
    """
    incoming = world.incomings.get((hook.id, id))
    if incoming is None:
        raise NotFoundError("incoming", id)
    return incoming


def delete_incomings(
    world: World, hook: Hook, ids: Iterable[str] | None, *, excluded: Iterable[str] = (), confirmed: bool
) -> list[str]:
    """Deletes entries of a queue, or all of them (``ids=None``) except the excluded; returns the ids that existed.

    Raises:
        NotConfirmedError: if all are to be deleted and the caller did not confirm (documented: IM004).
    """
    if ids is None:
        if not confirmed:
            raise NotConfirmedError(
                "The removal of all items of the queue is not confirmed.", "deleteIncomings"
            )
        spared = set(excluded)
        ids = [
            row.id for row in world.incomings.where(hook=hook.id).page(oldest_first) if row.id not in spared
        ]
    deleted = [id for id in dict.fromkeys(ids) if (hook.id, id) in world.incomings]
    for id in deleted:
        world.incomings.remove((hook.id, id))
    return deleted


def write_log(
    world: World, hook: Hook, *, id: str, status: int, size: int, data: Mapping[str, Json]
) -> HookLog:
    """Logs a delivery, and drops those past the plan's retention, and the oldest beyond the limits of size."""
    organization = organization_of(world, hook.team_id)
    now = world.now()
    expired = now - organization.license.webhook_log_retention_days * DAY
    entries = world.hook_logs.where(hook=hook.id)
    while (oldest := entries.page(by_time, limit=1)) and oldest[0].logged_at < expired:
        world.hook_logs.remove((hook.id, oldest[0].id))
    written = world.hook_logs.put(
        HookLog(
            id=id,
            hook_id=hook.id,
            udid=hook.udid,
            parser=hook.type_name,
            status=status,
            size=size,
            logged_at=now,
            imt_id=f"{now}_{world.ids.hex(20)}",
            sequence=world.ids.next("hook log"),
            data=data,
        )
    )
    entries = world.hook_logs.where(hook=hook.id)
    while world.hook_logs.size_of(hook=hook.id) > MAX_LOG_SIZE and _drop_oldest(world, entries, written):
        pass
    everything = world.hook_logs.all()
    while world.hook_logs.total_size > MAX_TOTAL_LOG_SIZE and _drop_oldest(world, everything, written):
        pass
    return written


def _drop_oldest(world: World, entries: Selection[HookLog], newest: HookLog) -> bool:
    """Drops the oldest of some log entries; False if only the newest is left."""
    [oldest] = entries.page(by_time, limit=1)
    if oldest is newest:
        return False
    world.hook_logs.remove((oldest.hook_id, oldest.id))
    return True


def logs(world: World, hook: Hook) -> Selection[HookLog]:
    """The deliveries of a hook within the plan's retention."""
    organization = organization_of(world, hook.team_id)
    expired = world.now() - organization.license.webhook_log_retention_days * DAY
    return world.hook_logs.where(hook=hook.id).filter(lambda row: row.logged_at >= expired)


def find_log(world: World, hook: Hook, id: str) -> HookLog:
    """The log of a delivery to a hook.

    Raises:
        NotFoundError: if there is none.
    """
    entry = world.hook_logs.get((hook.id, id))
    if entry is None:
        raise NotFoundError("hook log", id)
    return entry
