"""A client stays below the rate limit, and waits as long as the service says."""

from __future__ import annotations

import pytest

from helpers.importer import FakeTimer
from make_emulator.throttle import DEFAULT_LIMIT, WINDOW_SECONDS, Throttle


def test_what_others_use_up_is_seen_in_the_answers() -> None:
    timer = FakeTimer()
    throttle = Throttle(1000, timer)
    throttle.acquire()
    throttle.read_headers(
        {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "201", "X-RateLimit-Reset": "1000030"}
    )
    throttle.acquire()
    assert timer.slept == []
    throttle.read_headers(
        {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "200", "X-RateLimit-Reset": "1000030"}
    )
    throttle.acquire()
    assert timer.slept == [30]


@pytest.mark.parametrize("reset", ["1", "1000000", "9999999999", "soon", ""])
def test_a_clock_that_is_wrong_costs_a_window_at_most(reset: str) -> None:
    timer = FakeTimer()
    throttle = Throttle(DEFAULT_LIMIT, timer)
    throttle.read_headers(
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    )
    throttle.acquire()
    assert timer.slept == [60]


def test_no_window_holds_more_than_four_fifths_of_the_limit() -> None:
    timer = FakeTimer()
    throttle = Throttle(60, timer)
    sent = []
    for _ in range(200):
        throttle.acquire()
        sent.append(timer.now())
        timer.time += 0.1
    assert all(sum(1 for other in sent if at <= other < at + 60) <= 48 for at in sent)
    assert sent[-1] - sent[0] < 60 * 5


def test_a_rejection_is_waited_out_as_long_as_it_says() -> None:
    timer = FakeTimer()
    throttle = Throttle(DEFAULT_LIMIT, timer)
    throttle.on_rate_limited({"Retry-After": "7"})
    throttle.acquire()
    assert timer.slept == [7]
    throttle.on_rate_limited({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    throttle.acquire()
    assert timer.slept == [7, 60]


def test_calls_within_the_limit_do_not_wait() -> None:
    timer = FakeTimer()
    throttle = Throttle(60, timer, share=0.9)
    for _ in range(54):
        throttle.acquire()
    assert timer.slept == []


def test_in_no_minute_more_calls_pass_than_nine_tenths_of_the_limit() -> None:
    timer = FakeTimer()
    throttle, passed = Throttle(30, timer, share=0.9, margin=0.5), []
    for _ in range(200):
        throttle.acquire()
        passed.append(timer.now())
        timer.time += 0.1
    busiest = max(sum(1 for other in passed if 0 <= other - each < WINDOW_SECONDS) for each in passed)
    assert busiest == 27
    assert throttle.waited == pytest.approx(sum(timer.slept))
    assert throttle.waited > 6 * 50


def test_a_limit_that_is_not_known_lets_everything_pass() -> None:
    timer = FakeTimer()
    throttle = Throttle(None, timer)
    for _ in range(1000):
        throttle.acquire()
    assert timer.slept == []


def test_starting_anew_lets_a_whole_minute_pass_and_forgets() -> None:
    timer = FakeTimer()
    throttle = Throttle(2, timer)
    throttle.acquire()
    throttle.wait_full_window()
    assert timer.slept == [61]
    throttle.acquire()
    assert timer.slept == [61]
