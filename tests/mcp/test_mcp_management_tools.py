"""Management tools: those of the hosted server, held against the routes that they call, and an agent's work with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_status, json_of
from helpers.blueprints import BROKEN_BLUEPRINT
from helpers.mcp import McpHarness, frame
from make_emulator import api as rest
from make_emulator.http.endpoint import Endpoint
from make_emulator.mcp.tools.definition import ToolDefinition
from make_emulator.mcp.tools.management import GROUPS, SECRET_TOOLS
from make_emulator.mcp.tools.management.group import RestCall
from make_emulator.schemas.base import ListField, OpenBodySchema

TOOLS: dict[str, ToolDefinition] = {tool.name: tool for group in GROUPS for tool in group.tools}
CALLS: dict[str, RestCall] = {name: call for group in GROUPS for name, call in group.rest_calls.items()}
ENDPOINTS: dict[str, Endpoint] = {f"{each.method} {each.path}": each for each in rest.endpoints()}


class Row(NamedTuple):
    """A tool as the hosted server or the vendor's SDK has it."""

    name: str
    title: str
    scope: str
    kind: str
    inputs: str


def table() -> Iterator[Row]:
    for line in Path(__file__).with_name("management_tools.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield Row(*(cell.strip() for cell in line.split("|")))


#: Short type of an input -> types of JSON Schema. Objects may be JSON texts, where older editions took texts.
TYPES = {
    "num": {"number"},
    "str": {"string"},
    "bool": {"boolean"},
    "obj": {"object"},
    "arr": {"array"},
    "any": set(),
}


@pytest.mark.parametrize("row", list(table()), ids=lambda row: row.name)
def test_tools_are_those_of_the_hosted_server(row: Row) -> None:
    tool = TOOLS[row.name]
    assert tool.title == row.title
    assert tool.scopes == (() if row.scope == "-" else (row.scope,))
    assert tool.description.startswith(f"{row.title} ({row.name.partition('_')[0]}): ")
    annotations = tool.annotations
    assert annotations is not None
    assert annotations.read_only is ("R" in row.kind)
    assert annotations.destructive is ("D" in row.kind)
    assert bool(annotations.idempotent) is ("i" in row.kind)
    assert annotations.open_world is ("o" in row.kind)
    inputs = [] if row.inputs == "-" else row.inputs.split(", ")
    names = {each.partition(":")[0].rstrip("*") for each in inputs}
    assert set(tool.input_schema["properties"]) == names
    assert set(tool.input_schema["required"]) == {each.partition("*")[0] for each in inputs if "*" in each}
    for each in inputs:
        name, _, kind = each.partition(":")
        schema = tool.input_schema["properties"][name.rstrip("*")]
        given = schema.get("type", [])
        assert TYPES[kind] <= set([given] if isinstance(given, str) else given), name


def test_every_tool_says_what_it_does_and_has_a_short_name() -> None:
    for name, tool in TOOLS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*_[a-z_-]+", name), name
        assert len(name) <= 48
        assert tool.description.endswith("."), name


@pytest.mark.parametrize("name", CALLS)
def test_a_tool_passes_what_its_route_takes(name: str) -> None:
    call, schema = CALLS[name], TOOLS[name].input_schema
    endpoint = ENDPOINTS[call.route]
    path = set(re.findall(r"\{(\w+)\}", endpoint.path))
    targets = {given: call.rename.get(given, given) for given in schema["properties"]}
    assert path <= set(targets.values())
    query = {
        f"{field.data_key or key}[]" if isinstance(field, ListField) else field.data_key or key
        for key, field in (endpoint.query.load_fields.items() if endpoint.query else ())
    }
    query |= {"pg[limit]"} if endpoint.paging is not None else set()
    query |= {"cols[]"} if endpoint.cols else set()
    assert set(call.fixed_query) <= query
    body = (
        {field.data_key or key: field for key, field in endpoint.body.load_fields.items()}
        if endpoint.body
        else {}
    )
    has_body = endpoint.method in ("POST", "PUT", "PATCH") or bool(call.body)
    for given, target in targets.items():
        if target in path:
            assert given in schema["required"], given
        elif has_body and given not in call.query:
            assert target in body or isinstance(endpoint.body, OpenBodySchema), given
        else:
            assert {target, f"{target}[]"} & query, given
    required = {key for key, field in body.items() if field.required}
    assert required <= {targets[given] for given in schema["required"]} | set(call.defaults), name


# --- in use --------------------------------------------------------------------------------------


def call_tool(mcp: McpHarness, name: str, /, **arguments: Any) -> Any:
    """Calls a tool; returns its result, parsed if it is JSON. An error of the tool fails the test."""
    result = mcp.request("tools/call", {"name": name, "arguments": arguments})["result"]
    text = result["content"][0]["text"]
    assert not result.get("isError"), f"{name}: {text}"
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def error_of(mcp: McpHarness, name: str, /, **arguments: Any) -> str:
    """Calls a tool that fails; returns the text of the failure."""
    result = mcp.request("tools/call", {"name": name, "arguments": arguments})["result"]
    assert result["isError"] is True
    return str(result["content"][0]["text"])


ON_DEMAND = {"type": "on-demand"}


def test_an_agent_builds_runs_mends_and_cleans_up_a_scenario(mcp: McpHarness) -> None:
    [organization] = call_tool(mcp, "organizations_list")
    [team] = call_tool(mcp, "teams_list", organizationId=organization["id"])
    assert call_tool(mcp, "users_me")["name"]
    spec = [{"name": "total", "type": "number", "label": "Total"}]
    structure = call_tool(
        mcp, "data-structures_create", teamId=team["id"], name="Order", strict=True, spec=spec
    )
    store = call_tool(
        mcp,
        "data-stores_create",
        name="Orders",
        teamId=team["id"],
        maxSizeMB=1,
        datastructureId=structure["id"],
    )
    blueprint = json.loads(json.dumps(BROKEN_BLUEPRINT))
    blueprint["flow"][2]["parameters"]["datastore"] = store["id"]

    scenario = call_tool(
        mcp, "scenarios_create", teamId=team["id"], blueprint=blueprint, scheduling=ON_DEMAND, confirmed=True
    )
    call_tool(
        mcp,
        "scenarios_set-interface",
        scenarioId=scenario["id"],
        interface={
            "input": [{"name": "order", "type": "text", "required": True}, {"name": "key", "type": "text"}],
            "output": [{"name": "total", "type": "number"}],
        },
    )
    inputs = {"order": '{"total": 12.5}', "key": "A1"}
    assert "not activated" in error_of(mcp, "scenarios_run", scenarioId=scenario["id"], data=inputs)
    assert call_tool(mcp, "scenarios_activate", scenarioId=scenario["id"]) == "Scenario has been activated."
    assert "already running" in error_of(mcp, "scenarios_activate", scenarioId=scenario["id"])

    broken = call_tool(mcp, "scenarios_run", scenarioId=scenario["id"], data=inputs, responsive=True)
    assert broken["status"] == 3
    executions = call_tool(mcp, "executions_list", scenarioId=scenario["id"])
    failed = next(row for row in executions if row.get("status") == 3)
    detail = call_tool(mcp, "executions_get-detail", scenarioId=scenario["id"], executionId=failed["id"])
    assert detail["status"] in ("ERROR", "error", 3, "3")
    assert "json" in json.dumps(detail).lower()

    blueprint["flow"][1]["mapper"]["json"] = "{{1.order}}"
    call_tool(mcp, "scenarios_update", scenarioId=scenario["id"], blueprint=json.dumps(blueprint))
    assert (
        call_tool(mcp, "scenarios_get", scenarioId=scenario["id"])["blueprint"]["flow"][1]["mapper"]["json"]
        == "{{1.order}}"
    )
    if not call_tool(mcp, "scenarios_get", scenarioId=scenario["id"])["isActive"]:
        call_tool(mcp, "scenarios_activate", scenarioId=scenario["id"])
    run = call_tool(mcp, "scenarios_run", scenarioId=scenario["id"], data=inputs, responsive=True)
    assert run["outputs"] == {"total": 12.5}
    [record] = call_tool(mcp, "data-store-records_list", dataStoreId=store["id"])
    assert (record["key"], record["data"]) == ("A1", {"total": 12.5})

    assert (
        call_tool(mcp, "scenarios_deactivate", scenarioId=scenario["id"]) == "Scenario has been deactivated."
    )
    assert call_tool(mcp, "scenarios_delete", scenarioId=scenario["id"]) == "Scenario has been deleted."
    assert (
        call_tool(mcp, "data-store-records_delete", dataStoreId=store["id"], keys=["A1"])
        == "Records have been deleted."
    )
    assert call_tool(mcp, "data-stores_delete", dataStoreId=store["id"]) == "Data store has been deleted."
    assert "not found" in error_of(mcp, "data-stores_get", dataStoreId=store["id"])


def test_resources_of_a_team_are_managed(mcp: McpHarness) -> None:
    folder = call_tool(mcp, "folders_create", teamId=1, name="Drafts")
    assert call_tool(mcp, "folders_update", folderId=folder["id"], name="Archive")["name"] == "Archive"
    assert "Archive" in {row["name"] for row in call_tool(mcp, "folders_list", teamId=1)}
    assert call_tool(mcp, "folders_delete", folderId=folder["id"]) == "Folder has been deleted."

    hook = call_tool(
        mcp,
        "hooks_create",
        teamId=1,
        name="Orders",
        typeName="gateway-webhook",
        data={"headers": False, "method": False, "stringify": False},
    )
    assert call_tool(mcp, "hooks_learn_start", hookId=hook["id"]) == "Learning has been started."
    assert call_tool(mcp, "hooks_ping", hookId=hook["id"])["learning"] is True
    assert call_tool(mcp, "hooks_learn_stop", hookId=hook["id"]) == "Learning has been stopped."
    assert call_tool(mcp, "hook-incomings_list", hookId=hook["id"]) == []
    assert (
        call_tool(
            mcp, "hooks_update", hookId=hook["id"], data={"headers": True, "method": True, "stringify": False}
        )
        == "Hook has been updated."
    )
    assert call_tool(mcp, "hooks_delete", hookId=hook["id"]) == "Hook has been deleted."

    key = call_tool(
        mcp,
        "keys_create",
        teamId=1,
        name="API",
        typeName="apikeyauth",
        parameters={"key": "s3cret-value", "placement": "header", "name": "X-Key"},
    )
    assert "s3cret-value" not in json.dumps(call_tool(mcp, "keys_get", keyId=key["id"]))
    assert call_tool(mcp, "keys_update", keyId=key["id"], name="Other") == "Key has been updated."
    assert call_tool(mcp, "keys_delete", keyId=key["id"]) == "Key has been deleted."

    structure = call_tool(mcp, "data-structures_generate", data='{"name": "Ada", "age": 36, "tags": ["a"]}')
    made = call_tool(
        mcp, "data-structures_create", teamId=1, name="Person", strict=False, spec=structure["spec"]
    )
    assert [
        field["name"] for field in call_tool(mcp, "data-structures_get", dataStructureId=made["id"])["spec"]
    ] == ["name", "age", "tags"]
    assert (
        call_tool(mcp, "data-structures_delete", dataStructureId=made["id"])
        == "Data structure has been deleted."
    )


def test_lists_are_bare_arrays_with_all_columns(mcp: McpHarness) -> None:
    lists: dict[str, dict[str, Any]] = {
        "scenarios_list": {"teamId": 1},
        "connections_list": {"teamId": 1},
        "hooks_list": {"teamId": 1},
        "data-stores_list": {"teamId": 1},
        "incomplete-executions_list": {"scenarioId": 1},
        "functions_list": {"teamId": 1},
        "public-templates_list": {"includeEn": True},
        "enums_countries": {},
        "enums_regions": {},
        "enums_timezones": {},
    }
    for name, arguments in lists.items():
        assert isinstance(call_tool(mcp, name, **arguments), list), name
    assert {"nextExec", "isActive"} <= call_tool(mcp, "scenarios_list", teamId=1)[0].keys()


def test_connections_are_renamed_verified_and_deleted(mcp: McpHarness) -> None:
    connection = call_tool(mcp, "connections_list", teamId=1)[0]
    path = {"connectionId": connection["id"]}
    assert call_tool(mcp, "connections_update", **path, name="Renamed") == "Connection has been updated."
    assert call_tool(mcp, "connections_get", **path)["name"] == "Renamed"
    assert call_tool(mcp, "connections_verify", **path) in (
        "Connection is valid.",
        "Connection is not valid.",
    )
    assert call_tool(mcp, "connections_delete", **path) == "Connection has been deleted."


def test_errors_are_worded_as_the_vendor_does(mcp: McpHarness) -> None:
    assert error_of(mcp, "teams_get", teamId=99).startswith("MakeError: ")
    assert error_of(mcp, "scenarios_create", teamId=1, blueprint="{", scheduling=ON_DEMAND) == (
        "MakeError: Parameter 'blueprint' is not a JSON object."
    )
    assert (
        error_of(mcp, "data-structures_generate", data="[1]") == "MakeError: The sample is not a JSON object."
    )


def test_a_tool_needs_its_scope_and_a_paid_plan(api: ApiClient) -> None:
    token = assert_status(
        api.control("POST", "/worlds/default/tokens", json={"scopes": ["mcp:use", "teams:read"]}), 201
    )["token"]
    names = set(McpHarness(api, token=token).tools())
    assert {"teams_list", "teams_get", "users_me", "enums_countries"} <= names
    assert not {"teams_create", "scenarios_list"} & names
    refused = McpHarness(api, token=token).request(
        "tools/call", {"name": "scenarios_list", "arguments": {"teamId": 1}}
    )
    assert refused["error"]["message"] == "Tool scenarios_list not found"


def test_calls_stand_in_the_request_log_without_secrets(mcp: McpHarness, api: ApiClient) -> None:
    call_tool(
        mcp,
        "keys_create",
        teamId=1,
        name="API",
        typeName="apikeyauth",
        parameters={"key": "s3cret-value", "placement": "header", "name": "X-Key"},
    )
    log = json.dumps(assert_status(mcp.api.control("GET", "/worlds/default/requests")))
    assert "keys_create" in log
    assert "s3cret-value" not in log
    assert ADMIN_TOKEN not in log


# --- tools without a route -----------------------------------------------------------------------


def test_apps_and_modules_are_described_from_the_catalogue(mcp: McpHarness) -> None:
    assert {"slack", "google-sheets"} <= {app["name"] for app in call_tool(mcp, "apps_list")}
    found = call_tool(
        mcp, "apps_recommend", intention="Post a message to Slack and add a row in Google Sheets"
    )
    assert {app["name"] for app in found} == {"slack", "google-sheets"}
    modules = call_tool(
        mcp, "app-modules_list", appName="slack", appVersion="4", organizationId=1, usage="trigger"
    )
    assert modules
    assert {module["kind"] for module in modules} <= {"trigger", "trigger-instant", "trigger-polling"}
    module = call_tool(
        mcp, "app-module_get", appName="slack", appVersion=4, moduleName="CreateMessage", organizationId=1
    )
    assert module["connection"] == {"parameter": "__IMTCONN__", "types": ["slack2", "slack3"]}
    text = call_tool(
        mcp,
        "app-module_get",
        appName="slack",
        appVersion=4,
        moduleName="slack:CreateMessage",
        organizationId=1,
        format="instructions",
    )
    assert "- mapper.channelType (select, required, one of im, mpim, private, public)" in text
    assert "slack:CreateMessage: action" in call_tool(mcp, "app_documentation_get", appName="slack")


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        (
            "app_documentation_get",
            {"appName": "gmail"},
            "MakeError: App 'gmail' not found. Did you mean google-email?",
        ),
        (
            "app-module_get",
            {"appName": "slack", "appVersion": 4, "moduleName": "SendMessage", "organizationId": 1},
            "MakeError: Module 'slack:SendMessage' not found. Did you mean slack:CreateMessage?",
        ),
        (
            "app-module_get",
            {"appName": "slack", "appVersion": 1, "moduleName": "CreateMessage", "organizationId": 1},
            "MakeError: 'slack:CreateMessage' is known in version 3, 4, not in version 1.",
        ),
        (
            "app-modules_list",
            {"appName": "slack", "appVersion": "new", "organizationId": 1},
            "MakeError: Parameter 'appVersion' is not a number.",
        ),
    ],
)
def test_unknown_apps_and_modules_are_errors_with_a_suggestion(
    mcp: McpHarness, tool: str, arguments: dict[str, Any], text: str
) -> None:
    assert error_of(mcp, tool, **arguments) == text


