"""Blueprints and schedulings that clients in the field sent, each with the whole kind that it stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, json_of, suberror_messages
from make_emulator.http.hints import HEADER

ADDITIONAL = "should NOT have additional properties"


def module(id: int, name: str = "util:SetVariable2", **rest: Any) -> dict[str, Any]:
    mapper = {"name": "a", "scope": "roundtrip", "value": "1"}
    return {
        "id": id,
        "module": name,
        "version": 1,
        "parameters": {},
        "mapper": mapper,
        "metadata": {},
        **rest,
    }


def text(*flow: dict[str, Any], **rest: Any) -> str:
    return json.dumps({"name": "t", "flow": flow, "metadata": {}, **rest})


def send(
    api: ApiClient, method: str, blueprint: str, scheduling: Mapping[str, Any] | None = None, **rest: Any
) -> Any:
    """The response to a new scenario, or to a change of scenario 3."""
    body = {"blueprint": blueprint, "scheduling": json.dumps(scheduling or {"type": "on-demand"}), **rest}
    if method == "POST":
        return api.post("/scenarios?confirmed=true", json={"teamId": 1, **body})
    return api.patch("/scenarios/3?confirmed=true", json=body)


methods = pytest.mark.parametrize("method", ["POST", "PATCH"])


# --- properties that a blueprint does not have ---------------------------------------------------


@methods
@pytest.mark.parametrize(
    "rest",
    [
        {"interface": {"input": [], "output": []}},
        {"scheduling": {"type": "on-demand"}},
        {"interface": None},
    ],
)
def test_a_blueprint_has_no_scheduling_and_no_interface(
    api: ApiClient, method: str, rest: dict[str, Any]
) -> None:
    before = len(api.world.scenarios), len(api.world.blueprints)
    response = send(api, method, text(module(1), **rest))
    assert suberror_messages(response) == [ADDITIONAL]
    assert next(iter(rest)) in response.headers[HEADER]
    assert (len(api.world.scenarios), len(api.world.blueprints)) == before


@methods
def test_the_inputs_and_outputs_of_an_export_stay(api: ApiClient, method: str) -> None:
    io = {"input_spec": [{"name": "a", "type": "text"}], "output_spec": []}
    assert_ok(send(api, method, text(module(1), io=io)))


def router(id: int, *routes: Mapping[str, Any]) -> dict[str, Any]:
    return module(id, "builtin:BasicRouter", mapper=None, routes=list(routes))


FILTER = {"name": "f", "conditions": [[{"a": "1", "o": "text:equal", "b": "1"}]]}


@methods
@pytest.mark.parametrize("name", ["filter", "name", "condition"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_route_has_a_flow_and_nothing_else(api: ApiClient, method: str, depth: int, name: str) -> None:
    node = router(100, {"flow": [module(101)], name: FILTER})
    for level in range(1, depth):
        node = router(100 - level, {"flow": [node]}, {"flow": [module(200 + level)]})
    response = send(api, method, text(module(1), node))
    assert suberror_messages(response) == [ADDITIONAL]
    assert f"A route of module 100 has no property '{name}'" in response.headers[HEADER]


@methods
def test_a_route_in_an_error_handler_is_checked_too(api: ApiClient, method: str) -> None:
    handler = router(2, {"flow": [module(3)], "filter": FILTER})
    assert suberror_messages(send(api, method, text(module(1, onerror=[handler])))) == [ADDITIONAL]


@methods
def test_the_filter_of_a_route_stands_on_its_first_module(api: ApiClient, method: str) -> None:
    route = {"flow": [module(3, filter=FILTER)]}
    assert_ok(send(api, method, text(module(1), router(2, route, {"flow": [], "disabled": True}))))


# --- ids and versions of modules -----------------------------------------------------------------


@methods
def test_a_module_without_a_version_has_the_newest(api: ApiClient, method: str) -> None:
    for id, name in ((1, "http:ActionSendData"), (2, "json:ParseJSON"), (3, "google-sheets:addRow")):
        node = module(id, name, parameters={"__IMTCONN__": 2} if id == 3 else {})
        del node["version"]
        if method == "PATCH":
            assert_ok(send(api, method, text(node)))
        else:
            assert_ok(send(api, method, text({**node, "id": 1})))


def test_a_module_without_a_version_runs(api: ApiClient) -> None:
    node = module(1, "scenario-service:ReturnData", mapper={"answer": "{{1 + 1}}"})
    del node["version"]
    id = assert_ok(send(api, "POST", text(node)))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{id}/start"))
    assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))


@methods
def test_a_wrong_version_is_refused_and_the_hint_names_the_right_one(api: ApiClient, method: str) -> None:
    response = send(api, method, text(module(1, "http:ActionSendData", version=9)))
    detail = "Module not found 'http:ActionSendData' version '9'."
    assert_refused(response, detail=detail, message="Invalid blueprint", code="IM007")
    assert "exists in version 3" in response.headers[HEADER]


@methods
def test_a_module_that_there_is_not_gets_a_suggestion(api: ApiClient, method: str) -> None:
    response = send(api, method, text(module(7, "json:ParseJson")))
    assert_refused(response, code="IM007")
    assert response.headers[HEADER].startswith("Module 7: ")
    assert "json:ParseJSON" in response.headers[HEADER]


@methods
@pytest.mark.parametrize(
    ("id", "shown", "hint"),
    [
        (None, "None", "The module util:SetVariable2 has no id"),
        ("2", "2", "The module util:SetVariable2 has the id 2"),
        (0, "0", "The module util:SetVariable2 has the id 0"),
    ],
)
def test_a_wrong_module_id_says_which_module_and_what_is_allowed(
    api: ApiClient, method: str, id: Any, shown: str, hint: str
) -> None:
    response = send(api, method, text(module(1), {**module(1), "id": id}))
    assert_refused(response, detail=f"'{shown}' is not a valid module id.", code="IM007")
    assert response.headers[HEADER].startswith(hint)
    assert "e.g. 2" in response.headers[HEADER]


@methods
def test_an_id_that_is_used_twice_names_the_second_module(api: ApiClient, method: str) -> None:
    response = send(api, method, text(module(1), module(1, "util:Sleep", mapper={"duration": "1"})))
    assert_refused(response, detail="The module id 1 is used twice.", code="IM007")
    assert "util:Sleep" in response.headers[HEADER]


# --- connections ---------------------------------------------------------------------------------

#: The connections of the default world: 1 is of the type slack, 2 of the type google.
SLACK, GOOGLE = 1, 2


def connected(name: str, version: int, connection: Any, field: str = "__IMTCONN__") -> str:
    return text(module(1, name, version=version, parameters={field: connection}, mapper={}))


@methods
@pytest.mark.parametrize(
    ("name", "version", "connection", "field"),
    [
        ("google-sheets:addRow", 2, SLACK, "__IMTCONN__"),
        ("slack:CreateMessage", 4, GOOGLE, "__IMTCONN__"),
        ("notion:createAPage", 1, GOOGLE, "__IMTCONN__"),
        ("airtable:ActionCreateRecord", 3, SLACK, "__IMTCONN__"),
        # Wants google-restricted.
        ("google-email:ActionSendEmail", 2, GOOGLE, "account"),
    ],
)
def test_a_connection_of_another_app_is_refused(
    api: ApiClient, method: str, name: str, version: int, connection: int, field: str
) -> None:
    before = len(api.world.scenarios)
    response = send(api, method, connected(name, version, connection, field))
    detail = f"Provided account '{connection}' is not compatible with '{name}' module."
    assert_refused(response, detail=detail, message="Invalid blueprint", code="IM007")
    assert f"connection {connection} has the type" in response.headers[HEADER]
    assert len(api.world.scenarios) == before


@methods
@pytest.mark.parametrize(
    ("name", "version", "connection"),
    [
        ("google-sheets:addRow", 2, GOOGLE),
        ("google-sheets:addRow", 2, str(GOOGLE)),
        ("slack:CreateMessage", 4, SLACK),
        # Nothing is known of its connections.
        ("some-app:DoIt", 1, SLACK),
    ],
)
def test_a_connection_of_the_app_or_of_one_that_nobody_knows_passes(
    api: ApiClient, method: str, name: str, version: int, connection: Any
) -> None:
    assert_ok(send(api, method, connected(name, version, connection)))


@methods
def test_the_type_in_the_metadata_of_a_module_counts(api: ApiClient, method: str) -> None:
    declared = [{"name": "__IMTCONN__", "type": "account:asana", "required": True}]
    node = module(1, "some-app:DoIt", parameters={"__IMTCONN__": SLACK}, metadata={"parameters": declared})
    response = send(api, method, text(node))
    assert_refused(response, code="IM007")
    assert "takes a connection of the type asana" in response.headers[HEADER]


@methods
@pytest.mark.parametrize("value", ["{{connection_slack}}", "my slack", "1a"])
def test_a_text_is_no_connection(api: ApiClient, method: str, value: str) -> None:
    before = len(api.world.scenarios)
    response = send(api, method, connected("slack:CreateMessage", 4, value))
    assert_refused(response, detail=f'invalid input syntax for type integer: "{value}"', code="SC400")
    assert "Module 1, slack:CreateMessage" in response.headers[HEADER]
    assert len(api.world.scenarios) == before


@methods
def test_an_input_of_the_scenario_can_be_the_connection(api: ApiClient, method: str) -> None:
    assert_ok(send(api, method, connected("slack:CreateMessage", 4, "{{var.input.mySlack}}")))


@methods
def test_a_connection_that_is_not_there_says_which_module_wants_it(api: ApiClient, method: str) -> None:
    response = send(api, method, connected("slack:CreateMessage", 4, 999))
    assert_refused(response, 404, detail="Connection not found 'slack:999'.", code="IM304")
    assert response.headers[HEADER] == "Module 1, slack:CreateMessage: the team has no connection 999."


# --- schedulings ---------------------------------------------------------------------------------


@methods
@pytest.mark.parametrize("type", ["INDEFINITELY", "Daily", "cron", ""])
def test_an_unknown_type_of_scheduling_is_im307(api: ApiClient, method: str, type: str) -> None:
    response = send(api, method, text(module(1)), {"type": type, "interval": 900})
    assert_refused(response, 422, message="Unprocessable Entity", code="IM307")
    assert "indefinitely" in response.headers[HEADER]


@methods
@pytest.mark.parametrize("interval", [1, 59])
def test_an_interval_below_the_plan_is_too_short(api: ApiClient, method: str, interval: int) -> None:
    response = send(api, method, text(module(1)), {"type": "indefinitely", "interval": interval})
    assert_refused(response, detail="Scenario execution interval is too short", code="SC400")
    assert (
        response.headers[HEADER] == f"The interval is {interval} seconds; the plan allows 60 seconds or more."
    )


@pytest.mark.parametrize(("interval", "allowed"), [(300, False), (600, False), (899, False), (900, True)])
def test_free_allows_fifteen_minutes(api: ApiClient, interval: int, allowed: bool) -> None:
    world = json_of(api.control("POST", "/worlds", json={"name": "free", "plan": "free"}))["world"]
    api.token = world["token"]
    response = send(api, "POST", text(module(1)), {"type": "indefinitely", "interval": interval})
    if allowed:
        assert_ok(response)
    else:
        assert_refused(response, detail="Scenario execution interval is too short")


@methods
@pytest.mark.parametrize("interval", [0, -5, "900", 1.5, True, 10**12])
def test_an_interval_that_is_none_says_what_is_allowed(api: ApiClient, method: str, interval: Any) -> None:
    response = send(api, method, text(module(1)), {"type": "indefinitely", "interval": interval})
    assert suberror_messages(response) == ["Invalid interval."]
    assert "from 60 to 31622400" in response.headers[HEADER]


# --- fields that no document has -----------------------------------------------------------------


@methods
@pytest.mark.parametrize("concept", [False, True])
def test_concept_is_taken(api: ApiClient, method: str, concept: bool) -> None:
    scenario = assert_ok(send(api, method, text(module(1)), concept=concept))["scenario"]
    assert scenario["concept"] is concept


def test_a_change_may_say_on_which_template_it_is_based(api: ApiClient) -> None:
    assert_ok(send(api, "PATCH", text(module(1)), basedon=1))
    assert api.world.scenarios[3].based_on == "1"
    assert_refused(send(api, "PATCH", text(module(1)), basedon=987654), 404, code="SC404")


# --- starts --------------------------------------------------------------------------------------


def test_a_scenario_that_contains_errors_says_which(api: ApiClient) -> None:
    empty = assert_ok(send(api, "POST", text()))["scenario"]["id"]
    response = api.post(f"/scenarios/{empty}/start")
    assert_refused(response, detail="Scenario contains errors.")
    assert response.headers[HEADER] == "The flow has no modules."
    hookless = assert_ok(send(api, "POST", text(module(5, "gateway:CustomWebHook", parameters={}))))
    response = api.post(f"/scenarios/{hookless['scenario']['id']}/start")
    assert_refused(response, detail="Scenario contains errors.")
    assert response.headers[HEADER] == "Module 5, gateway:CustomWebHook, needs the parameter 'hook'."


def test_a_start_without_an_interval_says_what_is_missing(api: ApiClient) -> None:
    id = assert_ok(send(api, "POST", text(module(1)), {"type": "indefinitely"}))["scenario"]["id"]
    response = api.post(f"/scenarios/{id}/start")
    assert suberror_messages(response) == ["Invalid interval."]
    assert "no interval" in response.headers[HEADER]
