"""Type checkers and editors know what fixtures and worlds give: a user's file with right lines, and with mistakes that are found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYRIGHT = ROOT / "tests/e2e/node_modules/.bin/pyright"

#: A line with a mistake ends with a part of mypy's message.
USER_FILE = """
import requests

from make_emulator import MakeEmulator, World, mock_make
from make_emulator.testing import (
    Client,
    ControlError,
    ExecutionRow,
    Fault,
    FaultAction,
    Finding,
    Mail,
    Plan,
    PrivateZone,
    RequestRow,
    RunResult,
    Step,
    StepRow,
    WorldAgent,
    WorldCheckpoint,
    WorldExecution,
    WorldMcp,
    WorldOAuth,
    WorldSettings,
    Zone,
)


def test_fixtures(
    make_emulator: MakeEmulator,
    make_world: World,
    make_mock: World,
    make_client: Client,
    make_env: World,
    make_mcp: WorldMcp,
    make_oauth: WorldOAuth,
) -> None:
    response: requests.Response = make_client.get("/teams/1", params={"cols[]": ["id"]})
    assert response.json()["team"]["id"] == make_client.world.team_id
    world: World = make_emulator.create_world(plan="core", zone="us1", unmatched="fail", api_access=False)
    settings: WorldSettings = {"inactive_hooks": "reject"}
    make_emulator.create_world(zone=PrivateZone("make.corp.example"), **settings)
    world.change_settings(rate_limit=False, unknown_modules="refuse")
    tools = make_mcp.tools(teamId=1)
    assert tools["s1_greeting"]["name"]
    client = make_oauth.create_client(public=True)
    assert make_oauth.log_in(client)["access_token"] + make_oauth.clients()[0]["name"]

    make_client.fetch("/teams/1")  # error: "Client" has no attribute "fetch"
    make_emulator.create_world(plan="gold")  # error: incompatible type "Literal['gold']"
    make_emulator.create_world(zone="eu9")  # error: incompatible type "Literal['eu9']"
    make_emulator.create_world(api_acess=False)  # error: Unexpected keyword argument "api_acess"
    make_emulator.create_world(unmatched="ignore")  # error: incompatible type "Literal['ignore']"
    world.change_settings(run_inactive="yes")  # error: incompatible type "str"
    make_mcp.toolz()  # error: has no attribute "toolz"
    make_oauth.log_in(client)["token"]  # error: TypedDict "TokenResponse" has no key "token"


def test_interception() -> None:
    with mock_make(plan="pro", zone="eu2.make.com", scopes=["teams:read"], block_others=True) as world:
        headers: dict[str, str] = world.headers
    with mock_make(plan="gold"):  # error: No overload variant of "mock_make" matches
        pass
    with mock_make(colour="red"):  # error: Unexpected keyword argument "colour"
        pass


async def test_asynchronous_interception() -> None:
    async with mock_make() as world:
        team: int = world.team_id
        world.tema_id  # error: "World" has no attribute "tema_id"


@mock_make(plan="core")
def test_decorated(world: World) -> None:
    plan: Plan = world.plan
    zone: Zone = "eu1"
    zone = "nowhere"  # error: Incompatible types in assignment


def test_requests(make_world: World) -> None:
    rows: list[RequestRow] = make_world.requests.matching("GET", "/teams/*", status="2xx", json={"a": 1})
    first: RequestRow = make_world.requests[0]
    some: list[RequestRow] = make_world.requests[1:]
    status: int = first["status"]
    code: str | None = first["code"]
    body: dict[str, int] = first["requestBody"]
    assert [row["sentence"].upper() for row in make_world.requests]
    make_world.requests.assert_called("POST", "/scenarios/*/run", times=1)

    make_world.requests[0]["state"]  # error: TypedDict "RequestRow" has no key "state"
    first["code"].lower()  # error: "str | None" has no attribute "lower"
    text: str = first["status"]  # error: Incompatible types in assignment
    make_world.requests.assert_called("POST", "/scenarios/*/run", time=1)  # error: Unexpected keyword argument "time"
    make_world.requests.assert_called("POST")  # error: Missing positional argument "path"


def test_faults(make_world: World) -> None:
    action: FaultAction = "reset"
    fault: Fault = make_world.faults.add("rate-limit", path="/scenarios*", times=2)
    make_world.faults.add(action=action, delay_ms=20)
    hits: int = fault["hits"] + make_world.faults[0]["hits"]

    make_world.faults.add(action="explode")  # error: incompatible type "Literal['explode']"
    make_world.faults.add("rate-limits")  # error: incompatible type "Literal['rate-limits']"
    make_world.faults.add(stauts=503)  # error: Unexpected keyword argument "stauts"
    fault["matches"]  # error: TypedDict "Fault" has no key "matches"