def test_blueprints_are_checked_before_they_are_created(mcp: McpHarness) -> None:
    checked = call_tool(mcp, "validate_blueprint_schema", blueprint=BROKEN_BLUEPRINT)
    assert checked["valid"] is True
    broken = json.loads(json.dumps(BROKEN_BLUEPRINT))
    broken["flow"][1]["mapper"]["json"] = "{{7.order}}"
    broken["flow"][2]["module"] = "datastore:SearchRecords"
    checked = call_tool(mcp, "validate_blueprint_schema", blueprint=json.dumps(broken))
    assert checked["valid"] is False
    assert {finding["rule"] for finding in checked["errors"]} >= {"no-such-module", "unknown-reference"}


def test_schedulings_interfaces_and_modules_are_checked(mcp: McpHarness) -> None:
    assert call_tool(mcp, "validate_scheduling_schema", scheduling=ON_DEMAND) == {"valid": True, "errors": []}
    for scheduling, message in (
        ({"type": "sometimes"}, "Invalid scheduling type 'sometimes'."),
        ({"type": "indefinitely", "interval": "5"}, "Invalid interval."),
        ({"type": "indefinitely", "interval": 5}, "Scenario execution interval is too short"),
    ):
        wrong = call_tool(mcp, "validate_scheduling_schema", scheduling=scheduling)
        assert wrong == {"valid": False, "errors": [{"message": message}]}
    interface = {"input": [{"name": "order", "type": "text"}], "output": None}
    assert call_tool(mcp, "validate_scenario_interface", interface=interface)["valid"] is True
    assert (
        call_tool(mcp, "validate_scenario_interface", interface={"input": [{"type": "text"}]})["valid"]
        is False
    )
    configuration = {
        "appName": "slack",
        "appVersion": 4,
        "moduleName": "CreateMessage",
        "organizationId": 1,
        "teamId": 1,
    }
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1"}
    checked = call_tool(mcp, "validate_module_configuration", **configuration, parameters={}, mapper=mapper)
    assert [error["rule"] for error in checked["errors"]] == ["missing-connection"]
    checked = call_tool(
        mcp, "validate_module_configuration", **configuration, parameters={"__IMTCONN__": 1}, mapper=mapper
    )
    assert checked["valid"] is True


