"""The guard: a run changes only the resources that it created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.declarations import endpoints, match_route
from make_emulator.contract.guard import CREATED_KINDS, SAFE_METHODS, UNUSED_ID, Guard, UnsafeCallError
from make_emulator.json_types import Json

PREFIX = "contract-0123abcd"


@pytest.fixture
def guard() -> Guard:
    guard = Guard(PREFIX, team_id=7, organization_id=3, foreign_ids={"team": 99})
    guard.record_created("POST /scenarios", {"scenario": {"id": 5, "name": f"{PREFIX} scenario"}})
    guard.record_created("POST /hooks", {"hook": {"id": 6, "name": f"{PREFIX} hook"}})
    guard.record_created("POST /data-stores", {"dataStore": {"id": "8", "name": f"{PREFIX} store"}})
    return guard


def blueprint(name: str = f"{PREFIX} scenario", **parameters: Any) -> str:
    return json.dumps(
        {"name": name, "flow": [{"id": 1, "module": "make:MakeApiCall", "parameters": parameters}]}
    )


ALLOWED: list[tuple[str, str, dict[str, Any], Any]] = [
    ("GET", "/scenarios/1", {}, None),
    ("GET", "/nothing", {}, None),
    ("POST", "/scenarios/5/run", {}, {"data": {"name": "Zoe"}}),
    ("DELETE", "/scenarios/5", {}, None),
    ("DELETE", "/hooks/6", {"confirmed": "true"}, None),
    ("POST", f"/scenarios/{UNUSED_ID}/run", {}, None),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint()}),
    ("POST", "/scenarios", {"confirmed": "true"}, {"teamId": 7, "blueprint": blueprint()}),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint(hook=6)}),
    ("POST", "/scenarios", {}, {"teamId": 99, "blueprint": blueprint()}),
    ("POST", "/scenarios/5/clone", {"organizationId": 3}, {"name": f"{PREFIX} b", "teamId": 7}),
    ("POST", "/data-stores/8/data", {}, {"key": "a", "data": {"name": "a name of the record's own"}}),
    ("PATCH", "/data-stores/8/data/a", {}, {"name": "a name of the record's own"}),
    ("DELETE", "/data-stores/8/data", {"confirmed": "true"}, {"all": True}),
    ("DELETE", "/data-stores", {"teamId": 7, "confirmed": "true"}, {"ids": [8]}),
    ("POST", "/connections", {"teamId": 7}, {"accountName": f"{PREFIX} c", "accountType": "make"}),
    ("POST", "/teams", {}, {"organizationId": 3, "name": f"{PREFIX} team"}),
]

REFUSED: list[tuple[str, str, dict[str, Any], Any]] = [
    ("POST", "/scenarios/1/run", {}, None),
    ("POST", "/scenarios/1/start", {}, None),
    ("PATCH", "/scenarios/1", {}, {"name": f"{PREFIX} mine now"}),
    ("DELETE", "/scenarios/1", {}, None),
    ("DELETE", "/hooks/5", {"confirmed": "true"}, None),
    ("DELETE", "/teams/7", {"confirmed": "true"}, None),
    ("PATCH", "/teams/7", {}, {"name": f"{PREFIX} mine now"}),
    ("DELETE", "/organizations/3", {"confirmed": "true"}, None),
    ("POST", "/scenarios", {}, {"teamId": 8, "blueprint": blueprint()}),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint("Somebody's")}),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint(hook=1)}),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint(__IMTCONN__=12)}),
    ("POST", "/scenarios", {}, {"teamId": 7, "blueprint": blueprint(datastore="1")}),
    ("POST", "/scenarios/1/clone", {"organizationId": 3}, {"name": f"{PREFIX} b", "teamId": 7}),
    ("POST", "/scenarios/5/clone", {"organizationId": 4}, {"name": f"{PREFIX} b", "teamId": 7}),
    (
        "POST",
        "/scenarios/5/clone",
        {"organizationId": 3},
        {"name": f"{PREFIX} b", "teamId": 7, "hook": {"6": 1}},
    ),
    ("PATCH", "/scenarios/5", {}, {"name": "Somebody's"}),
    ("POST", "/data-stores/1/data", {}, {"key": "a", "data": {}}),
    ("DELETE", "/data-stores/1/data", {"confirmed": "true"}, {"keys": ["a"]}),
    ("DELETE", "/data-stores", {"teamId": 7, "confirmed": "true"}, {"all": True}),
    ("DELETE", "/data-stores", {"teamId": 7, "confirmed": "true"}, {"ids": [8, 1]}),
    ("DELETE", "/data-stores", {"teamId": 7, "confirmed": "true"}, {"ids": [8], "all": True}),
    ("DELETE", "/dlqs", {"scenarioId": 5, "confirmed": "true"}, {"all": True}),
    ("POST", "/dlqs/retry", {"scenarioId": 1}, {"all": True}),
    ("POST", "/dlqs/some-id/retry", {}, None),
    ("POST", "/nothing", {}, None),
    ("PUT", "/scenarios/5", {}, None),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), ALLOWED, ids=str)
def test_what_the_run_made_may_be_touched(
    method: str, path: str, query: dict[str, Any], body: Any, guard: Guard
) -> None:
    guard.check(method, path, query, body)


@pytest.mark.parametrize(("method", "path", "query", "body"), REFUSED, ids=str)
def test_anything_else_is_rejected(
    method: str, path: str, query: dict[str, Any], body: Any, guard: Guard
) -> None:
    with pytest.raises(UnsafeCallError):
        guard.check(method, path, query, body)


def test_no_route_that_changes_something_passes_with_ids_that_the_run_did_not_make(guard: Guard) -> None:
    """Over all declared routes: with 1 for each number, only what makes new things, of no given name, may pass."""
    passed = set()
    for route, endpoint in endpoints().items():
        path = endpoint.path
        for name, _ in endpoint.path_types:
            path = path.replace(f"{{{name}}}", "1")
        try:
            guard.check(endpoint.method, path, {}, {})
        except UnsafeCallError:
            continue
        if endpoint.method not in SAFE_METHODS:
            passed.add(route)
    assert passed <= set(CREATED_KINDS)


def test_installing_an_app_is_rejected_because_it_is_the_organizations(guard: Guard) -> None:
    flow = [{"id": 1, "module": "slack:CreateMessage", "parameters": {}}]
    body: Json = {"teamId": 7, "blueprint": json.dumps({"name": f"{PREFIX} s", "flow": flow})}
    guard.check("POST", "/scenarios", {}, body)
    with pytest.raises(UnsafeCallError, match="would install slack"):
        guard.check("POST", "/scenarios", {"confirmed": "true"}, body)


def test_what_does_not_bear_the_prefix_is_never_taken_for_the_runs_own(guard: Guard) -> None:
    assert guard.record_created("POST /scenarios", {"scenario": {"id": 1, "name": "Somebody's"}}) is None
    assert guard.record_created("POST /scenarios", {"scenario": {"id": 1}}) is None
    assert (
        guard.record_created("POST /scenarios/{scenarioId}/start", {"scenario": {"id": 1, "name": PREFIX}})
        is None
    )
    with pytest.raises(UnsafeCallError):
        guard.check("DELETE", "/scenarios/1", {}, None)


def test_what_is_gone_may_not_be_touched_any_more(guard: Guard) -> None:
    guard.forget("scenario", 5)
    with pytest.raises(UnsafeCallError):
        guard.check("DELETE", "/scenarios/5", {}, None)


def test_data_are_sent_to_hooks_of_the_run_only(guard: Guard) -> None:
    guard.allow_hook_url("https://hook.eu1.make.com/mine")
    guard.check_hook_url("https://hook.eu1.make.com/mine?a=1")
    with pytest.raises(UnsafeCallError):
        guard.check_hook_url("https://hook.eu1.make.com/other")


# --- parts of resources, and tools ---------------------------------------------------------------


def record(guard: Guard, method: str, path: str, query: dict[str, Json], received: Json) -> None:
    found = match_route(method, path)
    assert found is not None
    guard.record_parts(found, query, None, received)


def test_a_part_may_be_changed_if_its_owner_was_created(guard: Guard) -> None:
    id = "a" * 32
    for owner, is_allowed in (("1", False), ("5", True)):
        record(guard, "GET", "/dlqs", {"scenarioId": owner}, {"dlqs": [{"id": id}]})
        if is_allowed:
            guard.check("POST", f"/dlqs/{id}/retry", None, None)
            guard.check("DELETE", f"/dlqs/{id}", None, None)
        else:
            with pytest.raises(UnsafeCallError):
                guard.check("POST", f"/dlqs/{id}/retry", None, None)
    guard.check("POST", "/scenarios/5/notes", None, {"content": "x"})
    record(guard, "POST", "/scenarios/5/notes", {}, {"note": {"id": 9}})
    guard.check("PATCH", "/scenarios/5/notes/9", {"teamId": 7}, {"content": "x"})
    with pytest.raises(UnsafeCallError):
        guard.check("PATCH", "/scenarios/5/notes/8", {"teamId": 7}, {"content": "x"})


def test_no_part_is_added_to_what_the_run_did_not_create(guard: Guard) -> None:
    function = {"name": "twice", "code": "function twice(x) {}"}
    for path, query, body in (
        ("/functions", {"teamId": 7}, function),
        ("/functions/eval", {"teamId": 7}, {"code": "x"}),
        ("/scenarios/1/notes", {}, {"content": "x"}),
        ("/custom-property-structures", {}, {"belongerId": 3}),
        ("/custom-property-structures/1/custom-property-structure-items", {}, {"name": "x"}),
        ("/teams/7/variables", {}, {"name": "x"}),
        ("/organizations/3/variables", {}, {"name": "x"}),
    ):
        with pytest.raises(UnsafeCallError):
            guard.check("POST", path, query, body)
    guard.record_created("POST /teams", {"team": {"id": 70, "name": f"{PREFIX} team"}})
    guard.check("POST", "/functions", {"teamId": 70}, function)
    guard.check("POST", "/teams/70/variables", {}, {"name": "x"})


def tool(name: str) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}}


@pytest.mark.parametrize("name", ["s5_echo", "teams_get", "scenarios_list", "contract_none"])
def test_tools_that_read_or_run_an_own_scenario_may_be_called(name: str, guard: Guard) -> None:
    guard.check_mcp(tool(name))


@pytest.mark.parametrize("name", ["s1_echo", "scenarios_run", "scenarios_delete", "teams_create", "t5_echo"])
def test_other_tools_may_not_be_called(name: str, guard: Guard) -> None:
    with pytest.raises(UnsafeCallError):
        guard.check_mcp(tool(name))


@pytest.mark.parametrize("message", [{"method": "tools/list"}, {"method": "initialize"}, []])
def test_messages_that_read_may_be_sent(message: Json, guard: Guard) -> None:
    guard.check_mcp(message)


@pytest.mark.parametrize("message", [None, {}, {"method": "tools/call"}, [tool("s5_echo")], {"method": "x"}])
def test_other_messages_may_not_be_sent(message: Json, guard: Guard) -> None:
    with pytest.raises(UnsafeCallError):
        guard.check_mcp(message)
