"""Dates written and read by patterns such as ``YYYY-MM-DD HH:mm``, in the tokens of Make's documentation.

Text between square brackets stands for itself. Weeks without ISO in their name start on Sunday.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from .values import milliseconds

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

_TOKEN = re.compile(
    r"\[([^\]]*)\]|(YYYY|YY|Y|Qo|Q|MMMM|MMM|Mo|MM|M|DDDo|DDDD|DDD|Do|DD|D|dddd|ddd|do|dd|d|E|ww|wo|w|WW|Wo|W"
    r"|gggg|gg|GGGG|GG|HH|H|hh|h|kk|k|A|a|mm|m|ss|s|S{1,9}|ZZ|Z|X|x)"
)


def _ordinal(value: int) -> str:
    suffix = "th" if 10 < value % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def _sunday(at: datetime) -> int:
    """The day of the week, Sunday being 0."""
    return at.isoweekday() % 7


def _week(at: datetime) -> tuple[int, int]:
    """Year and number of the week that starts on Sunday; the first one holds the first of January."""
    saturday = at.date() + timedelta(days=6 - _sunday(at)) if at.date() < date(9999, 12, 25) else at.date()
    return saturday.year, (saturday.timetuple().tm_yday - 1) // 7 + 1


def _offset(at: datetime, colon: str) -> str:
    minutes = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{colon}{rest:02d}"


def _day_of_year(at: datetime) -> int:
    return at.timetuple().tm_yday


def _half(at: datetime) -> int:
    """The hour on a clock of twelve."""
    return at.hour % 12 or 12


_WRITTEN: Mapping[str, Callable[[datetime], object]] = {
    "YYYY": lambda at: f"{at.year:04d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "Y": lambda at: at.year,
    "Q": lambda at: (at.month + 2) // 3,
    "Qo": lambda at: _ordinal((at.month + 2) // 3),
    "M": lambda at: at.month,
    "Mo": lambda at: _ordinal(at.month),
    "MM": lambda at: f"{at.month:02d}",
    "MMM": lambda at: MONTHS[at.month - 1][:3],
    "MMMM": lambda at: MONTHS[at.month - 1],
    "D": lambda at: at.day,
    "Do": lambda at: _ordinal(at.day),
    "DD": lambda at: f"{at.day:02d}",
    "DDD": _day_of_year,
    "DDDo": lambda at: _ordinal(_day_of_year(at)),
    "DDDD": lambda at: f"{_day_of_year(at):03d}",
    "d": _sunday,
    "do": lambda at: _ordinal(_sunday(at)),
    "dd": lambda at: DAYS[_sunday(at)][:2],
    "ddd": lambda at: DAYS[_sunday(at)][:3],
    "dddd": lambda at: DAYS[_sunday(at)],
    "E": lambda at: at.isoweekday(),
    "w": lambda at: _week(at)[1],
    "wo": lambda at: _ordinal(_week(at)[1]),
    "ww": lambda at: f"{_week(at)[1]:02d}",
    "W": lambda at: at.isocalendar().week,
    "Wo": lambda at: _ordinal(at.isocalendar().week),
    "WW": lambda at: f"{at.isocalendar().week:02d}",
    "gg": lambda at: f"{_week(at)[0] % 100:02d}",
    "gggg": lambda at: _week(at)[0],
    "GG": lambda at: f"{at.isocalendar().year % 100:02d}",
    "GGGG": lambda at: at.isocalendar().year,
    "H": lambda at: at.hour,
    "HH": lambda at: f"{at.hour:02d}",
    "h": _half,
    "hh": lambda at: f"{_half(at):02d}",
    "k": lambda at: at.hour or 24,
    "kk": lambda at: f"{at.hour or 24:02d}",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "m": lambda at: at.minute,
    "mm": lambda at: f"{at.minute:02d}",
    "s": lambda at: at.second,
    "ss": lambda at: f"{at.second:02d}",
    "Z": lambda at: _offset(at, ":"),
    "ZZ": lambda at: _offset(at, ""),
    "X": lambda at: milliseconds(at) // 1000,
    "x": milliseconds,
}


def written(at: datetime, pattern: str, zone: tzinfo) -> str:
    """A date in the form of a pattern, as seen in a time zone."""
    try:
        local = at.astimezone(zone)
    except OverflowError:
        local = at

    def replaced(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        token = found[2]
        if token[0] == "S":
            return f"{local.microsecond:06d}000"[: len(token)]
        return str(_WRITTEN[token](local))

    return _TOKEN.sub(replaced, pattern)


#: What may stand in a text where a token stands in the pattern; what reads it comes below.
_READABLE: Mapping[str, str] = {
    "YYYY": r"\d{4}",
    "YY": r"\d{2}",
    "Y": r"\d{1,4}",
    "M": r"\d{1,2}",
    "MM": r"\d{1,2}",
    "MMM": "|".join(name[:3] for name in MONTHS),
    "MMMM": "|".join(MONTHS),
    "D": r"\d{1,2}",
    "DD": r"\d{1,2}",
    "Do": r"\d{1,2}(?:st|nd|rd|th)",
    "DDD": r"\d{1,3}",
    "DDDD": r"\d{3}",
    "ddd": "|".join(name[:3] for name in DAYS),
    "dddd": "|".join(DAYS),
    "H": r"\d{1,2}",
    "HH": r"\d{1,2}",
    "h": r"\d{1,2}",
    "hh": r"\d{1,2}",
    "k": r"\d{1,2}",
    "kk": r"\d{1,2}",
    "A": "am|pm",
    "a": "am|pm",
    "m": r"\d{1,2}",
    "mm": r"\d{1,2}",
    "s": r"\d{1,2}",
    "ss": r"\d{1,2}",
    "Z": r"Z|[+-]\d{2}:?\d{2}",
    "ZZ": r"Z|[+-]\d{2}:?\d{2}",
    "X": r"\d{1,12}",
    "x": r"\d{1,15}",
}


#: So many tokens may a pattern for reading have, each of them once; more would make matching slow.
_TOKENS = 12


def read(text: str, pattern: str, zone: tzinfo, now: datetime) -> datetime:
    """The date that a text in the form of a pattern says; a time zone in the text goes before ``zone``.

    What is not said is the present year, month or day if something smaller is, and else the first one.

    Raises:
        ValueError: if the text is not of that form, or the pattern has a token that cannot be read.
    """
    parts: list[str] = []
    tokens: list[str] = []
    done = 0
    for found in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[done : found.start()]))
        done = found.end()
        if found[1] is not None:
            parts.append(re.escape(found[1]))
            continue
        token = found[2]
        readable = rf"\d{{1,{len(token)}}}" if token[0] == "S" else _READABLE.get(token)
        if readable is None or token in tokens or len(tokens) == _TOKENS:
            raise ValueError(f"the token {token} cannot be read here")
        tokens.append(token)
        parts.append(f"({readable})")
    parts.append(re.escape(pattern[done:]))
    match = re.match("".join(parts), text.strip(), re.IGNORECASE | re.ASCII) if len(text) <= 200 else None
    if match is None or not tokens:
        raise ValueError("the text is not of that form")
    return _assembled(_Parts(dict(zip(tokens, match.groups(), strict=True))), zone, now.astimezone(zone))


class _Parts:
    """What was read, by token."""

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found

    def text(self, *tokens: str) -> str | None:
        return next((self._found[token] for token in tokens if token in self._found), None)

    def number(self, *tokens: str) -> int | None:
        text = self.text(*tokens)
        return None if text is None else int("".join(filter(str.isdigit, text)))


def _assembled(parts: _Parts, zone: tzinfo, now: datetime) -> datetime:
    moment, seconds = parts.number("x"), parts.number("X")
    if moment is not None or seconds is not None:
        milliseconds = moment if moment is not None else 1000 * (seconds or 0)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    year, month, day = parts.number("YYYY", "Y"), _month(parts), parts.number("D", "DD", "Do")
    short = parts.number("YY")
    if year is None and short is not None:
        year = short + (2000 if short <= 68 else 1900)
    day_of_year = parts.number("DDD", "DDDD")
    if day_of_year is not None:
        first = datetime(year or now.year, 1, 1, tzinfo=zone)
        year, month, day = (first + timedelta(days=day_of_year - 1)).timetuple()[:3]
    if year is None and month is None and day is None:
        day = now.day
    if year is None and month is None:
        month = now.month
    fraction = (
        next((parts.text("S" * width) for width in range(1, 10) if parts.text("S" * width)), "0") or "0"
    )
    offset = parts.text("Z", "ZZ")
    return datetime(
        now.year if year is None else year,
        month or 1,
        day or 1,
        _hour(parts),
        parts.number("m", "mm") or 0,
        parts.number("s", "ss") or 0,
        int(fraction[:3].ljust(3, "0")) * 1000,
        tzinfo=zone if offset is None else _zone(offset),
    ).astimezone(UTC)


def _month(parts: _Parts) -> int | None:
    name = parts.text("MMMM", "MMM")
    if name is None:
        return parts.number("M", "MM")
    return next(number for number, month in enumerate(MONTHS, 1) if month[:3].lower() == name[:3].lower())


def _hour(parts: _Parts) -> int:
    hour = parts.number("H", "HH")
    if hour is None:
        hour = parts.number("k", "kk")
        hour = None if hour is None else hour % 24
    if hour is None:
        hour = parts.number("h", "hh") or 0
    half = parts.text("A", "a")
    if half is not None:
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    return hour


def _zone(offset: str) -> tzinfo:
    if offset.upper() == "Z":
        return UTC
    minutes = 60 * int(offset[1:3]) + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