def test_the_components_of_a_blueprint_are_listed(mcp: McpHarness) -> None:
    blueprint = json.loads(json.dumps(BROKEN_BLUEPRINT))
    blueprint["flow"][2]["parameters"]["datastore"] = 4
    blueprint["flow"].append(
        {"id": 5, "module": "slack:CreateMessage", "version": 4, "parameters": {}, "mapper": {}}
    )
    listed = call_tool(mcp, "extract_blueprint_components", blueprint=blueprint, organizationId=1, teamId=1)
    assert {
        "moduleId": 3,
        "module": "datastore:AddRecord",
        "component": "dataStore",
        "ids": [4],
        "types": [],
    } in listed["components"]
    assert {
        "moduleId": 5,
        "module": "slack:CreateMessage",
        "component": "connection",
        "ids": [],
        "types": ["slack2", "slack3"],
    } in listed["components"]


SUM = {
    "module": "util:SetVariable2",
    "version": 1,
    "mapper": {"name": "sum", "scope": "roundtrip", "value": "{{1}}"},
}


def test_a_tool_of_one_module_is_created_and_called(mcp: McpHarness) -> None:
    made = call_tool(
        mcp,
        "tools_create",
        teamId=1,
        name="Keep a value",
        description="Keeps a value",
        inputs=[{"name": "value", "type": "number", "required": True}],
        module=SUM,
    )
    tools = mcp.tools()
    tool = tools[f"t{made['id']}_keep_a_value"]
    assert tool["description"] == "Keeps a value"
    assert tool["inputSchema"]["required"] == ["value"]
    assert call_tool(mcp, "tools_get", toolId=made["id"])["module"]["module"] == "util:SetVariable2"
    changed = call_tool(mcp, "tools_update", toolId=made["id"], name="Keep it", description="Keeps it")
    assert (changed["name"], changed["description"], changed["inputs"]) == (
        "Keep it",
        "Keeps it",
        made["inputs"],
    )
    assert f"t{made['id']}_keep_it" in mcp.tools()
    assert error_of(mcp, "tools_get", toolId=1).startswith("MakeError: ")


