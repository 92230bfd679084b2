"""When a scenario runs next.

Source: the SDK's type ``Scheduling``; help centre, "Schedule a scenario". Times of day are those of the
organization's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...world.clock import MAX_TIMESTAMP, SECOND
from ...world.exceptions import InvalidParametersError
from ...world.models import Json
from . import restrictions
from .times import LAST_DAY, is_integer, is_list_in_range, parse_date_time, parse_time_of_day

TYPES = ("immediately", "indefinitely", "once", "daily", "weekly", "monthly", "yearly", "on-demand")

#: The SDK: an interval is at least 60 seconds.
MIN_INTERVAL = 60
MAX_INTERVAL = 366 * 24 * 60 * 60

#: Recorded: a scenario at intervals first runs two to four seconds after it was started.
FIRST_RUN_DELAY = 3 * SECOND


def validate_scheduling(scheduling: Mapping[str, Json], *, least_minutes: int) -> None:
    """Refuse a scheduling that makes no sense, or is quicker than the plan allows.

    Raises:
        Invalid: with one text for each fault.
    """
    faults = []
    kind = scheduling.get("type")
    if kind is None:
        faults.append("Missing value of required parameter 'type'.")
    elif kind not in TYPES:
        faults.append(f"Invalid scheduling type '{kind}'.")
    interval = scheduling.get("interval")
    least = max(MIN_INTERVAL, 60 * least_minutes)
    if interval is not None and not (is_integer(interval) and least <= interval <= MAX_INTERVAL):
        faults.append("Invalid interval.")
    if kind == "once" and scheduling.get("date") is None:
        faults.append("Missing value of required parameter 'date'.")
    elif kind == "once" and parse_date_time(scheduling["date"]) is None:
        faults.append("'date' should match format date-time")
    if kind in ("daily", "weekly", "monthly", "yearly") and parse_time_of_day(scheduling.get("time")) is None:
        faults.append("Missing value of required parameter 'time'.")
    days, months = scheduling.get("days"), scheduling.get("months")
    if kind == "weekly" and not is_list_in_range(days, 0, 6):
        faults.append("Missing value of required parameter 'days'.")
    if kind in ("monthly", "yearly") and not is_list_in_range(days, 1, 31):
        faults.append("Missing value of required parameter 'days'.")
    if kind == "yearly" and not is_list_in_range(months, 1, 12):
        faults.append("Missing value of required parameter 'months'.")
    faults.extend(restrictions.find_issues(scheduling))
    if faults:
        raise InvalidParametersError(*faults)


def is_on_demand(scheduling: Mapping[str, Json]) -> bool:
    return scheduling.get("type") == "on-demand"


def first_run(scheduling: Mapping[str, Json], now: int, zone: ZoneInfo) -> int | None:
    """When a scenario that is started now runs by itself for the first time; ``None`` for never."""
    if scheduling.get("type") == "indefinitely":
        return restrictions.next_allowed(scheduling, now + FIRST_RUN_DELAY, zone)
    return next_run(scheduling, now, zone)


def next_run(scheduling: Mapping[str, Json], after: int, zone: ZoneInfo) -> int | None:
    """The first moment after ``after`` at which the scenario is due; ``None`` if there is none."""
    match scheduling.get("type"):
        case "indefinitely":
            interval = scheduling.get("interval")
            due = None if not is_integer(interval) else after + int(interval or 0) * SECOND
            if due is not None and due <= MAX_TIMESTAMP:
                due = restrictions.next_allowed(scheduling, due, zone)
        case "once":
            due = parse_date_time(scheduling.get("date"))
            if due is not None and (due <= after or not restrictions.is_allowed(scheduling, due, zone)):
                due = None
        case "daily" | "weekly" | "monthly" | "yearly":
            due = _next_daily_run(scheduling, after, zone)
        case _:
            due = None
    return due if due is None or due <= MAX_TIMESTAMP else None


def _next_daily_run(scheduling: Mapping[str, Json], after: int, zone: ZoneInfo) -> int | None:
    time = parse_time_of_day(scheduling.get("time"))
    if time is None:
        return None
    day = datetime.fromtimestamp(after / SECOND, zone).date()
    # Eight years hold every day of a month, the 29th of February included.
    for _ in range(8 * 366):
        if day > LAST_DAY:
            return None
        if _is_due(scheduling, day):
            at = datetime(day.year, day.month, day.day, *time, tzinfo=zone).astimezone(UTC)
            due = round(at.timestamp() * SECOND)
            if due > after and restrictions.is_allowed(scheduling, due, zone):
                return due
        day += timedelta(days=1)
    return None


def _is_due(scheduling: Mapping[str, Json], day: date) -> bool:
    match scheduling.get("type"):
        case "weekly":
            return day.isoweekday() % 7 in scheduling["days"]
        case "monthly":
            return day.day in scheduling["days"]
        case "yearly":
            return day.month in scheduling["months"] and day.day in scheduling["days"]
    return True
