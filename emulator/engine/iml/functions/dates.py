"""Date functions. Days and months are counted in the zone of the organization, everything else in UTC.

``dateDifference`` is left out: it is in the white-label documentation, but practitioners say that Make has none.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ...errors import ExpressionError, Misfit
from ..environment import Environment
from ..moments import DAYS, MONTHS, read, written
from ..values import Value, as_date, date_of, is_number
from .registry import function, given, shown, text_at, whole_at


def _date_at(values: Sequence[Value], place: int) -> datetime:
    try:
        return as_date(given(values, place))
    except Misfit:
        raise ExpressionError(f"{shown(given(values, place))} is not a valid date.") from None


def _zone_at(env: Environment, values: Sequence[Value], place: int) -> tzinfo:
    """A zone by its name in the time zone database; another name is passed over (white-label documentation)."""
    name = text_at(env, values, place)
    if name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return env.zone()
    return env.zone()


@function("formatDate", 2, 3)
def _format(env: Environment, values: Sequence[Value]) -> Value:
    pattern = text_at(env, values, 1)
    if len(pattern) > 10_000:
        raise ExpressionError("The format is too long.")
    env.budget.step(1 + len(pattern))
    return written(_date_at(values, 0), pattern, _zone_at(env, values, 2))


@function("parseDate", 2, 3)
def _parse(env: Environment, values: Sequence[Value]) -> Value:
    """``parseDate("2016-12-28"; "YYYY-MM-DD")`` is midnight of that day in the zone."""
    text = text_at(env, values, 0)
    # Reading tries several ways to share out the digits of a text.
    env.budget.step(1_000)
    try:
        return read(text, text_at(env, values, 1), _zone_at(env, values, 2), date_of(env.now))
    except (ValueError, OverflowError):
        raise ExpressionError(f"{shown(text)} is not a valid date.") from None


# --- adding --------------------------------------------------------------------------------------


def _define(name: str, change: Callable[[datetime, int], datetime]) -> None:
    """A function of a date and a whole number that is worked out in the organization's zone."""

    @function(name, 2)
    def changed(env: Environment, values: Sequence[Value]) -> Value:
        zone = env.zone()
        try:
            return change(_date_at(values, 0).astimezone(zone), whole_at(values, 1)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ExpressionError("The date is out of range.") from None


def _by(**unit: int) -> Callable[[datetime, int], datetime]:
    """Add a length of time, whatever clocks do meanwhile."""
    length = timedelta(**unit)
    return lambda at, count: (at.astimezone(UTC) + count * length).astimezone(at.tzinfo)


def _months(at: datetime, count: int) -> datetime:
    """The same day some months later, or the month's last one where it has no such day."""
    year, month = divmod(12 * at.year + at.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


_define("addSeconds", _by(seconds=1))
_define("addMinutes", _by(minutes=1))
_define("addHours", _by(hours=1))
# Days, months and years keep the time of day, across a change of the clocks too.
_define("addDays", lambda at, count: at + timedelta(days=count))
_define("addMonths", _months)
_define("addYears", lambda at, count: _months(at, 12 * count))


# --- setting -------------------------------------------------------------------------------------

_define("setSecond", lambda at, second: at + timedelta(seconds=second - at.second))
_define("setMinute", lambda at, minute: at + timedelta(minutes=minute - at.minute))
_define("setHour", lambda at, hour: at + timedelta(hours=hour - at.hour))
_define("setDate", lambda at, day: at + timedelta(days=day - at.day))
_define("setYear", lambda at, year: _months(at, 12 * (year - at.year)))


@function("setDay", 2)
def _set_day(env: Environment, values: Sequence[Value]) -> Value:
    """Another day of the same week, which starts on Sunday: 1 to 7, or its English name."""
    at = _date_at(values, 0).astimezone(env.zone())
    wanted = _numbered(env, values, DAYS)
    return _in_range(lambda: at + timedelta(days=wanted - 1 - at.isoweekday() % 7))


@function("setMonth", 2)
def _set_month(env: Environment, values: Sequence[Value]) -> Value:
    """Another month of the same year: 1 to 12, or its English name."""
    at = _date_at(values, 0).astimezone(env.zone())
    wanted = _numbered(env, values, MONTHS)
    return _in_range(lambda: _months(at, wanted - at.month))


def _numbered(env: Environment, values: Sequence[Value], names: Sequence[str]) -> int:
    if is_number(values[1]):
        return whole_at(values, 1)
    text = text_at(env, values, 1)
    lowered = [name.lower() for name in names]
    return lowered.index(text.lower()) + 1 if text.lower() in lowered else whole_at(values, 1)


def _in_range(change: Callable[[], datetime]) -> datetime:
    try:
        return change().astimezone(UTC)
    except (ValueError, OverflowError):
        raise ExpressionError("The date is out of range.") from None
