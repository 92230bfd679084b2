"""Mobile devices and their queues. Source: API documentation, "Devices"; the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import bare, many, one, value
from ..json_types import Json
from ..schemas.devices import (
    DeviceMessageListItem,
    DeviceMessageOut,
    DeviceMessagesQuery,
    DeviceOut,
    DeviceQuery,
    DeviceRequest,
    DevicesQuery,
    DeviceUpdate,
)
from ..schemas.selections import Selection as SelectionBody
from ..world import devices
from ..world.exceptions import NotFoundError
from ..world.models import Device, DeviceMessage, Scenario, Team
from ..world.tables import Selection
from .ordering import make_paging

group = EndpointGroup("devices")


@group.get(
    "/devices",
    scopes=["devices:read"],
    permission="devices get",
    query=DevicesQuery,
    response=many("devices", DeviceOut),
    lists="id",
    cols=True,
)
def list_devices(call: ApiCall, team: Team) -> list[Device]:
    """List the devices of a team."""
    query = call.query
    return devices.list_devices(
        call.world,
        team,
        scopes=query.get("scope", ()),
        assigned=query.get("assigned"),
        viewed_by=_find_scenario(call, team, query.get("view_for_scenario_id")),
    )


@group.get(
    "/devices/{deviceId}",
    scopes=["devices:read"],
    permission="devices get",
    query=DeviceQuery,
    response=one("device", DeviceOut),
    cols=True,
)
def get_device(call: ApiCall, device: Device) -> Device:
    """Get a device."""
    return device


@group.patch(
    "/devices/{deviceId}",
    scopes=["devices:write"],
    permission="device edit",
    body=DeviceUpdate,
    response=one("device", DeviceOut),
    cols=True,
)
def update_device(call: ApiCall, device: Device) -> Device:
    """Rename a device."""
    return devices.rename(call.world, device, call.body.get("name", device.name))


@group.delete(
    "/devices/{deviceId}",
    scopes=["devices:write"],
    permission="device delete",
    query=ConfirmableQuery,
    response=value("device"),
)
def delete_device(call: ApiCall, device: Device) -> int:
    """Delete a device with its queues; needs confirmation."""
    return devices.delete(call.world, device, confirmed=call.confirmed)


@group.post(
    "/devices/request",
    scopes=["devices:write"],
    permission="device add",
    query=DeviceQuery,
    body=DeviceRequest,
    response=value("createDeviceRequest"),
    evidence="A device that waits for its registration registers at once here.",
)
def request_device(call: ApiCall, team: Team) -> dict[str, Json]:
    """Start the registration of a device."""
    device = devices.create(call.world, team, name=call.body["name"])
    return {"udid": device.udid, "inspector": bool(call.query.get("inspector"))}


@group.get(
    "/devices/{deviceId}/incomings/stats",
    scopes=["devices:read"],
    permission="devices get",
    query=DeviceMessagesQuery,
    response=value("incomingStat"),
)
def get_queue_of_device(call: ApiCall, device: Device) -> dict[str, Json]:
    """Get the size and the limit of the queue of a device."""
    queue = _find_messages(call, device, devices.INCOMING)
    return {"queue": len(queue), "limit": devices.QUEUE_LIMIT, "enabled": not device.gone}


@group.get(
    "/devices/{deviceId}/incomings",
    scopes=["devices:read"],
    permission="devices get",
    query=DeviceMessagesQuery,
    response=many("incomings", DeviceMessageListItem),
    paging=make_paging("created", {"created": devices.oldest_first}),
)
def list_incomings_of_device(call: ApiCall, device: Device) -> Selection[DeviceMessage]:
    """List the queued messages from a device, oldest first."""
    return _find_messages(call, device, devices.INCOMING)


@group.get(
    "/devices/{deviceId}/incomings/{incomingId}",
    scopes=["devices:read"],
    permission="devices get",
    response=bare(DeviceMessageOut),
)
def get_incoming_of_device(call: ApiCall, device: Device, incoming_id: str) -> DeviceMessage:
    """Get one queued message from a device, with its data."""
    return devices.find_message(call.world, device, devices.INCOMING, incoming_id)


@group.delete(
    "/devices/{deviceId}/incomings",
    scopes=["devices:write"],
    permission="device edit",
    query=ConfirmableQuery,
    body=SelectionBody,
    response=value("incomings"),
)
def delete_incomings_of_device(call: ApiCall, device: Device) -> list[str]:
    """Delete queued messages from a device; deleting all needs confirmation."""
    return _delete_messages(call, device, devices.INCOMING)


@group.get(
    "/devices/{deviceId}/outgoings",
    scopes=["devices:read"],
    permission="devices get",
    query=DeviceMessagesQuery,
    response=many("outgoings", DeviceMessageListItem),
    paging=make_paging("created", {"created": devices.oldest_first}),
)
def list_outgoings_of_device(call: ApiCall, device: Device) -> Selection[DeviceMessage]:
    """List the queued messages to a device, oldest first."""
    return _find_messages(call, device, devices.OUTGOING)


@group.get(
    "/devices/{deviceId}/outgoings/{outgoingId}",
    scopes=["devices:read"],
    permission="devices get",
    response=bare(DeviceMessageOut),
)
def get_outgoing_of_device(call: ApiCall, device: Device, outgoing_id: str) -> DeviceMessage:
    """Get one queued message to a device, with its data."""
    return devices.find_message(call.world, device, devices.OUTGOING, outgoing_id)


@group.delete(
    "/devices/{deviceId}/outgoings",
    scopes=["devices:write"],
    permission="device edit",
    query=ConfirmableQuery,
    body=SelectionBody,
    response=value("outgoings"),
)
def delete_outgoings_of_device(call: ApiCall, device: Device) -> list[str]:
    """Delete queued messages to a device; deleting all needs confirmation."""
    return _delete_messages(call, device, devices.OUTGOING)


def _find_messages(call: ApiCall, device: Device, direction: str) -> Selection[DeviceMessage]:
    """Returns the queued messages of the scope that the query asks for; of all scopes without one."""
    scope = call.query.get("scope")
    rows = devices.messages(call.world, device, direction)
    return rows if scope is None else rows.filter(lambda row: row.scope == scope)


def _delete_messages(call: ApiCall, device: Device, direction: str) -> list[str]:
    return devices.delete_messages(
        call.world,
        device,
        direction,
        call.body.get("ids"),
        excluded=call.body.get("except_ids", ()),
        confirmed=call.confirmed,
    )


def _find_scenario(call: ApiCall, team: Team, id: int | None) -> Scenario | None:
    """Returns a scenario of the team.

    Raises:
        NotFoundError: if the team has no such scenario.
    """
    if id is None:
        return None
    scenario = call.world.scenarios.get(id)
    if scenario is None or scenario.team_id != team.id:
        raise NotFoundError("scenario", id)
    return scenario
