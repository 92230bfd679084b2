"""Schedules: the next run of a scenario, in its time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_emulator.engine.scheduling import schedule
from make_emulator.world.clock import format_iso, parse_iso
from make_emulator.world.exceptions import InvalidParametersError

PRAGUE = ZoneInfo("Europe/Prague")
MONDAY_NOON = parse_iso("2026-03-02T12:00:00Z")


@pytest.mark.parametrize(
    ("scheduling", "due"),
    [
        ({"type": "indefinitely", "interval": 900}, "2026-03-02T12:15:00.000Z"),
        ({"type": "once", "date": "2026-03-05T10:00:00Z"}, "2026-03-05T10:00:00.000Z"),
        ({"type": "daily", "time": "14:00"}, "2026-03-02T13:00:00.000Z"),
        ({"type": "daily", "time": "13:00"}, "2026-03-03T12:00:00.000Z"),
        ({"type": "weekly", "time": "08:00", "days": [1]}, "2026-03-09T07:00:00.000Z"),
        ({"type": "weekly", "time": "08:00", "days": [0, 3]}, "2026-03-04T07:00:00.000Z"),
        ({"type": "monthly", "time": "08:00", "days": [31]}, "2026-03-31T06:00:00.000Z"),
        ({"type": "yearly", "time": "08:00", "days": [29], "months": [2]}, "2028-02-29T07:00:00.000Z"),
    ],
)
def test_the_next_run_is_the_first_that_fits_in_the_time_zone(scheduling: dict[str, Any], due: str) -> None:
    next_run = schedule.next_run(scheduling, MONDAY_NOON, PRAGUE)
    assert next_run is not None
    assert format_iso(next_run) == due


@pytest.mark.parametrize(
    "scheduling",
    [
        {"type": "on-demand"},
        {"type": "immediately"},
        {"type": "indefinitely"},
        {"type": "once", "date": "2026-03-01T00:00:00Z"},
        {"type": "yearly", "time": "08:00", "days": [31], "months": [2]},
    ],
)
def test_some_schedulings_are_never_due(scheduling: dict[str, Any]) -> None:
    assert schedule.next_run(scheduling, MONDAY_NOON, PRAGUE) is None


def test_a_time_of_day_stays_when_summer_time_begins() -> None:
    scheduling = {"type": "daily", "time": "08:00"}
    before = schedule.next_run(scheduling, parse_iso("2026-03-28T00:00:00Z"), PRAGUE)
    after = schedule.next_run(scheduling, parse_iso("2026-03-29T00:00:00Z"), PRAGUE)
    assert before is not None
    assert after is not None
    assert (format_iso(before)[11:16], format_iso(after)[11:16]) == ("07:00", "06:00")


@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["daily", "weekly", "monthly"]),
            "time": st.sampled_from(["00:00", "02:30", "23:59"]),
            "days": st.lists(st.integers(1, 6), min_size=1),
        }
    ),
    st.integers(0, 4_000_000_000_000),
)
def test_the_next_run_always_lies_ahead(scheduling: dict[str, Any], after: int) -> None:
    due = schedule.next_run(scheduling, after, PRAGUE)
    assert due is not None
    assert after < due <= after + 32 * 24 * 3600 * 1000


#: Summer time of an hour, of half an hour, at midnight, and a whole day that was left out.
ZONES = [
    "Europe/Prague",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
QUARTER = 15 * 60


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """True if clocks of a zone ever show a time: they leave some out when summer time begins."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES).map(ZoneInfo),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["daily", "weekly", "monthly", "yearly"]),
            "time": st.builds("{:02d}:{:02d}".format, st.integers(0, 3), st.sampled_from([0, 15, 30, 45])),
            "days": st.lists(st.integers(1, 6), min_size=1, unique=True),
            "months": st.just([3, 4, 9, 10, 11, 12]),
        }
    ),
    # From 2010 to 2040, mostly around the months in which clocks are changed.
    st.integers(1_262_304_000_000, 2_208_988_800_000),
)
def test_no_run_is_missed_or_comes_twice_where_clocks_are_changed(
    zone: ZoneInfo, scheduling: dict[str, Any], after: int
) -> None:
    time = datetime.strptime(scheduling["time"], "%H:%M").time()
    due = schedule.next_run(scheduling, after, zone)
    assert due is not None
    assert due > after

    def is_asked(day: date) -> bool:
        match scheduling["type"]:
            case "weekly":
                return day.isoweekday() % 7 in scheduling["days"]
            case "monthly":
                return day.day in scheduling["days"]
            case "yearly":
                return day.day in scheduling["days"] and day.month in scheduling["months"]
        return True

    local = datetime.fromtimestamp(due / 1000, zone)
    if local.time() != time:
        requested = [local.date(), local.date() - timedelta(days=1)]
        assert any(not exists(datetime.combine(day, time), zone) for day in requested), local
    else:
        assert is_asked(local.date()) or not exists(
            datetime.combine(local.date() - timedelta(days=1), time), zone
        )
        assert local.fold == 0
    # Every quarter of an hour until then: no clock showed the time on a requested day.
    start = after // 1000 // QUARTER + 1
    for quarter in range(start, due // 1000 // QUARTER):
        moment = datetime.fromtimestamp(quarter * QUARTER, zone)
        assert not (moment.time() == time and moment.fold == 0 and is_asked(moment.date())), moment


@pytest.mark.parametrize(
    ("zone", "time", "after", "due"),
    [
        # 02:30 is left out on that day, and shown twice on the other.
        ("Europe/Prague", "02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00.000Z"),
        ("Europe/Prague", "02:30", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00.000Z"),
        ("Europe/Prague", "02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z"),
        ("Europe/Prague", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"),
        ("America/New_York", "02:30", "2026-03-08T00:00:00Z", "2026-03-08T07:30:00.000Z"),
        ("America/New_York", "01:30", "2026-11-01T00:00:00Z", "2026-11-01T05:30:00.000Z"),
    ],
)
def test_a_time_that_is_left_out_or_shown_twice_is_due_once(
    zone: str, time: str, after: str, due: str
) -> None:
    next_run = schedule.next_run({"type": "daily", "time": time}, parse_iso(after), ZoneInfo(zone))
    assert next_run is not None
    assert format_iso(next_run) == due


@pytest.mark.parametrize(
    ("scheduling", "dues"),
    [
        ({"type": "monthly", "days": [31]}, ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]),
        ({"type": "monthly", "days": [29, 30]}, ["2026-01-29", "2026-01-30", "2026-03-29", "2026-03-30"]),
        ({"type": "yearly", "days": [29], "months": [2]}, ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ({"type": "yearly", "days": [31], "months": [1, 2, 3]}, ["2026-01-31", "2026-03-31", "2027-01-31"]),
    ],
)
def test_days_that_a_month_does_not_have_are_left_out(scheduling: dict[str, Any], dues: list[str]) -> None:
    at: int | None = parse_iso("2026-01-05T00:00:00Z")
    found = []
    for _ in dues:
        assert at is not None
        at = schedule.next_run({**scheduling, "time": "12:00"}, at, PRAGUE)
        assert at is not None
        found.append(format_iso(at)[:10])
    assert found == dues


def test_a_leap_day_is_awaited_over_the_year_2100() -> None:
    leap: dict[str, Any] = {"type": "yearly", "days": [29], "months": [2], "time": "12:00"}
    due = schedule.next_run(leap, parse_iso("2096-03-01T00:00:00Z"), PRAGUE)
    assert due is not None
    assert format_iso(due) == "2104-02-29T11:00:00.000Z"


@pytest.mark.parametrize(
    ("scheduling", "due"),
    [
        # Monday noon is 13:00 in Prague.
        ({"restrict": [{"time": ["09:00", "17:00"]}]}, "2026-03-02T12:15:00.000Z"),
        ({"restrict": [{"time": ["09:00", "13:10"]}]}, "2026-03-03T08:00:00.000Z"),
        ({"restrict": [{"time": ["22:00", "06:00"]}]}, "2026-03-02T21:00:00.000Z"),
        ({"restrict": [{"days": [6, 0]}]}, "2026-03-06T23:00:00.000Z"),
        (
            {"restrict": [{"months": [5], "days": [1], "time": ["09:00", "10:00"]}]},
            "2026-05-04T07:00:00.000Z",
        ),
        (
            {"restrict": [{"days": [3]}, {"days": [2], "time": ["20:00", "21:00"]}]},
            "2026-03-03T19:00:00.000Z",
        ),
        ({"between": ["2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"]}, "2026-04-01T00:00:00.000Z"),
    ],
)
def test_an_interval_goes_on_at_the_next_moment_that_is_allowed(scheduling: dict[str, Any], due: str) -> None:
    next_run = schedule.next_run({"type": "indefinitely", "interval": 900, **scheduling}, MONDAY_NOON, PRAGUE)
    assert next_run is not None
    assert format_iso(next_run) == due


def test_runs_at_fixed_times_are_left_out_where_they_are_not_allowed() -> None:
    daily: dict[str, Any] = {"type": "daily", "time": "08:00", "restrict": [{"days": [4]}]}
    due = schedule.next_run(daily, MONDAY_NOON, PRAGUE)
    assert due is not None
    assert format_iso(due) == "2026-03-05T07:00:00.000Z"
    once: dict[str, Any] = {"type": "once", "date": "2026-03-05T10:00:00Z", "restrict": [{"days": [1]}]}
    assert schedule.next_run(once, MONDAY_NOON, PRAGUE) is None
    over = {"type": "daily", "time": "08:00", "between": ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]}
    assert schedule.next_run(over, MONDAY_NOON, PRAGUE) is None


@pytest.mark.parametrize(
    "restrictions",
    [
        {"between": ["2026-01-01T00:00:00Z"]},
        {"between": ["2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"]},
        {"restrict": {}},
        {"restrict": [5]},
        {"restrict": [{"days": [7]}]},
        {"restrict": [{"months": [0]}]},
        {"restrict": [{"time": ["9", "17:00"]}]},
        {"restrict": [{"time": "09:00"}]},
        {"restrict": [{"days": [1]}] * 51},
    ],
)
def test_restrictions_that_are_invalid_are_rejected(restrictions: dict[str, Any]) -> None:
    with pytest.raises(InvalidParametersError):
        schedule.validate_scheduling(
            {"type": "indefinitely", "interval": 900, **restrictions}, least_minutes=1
        )


@pytest.mark.parametrize("date", ["2026-04-11", "2026-04-11T09:00:00", "2026-04-11T09:00Z", "soon", 5])
def test_a_run_at_a_date_needs_its_day_time_and_zone(date: Any) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        schedule.validate_scheduling({"type": "once", "date": date}, least_minutes=1)
    assert caught.value.issues == ("'date' should match format date-time",)


@pytest.mark.parametrize("date", ["2026-04-11T09:00:00.000Z", "2026-04-11T09:00:00+02:00"])
def test_a_run_at_a_full_date_is_taken(date: str) -> None:
    schedule.validate_scheduling({"type": "once", "date": date}, least_minutes=1)
