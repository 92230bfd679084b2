"""Scenarios as tools: which of them, their names and schemas, runs and their results."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, NOON, OUTSIDER_TOKEN, ApiClient, json_of, token_of_role
from helpers.mcp import McpHarness, create_tool, frame
from make_emulator.app import create_app, registry_of
from make_emulator.http.context import Caller
from make_emulator.http.request_log import LogEntry
from make_emulator.mcp.access_parameters import AccessParameters
from make_emulator.mcp.servers import TimeLimits
from make_emulator.mcp.tools.definition import McpClient
from make_emulator.mcp.tools.scenario_schema import input_schema
from make_emulator.mcp.tools.scenario_tools import ScenarioTools
from make_emulator.mcp.tools.tool_names import tool_name
from make_emulator.world import oauth, organizations, roles
from make_emulator.world.clock import parse_iso
from make_emulator.world.models import Execution

SLEEP = {"id": 1, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": 30}}
FAIL = {
    "id": 1,
    "module": "json:ParseJSON",
    "version": 1,
    "parameters": {"type": ""},
    "mapper": {"json": "{"},
}
OUT_OF_TIME = (
    "The Tool execution has started, but did not complete yet. Use a corresponding Tool for getting Execution Results"
    " to check for the result asynchronously."
)


def scenario_tools(mcp: McpHarness, **options: Any) -> list[str]:
    return [name for name in mcp.tools(**options) if name.startswith("s") and name[1].isdigit()]


# --- which ---------------------------------------------------------------------------------------


def test_active_on_demand_scenarios_are_tools(mcp: McpHarness) -> None:
    active = create_tool(mcp.api)
    inactive = create_tool(mcp.api, is_active=False)
    # Scenarios 2 and 3 of the default world have another scheduling.
    assert scenario_tools(mcp) == ["s1_greeting", f"s{active}_echo"]
    for name in (f"s{inactive}_echo", "s2_orders", "s3_weekly_report"):
        missing = mcp.request("tools/call", {"name": name})
        assert missing["error"] == {"code": -32602, "message": f"Tool {name} not found"}
    mcp.api.post(f"/scenarios/{active}/stop")
    assert scenario_tools(mcp) == ["s1_greeting"]
    assert "error" in mcp.request("tools/call", {"name": f"s{active}_echo"})


def test_scenarios_out_of_sight_are_no_tools(api: ApiClient) -> None:
    outsider = ApiClient(api.app, OUTSIDER_TOKEN)
    assert outsider.post("/scenarios/5/start").status_code == 200
    assert scenario_tools(McpHarness(api)) == ["s1_greeting"]
    others = McpHarness(api, token=OUTSIDER_TOKEN)
    [name] = scenario_tools(others)
    assert name == "s5_out_of_sight"
    missing = McpHarness(api).request("tools/call", {"name": name})["error"]
    unknown = McpHarness(api).request("tools/call", {"name": "s99_out_of_sight"})["error"]
    assert (missing["code"], unknown["code"]) == (-32602, -32602)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["s1_greeting", "s6_other"]),
        ("organizationId=1", ["s1_greeting", "s6_other"]),
        ("organizationId=2", []),
        ("organizationId[]=2&organizationId[]=1", ["s1_greeting", "s6_other"]),
        ("teamId=1", ["s1_greeting"]),
        ("teamId=3", ["s6_other"]),
        ("teamId[]=1&teamId[]=3", ["s1_greeting", "s6_other"]),
        ("scenarioId=6", ["s6_other"]),
        ("scenarioId[]=6&scenarioId[]=1&scenarioId[]=99", ["s1_greeting", "s6_other"]),
        ("scenarioId=99", []),
        ("other=1", ["s1_greeting", "s6_other"]),
    ],
)
def test_access_parameters_restrict_the_scenarios_only(
    api: ApiClient, query: str, expected: list[str]
) -> None:
    team = json_of(api.post("/teams", json={"name": "Second", "organizationId": 1}))["team"]["id"]
    assert team == 3
    assert create_tool(api, name="Other", team=team) == 6
    mcp = McpHarness(api, f"/mcp/stateless?{query}")
    assert scenario_tools(mcp) == expected
    assert "teams_list" in mcp.tools()
    for name in ("s1_greeting", "s6_other"):
        found = mcp.request(
            "tools/call", {"name": name, "arguments": {"name": "Ann"} if name[1] == "1" else {}}
        )
        assert ("result" in found) is (name in expected)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("teamId=1&scenarioId=1", "organizationId, teamId and scenarioId cannot be combined."),
        ("teamId=x", "teamId must be an id."),
        ("scenarioId[]=0", "scenarioId must be an id."),
        ("organizationId=", "organizationId must be an id."),
        ("maxToolNameLength=31", "maxToolNameLength must be a number from 32 to 160."),
        ("maxToolNameLength=161", "maxToolNameLength must be a number from 32 to 160."),
        ("maxToolNameLength=x", "maxToolNameLength must be a number from 32 to 160."),
    ],
)
def test_wrong_access_parameters_are_rejected(mcp: McpHarness, query: str, text: str) -> None:
    response = mcp.post(frame("tools/list"), path=f"/mcp?{query}")
    assert response.status_code == 400
    assert json_of(response)["error"] == {"code": -32602, "message": f"Invalid params: {text}"}


def test_a_grant_hides_the_scenarios_of_other_organizations(api: ApiClient) -> None:
    world = api.world
    organizations.add_organization_member(
        world, world.users[1], world.organizations[2], role_id=roles.ORGANIZATION_OWNER
    )
    ApiClient(api.app, OUTSIDER_TOKEN).post("/scenarios/5/start")
    client = oauth.create_client(world, name="App", redirect_uris=[], scopes=["mcp:use"])
    grant = oauth.create_grant(world, client, world.users[1], world.organizations[1], ["mcp:use"])
    access = oauth.access_of(world, grant)
    for token, expected in (
        (world.tokens[ADMIN_TOKEN], ["s1_greeting", "s5_out_of_sight"]),
        (access, ["s1_greeting"]),
    ):
        client_of = McpClient(
            registry_of(api.app),
            None,  # type: ignore[arg-type]
            Caller(api.handle, world.users[1], token),
            AccessParameters(),
            TimeLimits(),
            LogEntry("POST", "/mcp"),
        )
        assert [tool.name for tool in ScenarioTools().list_tools(client_of)] == expected


# --- names and schemas ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Memory Librarian Agent", "s7_memory_librarian_agent"),
        ("01 - JAB Sales Agent", "s7_01_jab_sales_agent"),
        ("  (Café) crème!  ", "s7_caf_cr_me"),
        ("日本", "s7"),
        ("x" * 100, "s7_" + "x" * 53),
    ],
)
def test_names_have_letters_digits_and_single_underscores(name: str, expected: str) -> None:
    assert tool_name("s", 7, name, 56) == expected


def test_names_are_cropped_to_the_length_of_the_url(api: ApiClient) -> None:
    id = create_tool(api, name="a" * 120)
    for length in (32, 56, 100):
        mcp = McpHarness(api, f"/mcp?maxToolNameLength={length}&scenarioId={id}")
        [name] = scenario_tools(mcp)
        assert len(name) == length
        assert mcp.text(name) == "Scenario executed successfully."
    assert [len(name) for name in scenario_tools(McpHarness(api, f"/mcp?scenarioId={id}"))] == [56]


def test_inputs_are_parameters(mcp: McpHarness) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "city", "type": "text", "required": True, "help": "The city.", "default": "Prague"},
        {"name": "count", "type": "number", "default": 0},
        {
            "name": "size",
            "type": "select",
            "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
        },
    ]
    id = create_tool(mcp.api, input=fields, description="Says where it is.")
    tool = mcp.tools()[f"s{id}_echo"]
    assert tool == {
        "name": f"s{id}_echo",
        "title": "Echo",
        "description": "Says where it is.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city.", "default": "Prague"},
                "count": {"type": "number"},
                "size": {"type": "string", "enum": ["s", "l"]},
            },
            "required": ["city"],
        },
    }


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "date"}, {"type": "string"}),
        ({"type": "json"}, {"type": "string"}),
        ({"type": "boolean", "default": True}, {"type": "boolean", "default": True}),
        ({"type": "boolean", "default": False}, {"type": "boolean"}),
        ({"type": "number", "default": 5}, {"type": "number", "default": 5}),
        ({"type": "text", "default": ""}, {"type": "string"}),
        ({"type": "file"}, {}),
        ({"type": "buffer", "help": "Bytes"}, {"description": "Bytes"}),
        ({"type": "array"}, {"type": "array"}),
        ({"type": "array", "default": [1]}, {"type": "array"}),
        ({"type": "array", "spec": {"type": "number"}}, {"type": "array", "items": {"type": "number"}}),
        (
            {"type": "array", "spec": [{"name": "a", "type": "text", "required": True}]},
            {
                "type": "array",
                "items": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            },
        ),
        ({"type": "collection"}, {"type": "object", "properties": {}, "required": []}),
        (
            {
                "type": "collection",
                "spec": [{"name": "b", "type": "collection", "spec": [{"name": "c", "type": "number"}]}],
            },
            {
                "type": "object",
                "properties": {
                    "b": {"type": "object", "properties": {"c": {"type": "number"}}, "required": []}
                },
                "required": [],
            },
        ),
    ],
)
def test_each_type_has_its_schema(field: dict[str, Any], expected: dict[str, Any]) -> None:
    schema = input_schema(({"name": "x", **field}, {"type": "text"}))
    assert schema == {"type": "object", "properties": {"x": expected}, "required": []}


# --- runs ----------------------------------------------------------------------------------------


def test_a_scenario_without_a_description_is_described_by_its_name(mcp: McpHarness) -> None:
    assert mcp.tools()["s1_greeting"]["description"] == "Greeting"


def test_outputs_are_the_result(mcp: McpHarness) -> None:
    fields = [{"name": "a", "type": "text"}, {"name": "n", "type": "number"}]
    id = create_tool(mcp.api, input=fields)
    result = mcp.call(f"s{id}_echo", {"a": "Ä", "n": 2})
    assert result["structuredContent"] == {"a": "Ä", "n": 2}
    assert result["content"] == [{"type": "text", "text": '{\n  "a": "Ä",\n  "n": 2\n}'}]


def test_a_run_without_outputs_says_so(mcp: McpHarness) -> None:
    id = create_tool(mcp.api)
    assert mcp.call(f"s{id}_echo") == {
        "content": [{"type": "text", "text": "Scenario executed successfully."}]
    }


@pytest.mark.parametrize(
    ("arguments", "issue"),
    [
        ({}, "Missing value of required parameter 'name'."),
        ({"name": "Ann", "more": 1}, "Unknown parameter 'more'."),
    ],
)
def test_wrong_inputs_fail_and_nothing_runs(mcp: McpHarness, arguments: dict[str, Any], issue: str) -> None:
    before = len(mcp.api.world.logs.where(scenario=1))
    assert (
        mcp.error("s1_greeting", arguments) == f"MakeError: Validation failed for 1 parameter(s).\n - {issue}"
    )
    assert len(mcp.api.world.logs.where(scenario=1)) == before
    assert list(mcp.api.handle.request_log)[-1].decision == "refused: parameters"


def test_a_failed_run_is_an_error(mcp: McpHarness) -> None:
    id = create_tool(mcp.api, FAIL)
    assert mcp.error(f"s{id}_echo") == "MakeError: Source is not valid JSON."
    [run] = [row for row in mcp.api.world.logs.where(scenario=id) if isinstance(row, Execution)]
    assert run.status == 3
    assert mcp.sentences()[-1].endswith(f"-> 200: execution {run.id} failed")


@pytest.mark.parametrize(
    ("path", "host", "limit"),
    [("/mcp", "localhost", 40), ("/", "mcp.make.com", 25), ("/mcp.make.com", "localhost", 25)],
)
def test_a_run_outlives_the_time_limit(api: ApiClient, path: str, host: str, limit: int) -> None:
    sleep = {**SLEEP, "mapper": {"duration": 300}}
    id = create_tool(api, sleep)
    mcp = McpHarness(api, path)
    result = mcp.call(f"s{id}_echo", headers={"Host": host})
    data = json.loads(result["content"][0]["text"])
    assert result["structuredContent"] == data
    assert data == {"instruction": OUT_OF_TIME, "executionId": data["executionId"], "scenarioId": id}
    assert "isError" not in result
    assert api.world.now() == parse_iso(NOON) + limit * 1000
    row = json_of(api.get(f"/scenarios/{id}/executions/{data['executionId']}"))
    assert row["status"] == "RUNNING"
    api.world.clock.advance(seconds=300)
    row = json_of(api.get(f"/scenarios/{id}/executions/{data['executionId']}"))
    assert row["status"] == "SUCCESS"


def test_a_run_of_30_seconds_fits_the_zone_only(api: ApiClient) -> None:
    id = create_tool(api, SLEEP)
    assert McpHarness(api).text(f"s{id}_echo") == "Scenario executed successfully."
    assert "executionId" in McpHarness(api, "/mcp.make.com").call(f"s{id}_echo")["structuredContent"]


def test_a_management_tool_has_a_time_limit_too(api: ApiClient) -> None:
    id = create_tool(api, {**SLEEP, "mapper": {"duration": 35}})
    run = {"scenarioId": id, "responsive": True}
    before = len(api.world.logs.where(scenario=id))
    hosted = McpHarness(api, "/mcp.make.com")
    assert hosted.error("scenarios_run", run) == "MakeError: The tool did not complete within 30 seconds."
    assert len(api.world.logs.where(scenario=id)) == before + 1
    assert McpHarness(api).json("scenarios_run", run)["executionId"]


def test_calls_count_against_the_rate_limit_of_the_organization(api: ApiClient) -> None:
    outsider = ApiClient(api.app, OUTSIDER_TOKEN)
    outsider.post("/scenarios/5/start")
    mcp = McpHarness(api, token=OUTSIDER_TOKEN)
    for _ in range(59):
        mcp.call("s5_out_of_sight", {"name": "Ann"})
    text = "MakeError: Requests limit for organization exceeded, please try again later."
    assert mcp.error("s5_out_of_sight", {"name": "Ann"}) == text
    assert list(api.handle.request_log)[-1].decision == "refused: rate limit"
    api.world.clock.advance(minutes=1)
    assert mcp.call("s5_out_of_sight", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}


def test_a_run_needs_the_permission_of_the_role(api: ApiClient) -> None:
    mcp = McpHarness(api, token=token_of_role(api, "Team Monitoring"))
    text = mcp.error("s1_greeting", {"name": "Ann"})
    assert text == 'MakeError: Insufficient rights, admin permission "scenario start" is needed.'
    assert list(api.handle.request_log)[-1].decision == "refused: role"


def test_a_paused_organization_runs_nothing(mcp: McpHarness) -> None:
    world = mcp.api.world
    organization = world.organizations[1]
    world.organizations.put(replace(organization, license=replace(organization.license, operations=0)))
    assert mcp.error("s1_greeting", {"name": "Ann"}) == "MakeError: The organization has no operations left."


def test_a_run_is_in_the_log_of_its_user(mcp: McpHarness) -> None:
    mcp.call("s1_greeting", {"name": "Ann"})
    rows = json_of(mcp.api.get("/scenarios/1/logs"))["scenarioLogs"]
    assert (rows[0]["type"], rows[0]["authorId"], rows[0]["status"]) == ("auto", 1, 1)


def test_a_tool_with_a_single_module_has_a_name_of_its_own() -> None:
    tool = {"name": "Send it", "type": "tool", "blueprint": "greeting", "active": True}
    plain = {"name": "Greeting", "blueprint": "greeting", "active": True}
    team = {"name": "A", "scenarios": [tool, plain]}
    api = ApiClient(create_app(seed={"organizations": [{"name": "O", "teams": [team]}]}))
    mcp = McpHarness(api)
    assert [name for name in mcp.tools() if name[1].isdigit()] == ["t1_send_it", "s2_greeting"]
    assert mcp.call("t1_send_it", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert "error" in mcp.request("tools/call", {"name": "s1_send_it", "arguments": {"name": "Ann"}})
    for query, expected in (
        ("", {1: "tool", 2: "scenario"}),
        ("&type=tool", {1: "tool"}),
        ("&type=scenario", {2: "scenario"}),
    ):
        rows = json_of(api.get(f"/scenarios?teamId=1&cols[]=id&cols[]=type{query}"))["scenarios"]
        assert {row["id"]: row["type"] for row in rows} == expected


def test_a_tool_of_a_seed_has_one_module() -> None:
    team = {"name": "A", "scenarios": [{"name": "B", "type": "tool", "blueprint": "order-intake"}]}
    with pytest.raises(ValueError, match="A Tool has one module, and is on demand"):
        create_app(seed={"organizations": [{"name": "O", "teams": [team]}]})
