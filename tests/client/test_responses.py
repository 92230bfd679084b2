"""The declared types of the control API's responses are those that it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson
import pytest
import requests

from helpers.scenarios import create_live_scenario, create_smtp_connection, http_request_module
from helpers.typed_dicts import find_mismatches
from make_emulator import MakeEmulator, World
from make_emulator.client import responses
from make_emulator.http import faults
from make_emulator.http.provenance import STATUSES
from make_emulator.lint.finding import SEVERITIES
from make_emulator.testing import FaultAction, FaultName, Plan, WorldSettings, Zone
from make_emulator.world.plans import PLANS
from make_emulator.world.settings import SETTINGS
from make_emulator.world.zones import is_make_host, zone_host

BLUEPRINTS = Path(__file__).parents[2] / "fixtures/blueprints"
API = "https://api.example.com/orders"
#: A blueprint with findings, some of which have a repair.
FAULTY = {
    "name": "Faulty",
    "flow": [{"id": 1, "module": "slack:CreateMessage", "version": 99, "mapper": {"text": "{{2.a}}"}}],
}


def assert_type(value: Any, kind: Any) -> None:
    """Asserts that a value, and each of a list of at least one, has all keys of a type and no others."""
    rows = value if isinstance(value, list) else [value]
    assert rows
    assert [line for row in rows for line in find_mismatches(row, kind)] == []


@pytest.fixture
def world(make: MakeEmulator) -> World:
    return make.create_world()


def test_requests_are_as_declared(world: World) -> None:
    world.agents.create("ops", {"scenarios": "read"})
    world.run(1, {"name": "Zoe"})
    for token in (world.token, world.agents["ops"].token):
        for method, path in (
            ("GET", "/teams/1?cols[]=id&cols[]=name"),
            ("DELETE", "/scenarios/1"),
            ("GET", "/scenarios/99"),
        ):
            headers = {"Authorization": f"Token {token}"}
            requests.request(method, world.base_url + path, headers=headers, timeout=10)
    requests.get(f"{world.base_url}/teams/1", headers={"Authorization": "Token none"}, timeout=10)
    world.faults.add(action="reset")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=10)
    rows = world.requests.all()
    assert {200, 403, 404, 0} <= {row["status"] for row in rows}
    assert_type(rows, responses.RequestRow)
    assert_type(world.agents["ops"].requests(), responses.RequestRow)


def test_faults_are_as_declared(world: World) -> None:
    for name in get_args(FaultName):
        world.faults.add(name)
    for action in get_args(FaultAction):
        world.faults.add(action=action, method="get", path="/teams/*", token="admin", times=2)
    world.faults.add(status=503, delay_ms=5, probability=0.5, seed=3)
    assert_type(world.faults.all(), responses.Fault)


def test_runs_are_as_declared(world: World) -> None:
    world.http.respond(API, status=500)
    failing = create_live_scenario(world, http_request_module(API))
    results = [
        world.run(1, {"name": "Zoe"}),
        world.run(1, {"name": "Zoe"}, responsive=False),
        world.run(failing),
    ]
    assert [result.get("status") for result in results] == [1, None, 3]
    assert_type(results, responses.RunResult)
    rows = world.executions()
    assert {row["status"] for row in rows} >= {"SUCCESS", "ERROR"}
    assert_type(rows, responses.ExecutionRow)
    for result in results:
        assert_type(world.steps(result["executionId"]), responses.StepRow)


def test_modules_are_as_declared(world: World) -> None:
    scripts = [
        world.modules.script("slack:CreateMessage", output=[{"ts": "1"}]),
        world.modules.script("slack:CreateChannel", error="RateLimitError", times=2, duration_ms=3),
        world.modules.script("slack:ListUsers", no_results=True),
    ]
    assert_type(scripts, responses.ModuleScript)
    assert_type(world.modules.all(), responses.ModuleScript)
    output = [{"name": "id", "type": "uuid"}]
    declared = [
        world.modules.declare("acme:Pay", kind="search", versions=[1, 2], output=output),
        world.modules.declare("acme:Ask", connection_types=["acme"], mapper=output),
    ]
    assert_type(declared, responses.DeclaredModule)
    assert_type(world.modules.declared(), responses.DeclaredModule)


def test_external_services_are_as_declared(world: World) -> None:
    rules = [
        world.http.respond(API, json={"id": 7}, headers={"X": ["1", "2"]}, times=1, method="post"),
        world.http.respond(API, error="connection"),
        world.http.respond(f"{API}/*", pages=[[1], [2]], delay_ms=5),
    ]
    assert_type(rules, responses.HttpRule)
    mail = {
        "id": 2,
        "module": "email:ActionSendEmail",
        "version": 7,
        "parameters": {"account": create_smtp_connection(world)},
        "mapper": {"to": ["ann@example.com"], "subject": "Order", "contentType": "text", "text": "Thanks"},
    }
    scenario = create_live_scenario(world, http_request_module(API), mail)
    assert [world.run(scenario).get("status") for _ in range(2)] == [1, 3]
    assert [row["answeredBy"] for row in world.http.requests] == ["rule", "rule"]
    assert_type(world.http.requests.all(), responses.SentRequest)
    assert_type(world.http.rules, responses.HttpRule)
    assert_type(world.outbox.all(), responses.Mail)


def test_reports_are_as_declared(world: World) -> None:
    world.run(1, {"name": "Zoe"})
    few = {"Authorization": f"Token {world.create_token(['teams:read'])}"}
    requests.get(f"{world.base_url}/scenarios/1", headers=few, timeout=10)
    report = world.access_report()
    assert any(row["refusedForScope"] for row in report)
    assert_type(report, responses.TokenAccess)
    assert_type(world.provenance(), responses.ProvenanceReport)
    assert_type(world.coverage(), responses.CoverageReport)


def test_findings_repairs_and_imports_are_as_declared(world: World, tmp_path: Path) -> None:
    assert_type(world.lint(FAULTY), responses.Finding)
    mended = world.mend(FAULTY, scheduling={"type": "indefinitely", "interval": 1})
    assert mended["repairs"]
    assert mended["findings"]
    assert_type(mended, responses.MendResult)
    (tmp_path / "rejected.json").write_text(orjson.dumps({"name": "Empty", "flow": 1}).decode(), "utf-8")
    for blueprint in BLUEPRINTS.glob("*.json"):
        (tmp_path / blueprint.name).write_bytes(blueprint.read_bytes())
    result = world.import_blueprints(tmp_path)
    assert (bool(result["scenarios"]), bool(result["stubs"]), bool(result["rejected"])) == (True, True, True)
    assert_type(result, responses.ImportResult)


def test_changes_are_as_declared(world: World) -> None:
    checkpoint = world.checkpoint("before")
    requests.patch(f"{world.base_url}/scenarios/1", json={"name": "New"}, headers=world.headers, timeout=10)
    requests.delete(f"{world.base_url}/scenarios/2?confirmed=true", headers=world.headers, timeout=10)
    world.http.respond(API)
    world.run(1, {"name": "Zoe"})
    changes = checkpoint.changes()
    assert {row["change"] for row in changes} == {"created", "changed", "deleted"}
    assert_type(changes, responses.Change)
    assert find_mismatches(checkpoint.counts(), dict[str, dict[str, int]]) == []
    assert_type(checkpoint.undo(), responses.UndoneChange)


def test_authorization_is_as_declared(world: World) -> None:
    client = world.oauth.create_client()
    assert_type(world.oauth.clients(), responses.OAuthClientRow)
    tokens = [world.oauth.log_in(client, scopes) for scopes in (["openid", "teams:read"], ["teams:read"])]
    assert_type(tokens, responses.TokenResponse)
    assert_type(world.oauth.refresh(client, tokens[0]["refresh_token"]), responses.TokenResponse)
    query = f"client_id={client.id}&response_type=code&redirect_uri=http://127.0.0.1/&scope=teams:read"
    requests.get(f"{world.oauth.authorization_url}?{query}", timeout=10)
    assert_type(world.oauth.requests(), responses.AuthorizationRequestRow)


def test_credential_requests_are_as_declared(world: World) -> None:
    response = requests.post(
        f"{world.base_url}/credential-requests/actions/create-by-credentials",
        json={"teamId": world.team_id, "connections": [{"type": "slack"}]},
        headers=world.headers,
        timeout=10,
    )
    assert response.status_code == 200, response.text
    rows = world.credential_requests.list()
    assert_type(rows, responses.CredentialRequestRow)
    assert_type(world.credential_requests.approve(rows[0]["id"]), responses.CredentialRequestRow)


def test_literals_are_the_values_that_there_are() -> None:
    assert get_args(Plan) == tuple(PLANS)
    assert get_args(FaultAction) == faults.ACTIONS
    assert get_args(FaultName) == tuple(faults.PRESETS)
    assert get_args(responses.Severity) == SEVERITIES
    assert get_args(responses.Evidence) == STATUSES
    assert all(is_make_host(zone_host(zone)) for zone in get_args(Zone))


def test_the_settings_of_a_world_are_declared_with_their_values() -> None:
    hints = get_type_hints(WorldSettings)
    assert list(hints) == [setting.python_name for setting in SETTINGS.values()]
    for setting in SETTINGS.values():
        hint = hints[setting.python_name]
        assert (get_args(hint) or hint) == (setting.choices or type(setting.default))
