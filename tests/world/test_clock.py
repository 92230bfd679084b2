from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator.world.clock import DAY, MAX_TIMESTAMP, Clock, format_iso, parse_iso


def test_a_moment_is_written_with_milliseconds_and_z() -> None:
    assert format_iso(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"


@given(st.integers(0, MAX_TIMESTAMP))
def test_what_is_written_can_be_read_back(moment: int) -> None:
    assert parse_iso(format_iso(moment)) == moment


def test_a_time_without_an_offset_is_utc() -> None:
    assert parse_iso("2026-01-01T00:00:00") == parse_iso("2026-01-01T01:00:00+01:00")


def test_a_frozen_clock_stands_still_and_can_be_advanced() -> None:
    clock = Clock()
    clock.freeze("2026-01-01T00:00:00Z")
    assert format_iso(clock.now()) == "2026-01-01T00:00:00.000Z"
    clock.advance(minutes=15)
    clock.advance(seconds=0.5)
    assert format_iso(clock.now()) == "2026-01-01T00:15:00.500Z"
    assert clock.frozen


def test_freezing_at_a_moment_is_exact() -> None:
    for _ in range(50):
        clock = Clock("2026-01-01T00:00:00Z")
        clock.freeze("2026-02-02T00:00:00Z")
        assert format_iso(clock.now()) == "2026-02-02T00:00:00.000Z"


def test_an_unfrozen_clock_runs_on_from_where_it_stood() -> None:
    clock = Clock()
    clock.freeze("2026-01-01T00:00:00Z")
    clock.unfreeze()
    assert not clock.frozen
    assert 0 <= clock.now() - parse_iso("2026-01-01T00:00:00Z") < DAY


def test_a_running_clock_can_be_set_and_advanced() -> None:
    clock = Clock("2020-05-05T00:00:00Z")
    clock.advance(days=1)
    assert format_iso(clock.now()).startswith("2020-05-06T00:00")


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1e300])
def test_a_clock_rejects_moments_out_of_its_range(seconds: float) -> None:
    clock = Clock("2026-01-01T00:00:00Z")
    with pytest.raises((ValueError, OverflowError)):
        clock.advance(seconds)
    assert format_iso(clock.now()).startswith("2026-01-01")


def test_a_running_clock_stops_at_its_last_moment() -> None:
    clock = Clock("9998-12-31T23:59:59Z")
    clock.resume(clock.offset + DAY)
    assert format_iso(clock.now()) == "9998-12-31T23:59:59.000Z"
    with pytest.raises(ValueError, match="between 1970 and 9998-12-31T23:59:59Z"):
        clock.advance(seconds=1)
    clock.advance_to(MAX_TIMESTAMP + DAY)
    assert clock.now() == MAX_TIMESTAMP
