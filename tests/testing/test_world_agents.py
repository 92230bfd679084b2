"""`make_world.agents`: grants and assertions; the least policy of what was done."""

from __future__ import annotations

import pytest
import requests
import yaml

from helpers.scenarios import create_live_scenario, http_request_module
from make_emulator import MakeEmulator, World
from make_emulator.app import create_app, registry_of
from make_emulator.client.control import ControlError


def call(world: World, method: str, path: str, headers: dict[str, str], **options: object) -> int:
    response = requests.request(method, world.base_url + path, headers=headers, timeout=60, **options)  # type: ignore[arg-type]
    return response.status_code


def test_assertions_on_what_an_agent_did(make: MakeEmulator) -> None:
    world = make.create_world()
    ops = world.agents.create("ops", {"scenarios": "read", "scenarios/1": ["read", "run"]})
    assert call(world, "POST", "/scenarios/1/run", ops.headers, json={"data": {"name": "Ann"}}) == 200
    assert call(world, "DELETE", "/scenarios/1", ops.headers) == 403
    assert [row["accesses"] for row in ops.requests()] == [["scenarios/1: run"], ["scenarios/1: write"]]
    ops.assert_only_used({"scenarios/1": "run"})
    ops.assert_denied("scenarios/1: write", times=1)
    ops.assert_denied("scenarios/*: *")
    ops.assert_denied("scenarios: run", times=0)
    with pytest.raises(
        AssertionError, match=r"1 request needed more:\n  scenarios/1: run: ops ran scenario 1 "
    ):
        ops.assert_only_used({"scenarios": "read"})
    with pytest.raises(
        AssertionError, match="'hooks: read' is denied to the agent ops at least once, but it was 0 times"
    ):
        ops.assert_denied("hooks: read")
    with pytest.raises(ValueError, match="there is no kind of resource 'scenario'"):
        ops.assert_only_used({"scenario": "read"})


def test_modules_of_runs_count_as_the_agents_own(make: MakeEmulator) -> None:
    world = make.create_world()
    id = create_live_scenario(world, http_request_module("https://api.example.com/"))
    ops = world.agents.create("ops", {"scenarios": "run"}, runs="check")
    assert (ops.runs, world.agents["ops"].runs) == ("check", "check")
    path = f"/scenarios/{id}/run"
    assert call(world, "POST", path, ops.headers, json={"responsive": True}) == 200
    ops.assert_denied("apps/http: run", times=1)
    ops.assert_only_used({"scenarios": "run"})
    [run] = world.executions("ERROR")[:1]
    assert "lacks the grant apps/http: run" in run["sentence"]
    assert "of the agent ops: refused" in world.execution(run["id"]).story

    ops.grant({"scenarios": "run", "apps": "run"})
    assert call(world, "POST", path, ops.headers, json={"responsive": True}) == 200
    with pytest.raises(
        AssertionError, match=r"apps/http: run: .*the run of ops used the app http by module 1"
    ):
        ops.assert_only_used({"scenarios": "run"})
    with pytest.raises(ControlError, match="must be one of: trust, check"):
        world.agents.create("ops", {}, runs="maybe")  # type: ignore[arg-type]


def test_agents_are_found_by_name(make: MakeEmulator) -> None:
    world = make.create_world()
    assert list(world.agents) == []
    token = world.agents.create("ops", {"hooks": "off"}).token
    again = world.agents["ops"]
    assert (list(world.agents), len(world.agents), again.token) == (["ops"], 1, token)
    again.grant({"hooks": "read"})
    assert again.allow == {"hooks": "read"}
    assert str(token) not in repr(again)
    with pytest.raises(KeyError, match="nobody"):
        world.agents["nobody"]
    with pytest.raises(ControlError, match="there is no grant 'reed'"):
        world.agents.create("ops", {"hooks": "reed"})


def test_the_least_policy_can_be_pasted_into_a_seed(make: MakeEmulator) -> None:
    world = make.create_world()
    token = {"Authorization": f"Token {world.token}"}
    ops = world.agents.create("ops", {"*": "read"})
    for method, path in (("GET", "/scenarios/1"), ("POST", "/scenarios/1/run"), ("GET", "/users/me")):
        call(world, method, path, token, json={"data": {"name": "Ann"}} if method == "POST" else None)
    assert call(world, "GET", f"/teams/{world.team_id}", ops.headers) == 200
    assert call(world, "DELETE", f"/teams/{world.team_id}", ops.headers) == 403
    response = requests.get(
        world.base_url.removesuffix("/api/v2") + f"/_emulator/worlds/{world.name}/access-report",
        params={"format": "policy"},
        timeout=60,
    )
    policy = yaml.safe_load(response.text)
    assert policy == {
        "agents": [
            {"name": "admin", "token": "admin", "allow": {"scenarios/1": ["read", "run"], "users/1": "read"}},
            {"name": "ops", "token": "ops", "allow": {"teams/1": "read"}},
        ]
    }
    seed = {"tokens": [{"label": "admin"}, {"label": "ops"}], "organizations": [{"name": "Acme"}], **policy}
    handle = registry_of(create_app(seed=seed)).default()
    assert handle is not None
    assert [row.name for row in handle.world.agents] == ["admin", "ops"]