def test_a_tool_of_a_module_that_is_not_known_is_flagged_in_the_log(mcp: McpHarness) -> None:
    inputs: dict[str, Any] = {"teamId": 1, "name": "x", "description": "x", "inputs": []}
    call_tool(mcp, "tools_create", **inputs, module={"module": "slack:SendMessage", "version": 4})
    [sentence] = [text for text in mcp.sentences() if "tools_create" in text]
    assert sentence.endswith("no module 'slack:SendMessage' is known; did you mean slack:CreateMessage?")


def test_nothing_stays_of_a_tool_that_cannot_be_created(mcp: McpHarness) -> None:
    before = len(call_tool(mcp, "scenarios_list", teamId=1))
    arguments = {"teamId": 1, "name": "x", "description": "x", "inputs": []}
    assert error_of(mcp, "tools_create", **arguments, module={"module": "datastore:Nothing"}).startswith(
        "MakeError: "
    )
    assert error_of(mcp, "tools_create", **{**arguments, "teamId": 99}, module=SUM).startswith("MakeError: ")
    assert len(call_tool(mcp, "scenarios_list", teamId=1)) == before


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "x" * 121}, "Parameter 'name' has a wrong length."),
        ({"name": ""}, "Parameter 'name' has a wrong length."),
        ({"description": "x" * 241}, "Parameter 'description' has a wrong length."),
        ({"inputs": [{"type": "text"}]}, "Missing value of required parameter 'name'."),
        ({"inputs": [{"name": "a", "type": 5}]}, "Invalid value of parameter 'type'."),
        ({"inputs": [{"name": "a", "type": "text"}] * 2}, "Duplicate field 'a'."),
        ({"inputs": [{"name": "a", "type": "collection", "spec": 5}]}, "Invalid value of parameter 'spec'."),
    ],
)
def test_fields_of_a_tool_have_the_limits_of_those_of_a_scenario(
    mcp: McpHarness, changes: dict[str, Any], text: str
) -> None:
    arguments = {"name": "x", "description": "x", "inputs": [], "module": SUM}
    made = call_tool(mcp, "tools_create", **arguments, teamId=1)
    rows = call_tool(mcp, "scenarios_list", teamId=1)
    assert text in error_of(mcp, "tools_create", **{**arguments, **changes}, teamId=1)
    assert text in error_of(mcp, "tools_update", **changes, toolId=made["id"])
    assert call_tool(mcp, "tools_get", toolId=made["id"]) == made
    assert call_tool(mcp, "scenarios_list", teamId=1) == rows


