"""Date functions. Days and months are counted in the zone of the organization, as moment.js does it.

``dateDifference`` is left out: other products on the same engine have it, but the vendor's reference of Make's functions
does not, and practitioners say that Make has none.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ..constraint import Constraint
from ..context import Environment
from ..dates.format import DAYS, MONTHS, format_date
from ..dates.parse import parse_date
from ..errors import ConversionError, ExpressionError
from ..values import Value, as_date, date_from_milliseconds, is_number, to_epoch_milliseconds
from .expectations import Arguments, kind, literal_at
from .registry import argument_at, function, integer_at, number_at, quote_value, text_at


def _date_at(env: Environment, values: Sequence[Value], place: int) -> datetime:
    """Converts an argument to a date; a text without a time zone is in the organization's (Help centre, "Type coercion")."""
    value = argument_at(values, place)
    try:
        return as_date(value, env.zone)
    except ConversionError:
        raise ExpressionError(f"{quote_value(value)} is not a valid date.") from None


def _zone_at(env: Environment, values: Sequence[Value], place: int) -> tzinfo:
    """Looks a zone up in the time zone database; an unknown name is ignored (white-label documentation)."""
    name = text_at(env, values, place)
    if name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return env.zone()
    return env.zone()


#: The pattern of a date without one, as in moment.js.
_ISO = "YYYY-MM-DDTHH:mm:ssZ"


@function("formatDate", 1, 3, expects=kind("date"))
def _format(env: Environment, values: Sequence[Value]) -> Value:
    pattern = text_at(env, values, 1) or _ISO
    if len(pattern) > 10_000:
        raise ExpressionError("The format is too long.")
    env.budget.charge(1 + len(pattern))
    return format_date(_date_at(env, values, 0), pattern, _zone_at(env, values, 2))


def _expect_pattern(arguments: Arguments, result: Constraint | None) -> Sequence[Constraint | None]:
    """A date, written in the pattern."""
    pattern = literal_at(arguments, 1)
    return [Constraint(kind="date", pattern=pattern if isinstance(pattern, str) else None)]


@function("parseDate", 1, 3, expects=_expect_pattern)
def _parse(env: Environment, values: Sequence[Value]) -> Value:
    """``parseDate("2016-12-28"; "YYYY-MM-DD")`` is midnight of that day in the zone.

    Without a pattern (as in exported blueprints) the formats of a date field are accepted.
    """
    pattern = text_at(env, values, 1)
    if not pattern:
        return _date_at(env, values, 0)
    text = text_at(env, values, 0)
    # The parser tries several ways to split the digits of a text.
    env.budget.charge(1_000)
    try:
        return parse_date(text, pattern, _zone_at(env, values, 2), date_from_milliseconds(env.now))
    except (ValueError, OverflowError):
        raise ExpressionError(f"{quote_value(text)} is not a valid date.") from None


# --- adding --------------------------------------------------------------------------------------


def _define_date_function(name: str, change: Callable[[datetime, float], datetime]) -> None:
    """Declares a function of a date and a number that is computed in the organization's zone."""

    @function(name, 2, expects=kind("date"))
    def changed(env: Environment, values: Sequence[Value]) -> Value:
        count = number_at(values, 1)
        return _change_date(env, values, lambda at: change(at, count))


def _change_date(
    env: Environment, values: Sequence[Value], change: Callable[[datetime], datetime]
) -> datetime:
    """Changes the first argument in the organization's zone."""
    at = _date_at(env, values, 0)
    try:
        return change(at.astimezone(env.zone())).astimezone(UTC)
    except (ValueError, OverflowError, ConversionError):
        raise ExpressionError("The date is out of range.") from None


def _add_duration(milliseconds_each: int) -> Callable[[datetime, float], datetime]:
    """Returns the addition of a duration, fractions included, regardless of daylight saving time."""
    return lambda at, count: date_from_milliseconds(
        to_epoch_milliseconds(at) + count * milliseconds_each
    ).astimezone(at.tzinfo)


def _round_half_away(count: float) -> int:
    """Rounds halves away from zero, as moment.js does for days and months."""
    return int(math.copysign(math.floor(abs(count) + 0.5), count))


def _add_days(at: datetime, count: float) -> datetime:
    """Adds days at the same time of day, also across a change to daylight saving time."""
    return at + timedelta(days=_round_half_away(count))


def _add_months(at: datetime, count: float) -> datetime:
    """Adds months; a day that the month lacks becomes its last one."""
    year, month = divmod(12 * at.year + at.month - 1 + _round_half_away(count), 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


_define_date_function("addSeconds", _add_duration(1_000))
_define_date_function("addMinutes", _add_duration(60_000))
_define_date_function("addHours", _add_duration(3_600_000))
_define_date_function("addDays", _add_days)
_define_date_function("addMonths", _add_months)
_define_date_function("addYears", lambda at, count: _add_months(at, 12 * count))


# --- setting -------------------------------------------------------------------------------------

_define_date_function("setSecond", lambda at, second: at + timedelta(seconds=int(second) - at.second))
_define_date_function("setMinute", lambda at, minute: at + timedelta(minutes=int(minute) - at.minute))
_define_date_function("setHour", lambda at, hour: at + timedelta(hours=int(hour) - at.hour))
_define_date_function("setDate", lambda at, day: at + timedelta(days=int(day) - at.day))
_define_date_function("setYear", lambda at, year: _add_months(at, 12 * (int(year) - at.year)))


@function("setDay", 2, expects=kind("date"))
def _set_day(env: Environment, values: Sequence[Value]) -> Value:
    """Sets the day of the week, which starts on Sunday: 1 to 7, or its English name."""
    number = _ordinal_argument(env, values, DAYS)
    return _change_date(env, values, lambda at: at + timedelta(days=number - 1 - at.isoweekday() % 7))


@function("setMonth", 2, expects=kind("date"))
def _set_month(env: Environment, values: Sequence[Value]) -> Value:
    """Sets the month of the year: 1 to 12, or its English name."""
    number = _ordinal_argument(env, values, MONTHS)
    return _change_date(env, values, lambda at: _add_months(at, number - at.month))


def _ordinal_argument(env: Environment, values: Sequence[Value], names: Sequence[str]) -> int:
    if is_number(values[1]):
        return integer_at(values, 1)
    text = text_at(env, values, 1)
    lowered = [name.lower() for name in names]
    return lowered.index(text.lower()) + 1 if text.lower() in lowered else integer_at(values, 1)
