from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from helpers.api_resources import create_hook
from make_emulator.world import connections

BLUEPRINT = {
    "name": "x",
    "flow": [{"id": 1, "module": "stripe:ActionCreateCustomer", "version": 1}],
    "metadata": {},
}


@pytest.mark.parametrize("blueprint", [BLUEPRINT, json.dumps(BLUEPRINT)])
def test_a_blueprint_is_linted(api: ApiClient, blueprint: object) -> None:
    findings = assert_status(api.control("POST", "/lint", json={"blueprint": blueprint}))["findings"]
    assert findings[0] == {
        "rule": "no-such-module",
        "severity": "error",
        "moduleId": 1,
        "path": "flow[0].module",
        "message": "The app 'stripe' has no module 'stripe:ActionCreateCustomer'.",
        "suggestion": "Did you mean stripe:createCustomer?",
        "patch": [{"op": "replace", "path": "/flow/0/module", "value": "stripe:createCustomer"}],
    }
    ignored = {"blueprint": blueprint, "ignore": ["no-such-module", "missing-connection"]}
    assert assert_status(api.control("POST", "/lint", json=ignored))["findings"] == []


def in_world(api: ApiClient, **body: Any) -> list[dict[str, Any]]:
    response = api.control("POST", "/lint", json={"world": "default", **body})
    findings: list[dict[str, Any]] = assert_status(response)["findings"]
    return findings


def slack(connection: int) -> dict[str, Any]:
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    parameters = {"__IMTCONN__": connection}
    return {
        "id": 2,
        "module": "slack:CreateMessage",
        "version": 4,
        "parameters": parameters,
        "mapper": mapper,
    }


def after_hook(api: ApiClient, *modules: dict[str, Any]) -> dict[str, Any]:
    hook = create_hook(api)["id"]
    first = {
        "id": 1,
        "module": "gateway:CustomWebHook",
        "version": 1,
        "parameters": {"hook": hook},
        "mapper": {},
    }
    return {"name": "x", "flow": [first, *modules], "metadata": {}}


def test_a_blueprint_is_checked_for_what_a_team_of_the_world_has(api: ApiClient) -> None:
    world = api.world
    team, user = world.teams[1], world.users[1]
    mine = connections.create(world, team, user, name="Mine", type="slack3", data={}).id
    other = connections.create(world, team, user, name="Other", type="google", data={}).id
    assert in_world(api, blueprint=after_hook(api, slack(mine))) == []
    [wrong_type] = in_world(api, blueprint=after_hook(api, slack(other)))
    assert (wrong_type["rule"], wrong_type["moduleId"]) == ("wrong-connection-type", 2)
    [unknown] = in_world(api, blueprint=after_hook(api, slack(999)))
    assert unknown["message"] == "The team has no connection 999, which module 2 (slack:CreateMessage) uses."
    assert unknown["path"] == "flow[1].parameters.__IMTCONN__"
    # Without a world nothing is known of any team.
    plain = {"blueprint": after_hook(api, slack(999))}
    assert assert_status(api.control("POST", "/lint", json=plain))["findings"] == []


def test_the_plan_of_the_world_decides_the_interval(api: ApiClient) -> None:
    first = {"id": 1, "module": "util:BasicTrigger", "version": 1, "parameters": {"values": []}, "mapper": {}}
    blueprint = {"name": "x", "flow": [first], "metadata": {}}
    least = api.world.organizations[1].license.interval
    scheduling = {"type": "indefinitely", "interval": 60 * least}
    assert in_world(api, blueprint=blueprint, scheduling=scheduling) == []
    short = {"type": "indefinitely", "interval": 60 * least - 1}
    [finding] = in_world(api, blueprint=blueprint, scheduling=short)
    assert finding["rule"] == "interval-too-short"
    assert finding["message"].endswith(f"the plan allows {60 * least} or more.")


def test_scenarios_of_a_world_that_call_each_other_in_a_loop_are_found(api: ApiClient) -> None:
    def calling(id: int) -> dict[str, Any]:
        parameters = {"scenario": f"SCN_{id}", "shouldWaitForExecutionEnd": True}
        start = {"id": 1, "module": "scenario-service:StartSubscenario", "version": 2, "mapper": {}}
        call = {"id": 2, "module": "scenario-service:CallSubscenario", "version": 2, "mapper": {}}
        return {"name": "x", "flow": [start, {**call, "parameters": parameters}], "metadata": {}}

    def create(blueprint: dict[str, Any]) -> int:
        body = {"blueprint": json.dumps(blueprint), "scheduling": '{"type": "on-demand"}', "teamId": 1}
        id: int = assert_status(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
        return id

    second = create(calling(1))
    first = create(calling(second))
    assert in_world(api, scenarioId=second) == []
    assert_status(
        api.patch(f"/scenarios/{second}?confirmed=true", json={"blueprint": json.dumps(calling(first))})
    )
    [finding] = in_world(api, scenarioId=second)
    assert finding["rule"] == "scenario-loop"
    assert f"calls scenario {first}, which calls this one again" in finding["message"]


def test_the_functions_of_the_team_are_known(api: ApiClient) -> None:
    text = {"name": "v", "scope": "roundtrip", "value": "{{vatOf(1.price)}}"}
    blueprint = after_hook(api, {"id": 2, "module": "util:SetVariable2", "version": 1, "mapper": text})
    assert [finding["rule"] for finding in in_world(api, blueprint=blueprint)] == ["unknown-function"]
    code = "function vatOf(price) { return price * 0.2; }"
    assert_status(api.post("/functions?teamId=1", json={"name": "vatOf", "description": "", "code": code}))
    assert in_world(api, blueprint=blueprint) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"world": "default"}, "Missing value of parameter 'blueprint'."),
        ({"world": "default", "blueprint": {}, "teamId": 99}, "There is no such team."),
        ({"world": "default", "scenarioId": 99}, "There is no such scenario."),
        ({"blueprint": {}, "teamId": 1}, "Parameter 'teamId' needs the parameter 'world'."),
        ({}, "Missing value of parameter 'blueprint'."),
        ({"blueprint": "{"}, "Invalid request: 'blueprint' is not JSON"),
        ({"blueprint": {}, "ignore": ["nothing"]}, "Invalid request: no rule 'nothing'"),
        ({"blueprint": 5}, "Invalid value of parameter 'blueprint'."),
    ],
)
def test_invalid_requests_are_400(api: ApiClient, body: object, text: str) -> None:
    response = assert_status(api.control("POST", "/lint", json=body), 400)
    assert response["detail"].startswith(text)


def test_a_world_that_does_not_exist_is_404(api: ApiClient) -> None:
    assert_status(api.control("POST", "/lint", json={"world": "nowhere", "blueprint": {}}), 404)