def test_the_tools_of_routes_with_credentials_have_secrets() -> None:
    routes = {each.route for each in ENDPOINTS.values() if each.secret_body}
    declared = {name for name, call in CALLS.items() if call.route in routes}
    # These two fill bodies of their own.
    assert declared | {"connections_create", "connections_update"} == SECRET_TOOLS


@pytest.mark.parametrize("name", sorted(SECRET_TOOLS))
@pytest.mark.parametrize("token", [ADMIN_TOKEN, None], ids=["admin", "without scope"])
def test_the_log_keeps_no_credentials_that_a_tool_gets(mcp: McpHarness, name: str, token: str | None) -> None:
    mcp.token = token or mcp.api.token_with("mcp:use")
    hidden = {"flavour": "an-inconspicuous-secret"}
    arguments = {"teamId": "wrong", "data": hidden, "parameters": hidden, "connections": [hidden]}
    message = frame("tools/call", {"name": name, "arguments": arguments})
    assert mcp.post(message).status_code == 200
    assert mcp.post([message, frame("ping", id=2)]).status_code == 200
    logged = [json.dumps(entry.to_json()) for entry in mcp.api.handle.request_log]
    assert len(logged) == 2
    assert all(name in entry and "parameters" in entry for entry in logged)
    assert not any("inconspicuous" in entry for entry in logged)


