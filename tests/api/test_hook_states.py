"""States of hooks: ping, learning, disabling and deletion."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, json_of
from helpers.api_resources import create_hook
from make_emulator.world import hooks

# --- ping, enable, disable, learn ----------------------------------------------------------------


def test_a_fresh_hook_pings_that_it_learns(api: ApiClient) -> None:
    hook = create_hook(api)
    assert json_of(api.get(f"/hooks/{hook['id']}/ping")) == {
        "address": hook["url"],
        "attached": False,
        "learning": True,
        "gone": False,
    }


def test_a_hook_is_attached_while_its_scenario_is_active(api: ApiClient) -> None:
    assert json_of(api.get("/hooks/1/ping"))["attached"] is True
    api.post("/scenarios/2/stop")
    assert json_of(api.get("/hooks/1/ping"))["attached"] is False


def test_learning_is_started_and_stopped(api: ApiClient) -> None:
    assert json_of(api.post("/hooks/1/learn-start")) == {"success": True}
    assert json_of(api.get("/hooks/1/ping"))["learning"] is True
    assert json_of(api.post("/hooks/1/learn-stop")) == {"success": True}
    assert json_of(api.get("/hooks/1/ping"))["learning"] is False


def test_a_learned_structure_names_the_types_of_the_fields(api: ApiClient) -> None:
    id = create_hook(api)["id"]
    data: dict[str, Any] = {
        "foo": "bar",
        "seed": True,
        "n": 1.5,
        "nothing": None,
        "who": {"name": "Ann", "age": 41},
        "tags": ["a"],
        "lines": [{"sku": "A", "n": 2}],
        "none": [],
        "__IMTMETHOD__": "POST",
    }
    hooks.learn_structure(api.world, api.world.hooks[id], data)
    ping = json_of(api.get(f"/hooks/{id}/ping"))
    assert ping["learning"] is False
    assert ping["dataStructure"] == [
        {"name": "foo", "type": "text"},
        {"name": "seed", "type": "boolean"},
        {"name": "n", "type": "number"},
        {"name": "nothing", "type": "text"},
        {
            "name": "who",
            "type": "collection",
            "spec": [{"name": "name", "type": "text"}, {"name": "age", "type": "number"}],
        },
        {"name": "tags", "type": "array", "spec": {"type": "text"}},
        {
            "name": "lines",
            "type": "array",
            "spec": [{"name": "sku", "type": "text"}, {"name": "n", "type": "number"}],
        },
        {"name": "none", "type": "array"},
    ]


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_enabling_and_disabling_may_be_repeated(api: ApiClient, action: str) -> None:
    for _ in range(2):
        assert json_of(api.post(f"/hooks/1/{action}")) == {"success": True}
        assert json_of(api.get("/hooks/1"))["hook"]["enabled"] is (action == "enable")


def test_a_hook_without_a_scenario_is_gone_after_five_days(api: ApiClient) -> None:
    id = create_hook(api)["id"]
    api.world.clock.advance(hours=120)
    assert json_of(api.get(f"/hooks/{id}/ping"))["gone"] is False
    api.world.clock.advance(seconds=1)
    assert json_of(api.get(f"/hooks/{id}/ping"))["gone"] is True
    assert json_of(api.get(f"/hooks/{id}"))["hook"]["gone"] is True
    assert json_of(api.get("/hooks/1"))["hook"]["gone"] is False
    api.post(f"/hooks/{id}/enable")
    assert json_of(api.get(f"/hooks/{id}/ping"))["gone"] is False


def test_the_five_days_count_from_when_the_scenario_let_go(api: ApiClient) -> None:
    api.world.clock.advance(days=10)
    api.delete("/scenarios/2")
    assert json_of(api.get("/hooks/1"))["hook"]["gone"] is False
    api.world.clock.advance(days=6)
    assert json_of(api.get("/hooks/1"))["hook"]["gone"] is True


def test_the_trigger_of_a_scenario_is_its_hook(api: ApiClient) -> None:
    hook = api.world.hooks[1]
    response = api.get("/scenarios/2/triggers")
    assert response.json == {
        "id": 1,
        "name": "Orders in",
        "udid": hook.udid,
        "scope": "hook",
        "queueCount": 0,
        "queueLimit": 10000,
        "typeName": "gateway-webhook",
        "type": "web",
        "url": f"http://localhost/hook/{hook.udid}",
        "flags": {},
    }
    assert api.get("/scenarios/1/triggers").status_code == 404
