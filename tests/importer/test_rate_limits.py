"""A pull keeps below the limit, and waits as long as a 429 says."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.importer import PullHarness
from make_emulator import MakeEmulator, World
from make_emulator.importer import ZoneError


@pytest.fixture
def world(make_emulator: MakeEmulator) -> World:
    world = make_emulator.create_world(seed="free")
    world.clock.freeze()
    return world


def test_the_free_plan_is_never_exceeded_and_a_fifth_is_left_to_others(world: World) -> None:
    puller = PullHarness(world)
    puller.pull(executions=1)
    puller.pull()
    statuses = [request["status"] for request in world.requests]
    assert 429 not in statuses
    assert len(statuses) > 30, "more than one window's worth"
    assert puller.timer.slept
    assert puller.reporter.messages[0] == "waiting 60 s for the rate limit"


def test_a_429_is_tried_again_in_the_next_window(world: World) -> None:
    world.faults.add(path="/templates", status=429, times=2)
    puller = PullHarness(world)
    pulled = puller.pull()
    assert len(pulled.team["templates"]) == 1
    assert [r["status"] for r in world.requests if r["path"] == "/templates"] == [429, 429, 200]


def test_a_service_that_keeps_refusing_ends_the_pull(world: World) -> None:
    world.faults.add(path="/templates", status=429)
    with pytest.raises(ZoneError, match=r"GET /templates was refused 5 times for the rate limit \(429\)"):
        PullHarness(world).pull()


@pytest.mark.parametrize("fault", [{"status": 503}, {"action": "reset"}, {"action": "truncate"}])
def test_a_failure_of_the_service_is_tried_again_after_a_while(world: World, fault: dict[str, Any]) -> None:
    world.faults.add(path="/hooks", times=3, **fault)
    puller = PullHarness(world)
    assert len(puller.pull().team["hooks"]) == 1
    assert sum(puller.timer.slept) >= 2 + 4 + 8


def test_a_service_that_stays_down_ends_the_pull(world: World) -> None:
    world.faults.add(path="/hooks", status=503)
    with pytest.raises(ZoneError, match="GET /hooks answered 503 SC503"):
        PullHarness(world).pull()
