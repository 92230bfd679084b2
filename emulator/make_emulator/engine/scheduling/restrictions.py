"""When a scheduling may run at all: within a range of dates, on some days, in some months, between two times of day.

Source: the SDK's type ``Scheduling`` (``between``, ``restrict``). How the service treats a run that falls outside is not
documented; here an interval goes on at the next moment that is allowed, and a run at a fixed time is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...world.clock import SECOND
from ...world.models import Json
from .times import LAST_DAY, is_list_in_range, parse_date_time, parse_time_of_day

_MINUTES_PER_DAY = 24 * 60

#: The most restrictions that a scheduling may have, as each is looked at for each day. The emulator's own limit.
MAX_RESTRICTIONS = 50


def find_issues(scheduling: Mapping[str, Json]) -> Iterator[str]:
    """What is wrong with the restrictions of a scheduling."""
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
        if item.get("days") is not None and not is_list_in_range(item["days"], 0, 6):
            yield "Invalid value of parameter 'restrict.days'."
        if item.get("months") is not None and not is_list_in_range(item["months"], 1, 12):
            yield "Invalid value of parameter 'restrict.months'."
        if item.get("time") is not None and _parse_time_range(item["time"]) is None:
            yield "Invalid value of parameter 'restrict.time'."


def is_allowed(scheduling: Mapping[str, Json], moment: int, zone: ZoneInfo) -> bool:
    """Whether a run may begin at a moment."""
    return next_allowed(scheduling, moment, zone, days=1) == moment


def next_allowed(
    scheduling: Mapping[str, Json], moment: int, zone: ZoneInfo, *, days: int = 8 * 366
) -> int | None:
    """The first moment, this one or a later one, at which a run may begin; ``None`` if none comes within the days."""
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
        if day > LAST_DAY:
            return None
        found = [
            max(moment, start)
            for item in restrict
            for start, end in _windows(item, day, zone)
            if end > moment
        ]
        if found:
            return min(found)
        day += timedelta(days=1)
    return None


def _windows(item: Mapping[str, Json], day: date, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """From when until when one restriction allows runs on a day; one that passes midnight has two parts."""
    if item.get("months") is not None and day.month not in item["months"]:
        return
    if item.get("days") is not None and day.isoweekday() % 7 not in item["days"]:
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
    """Two times of day in minutes."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, last = parse_time_of_day(value[0]), parse_time_of_day(value[1])
    if first is None or last is None:
        return None
    return 60 * first[0] + first[1], 60 * last[0] + last[1]


def _parse_date_range(value: Json) -> tuple[int, int] | None:
    """Two moments, the first not after the second."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, last = parse_date_time(value[0]), parse_date_time(value[1])
    return (first, last) if first is not None and last is not None and first <= last else None
