from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from make_emulator.world import connections

TRIGGER = {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 1}, "mapper": {}}
VARIABLE = {"name": "v", "scope": "roundtrip", "value": "{{uper(1.name)}}"}
BLUEPRINT: dict[str, Any] = {
    "name": "x",
    "flow": [TRIGGER, {"id": 2, "module": "util:SetVariable2", "version": 1, "mapper": VARIABLE}],
    "metadata": {},
}


INPUTS: dict[str, Any] = {
    **BLUEPRINT,
    "flow": [
        {"id": 1, "module": "scenario-service:StartSubscenario", "version": 2, "mapper": {}},
        {
            "id": 2,
            "module": "util:SetVariable2",
            "version": 1,
            "mapper": {**VARIABLE, "value": "{{uper(now)}}"},
        },
    ],
}


@pytest.mark.parametrize("blueprint", [BLUEPRINT, json.dumps(BLUEPRINT)])
def test_a_blueprint_is_repaired(api: ApiClient, blueprint: object) -> None:
    response = assert_status(api.control("POST", "/mend", json={"blueprint": blueprint}))
    patch = [{"op": "replace", "path": "/flow/1/mapper/value", "value": "{{upper(1.name)}}"}]
    before, after = response["run"]["before"], response["run"]["after"]
    assert response == {
        "blueprint": {
            **BLUEPRINT,
            "flow": [
                TRIGGER,
                {**BLUEPRINT["flow"][1], "mapper": {**VARIABLE, "value": "{{upper(1.name)}}"}},
            ],
        },
        "patch": patch,
        "repairs": [
            {
                "rule": "unknown-function",
                "severity": "error",
                "moduleId": 2,
                "path": "flow[1].mapper.value",
                "message": "Make has no function 'uper', unless it is a custom function of the team.",
                "suggestion": "Did you mean 'upper'?",
                "patch": patch,
                "run": {"before": before, "after": after},
            }
        ],
        "findings": [],
        "run": {"before": before, "after": after},
    }
    assert (before["status"], after) == ("ERROR", {"status": "SUCCESS", "bundles": 2})


def test_what_stays_has_a_reason_and_rules_are_switched_off(api: ApiClient) -> None:
    ignored = {"blueprint": BLUEPRINT, "ignore": ["unknown-function"]}
    assert assert_status(api.control("POST", "/mend", json=ignored))["patch"] == []
    foreign = {**BLUEPRINT, "flow": [TRIGGER, {"id": 2, "module": "myapp:doIt", "version": 1}]}
    [finding] = assert_status(api.control("POST", "/mend", json={"blueprint": foreign}))["findings"]
    assert (finding["rule"], finding["reason"]) == ("no-such-module", "no obvious repair")


def test_the_scheduling_is_repaired(api: ApiClient) -> None:
    body = {
        "blueprint": {**BLUEPRINT, "flow": [TRIGGER]},
        "scheduling": {"type": "indefinitely", "interval": 9},
    }
    response = assert_status(api.control("POST", "/mend", json=body))
    assert response["scheduling"] == {"type": "indefinitely", "interval": 60}
    assert response["schedulingPatch"] == [{"op": "replace", "path": "/interval", "value": 60}]


def test_what_a_team_has_counts(api: ApiClient) -> None:
    world = api.world
    [connection] = [row.id for row in world.connections.where(team=1) if row.account_name == "slack"]
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    first = {"id": 1, "module": "util:BasicTrigger", "version": 1, "parameters": {"values": []}, "mapper": {}}
    message = {"id": 2, "module": "slack:CreateMessage", "version": 4, "mapper": mapper}
    other = {**message, "id": 3, "parameters": {"__IMTCONN__": 999}}
    document = {**BLUEPRINT, "flow": [first, message, other]}
    mended = assert_status(api.control("POST", "/mend", json={"blueprint": document, "world": "default"}))
    assert [repair["rule"] for repair in mended["repairs"]] == ["missing-connection", "unknown-resource"]
    assert [node.get("parameters") for node in mended["blueprint"]["flow"][1:]] == [
        {"__IMTCONN__": connection},
        {"__IMTCONN__": connection},
    ]
    connections.create(world, world.teams[1], world.users[1], name="Other", type="slack2", data={})
    again = assert_status(api.control("POST", "/mend", json={"blueprint": document, "world": "default"}))
    assert again["repairs"] == []


def test_the_blueprint_of_a_scenario_is_repaired_and_stays(api: ApiClient) -> None:
    body = {"blueprint": json.dumps(INPUTS), "scheduling": '{"type": "on-demand"}', "teamId": 1}
    id = assert_status(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    mended = assert_status(api.control("POST", "/mend", json={"world": "default", "scenarioId": id}))
    assert [repair["rule"] for repair in mended["repairs"]] == ["unknown-function"]
    assert (mended["run"]["before"]["status"], mended["run"]["after"]["status"]) == ("ERROR", "SUCCESS")
    kept = assert_status(api.get(f"/scenarios/{id}/blueprint"))["response"]["blueprint"]
    assert kept["flow"][1]["mapper"] == INPUTS["flow"][1]["mapper"]


def test_nothing_in_the_world_changes(api: ApiClient) -> None:
    before = assert_status(api.control("GET", "/worlds/default/snapshot"))
    assert_status(api.control("POST", "/mend", json={"blueprint": BLUEPRINT}))
    assert assert_status(api.control("GET", "/worlds/default/snapshot")) == before


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Missing value of parameter 'blueprint'."),
        ({"blueprint": "{"}, "Invalid request: 'blueprint' is not JSON"),
        ({"blueprint": {}, "ignore": ["nothing"]}, "Invalid request: no rule 'nothing'"),
        ({"blueprint": 5}, "Invalid value of parameter 'blueprint'."),
        ({"blueprint": {}, "write": True}, "Unknown parameter 'write'."),
    ],
)
def test_invalid_requests_are_400(api: ApiClient, body: object, text: str) -> None:
    response = assert_status(api.control("POST", "/mend", json=body), 400)
    assert response["detail"].startswith(text)
