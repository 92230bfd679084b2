"""The skill for agents: its calls, commands and examples work as shown."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.exceptions import HTTPException

from helpers.api import ADMIN_TOKEN, ApiClient, assert_ok
from make_emulator import World, api
from make_emulator.app import create_app
from make_emulator.cli import main

SKILL = (Path(__file__).parent.parent / "skills/make-emulator/SKILL.md").read_text(encoding="utf-8")
BROKEN = {"id": 1, "module": "json:ParseJSON", "version": 1, "parameters": {}, "mapper": {"json": "{oops"}}
MENDED = {**BROKEN, "mapper": {"json": "{}"}}


def test_it_says_who_it_is_and_when_to_use_it() -> None:
    head = SKILL.split("---")[1]
    assert re.search(r"^name: make-emulator$", head, flags=re.MULTILINE)
    assert re.search(r"^description: .{100,500}$", head, flags=re.MULTILINE)
    assert ADMIN_TOKEN in SKILL


def test_every_control_call_that_it_names_is_served() -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (?:http://127.0.0.1:4747)?(/_emulator/[^`]*)`", SKILL)
    assert len(named) >= 8
    adapter = create_app().url_map.bind("127.0.0.1")
    for method, path in named:
        try:
            adapter.match(path.replace("{executionId}", "0" * 32), method=method)
        except HTTPException as refused:
            pytest.fail(f"{method} {path}: {refused}")


def test_every_route_that_it_names_is_declared() -> None:
    declared = {(each.method, re.sub(r"\{\w+\}", "{}", each.path)) for each in api.endpoints()}
    named = re.findall(r"`(GET|POST|PATCH|DELETE) (/(?!_emulator)[^`?]*)", SKILL)
    assert len(named) >= 5
    assert {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in named} <= declared


def test_every_command_and_attribute_that_it_names_is_there(make_world: World) -> None:
    for command in re.findall(r"make-emulator (serve|[a-z]+-[a-z]+|[a-z]+)\b(?=[ `])", SKILL):
        assert command in main.COMMANDS, command
    for path in re.findall(r"`make_world\.([a-z_.]+)\(", SKILL):
        thing: object = make_world
        for name in path.split("."):
            thing = getattr(thing, name)
        assert callable(thing)


def test_the_loop_leads_from_a_mistake_to_a_run(api: ApiClient) -> None:
    body = {"teamId": 1, "blueprint": blueprint(BROKEN), "scheduling": json.dumps({"type": "on-demand"})}
    scenario = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]
    path = f"/scenarios/{scenario['id']}"
    assert_ok(api.post(f"{path}/start"))

    failed = assert_ok(api.post(f"{path}/run", json={"responsive": True}))
    assert failed["status"] == 3
    detail = assert_ok(api.get(f"{path}/executions/{failed['executionId']}"))
    assert detail["error"] == {
        "name": "DataError",
        "message": "Source is not valid JSON.",
        "causeModule": {"name": "ParseJSON", "appName": "json"},
    }
    steps = assert_ok(api.control("GET", f"/worlds/default/executions/{failed['executionId']}/steps"))[
        "steps"
    ]
    assert steps[0]["input"] == {"json": "{oops"}

    assert_ok(api.patch(f"{path}?confirmed=true", json={"blueprint": blueprint(MENDED)}))
    assert assert_ok(api.post(f"{path}/run", json={"responsive": True}))["status"] == 1


def test_it_teaches_each_command_that_an_agent_needs() -> None:
    named = set(re.findall(r"`make-emulator ([a-z-]+)", SKILL))
    wanted = {
        "explain",
        "survey",
        "lint",
        "mend",
        "test",
        "pull",
        "diff",
        "contract",
        "replay",
        "access-report",
    }
    assert {"serve", "env", "doctor", "mcp", *wanted} <= named


def test_a_blueprint_in_a_file_is_explained_as_configured(tmp_path: Path) -> None:
    [shown] = re.findall(r"`(make-emulator explain [^`]*)`", SKILL)
    path = tmp_path / "blueprint.json"
    path.write_text(blueprint(BROKEN), "utf-8")
    words = [str(path) if word == "blueprint.json" else word for word in shlex.split(shown)[1:]]
    result = CliRunner().invoke(main.main, words)
    assert result.exit_code == 1
    assert "DataError: Source is not valid JSON." in result.output
    path.write_text(blueprint(MENDED), "utf-8")
    assert CliRunner().invoke(main.main, words).exit_code == 0


def test_the_services_that_it_plays_answer(api: ApiClient) -> None:
    [body] = re.findall(r"`POST /_emulator/worlds/default/http` `([^`]*)`", SKILL)
    made = api.control("POST", "/worlds/default/http", json=json.loads(body))
    assert made.status_code == 201
    rule = made.json["rule"] if made.json else {}
    assert (rule["url"], rule["body"], rule["status"]) == ("https://api.example.com/*", {"id": 7}, 200)


def test_the_blueprint_that_is_shown_runs_when_its_hook_is_called(api: ApiClient) -> None:
    [shown] = re.findall(r"^```json\n(.*?)^```", SKILL, flags=re.MULTILINE | re.DOTALL)
    [text] = re.findall(r"`POST /hooks` `(.*?)`", SKILL, flags=re.DOTALL)
    hook = assert_ok(api.post("/hooks", json=json.loads(text)))["hook"]
    built = json.loads(shown)
    built["flow"][0]["parameters"]["hook"] = hook["id"]
    body = {
        "teamId": 1,
        "blueprint": json.dumps(built),
        "scheduling": json.dumps({"type": "immediately"}),
    }
    scenario = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{scenario}/start"))
    assert api.app.test_client().post(f"/hook/{hook['udid']}", json={"name": "Zoe"}).text == "Accepted"

    assert_ok(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 5}))
    rows = assert_ok(api.get(f"/scenarios/{scenario}/logs"))["scenarioLogs"]
    [run] = [row for row in rows if row.get("eventType") == "EXECUTION_END"]
    steps = assert_ok(api.control("GET", f"/worlds/default/executions/{run['id']}/steps"))["steps"]
    assert steps[1]["input"] == {"channel": "C1", "text": "Hello, ZOE!"}


def test_inputs_are_declared_as_configured(api: ApiClient) -> None:
    [body] = re.findall(r"`PATCH /scenarios/\{id\}/interface` `(.*?)`", SKILL, flags=re.DOTALL)
    interface = assert_ok(api.patch("/scenarios/1/interface", json=json.loads(body)))["interface"]
    assert [field["name"] for field in interface["input"]] == ["name"]


def blueprint(module: object) -> str:
    return json.dumps({"name": "Built", "flow": [module], "metadata": {}})
