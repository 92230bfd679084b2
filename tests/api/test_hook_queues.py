"""The queue and the logs of a hook."""

from __future__ import annotations

import pytest

from helpers.api import ApiClient, json_of
from make_emulator.world import hook_queues

# --- queue ---------------------------------------------------------------------------------------


def fill(api: ApiClient, *names: str) -> None:
    for name in names:
        hook_queues.enqueue(api.world, api.world.hooks[1], {"name": name}, id=name)


def test_the_queue_is_listed_oldest_first_and_an_item_shows_its_data(api: ApiClient) -> None:
    fill(api, "one", "two", "three")
    response = json_of(api.get("/hooks/1/incomings"))
    assert [row["id"] for row in response["incomings"]] == ["one", "two", "three"]
    assert response["incomings"][0] == {
        "id": "one",
        "scope": "hook",
        "size": 14,
        "created": "2026-03-02T12:00:00.000Z",
    }
    assert (response["pg"]["sortBy"], response["pg"]["limit"]) == ("created", 10_000)
    assert json_of(api.get("/hooks/1/incomings/two")) == {
        "incoming": {
            "id": "two",
            "scope": "hook",
            "size": 14,
            "created": "2026-03-02T12:00:00.000Z",
            "data": {"name": "two"},
        }
    }
    assert json_of(api.get("/hooks/1/incomings/four"))["detail"] == "Incoming 'four' not found."
    assert json_of(api.get("/hooks/1/incomings/stats")) == {
        "incomingStat": {"queue": 3, "limit": 10_000, "enabled": True}
    }
    assert json_of(api.get("/hooks/1"))["hook"]["queueCount"] == 3


def test_items_of_the_queue_are_deleted_by_id(api: ApiClient) -> None:
    fill(api, "one", "two")
    response = api.delete("/hooks/1/incomings", json={"ids": ["two", "two", "unknown"]})
    assert json_of(response) == {"incomings": ["two"]}
    assert json_of(api.get("/hooks/1"))["hook"]["queueCount"] == 1


def test_deleting_the_whole_queue_needs_confirmation(api: ApiClient) -> None:
    fill(api, "one", "two", "three")
    response = api.delete("/hooks/1/incomings", json={"all": True})
    assert (response.status_code, json_of(response)["code"]) == (406, "IM004")
    response = api.delete("/hooks/1/incomings?confirmed=true", json={"all": True, "exceptIds": ["two"]})
    assert json_of(response) == {"incomings": ["one", "three"]}
    for body in ({}, {"ids": ["two"], "all": True}, {"ids": ["two"], "exceptIds": ["one"]}):
        assert api.delete("/hooks/1/incomings", json=body).status_code == 400


def test_a_queue_of_ten_thousand_is_as_quick_as_an_empty_one(api: ApiClient) -> None:
    fill(api, *(f"{number:05}" for number in range(10_000)))
    with pytest.raises(Exception, match="Queue is full"):
        fill(api, "one too many")
    query = {"pg[limit]": 2, "pg[offset]": 9_998}
    rows = json_of(api.get("/hooks/1/incomings", query_string=query))["incomings"]
    assert [row["id"] for row in rows] == ["09998", "09999"]
    assert hook_queues.flatten_bundles(hook_queues.dequeue(api.world, 1, 2)) == [
        {"name": "00000"},
        {"name": "00001"},
    ]


# --- logs ----------------------------------------------------------------------------------------


def test_logs_are_listed_newest_first_between_two_moments(api: ApiClient) -> None:
    hook, noon = api.world.hooks[1], api.world.now()
    for minute in range(3):
        hook_queues.write_log(api.world, hook, id=f"log-{minute}", status=1, size=169, data={"n": minute})
        api.world.clock.advance(minutes=1)
    response = json_of(api.get("/hooks/1/logs"))
    assert [row["id"] for row in response["hookLogs"]] == ["log-2", "log-1", "log-0"]
    row = response["hookLogs"][2]
    assert row == {
        "statusId": 1,
        "parser": "gateway-webhook",
        "replayable": True,
        "sizes": {"before": 169, "after": 169},
        "loggedAt": "2026-03-02T12:00:00.000Z",
        "udids": [hook.udid],
        "typeId": 3,
        "id": "log-0",
        "appParser": None,
        "imtId": row["imtId"],
    }
    assert row["imtId"].startswith(f"{noon}_")
    query = {"from": noon + 1, "to": noon + 60_000}
    assert [row["id"] for row in json_of(api.get("/hooks/1/logs", query_string=query))["hookLogs"]] == [
        "log-1"
    ]
    assert json_of(api.get("/hooks/1/logs/log-0")) == {"hookLog": {**row, "data": {"n": 0}}}
    assert api.get("/hooks/1/logs/unknown").status_code == 404


def test_logs_are_kept_as_long_as_the_plan_says(api: ApiClient) -> None:
    hook = api.world.hooks[1]
    hook_queues.write_log(api.world, hook, id="old", status=1, size=1, data={})
    api.world.clock.advance(days=30)
    assert len(json_of(api.get("/hooks/1/logs"))["hookLogs"]) == 1
    api.world.clock.advance(days=1)
    assert json_of(api.get("/hooks/1/logs"))["hookLogs"] == []
    hook_queues.write_log(api.world, hook, id="new", status=1, size=1, data={})
    assert [row.id for row in api.world.hook_logs] == ["new"]
