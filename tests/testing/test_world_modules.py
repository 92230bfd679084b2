"""A test that plays what is around the scenario: scripted modules, payloads, time, snapshots."""

from __future__ import annotations

import pytest
import requests

from make_emulator import MakeEmulator, World
from make_emulator.testing import ControlError


@pytest.fixture
def world(make_emulator: MakeEmulator) -> World:
    world = make_emulator.create_world(now="2026-03-02T12:00:00Z")
    world.clock.freeze("2026-03-02T12:00:00Z")
    return world


def test_a_scenario_is_run_and_its_steps_are_read(world: World) -> None:
    run = world.run(1, {"name": "Zoe"})
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
    assert world.steps(run["executionId"])[0]["input"] == {"greeting": "Hello, Zoe!"}
    with pytest.raises(ControlError, match="answered 404") as rejection:
        world.run(99)
    assert rejection.value.status == 404


def test_a_blueprint_is_checked_and_repaired_for_a_team(world: World) -> None:
    first = {"id": 1, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{{uper(now)}}"}}
    blueprint = {"name": "A", "flow": [first], "metadata": {}}
    assert [finding["rule"] for finding in world.lint(blueprint)] == ["unknown-function"]
    mended = world.mend(blueprint, scheduling={"type": "indefinitely", "interval": 1})
    assert mended["blueprint"]["flow"][0]["mapper"] == {"json": "{{upper(now)}}"}
    assert mended["schedulingPatch"] == [{"op": "replace", "path": "/interval", "value": 60}]
    assert world.lint(mended["blueprint"], scheduling=mended["scheduling"]) == []
    with pytest.raises(ControlError, match="There is no such scenario"):
        world.mend(scenario_id=99)


def test_a_module_is_scripted_from_python(world: World) -> None:
    world.modules.script("google-sheets:filterRows", output=[{"0": "Ann", "2": 5}, {"0": "Bob", "2": 6}])
    steps = world.steps(world.run(3)["executionId"])
    assert [step["module"] for step in steps] == ["google-sheets:filterRows"] + 2 * ["slack:CreateMessage"]
    assert steps[0]["output"] == [{"0": "Ann", "2": 5}, {"0": "Bob", "2": 6}]
    assert steps[2]["input"]["text"] == "Row : Bob ordered for 6.00."
    assert world.modules[0]["hits"] == 1
    world.modules.script("slack:CreateMessage", error="RateLimitError")
    run = world.run(3)
    assert run["status"] == 3
    assert world.steps(run["executionId"])[-1]["error"] == {"name": "RateLimitError", "message": ""}
    world.modules.clear("slack:CreateMessage")
    assert world.run(3)["status"] == 1
    world.modules.clear()
    assert len(world.modules) == 0


def test_a_long_run_is_running_until_the_clock_passes_its_end(world: World) -> None:
    world.modules.script("scenario-service:ReturnData", duration_ms=45_000)
    with pytest.raises(ControlError) as rejection:
        world.run(1, {"name": "Zoe"})
    assert rejection.value.status == 424
    world.modules.clear()
    world.modules.script("scenario-service:ReturnData", duration_ms=300_000)
    id = world.run(1, {"name": "Ann"}, responsive=False)["executionId"]

    def status() -> str:
        url = f"{world.base_url}/scenarios/1/executions/{id}"
        return str(requests.get(url, headers=world.headers, timeout=10).json()["status"])

    assert status() == "RUNNING"
    world.advance(minutes=6)
    assert status() == "SUCCESS"


def test_a_hook_receives_what_another_service_would_send(world: World) -> None:
    world.token = world.create_token([])  # the helpers act for the test, not with the token under test
    order = {"sku": "A-1", "quantity": 2, "customer": "ann@example.com"}
    assert world.receive(1, order) == (200, "Accepted")
    assert world.receive(1, "not JSON").status == 200
    with pytest.raises(ControlError, match="404"):
        world.receive(99, {})


def test_a_search_may_find_nothing_and_continue(world: World) -> None:
    world.modules.script("google-sheets:filterRows", no_results=True)
    execution = world.execution(world.run(3)["executionId"])
    assert [step.output for step in execution.steps] == [[{"__IMTLENGTH__": 0}]]
    # The empty bundle goes on: a filter of the scenario stops it.
    assert execution.stopped_by(before=2)
    with pytest.raises(TypeError, match="not both"):
        world.modules.script("google-sheets:filterRows", no_results=True, output=[])


def test_a_snapshot_takes_the_world_back_clock_and_next_ids_included(world: World) -> None:
    taken = world.snapshot()
    first = world.run(1, {"name": "Zoe"})
    world.advance(days=3)
    requests.delete(f"{world.base_url}/scenarios/1", headers=world.headers, timeout=10)
    world.restore(taken)
    assert world.clock.now == "2026-03-02T12:00:00.000Z"
    assert world.run(1, {"name": "Zoe"}) == first
    with pytest.raises(ControlError, match="its version is 7, not 1"):
        world.restore({"version": 7})
    assert world.run(1, {"name": "Zoe"})["status"] == 1


def test_a_restore_leaves_a_token_in_place_that_a_test_put_there(world: World) -> None:
    world.token = world.create_token(["teams:read"])
    taken, token = world.snapshot(), world.token
    world.reset()
    world.restore(taken)
    assert world.token == token
    assert requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=10).status_code == 200
