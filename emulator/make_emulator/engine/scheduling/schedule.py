"""Schedule of a scenario: the next moment at which it runs, within the restrictions of its scheduling.

Sources: the SDK's type ``Scheduling`` (``between``, ``restrict``); Help centre, "Schedule a scenario". Times of day are in
the organization's time zone. How the service treats a run outside of the restrictions is not documented; here an interval
continues at the next moment that is allowed, and a run at a fixed time is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...json_types import as_array, as_mappings, is_integer
from ...plain_text import did_you_mean
from ...world.clock import MAX_TIMESTAMP, SECOND, parse_iso
from ...world.exceptions import (
    IntervalTooShortError,
    InvalidParametersError,
    InvalidSchedulingTypeError,
)
from ...world.models import Json

TYPES = ("immediately", "indefinitely", "once", "daily", "weekly", "monthly", "yearly", "on-demand")

#: Limits of an interval in seconds; the minimum is the SDK's.
MIN_INTERVAL = 60
MAX_INTERVAL = 366 * 24 * 60 * 60

#: Delay of the first run of a scenario at intervals (recorded: two to four seconds).
FIRST_RUN_DELAY = 3 * SECOND

_MINUTES_PER_DAY = 24 * 60

#: Maximum number of restrictions, as each is evaluated for each day. The emulator's own limit.
MAX_RESTRICTIONS = 50

#: A day after the last time of the clock in any time zone.
_LAST_DAY = date(9999, 1, 2)

#: Date as the real API accepts it: day and time, with a time zone.
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?", re.ASCII)


def validate_scheduling(scheduling: Mapping[str, Json], *, least_minutes: int) -> None:
    """Checks a scheduling.

    Raises:
        InvalidSchedulingTypeError: if its type does not exist (Make's IM307).
        InvalidParametersError: with one text for each issue.
        IntervalTooShortError: if its interval is shorter than ``least_minutes``.
    """
    issues: list[str] = []
    hint: str | None = None
    kind = scheduling.get("type")
    if kind is None:
        issues.append("Missing value of required parameter 'type'.")
    elif kind not in TYPES:
        raise InvalidSchedulingTypeError(
            f"Invalid scheduling type '{str(kind)[:50]}'.",
            hint=f"The scheduling has the type '{str(kind)[:50]}'; there are: {', '.join(TYPES)}"
            + (did_you_mean(str(kind)[:50], TYPES) or "."),
        )
    interval = scheduling.get("interval")
    least = max(MIN_INTERVAL, 60 * least_minutes)
    if interval is not None and not (is_integer(interval) and 1 <= interval <= MAX_INTERVAL):
        issues.append("Invalid interval.")
        hint = f"The interval is {str(interval)[:50]}; it must be a whole number of seconds from {least} to {MAX_INTERVAL}."
    if kind == "once" and scheduling.get("date") is None:
        issues.append("Missing value of required parameter 'date'.")
    elif kind == "once" and _parse_date_time(scheduling["date"]) is None:
        issues.append("'date' should match format date-time")
    if (
        kind in ("daily", "weekly", "monthly", "yearly")
        and _parse_time_of_day(scheduling.get("time")) is None
    ):
        issues.append("Missing value of required parameter 'time'.")
    days, months = scheduling.get("days"), scheduling.get("months")
    if kind == "weekly" and not _is_list_in_range(days, 0, 6):
        issues.append("Missing value of required parameter 'days'.")
    if kind in ("monthly", "yearly") and not _is_list_in_range(days, 1, 31):
        issues.append("Missing value of required parameter 'days'.")
    if kind == "yearly" and not _is_list_in_range(months, 1, 12):
        issues.append("Missing value of required parameter 'months'.")
    issues.extend(_find_restriction_issues(scheduling))
    if issues:
        raise InvalidParametersError(*issues, hint=hint)
    if is_integer(interval) and interval < least:
        raise IntervalTooShortError(
            hint=f"The interval is {interval} seconds; the plan allows {least} seconds or more."
        )


def first_run(scheduling: Mapping[str, Json], now: int, zone: ZoneInfo) -> int | None:
    """Returns the time of the first run of a scenario that is started now; ``None`` for never."""
    if scheduling.get("type") == "indefinitely":
        return next_allowed(scheduling, now + FIRST_RUN_DELAY, zone)
    return next_run(scheduling, now, zone)


def next_run(scheduling: Mapping[str, Json], after: int, zone: ZoneInfo) -> int | None:
    """Returns the first time after ``after`` at which the scenario is due; ``None`` if there is none."""
    match scheduling.get("type"):
        case "indefinitely":
            interval = scheduling.get("interval")
            due = after + interval * SECOND if is_integer(interval) else None
            if due is not None and due <= MAX_TIMESTAMP:
                due = next_allowed(scheduling, due, zone)
        case "once":
            due = _parse_date_time(scheduling.get("date"))
            if due is not None and (due <= after or not _is_allowed(scheduling, due, zone)):
                due = None
        case "daily" | "weekly" | "monthly" | "yearly":
            due = _next_daily_run(scheduling, after, zone)
        case _:
            due = None
    return due if due is None or due <= MAX_TIMESTAMP else None


def _next_daily_run(scheduling: Mapping[str, Json], after: int, zone: ZoneInfo) -> int | None:
    time = _parse_time_of_day(scheduling.get("time"))
    if time is None:
        return None
    day = datetime.fromtimestamp(after / SECOND, zone).date()
    # Within eight years every day of a month occurs, the 29th of February included.
    for _ in range(8 * 366):
        if day > _LAST_DAY:
            return None
        if _is_due(scheduling, day):
            at = datetime(day.year, day.month, day.day, *time, tzinfo=zone).astimezone(UTC)
            due = round(at.timestamp() * SECOND)
            if due > after and _is_allowed(scheduling, due, zone):
                return due
        day += timedelta(days=1)
    return None


def _is_due(scheduling: Mapping[str, Json], day: date) -> bool:
    match scheduling.get("type"):
        case "weekly":
            return day.isoweekday() % 7 in as_array(scheduling["days"])
        case "monthly":
            return day.day in as_array(scheduling["days"])
        case "yearly":
            return day.month in as_array(scheduling["months"]) and day.day in as_array(scheduling["days"])
    return True


# --- restrictions --------------------------------------------------------------------------------


def _find_restriction_issues(scheduling: Mapping[str, Json]) -> Iterator[str]:
    """Validates the restrictions of a scheduling."""
    between = scheduling.get("between")
    if between is not None and _parse_date_range(between) is None:
        yield "Invalid value of parameter 'between'."
    restrict = scheduling.get("restrict")
    if restrict is None:
        return
    if not isinstance(restrict, list) or not all(isinstance(item, Mapping) for item in restrict):
        yield "Invalid value of parameter 'restrict'."
        return
    if len(restrict) > MAX_RESTRICTIONS:
        yield f"Parameter 'restrict' has more than {MAX_RESTRICTIONS} items."
        return
    for item in restrict:
        if item.get("days") is not None and not _is_list_in_range(item["days"], 0, 6):
            yield "Invalid value of parameter 'restrict.days'."
        if item.get("months") is not None and not _is_list_in_range(item["months"], 1, 12):
            yield "Invalid value of parameter 'restrict.months'."
        if item.get("time") is not None and _parse_time_range(item["time"]) is None:
            yield "Invalid value of parameter 'restrict.time'."


def _is_allowed(scheduling: Mapping[str, Json], moment: int, zone: ZoneInfo) -> bool:
    """Returns True if a run may start at a time."""
    return next_allowed(scheduling, moment, zone, days=1) == moment


def next_allowed(
    scheduling: Mapping[str, Json], moment: int, zone: ZoneInfo, *, days: int = 8 * 366
) -> int | None:
    """Returns the first time, from ``moment`` on, at which a run may start; ``None`` if there is none within the days."""
    between = _parse_date_range(scheduling["between"]) if scheduling.get("between") is not None else None
    if between is not None:
        moment = max(moment, between[0])
    allowed: int | None = moment
    if scheduling.get("restrict"):
        allowed = _next_window(scheduling["restrict"], moment, zone, days)
    if allowed is None or (between is not None and allowed > between[1]):
        return None
    return allowed


def _next_window(restrict: Json, moment: int, zone: ZoneInfo, days: int) -> int | None:
    day = datetime.fromtimestamp(moment / SECOND, zone).date()
    for _ in range(days):
        if day > _LAST_DAY:
            return None
        found = [
            max(moment, start)
            for item in as_mappings(restrict)
            for start, end in _windows(item, day, zone)
            if end > moment
        ]
        if found:
            return min(found)
        day += timedelta(days=1)
    return None


def _windows(item: Mapping[str, Json], day: date, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Iterates over the windows of one restriction on a day; one that passes midnight has two."""
    if item.get("months") is not None and day.month not in as_array(item["months"]):
        return
    if item.get("days") is not None and day.isoweekday() % 7 not in as_array(item["days"]):
        return
    first, last = _parse_time_range(item["time"]) if item.get("time") is not None else (0, _MINUTES_PER_DAY)  # type: ignore[misc]
    parts = [(first, last)] if first < last else [(0, last), (first, _MINUTES_PER_DAY)]
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    for start, end in parts:
        yield _to_timestamp(midnight, start), _to_timestamp(midnight, end)


def _to_timestamp(midnight: datetime, minutes: int) -> int:
    at = (midnight + timedelta(minutes=minutes)).astimezone(UTC)
    return round(at.timestamp() * SECOND)


def _parse_time_range(value: Json) -> tuple[int, int] | None:
    """Parses two times of day, in minutes."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, last = _parse_time_of_day(value[0]), _parse_time_of_day(value[1])
    if first is None or last is None:
        return None
    return 60 * first[0] + first[1], 60 * last[0] + last[1]


def _parse_date_range(value: Json) -> tuple[int, int] | None:
    """Parses two times, the first not after the second."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, last = _parse_date_time(value[0]), _parse_date_time(value[1])
    return (first, last) if first is not None and last is not None and first <= last else None


# --- values --------------------------------------------------------------------------------------


def _is_list_in_range(values: Json, least: int, most: int) -> bool:
    """Returns True for a list of integers in a range that is not empty."""
    return (
        isinstance(values, list)
        and len(values) > 0
        and all(is_integer(value) and least <= value <= most for value in values)
    )


def _parse_time_of_day(text: Json) -> tuple[int, int] | None:
    """Parses a time of day such as ``08:00`` to hours and minutes."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2])) if match else None


def _parse_date_time(text: Json) -> int | None:
    """Parses a full ISO 8601 time; ``None`` for anything else, such as a day without a time (the vendor's notes)."""
    try:
        return parse_iso(text) if isinstance(text, str) and _DATE_TIME.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None