def test_runs(make_world: World) -> None:
    result: RunResult = make_world.run(1, {"name": "Zoe"})
    greeting: str = result.get("outputs", {})["greeting"]
    runs: list[ExecutionRow] = make_world.executions("ERROR")
    steps: list[StepRow] = make_world.steps(result["executionId"])
    execution: WorldExecution = make_world.execution(result["executionId"])
    step: Step = execution.steps[0]
    story: str = execution.story
    mails: list[Mail] = make_world.outbox.matching(to="ann@example.com")
    sender: str | None = mails[0]["from"]
    findings: list[Finding] = make_world.lint({"name": "x", "flow": []})
    severe = [each for each in findings if each["severity"] == "error"]
    checkpoint: WorldCheckpoint = make_world.checkpoint("before")
    created = [each["kind"] for each in checkpoint.changes() if each["change"] == "created"]
    agent: WorldAgent = make_world.agents.create("ops", {"scenarios": "read"})

    result["output"]  # error: TypedDict "RunResult" has no key "output"
    make_world.run("1")  # error: incompatible type "str"; expected "int"
    make_world.executions("FAILED")  # error: incompatible type "Literal['FAILED']"
    step.modul  # error: "Step" has no attribute "modul"
    steps[0]["error"]["name"]  # error: is not indexable
    if findings[0]["severity"] == "fatal":  # error: Non-overlapping equality check
        pass
    make_world.modules.declare("acme:Pay", kind="verb")  # error: incompatible type "Literal['verb']"
    make_world.http.respond("https://a.example/*", error="refused")  # error: incompatible type "Literal['refused']"
    make_world.clock.advance(weeks=1)  # error: Unexpected keyword argument "weeks"
    try:
        make_world.reset()
    except ControlError as error:
        failed: int | None = error.status
""".lstrip()


def expected_errors() -> dict[int, str]:
    """The lines with a mistake, and a part of mypy's message on each."""
    lines = enumerate(USER_FILE.splitlines(), 1)
    return {number: line.partition("  # error: ")[2] for number, line in lines if "  # error: " in line}


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    path = tmp_path / "test_of_a_user.py"
    # Type checkers do not read what is expected of them.
    path.write_text(re.sub(r"  # error: .*", "", USER_FILE), "utf-8")
    return path


def test_mypy_finds_the_mistakes_of_a_user_and_nothing_else(user_file: Path) -> None:
    pytest.importorskip("mypy")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--config-file=",
        "--no-pretty",
    ]
    options = ["--show-absolute-path", "--hide-error-context", "--cache-dir", str(user_file.parent / "cache")]
    result = subprocess.run(
        [*command, *options, str(user_file)],
        cwd=user_file.parent,
        env={**os.environ, "MYPYPATH": str(ROOT / "emulator")},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(
        rf"^{re.escape(str(user_file))}:(\d+): error: (.*)$", result.stdout, flags=re.MULTILINE
    )
    messages: dict[int, str] = {}
    for line, message in found:
        messages[int(line)] = f"{messages.get(int(line), '')} {message}".strip()
    expected = expected_errors()
    assert {line: messages[line] for line in messages.keys() - expected.keys()} == {}, result.stdout
    assert expected.keys() - messages.keys() == set(), result.stdout
    assert [messages[line] for line, part in expected.items() if part not in messages[line]] == []


def test_pyright_finds_the_same_mistakes(user_file: Path) -> None:
    if shutil.which("node") is None or not PYRIGHT.exists():
        missing = "pyright is not installed: run `npm ci` in tests/e2e"
        if os.environ.get("MAKE_EMULATOR_REQUIRE_NODE_TESTS"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    settings = {
        "include": [user_file.name],
        "extraPaths": [str(ROOT / "emulator")],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
        # What is wrong in strict mode with a file of examples: variables that nothing uses.
        "reportUnusedVariable": False,
        "reportUnusedExpression": False,
    }
    (user_file.parent / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    result = subprocess.run(
        [str(PYRIGHT), "--pythonpath", sys.executable, "--outputjson"],
        cwd=user_file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(result.stdout)["generalDiagnostics"]
    # Pyright counts lines from 0, and several errors on one of them are one mistake.
    messages = {
        each["range"]["start"]["line"] + 1: each["message"] for each in found if each["severity"] == "error"
    }
    expected = expected_errors()
    assert {line: messages[line] for line in messages.keys() - expected.keys()} == {}
    assert [USER_FILE.splitlines()[line - 1] for line in sorted(expected.keys() - messages.keys())] == []
