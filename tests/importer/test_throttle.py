"""A pull keeps below the limit, and does as it is told when it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.importer import FakeTimer, PullHarness
from make_emulator import MakeEmulator, World
from make_emulator.importer import Throttle, ZoneError


@pytest.fixture
def world(make_emulator: MakeEmulator) -> World:
    world = make_emulator.create_world(seed="free")
    world.clock.freeze()
    return world


def test_the_free_plan_is_never_exceeded_and_a_fifth_is_left_to_others(world: World) -> None:
    puller = PullHarness(world)
    puller.pull()
    statuses = [request["status"] for request in world.requests]
    assert 429 not in statuses
    assert len(statuses) > 30, "more than one window's worth"
    assert puller.timer.slept
    assert puller.reporter.messages[0] == "waiting 60 s for the rate limit"


def test_what_others_use_up_is_seen_in_the_answers() -> None:
    timer = FakeTimer()
    pace = Throttle(timer, lambda text: None)
    pace.set_limit(1000)
    pace.wait()
    pace.read_headers(
        {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "201", "X-RateLimit-Reset": "1000030"}
    )
    pace.wait()
    assert timer.slept == []
    pace.read_headers(
        {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "200", "X-RateLimit-Reset": "1000030"}
    )
    pace.wait()
    assert timer.slept == [30]


@pytest.mark.parametrize("reset", ["1", "1000000", "9999999999", "soon", ""])
def test_a_clock_that_is_wrong_costs_a_window_at_most(reset: str) -> None:
    timer = FakeTimer()
    pace = Throttle(timer, lambda text: None)
    pace.read_headers({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
    pace.wait()
    assert timer.slept == [60]


def test_no_window_holds_more_than_four_fifths_of_the_limit() -> None:
    timer = FakeTimer()
    pace = Throttle(timer, lambda text: None)
    pace.set_limit(60)
    sent = []
    for _ in range(200):
        pace.wait()
        sent.append(timer.now())
        timer.time += 0.1
    assert all(sum(1 for other in sent if at <= other < at + 60) <= 48 for at in sent)
    assert sent[-1] - sent[0] < 60 * 5


def test_a_refusal_is_waited_out_as_long_as_it_says(world: World) -> None:
    timer = FakeTimer()
    pace = Throttle(timer, lambda text: None)
    pace.on_rate_limited({"Retry-After": "7"})
    pace.wait()
    assert timer.slept == [7]
    pace.on_rate_limited({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    pace.wait()
    assert timer.slept == [7, 60]


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
