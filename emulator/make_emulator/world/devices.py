"""Mobile devices of teams and their queues. Sources: the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from . import blueprint_refs
from .exceptions import NotConfirmedError, NotFoundError, QueuedMessagesError, ResourceInUseError
from .models import Device, DeviceMessage, Json, Scenario, Team
from .tables import Selection
from .world import World

INCOMING, OUTGOING = "incoming", "outgoing"

#: The most messages in a queue of a device (documented).
QUEUE_LIMIT = 10_000

#: What the emulated device of a registration can do: the scopes by which devices are filtered (documented).
DEFAULT_SCOPE = ("call", "scanner")


def oldest_first(row: DeviceMessage) -> int:
    """The place of a message in its queue."""
    return row.sequence


def create(
    world: World,
    team: Team,
    *,
    name: str,
    scope: Sequence[str] = DEFAULT_SCOPE,
    info: Mapping[str, Json] | None = None,
    id: int | None = None,
) -> Device:
    """Registers a device."""
    id = world.ids.assign("device", id)
    return world.devices.put(
        Device(id=id, name=name, team_id=team.id, udid=world.ids.hex(32), scope=tuple(scope), info=info)
    )


def rename(world: World, device: Device, name: str) -> Device:
    """Changes the name of a device."""
    return world.devices.put(replace(device, name=name))


def delete(world: World, device: Device, *, confirmed: bool) -> int:
    """Deletes a device with its queues; the scenarios that used it become invalid.

    Raises:
        ResourceInUseError: if one of its scenarios runs.
        QueuedMessagesError: if its queue has messages and the caller did not confirm.
        NotConfirmedError: if the caller did not confirm.
    """
    users = scenarios_of(world, device)
    if any(world.runs_in_progress[scenario.id] for scenario in users):
        raise ResourceInUseError(f"Device '{device.id}' is used by a scenario that is running.")
    if not confirmed:
        if messages(world, device, INCOMING):
            raise QueuedMessagesError(
                f"There are messages in the queue of device '{device.id}'.", "deleteDevice"
            )
        raise NotConfirmedError(f"Device '{device.id}' would be deleted.", "deleteDevice")
    for scenario in users:
        world.scenarios.put(replace(scenario, is_invalid=True))
    return world.devices.remove(device.id).id


def scenarios_of(world: World, device: Device) -> list[Scenario]:
    """The scenarios whose modules use a device."""
    return blueprint_refs.scenarios_using(world, "device", device.id, device.team_id)


def list_devices(
    world: World,
    team: Team,
    *,
    scopes: Iterable[str] = (),
    assigned: bool | None = None,
    viewed_by: Scenario | None = None,
) -> list[Device]:
    """The devices of a team by id.

    Args:
        scopes: the device can do one of these.
        assigned: the device is used by a scenario, or by none.
        viewed_by: the device is used by this scenario or by none; ``assigned`` is ignored then.
    """
    wanted = set(scopes)
    found = []
    for device in sorted(world.devices.where(team=team.id), key=lambda row: row.id):
        users = {scenario.id for scenario in scenarios_of(world, device)}
        if viewed_by is not None:
            is_listed = not users or viewed_by.id in users
        else:
            is_listed = assigned in (None, bool(users))
        if is_listed and (not wanted or wanted & set(device.scope)):
            found.append(device)
    return found


# --- queues --------------------------------------------------------------------------------------


def messages(world: World, device: Device, direction: str) -> Selection[DeviceMessage]:
    """The queued messages from a device, or to it."""
    return world.device_messages.where(queue=(device.id, direction))


def enqueue(world: World, device: Device, direction: str, *, scope: str, data: str) -> DeviceMessage:
    """Queues a message; when the queue is full, the oldest one makes room."""
    queue = messages(world, device, direction)
    if len(queue) >= QUEUE_LIMIT:
        [oldest] = queue.page(oldest_first, limit=1)
        world.device_messages.remove((device.id, direction, oldest.id))
    return world.device_messages.put(
        DeviceMessage(
            id=world.ids.hex(32),
            device_id=device.id,
            direction=direction,
            scope=scope,
            data=data,
            size=len(data.encode()),
            created=world.now(),
            sequence=world.ids.next("device message"),
        )
    )


def find_message(world: World, device: Device, direction: str, id: str) -> DeviceMessage:
    """A queued message.

    Raises:
        NotFoundError: if there is none.
    """
    message = world.device_messages.get((device.id, direction, id))
    if message is None:
        raise NotFoundError(direction, id)
    return message


def delete_messages(
    world: World,
    device: Device,
    direction: str,
    ids: Iterable[str] | None,
    *,
    excluded: Iterable[str] = (),
    confirmed: bool,
) -> list[str]:
    """Deletes messages of a queue, or all of them (``ids=None``) except the excluded; returns the ids that existed.

    Raises:
        NotConfirmedError: if all are to be deleted and the caller did not confirm.
    """
    if ids is None:
        if not confirmed:
            raise NotConfirmedError(
                "The removal of all messages of the queue is not confirmed.", "deleteIncomings"
            )
        spared = set(excluded)
        ids = [
            row.id for row in messages(world, device, direction).page(oldest_first) if row.id not in spared
        ]
    deleted = [id for id in dict.fromkeys(ids) if (device.id, direction, id) in world.device_messages]
    for id in deleted:
        world.device_messages.remove((device.id, direction, id))
    return deleted
