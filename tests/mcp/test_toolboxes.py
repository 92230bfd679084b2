"""MCP toolboxes: chosen scenarios of a team as a server with keys of its own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_refused, assert_status, json_of
from helpers.mcp import McpHarness, create_tool, frame
from make_emulator import World
from make_emulator.app import create_app
from make_emulator.testing import McpError

KEY = "77777777-7777-4777-8777-777777777777"
UUID = "66666666-6666-4666-8666-666666666666"


def create(api: ApiClient, *tools: Any, **fields: Any) -> Any:
    """A toolbox of the default world, as the control API shows it."""
    body = {"name": "Box", "tools": list(tools), **fields}
    return assert_status(api.control("POST", "/worlds/default/toolboxes", json=body), 201)["toolbox"]


def server_of(api: ApiClient, toolbox: Any) -> McpHarness:
    return McpHarness(api, toolbox["path"], token=toolbox["keys"][0]["key"])


def test_a_toolbox_offers_its_scenarios_only(api: ApiClient) -> None:
    other = create_tool(api, name="Other")
    toolbox = create(api, 1)
    assert uuid.UUID(toolbox["uuid"]).version == 4
    box = server_of(api, toolbox)
    assert list(box.tools()) == ["t1_greeting"]
    assert box.call("t1_greeting", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}
    for name in ("s1_greeting", f"s{other}_other", "teams_list", "t2_greeting", "t1_other"):
        error = box.request("tools/call", {"name": name, "arguments": {}})["error"]
        assert error == {"code": -32602, "message": f"Tool {name} not found"}
    assert "in organization 1 -> 200: execution" in box.sentences()[-6]


def test_labels_descriptions_and_types_are_the_owners(api: ApiClient) -> None:
    tool = {"scenarioId": 1, "label": "01 - Say hello", "description": "Greets.", "readOnly": True}
    box = server_of(api, create(api, tool, 1))
    first, second = box.tools().values()
    assert (first["name"], first["title"], first["description"]) == (
        "t1_01_say_hello",
        "01 - Say hello",
        "Greets.",
    )
    assert first["annotations"] == {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
    assert (second["name"], second["title"]) == ("t2_greeting", "Greeting")
    assert second["annotations"]["readOnlyHint"] is False


@pytest.mark.parametrize("suffix", ["", "/stateless"])
def test_the_key_may_be_in_the_path(api: ApiClient, suffix: str) -> None:
    toolbox = create(api, 1)
    box = McpHarness(api, f"{toolbox['path']}/t/{toolbox['keys'][0]['key']}{suffix}", token=None)
    assert list(box.tools()) == ["t1_greeting"]
    entry = list(api.handle.request_log)[-1]
    assert toolbox["keys"][0]["key"] not in str(entry.to_json())
    assert entry.token_label == "key-1 of toolbox Box"


def test_a_session_with_a_stream(api: ApiClient) -> None:
    box = server_of(api, create(api, 1))
    box.path += "/stream"
    box.initialize()
    assert list(box.tools()) == ["t1_greeting"]
    assert box.send("DELETE").status_code == 200


def test_a_wrong_key_or_url_is_challenged(api: ApiClient) -> None:
    toolbox, second = create(api, 1), create(api, 1)
    key, other = toolbox["keys"][0]["key"], second["keys"][0]["key"]
    for path, token in (
        (toolbox["path"], other),
        (toolbox["path"], ADMIN_TOKEN),
        (f"/mcp/server/{uuid.UUID(int=1, version=4)}", key),
        ("/mcp", key),
        (f"/mcp/u/{key}", None),
    ):
        response = McpHarness(api, path, token=token).post(frame("ping"))
        assert response.status_code == 401
        assert "resource_metadata=" in response.headers["WWW-Authenticate"]
    assert api.get("/users/me", token=key).status_code == 401


def test_further_keys_are_created_and_all_end_with_the_toolbox(api: ApiClient) -> None:
    toolbox = create(api, 1)
    created = api.control("POST", "/worlds/default/toolboxes/1/keys", json={"label": "ci"})
    key = assert_status(created, 201)["key"]
    assert key["label"] == "ci"
    assert list(McpHarness(api, toolbox["path"], token=key["key"]).tools()) == ["t1_greeting"]
    [shown] = json_of(api.control("GET", "/worlds/default/toolboxes"))["toolboxes"]
    assert [each["label"] for each in shown["keys"]] == ["key-1", "ci"]
    assert api.control("DELETE", "/worlds/default/toolboxes/1").status_code == 204
    for each in shown["keys"]:
        assert McpHarness(api, toolbox["path"], token=each["key"]).post(frame("ping")).status_code == 401
    assert api.control("DELETE", "/worlds/default/toolboxes/1").status_code == 404


def test_a_tool_goes_with_its_scenario(api: ApiClient) -> None:
    id = create_tool(api)
    box = server_of(api, create(api, id, 1))
    assert list(box.tools()) == ["t1_echo", "t2_greeting"]
    api.post(f"/scenarios/{id}/stop")
    assert list(box.tools()) == ["t2_greeting"]
    assert "error" in box.request("tools/call", {"name": "t1_echo"})
    api.post(f"/scenarios/{id}/start")
    assert list(box.tools()) == ["t1_echo", "t2_greeting"]
    assert api.delete(f"/scenarios/{id}?confirmed=true").status_code == 200
    assert list(box.tools()) == ["t2_greeting"]


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({}, "Missing value of required parameter 'name'."),
        ({"name": "Box", "tools": [99]}, "There is no scenario 99."),
        ({"name": "Box", "tools": [1, 2]}, "Only active on-demand scenarios can be tools."),
        (
            {"name": "Box", "tools": [1], "teamId": 2},
            "The scenario belongs to another team than the toolbox.",
        ),
        ({"name": "Box", "teamId": 9}, "There is no such team."),
        (
            {"name": "Box", "tools": ["1"]},
            "A tool must be the id of a scenario, or an object with 'scenarioId'.",
        ),
        ({"name": "Box", "tools": [{"scenarioId": "1"}]}, "Invalid value of parameter 'tools.scenarioId'."),
        ({"name": "Box", "tools": [{"scenarioId": 1, "x": 1}]}, "Unknown parameter 'tools.x'."),
    ],
)
def test_wrong_toolboxes_are_rejected_as_a_whole(api: ApiClient, fields: dict[str, Any], detail: str) -> None:
    assert_refused(api.control("POST", "/worlds/default/toolboxes", json=fields), detail=detail)
    assert len(api.world.toolboxes) == len(api.world.toolbox_tools) == len(api.world.toolbox_keys) == 0


def test_a_snapshot_keeps_toolboxes_and_their_keys(api: ApiClient) -> None:
    toolbox = create(api, 1)
    document = json_of(api.control("GET", "/worlds/default/snapshot"))
    api.control("POST", "/worlds/default/reset")
    assert server_of(api, toolbox).post(frame("ping")).status_code == 401
    assert api.control("PUT", "/worlds/default/snapshot", json=document).status_code == 200
    assert list(server_of(api, toolbox).tools()) == ["t1_greeting"]
    redacted = api.control("GET", "/worlds/default/snapshot?redact=true").get_data(as_text=True)
    assert toolbox["keys"][0]["key"] not in redacted


def test_a_seed_has_toolboxes() -> None:
    tools = [{"scenario": "Ask", "label": "Hello", "readOnly": True}, {"scenario": 1}]
    team = {
        "name": "A",
        "scenarios": [{"name": "Ask", "blueprint": "greeting", "active": True}],
        "toolboxes": [{"name": "Box", "uuid": UUID, "tools": tools, "keys": [{"label": "ci", "key": KEY}]}],
    }
    api = ApiClient(create_app(seed={"organizations": [{"name": "O", "teams": [team]}]}))
    box = McpHarness(api, f"/mcp/server/{UUID}", token=KEY)
    assert list(box.tools()) == ["t1_hello", "t2_ask"]
    assert next(iter(api.world.toolbox_keys)).label == "ci"


def test_a_seed_with_a_wrong_toolbox_is_rejected() -> None:
    team = {
        "name": "A",
        "scenarios": [{"name": "Ask", "blueprint": "greeting"}],
        "toolboxes": [
            {"name": "Box", "tools": [{"scenario": "Ask"}]},
            {"name": "Other", "tools": [{"scenario": "No"}]},
        ],
    }
    with pytest.raises(ValueError, match="there is no scenario 'No' in this team; there are: Ask"):
        create_app(seed={"organizations": [{"name": "O", "teams": [team]}]})
    team["toolboxes"] = team["toolboxes"][:1]
    with pytest.raises(ValueError, match="Only active on-demand scenarios can be tools"):
        create_app(seed={"organizations": [{"name": "O", "teams": [team]}]})


def test_a_toolbox_is_made_from_python(world: World) -> None:
    box = world.create_toolbox("Box", [{"scenarioId": 1, "label": "Hello"}])
    assert list(box.tools()) == ["t1_hello"]
    assert box.call("t1_hello", {"name": "Ann"})["structuredContent"] == {"greeting": "Hello, Ann!"}
    assert "/t/" in box.token_url
    with pytest.raises(McpError):
        box.call("s1_greeting")
