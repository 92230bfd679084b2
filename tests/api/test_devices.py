"""Mobile devices and their queues over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused, suberror_messages, token_of_role
from helpers.engine import set_variable
from make_emulator.world import devices

PHONE = {
    "id": 1,
    "name": "Ada's phone",
    "teamId": 1,
    "scope": ["call", "scanner"],
    "info": {"os": "Android", "brand": "Example", "model": "One", "osversion": "15", "appversion": "2.0"},
    "gone": False,
    "queueCount": 1,
    "queueLimit": 10000,
    "scenarioId": None,
}


def request_device(api: ApiClient, name: str = "Tablet") -> int:
    """The id of a new device."""
    body = assert_ok(api.post("/devices/request", json={"name": name, "teamId": 1}))["createDeviceRequest"]
    assert body["inspector"] is False
    [device] = [row for row in api.world.devices if row.udid == body["udid"]]
    return device.id


def scenario_with(api: ApiClient, device: int) -> int:
    """The id of a scenario whose trigger uses a device."""
    node = {**set_variable(1, "1"), "parameters": {"__IMTDEVICE__": device}}
    blueprint = {"name": "Scan", "flow": [node], "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    return int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])


def ids(api: ApiClient, query: str = "") -> list[int]:
    return [row["id"] for row in assert_ok(api.get(f"/devices?teamId=1{query}"))["devices"]]


def test_a_device_shows_what_it_is_and_its_queue(api: ApiClient) -> None:
    [row] = assert_ok(api.get("/devices?teamId=1"))["devices"]
    assert len(row.pop("udid")) == 32
    assert row == PHONE
    assert assert_ok(api.get("/devices/1?cols[]=name&cols[]=queueLimit&inspector=1")) == {
        "device": {"name": "Ada's phone", "queueLimit": 10000}
    }


def test_a_device_that_is_requested_registers_at_once(api: ApiClient) -> None:
    id = request_device(api)
    device = assert_ok(api.get(f"/devices/{id}"))["device"]
    assert (device["name"], device["scope"], device["info"]) == ("Tablet", ["call", "scanner"], None)
    response = api.post("/devices/request?inspector=1", json={"name": "Other", "teamId": 1})
    assert assert_ok(response)["createDeviceRequest"]["inspector"] is True
    assert suberror_messages(api.post("/devices/request", json={"teamId": 1})) == [
        "Missing value of required parameter 'name'."
    ]


def test_devices_are_found_by_what_they_can_do_and_who_uses_them(api: ApiClient) -> None:
    team = api.world.teams[1]
    reader = devices.create(api.world, team, name="Reader", scope=("scanner",)).id
    button = devices.create(api.world, team, name="Button", scope=("button",)).id
    user, other = scenario_with(api, reader), scenario_with(api, 9999)
    assert ids(api) == [1, reader, button]
    assert ids(api, "&scope[]=scanner") == [1, reader]
    assert ids(api, "&scope[]=call") == [1]
    assert ids(api, "&assigned=true") == [reader]
    assert ids(api, "&assigned=false") == [1, button]
    assert ids(api, f"&viewForScenarioId={user}") == [1, reader, button]
    assert ids(api, f"&viewForScenarioId={other}&assigned=true") == [1, button]
    assert assert_ok(api.get(f"/devices/{reader}"))["device"]["scenarioId"] == user
    assert_refused(api.get("/devices?teamId=1&viewForScenarioId=5"), 404, detail="Scenario '5' not found.")
    assert api.get("/devices?teamId=1&scope[]=button").status_code == 400


def test_a_device_is_renamed(api: ApiClient) -> None:
    changed = assert_ok(api.patch("/devices/1?cols[]=id&cols[]=name", json={"name": "Renamed"}))
    assert changed == {"device": {"id": 1, "name": "Renamed"}}
    assert assert_ok(api.patch("/devices/1", json={}))["device"]["name"] == "Renamed"


def test_deleting_a_device_needs_confirmation_above_all_with_messages(api: ApiClient) -> None:
    id = request_device(api)
    assert_refused(api.delete(f"/devices/{id}"), 406, code="IM004")
    assert_refused(api.delete("/devices/1"), 406, code="IM405")
    user = scenario_with(api, 1)
    assert assert_ok(api.delete("/devices/1?confirmed=true")) == {"device": 1}
    assert api.get("/devices/1").status_code == 404
    assert assert_ok(api.get(f"/scenarios/{user}"))["scenario"]["isinvalid"] is True
    assert len(api.world.device_messages) == 0


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_the_messages_of_a_device_are_read_and_deleted(api: ApiClient, direction: str) -> None:
    id = request_device(api)
    device = api.world.devices[id]
    first, second = (
        devices.enqueue(api.world, device, direction, scope=scope, data="ä") for scope in ("call", "scanner")
    )
    path = f"/devices/{id}/{direction}s"
    body = assert_ok(api.get(path))
    assert body[f"{direction}s"] == [
        {"id": row.id, "scope": row.scope, "size": 2, "created": "2026-03-02T12:00:00.000Z"}
        for row in (first, second)
    ]
    assert (body["pg"]["sortBy"], body["pg"]["sortDir"], body["pg"]["limit"]) == ("created", "asc", 10000)
    assert [row["id"] for row in assert_ok(api.get(f"{path}?scope=call"))[f"{direction}s"]] == [first.id]
    assert assert_ok(api.get(f"{path}/{second.id}")) == {
        "id": second.id,
        "scope": "scanner",
        "size": 2,
        "created": "2026-03-02T12:00:00.000Z",
        "data": "ä",
    }
    assert_refused(api.delete(path, json={"all": True}), 406, code="IM004")
    assert assert_ok(api.delete(path, json={"ids": [first.id, "none"]})) == {f"{direction}s": [first.id]}
    third = devices.enqueue(api.world, device, direction, scope="call", data="")
    spared = {"all": True, "exceptIds": [third.id]}
    assert assert_ok(api.delete(f"{path}?confirmed=true", json=spared)) == {f"{direction}s": [second.id]}
    assert_refused(api.get(f"{path}/{first.id}"), 404, code="SC404")
    assert api.delete(path, json={"ids": [third.id], "all": True}).status_code == 400


def test_the_state_of_a_queue_counts_one_kind_of_message_or_all(api: ApiClient) -> None:
    devices.enqueue(api.world, api.world.devices[1], devices.INCOMING, scope="call", data="")
    path = "/devices/1/incomings/stats"
    assert assert_ok(api.get(path)) == {"incomingStat": {"queue": 2, "limit": 10000, "enabled": True}}
    assert assert_ok(api.get(f"{path}?scope=call"))["incomingStat"]["queue"] == 1


def test_a_full_queue_drops_its_oldest_message(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "QUEUE_LIMIT", 2)
    device = api.world.devices[1]
    sent = [devices.enqueue(api.world, device, "incoming", scope="call", data=text) for text in "abc"]
    rows = assert_ok(api.get("/devices/1/incomings"))["incomings"]
    assert [row["id"] for row in rows] == [sent[1].id, sent[2].id]


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("Team Operator", (200, 403, 403, 403)),
        ("Team Restricted Member", (200, 200, 403, 200)),
        ("Team Member", (200, 200, 200, 200)),
    ],
)
def test_roles_may_do_with_devices_what_they_include(
    api: ApiClient, role: str, statuses: tuple[int, ...]
) -> None:
    token = token_of_role(api, role)
    found: list[Any] = [
        api.get("/devices?teamId=1", token=token).status_code,
        api.post("/devices/request", json={"name": "New", "teamId": 1}, token=token).status_code,
        api.patch("/devices/1", json={"name": "Renamed"}, token=token).status_code,
        api.delete("/devices/1?confirmed=true", token=token).status_code,
    ]
    assert tuple(found) == statuses


def test_devices_of_others_are_hidden(api: ApiClient) -> None:
    for path in ("/devices/1", "/devices/1/incomings", "/devices/1/incomings/stats"):
        assert_refused(api.get(path, token=OUTSIDER_TOKEN), 404, code="SC404")
