"""A run stays below the calls a minute of the plan."""

from __future__ import annotations

from make_emulator.contract.throttle import WINDOW_SECONDS, Throttle


class Time:
    """A time that goes on only while somebody sleeps, or says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pacer(limit: int | None, time: Time) -> Throttle:
    return Throttle(limit, sleep=time.sleep, now=lambda: time.now)


def test_calls_within_the_limit_do_not_wait() -> None:
    time = Time()
    paced = pacer(60, time)
    for _ in range(54):
        paced.acquire()
    assert time.slept == []


def test_in_no_minute_more_calls_pass_than_nine_tenths_of_the_limit() -> None:
    time = Time()
    paced, passed = pacer(30, time), []
    for _ in range(200):
        paced.acquire()
        passed.append(time.now)
        time.now += 0.1
    busiest = max(sum(1 for other in passed if 0 <= other - each < WINDOW_SECONDS) for each in passed)
    assert busiest == 27
    assert paced.waited == sum(time.slept) > 6 * 50


def test_a_limit_that_is_not_known_lets_everything_pass() -> None:
    time = Time()
    paced = pacer(None, time)
    for _ in range(1000):
        paced.acquire()
    assert time.slept == []


def test_starting_anew_lets_a_whole_minute_pass_and_forgets() -> None:
    time = Time()
    paced = pacer(2, time)
    paced.acquire()
    paced.wait_full_window()
    assert time.slept == [61]
    paced.acquire()
    assert time.slept == [61]
