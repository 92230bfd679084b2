from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_status

MODULES = "/worlds/default/modules"
SEND = f"{MODULES}/slack:CreateMessage"


def test_scripts_are_saved_shown_and_removed(api: ApiClient) -> None:
    body = {"output": {"ts": "1"}, "times": 2, "durationMs": 5}
    script = {
        "module": "slack:CreateMessage",
        "output": [{"ts": "1"}],
        "durationMs": 5,
        "timesLeft": 2,
        "hits": 0,
    }
    assert assert_status(api.control("PUT", SEND, json=body)) == {"module": script}
    assert assert_status(api.control("GET", SEND)) == {"module": script}
    failing = assert_status(api.control("PUT", f"{MODULES}/jira:Get", json={"error": {"name": "DataError"}}))
    assert failing["module"]["error"] == {"name": "DataError", "message": ""}
    assert [row["module"] for row in assert_status(api.control("GET", MODULES))["modules"]] == [
        "slack:CreateMessage",
        "jira:Get",
    ]
    assert api.control("DELETE", SEND).status_code == 204
    assert api.control("GET", SEND).status_code == 404
    assert api.control("DELETE", SEND).status_code == 404
    assert api.control("DELETE", MODULES).status_code == 204
    assert assert_status(api.control("GET", MODULES)) == {"modules": []}


@pytest.mark.parametrize(
    ("module", "body", "reason"),
    [
        ("slack", {"output": {}}, "'slack' is not the name of a module; it has the form app:Module."),
        ("builtin:BasicRouter", {"output": {}}, "Module 'builtin:BasicRouter' emits no bundles of its own"),
        ("util:TextAggregator", {"output": {}}, "Module 'util:TextAggregator' is an aggregator; it cannot be scripted."),
        ("slack:Do", {}, "A script needs one of 'output', 'error', 'durationMs'."),
        ("slack:Do", {"times": 1}, "A script needs one of 'output', 'error', 'durationMs'."),
        ("slack:Do", {"output": {}, "error": {"name": "DataError"}}, "A script has 'output' or 'error'; not both."),
        ("slack:Do", {"output": [1]}, "Parameter 'output' must be a bundle (an object) or a list of bundles."),
        ("slack:Do", {"output": "x"}, "Invalid value of parameter 'output'."),
        ("slack:Do", {"error": {"name": "Oops"}}, "The name of an error must be one of: AccountValidationError, Bundle"),
        ("slack:Do", {"error": {"kind": "DataError"}}, """Parameter 'error' must be {"name", "message"?}."""),
        ("slack:Do", {"output": {}, "times": 0}, "Parameter 'times' must be at least 1."),
        ("slack:Do", {"durationMs": -1}, "Parameter 'durationMs' must be from 0 to 86400000."),
        ("slack:Do", {"colour": 1}, "Unknown parameter 'colour'."),
    ],
)  # fmt: skip
def test_a_script_that_is_invalid_is_rejected(api: ApiClient, module: str, body: Any, reason: str) -> None:
    response = api.control("PUT", f"{MODULES}/{module}", json=body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["detail"].startswith(reason)
    assert api.world.scripts == {}


def test_the_steps_of_a_run_show_input_and_output_of_each_module(api: ApiClient) -> None:
    run = api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).json
    assert run is not None
    sentence = "module 1 (scenario-service:ReturnData) ran"
    assert assert_status(api.control("GET", f"/worlds/default/executions/{run['executionId']}/steps")) == {
        "steps": [
            {
                "cycle": 1,
                "moduleId": 1,
                "module": "scenario-service:ReturnData",
                "operation": 1,
                "operations": 0,
                "bundle": None,
                "input": {"greeting": "Hello, Zoe!"},
                "output": [],
                "error": None,
                "called": None,
                "sentence": sentence,
            }
        ],
        "decisions": [],
        "story": [sentence],
        "leftOut": {"steps": 0, "decisions": 0},
        "run": {"inputs": {"name": "Zoe"}, "outputs": {"greeting": "Hello, Zoe!"}, "response": None},
    }


def test_secrets_in_steps_are_masked(api: ApiClient) -> None:
    name = "11111111-1111-4111-8111-111111111111"
    run = api.post("/scenarios/1/run", json={"data": {"name": name}, "responsive": True}).json
    assert run is not None
    steps = api.control("GET", f"/worlds/default/executions/{run['executionId']}/steps").get_data(
        as_text=True
    )
    assert name not in steps
    assert "Hello, ********!" in steps


def test_the_steps_of_an_unknown_run_are_404(api: ApiClient) -> None:
    assert api.control("GET", "/worlds/default/executions/none/steps").status_code == 404


def test_a_reset_forgets_the_scripts(api: ApiClient) -> None:
    assert_status(api.control("PUT", SEND, json={"output": {}}))
    api.control("POST", "/worlds/default/reset")
    assert assert_status(api.control("GET", MODULES)) == {"modules": []}