def test_a_connection_is_changed_whole_or_not_at_all(mcp: McpHarness) -> None:
    before = call_tool(mcp, "connections_get", connectionId=1)
    failed = {"connectionId": 1, "name": "Renamed", "data": {"nothing": "x"}}
    assert error_of(mcp, "connections_update", **failed).startswith("MakeError: ")
    assert "'name' has a wrong length" in error_of(mcp, "connections_update", connectionId=1, name="")
    assert call_tool(mcp, "connections_get", connectionId=1) == before


def test_shown_lists_answer_as_the_plain_ones(mcp: McpHarness) -> None:
    assert call_tool(mcp, "show_scenarios_list", teamId=1) == call_tool(mcp, "scenarios_list", teamId=1)
    [execution, *_] = [row for row in call_tool(mcp, "executions_list", scenarioId=1) if "status" in row]
    assert call_tool(mcp, "show_executions_list", scenarioId=1)
    path = {"scenarioId": 1, "executionId": execution["id"]}
    assert call_tool(mcp, "show_execution_result", **path) == call_tool(mcp, "executions_get-detail", **path)


def test_a_replay_runs_a_scenario_again(mcp: McpHarness) -> None:
    [execution, *_] = [row for row in call_tool(mcp, "executions_list", scenarioId=1) if "status" in row]
    before = len(call_tool(mcp, "executions_list", scenarioId=1))
    call_tool(mcp, "scenarios_replay", scenarioId=1, executionId=execution["id"])
    mcp.api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60})
    assert len(call_tool(mcp, "executions_list", scenarioId=1)) > before


