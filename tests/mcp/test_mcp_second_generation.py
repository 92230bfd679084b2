"""The server of the second generation: its URLs, its scopes, and an agent's work with its tools."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from helpers.mcp import McpHarness, frame
from make_emulator.mcp.tools import second_generation
from make_emulator.mcp.tools.second_generation import MAX_ROWS, SCOPE_BUNDLE

URLS = ["/mcp/v2", "/mcp.make.com/v2", "/mcp.make.com/claude", "/mcp.make.com/cursor", "/mcp.make.com/openai"]


@pytest.fixture
def agent(api: ApiClient) -> McpHarness:
    return McpHarness(api, path="/mcp/v2")


def call_tool(agent: McpHarness, name: str, /, **arguments: Any) -> dict[str, Any]:
    """The data that a tool answers; a refusal fails the test."""
    data = data_of(agent, name, **arguments)
    assert "errors" not in data, data
    return data


def data_of(agent: McpHarness, name: str, /, **arguments: Any) -> dict[str, Any]:
    result = agent.call(name, arguments)
    assert "isError" not in result
    assert result["content"] == [{"type": "text", "text": ""}]
    data: dict[str, Any] = result["structuredContent"]
    return data


def refusal(agent: McpHarness, name: str, /, **arguments: Any) -> str:
    [error] = data_of(agent, name, **arguments)["errors"]
    return str(error["message"])


@pytest.mark.parametrize("url", URLS)
def test_its_urls_have_tools_of_their_own(api: ApiClient, url: str) -> None:
    names = set(McpHarness(api, path=url).tools())
    assert {"environment_get", "scenario_patch", "scenario_execution_inspect", "module_spec"} <= names
    assert not {"s1_greeting", "scenarios_list"} & names


def test_without_the_whole_bundle_of_scopes_every_request_is_403(api: ApiClient) -> None:
    scopes = sorted(SCOPE_BUNDLE - {"udts:write"})
    token = assert_status(api.control("POST", "/worlds/default/tokens", json={"scopes": scopes}), 201)[
        "token"
    ]
    response = McpHarness(api, path="/mcp/v2", token=token).post(frame("tools/list"))
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="OAuth", error="insufficient_scope", error_description="Insufficient scope", scope="udts:write"'
    )
    # The first generation lists what the scopes allow.
    assert "teams_list" in McpHarness(api, token=token).tools()


BLUEPRINT: dict[str, Any] = {
    "name": "Echo",
    "flow": [
        {
            "id": 1,
            "module": "util:SetVariable2",
            "version": 1,
            "mapper": {"name": "v", "scope": "roundtrip", "value": "{{1.x"},
        },
        {"id": 2, "module": "scenario-service:ReturnData", "version": 2, "mapper": {"v": "{{1.v}}"}},
    ],
    "metadata": {"version": 1},
}


def test_an_agent_builds_patches_runs_and_inspects_a_scenario(agent: McpHarness) -> None:
    environment = call_tool(agent, "environment_get")
    assert environment["zone"] == "eu1.make.com"
    team = environment["organizations"][0]["teams"][0]["id"]
    blueprint = {
        **BLUEPRINT,
        "flow": [
            {
                **BLUEPRINT["flow"][0],
                "module": "json:ParseJSON",
                "parameters": {"type": ""},
                "mapper": {"json": "{"},
            },
            BLUEPRINT["flow"][1],
        ],
    }
    scenario = call_tool(agent, "scenario_create", teamId=team, blueprint=blueprint)["scenario"]
    id = scenario["id"]
    assert "activate it with scenario_activate" in refusal(agent, "scenario_run", scenarioId=id)
    call_tool(agent, "scenario_activate", scenarioId=id)
    assert "failed" in refusal(agent, "scenario_run", scenarioId=id)
    [failed] = call_tool(agent, "scenario_execution_list", scenarioId=id)["executions"]
    steps = call_tool(agent, "scenario_execution_inspect", scenarioId=id, executionId=failed["id"])["steps"]
    assert steps[0]["moduleId"] == 1
    assert "error" in steps[0]

    current = call_tool(agent, "scenario_get", scenarioId=id)["scenario"]
    operation = {"op": "module_config_set", "moduleId": 1, "mapper": {"json": '{"v": 7}'}}
    stale = refusal(
        agent,
        "scenario_patch",
        scenarioId=id,
        expectedLastEdit="2020-01-01T00:00:00.000Z",
        operations=[operation],
    )
    assert "changed in the meantime" in stale
    call_tool(
        agent, "scenario_patch", scenarioId=id, expectedLastEdit=current["lastEdit"], operations=[operation]
    )
    module = call_tool(agent, "scenario_module_get", scenarioId=id, moduleId=1)["module"]
    assert module["mapper"] == {"json": '{"v": 7}'}
    if not call_tool(agent, "scenario_get", scenarioId=id)["scenario"]["isActive"]:
        call_tool(agent, "scenario_activate", scenarioId=id)
    run = call_tool(agent, "scenario_run", scenarioId=id)
    assert (run["status"], run["outputs"]) == ("success", {"v": 7})
    operations = call_tool(
        agent, "scenario_execution_module_get", scenarioId=id, executionId=run["executionId"], moduleId=1
    )
    assert operations["operations"][0]["output"] == [{"v": 7}]
    call_tool(agent, "scenario_deactivate", scenarioId=id)
    call_tool(agent, "scenario_delete", scenarioId=id)
    assert "not found" in refusal(agent, "scenario_get", scenarioId=id)


def test_operations_are_made_all_or_none(agent: McpHarness) -> None:
    before = call_tool(agent, "scenario_get", scenarioId=1)["scenario"]
    operations = [{"op": "rename", "name": "Other"}, {"op": "module_move", "moduleId": 1}]
    text = refusal(
        agent, "scenario_patch", scenarioId=1, expectedLastEdit=before["lastEdit"], operations=operations
    )
    assert text.startswith("Unknown operation 'module_move'")
    assert call_tool(agent, "scenario_get", scenarioId=1)["scenario"]["name"] == before["name"]
    call_tool(
        agent, "scenario_patch", scenarioId=1, expectedLastEdit=before["lastEdit"], operations=operations[:1]
    )
    assert call_tool(agent, "scenario_get", scenarioId=1)["scenario"]["name"] == "Other"


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (
            {"op": "module_config_set", "moduleId": 1, "parameters": "x"},
            "'parameters' of the operation module_config_set is not an object.",
        ),
        (
            {"op": "module_config_set", "moduleId": 1, "filter": {}},
            "The operation module_config_set has no 'filter'.",
        ),
        ({"op": "rename", "name": "x", "description": "x"}, "The operation rename has no 'description'."),
        ({"op": ["rename"]}, "Unknown operation"),
    ],
)
def test_an_operation_with_unknown_or_wrong_parts_is_refused(
    agent: McpHarness, operation: dict[str, Any], text: str
) -> None:
    before = call_tool(agent, "scenario_get", scenarioId=1)
    last_edit = before["scenario"]["lastEdit"]
    refused = refusal(
        agent, "scenario_patch", scenarioId=1, expectedLastEdit=last_edit, operations=[operation]
    )
    assert refused.startswith(text)
    assert call_tool(agent, "scenario_get", scenarioId=1) == before


def test_nobody_changes_a_scenario_between_the_check_of_its_last_edit_and_the_change(
    agent: McpHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquired: list[bool] = []
    apply = second_generation._apply

    def try_to_interfere(*arguments: Any) -> Any:
        lock = agent.api.world.lock
        thread = threading.Thread(target=lambda: acquired.append(lock.acquire(timeout=0)))
        thread.start()
        thread.join()
        return apply(*arguments)

    monkeypatch.setattr(second_generation, "_apply", try_to_interfere)
    last_edit = call_tool(agent, "scenario_get", scenarioId=1)["scenario"]["lastEdit"]
    operations = [{"op": "rename", "name": "Other"}]
    call_tool(agent, "scenario_patch", scenarioId=1, expectedLastEdit=last_edit, operations=operations)
    assert acquired == [False]


def test_a_webhook_scenario_is_not_run_but_shows_its_url(agent: McpHarness) -> None:
    hooked = next(
        row for row in call_tool(agent, "scenario_list", teamId=1)["scenarios"] if row["hookId"] is not None
    )
    if not hooked["isActive"]:
        call_tool(agent, "scenario_activate", scenarioId=hooked["id"])
    answer = call_tool(agent, "scenario_run", scenarioId=hooked["id"])
    assert "/hook/" in answer["url"] or "hook." in answer["url"]
    assert "executionId" not in answer
    trigger = call_tool(agent, "scenario_trigger_inspect", scenarioId=hooked["id"])
    assert trigger["hook"]["id"] == hooked["hookId"]
    assert call_tool(agent, "scenario_trigger_learn", scenarioId=hooked["id"])["learning"] is True
    assert refusal(agent, "scenario_trigger_learn", scenarioId=1) == "The scenario has no webhook."


def test_a_run_that_outlives_the_wait_is_pending(agent: McpHarness) -> None:
    sleep = {"id": 1, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": 60}}
    blueprint = {**BLUEPRINT, "flow": [sleep]}
    id = call_tool(agent, "scenario_create", teamId=1, blueprint=blueprint)["scenario"]["id"]
    call_tool(agent, "scenario_activate", scenarioId=id)
    assert call_tool(agent, "scenario_run", scenarioId=id)["status"] == "pending"


def test_lists_end_at_25_rows(agent: McpHarness) -> None:
    for number in range(MAX_ROWS + 2):
        call_tool(agent, "data_store_create", teamId=1, name=f"Store {number}", maxSizeMB=1)
    stores = call_tool(agent, "data_store_list", teamId=1)["dataStores"]
    assert len(stores) == MAX_ROWS
    store = call_tool(agent, "data_store_get", dataStoreId=stores[-1]["id"])
    assert store["records"] == []
    call_tool(agent, "data_store_delete", dataStoreId=stores[-1]["id"])


def test_apps_modules_and_structures(agent: McpHarness) -> None:
    assert "google-sheets" in {app["name"] for app in call_tool(agent, "app_find", query="sheets")["apps"]}
    spec = call_tool(agent, "module_spec", module="slack:CreateMessage")["module"]
    assert spec["connection"]["types"] == ["slack2", "slack3"]
    assert refusal(agent, "module_spec", module="slack:SendMessage") == (
        "No module 'slack:SendMessage' is known. Did you mean slack:CreateMessage?"
    )
    assert refusal(agent, "module_spec", module="slack:CreateMessage", version=1) == (
        "'slack:CreateMessage' is not known in version 1."
    )
    made = call_tool(
        agent, "data_structure_create", teamId=1, name="Person", spec=[{"name": "age", "type": "number"}]
    )
    assert made["dataStructure"]["id"] in {
        row["id"] for row in call_tool(agent, "data_structure_list", teamId=1)["dataStructures"]
    }


def test_wrong_arguments_are_refusals(agent: McpHarness) -> None:
    assert refusal(agent, "scenario_get") == "Invalid arguments: scenarioId: Required"
    assert refusal(agent, "scenario_get", scenarioId="1") == "Invalid arguments: scenarioId: Expected number"
    assert (
        agent.request("tools/call", {"name": "scenarios_list"})["error"]["message"]
        == "Tool scenarios_list not found"
    )