def test_devices_are_listed(mcp: McpHarness) -> None:
    rows = json_of(mcp.api.get("/devices?teamId=1"))["devices"]
    assert [device["id"] for device in call_tool(mcp, "devices_list", teamId=1)] == [
        row["id"] for row in rows
    ]


def test_a_person_is_asked_for_credentials(mcp: McpHarness) -> None:
    made = call_tool(
        mcp,
        "credential-requests_create-by-credentials",
        teamId=1,
        name="Access",
        connections=[{"type": "google", "scope": ["https://www.googleapis.com/auth/drive"]}],
        keys=[{"type": "apikeyauth"}],
    )
    assert made["publicUri"].startswith("http")
    request, credential = made["request"]["id"], made["credentials"][0]["id"]
    assert [row["id"] for row in call_tool(mcp, "credential-requests_list", teamId=1, name="Access")] == [
        request
    ]
    declined = call_tool(mcp, "credential-requests_credential-decline", credentialId=credential, reason="No")
    assert declined["declineReason"] == "No"
    states = {
        row["id"]: row["state"]
        for row in call_tool(mcp, "credential-requests_get", requestId=request)["credentials"]
    }
    assert states[credential] == "declined"
    assert mcp.text("credential-requests_delete", {"requestId": request}) == (
        "Credential request and associated credentials have been deleted."
    )
    assert "not found" in mcp.error("credential-requests_get", {"requestId": request})


def test_the_modules_of_an_app_that_need_a_credential_are_listed(mcp: McpHarness) -> None:
    modules = call_tool(
        mcp, "credential-requests_list-app-modules-with-creds", appName="slack", appVersion="latest"
    )
    assert modules
    assert all("slack" in module["type"] for module in modules)
