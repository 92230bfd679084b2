"""Parser of dates by patterns such as ``YYYY-MM-DD HH:mm``, with the tokens of Make's page on parsing.

Parts that a pattern does not have get the defaults of moment.js. Unlike moment.js, this is not lenient: the text must
start with a match of the whole pattern, separators included, and a token may occur in it only once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from .format import DAYS, MONTHS, sunday_week, tokenize

_ONE_OR_TWO_DIGITS = r"\d{1,2}"
_MONTH_NAMES = "|".join([*MONTHS, *(name[:3] for name in MONTHS)])
_DAY_NAMES = "|".join([*DAYS, *(name[:3] for name in DAYS)])
_UTC_OFFSET = r"Z|[+-]\d{2}(?::?\d{2})?"
_MERIDIEM = r"[ap]\.?m?\.?"

#: Token -> regular expression of its text.
_TOKEN_PATTERNS: Mapping[str, str] = {
    "YYYY": r"\d{4}|\d{2}",
    "YY": r"\d{2}",
    "Y": r"[+-]?\d{1,6}",
    "Q": r"[1-4]",
    **dict.fromkeys(
        ("M", "MM", "D", "DD", "H", "HH", "h", "hh", "k", "kk", "m", "mm", "s", "ss"), _ONE_OR_TWO_DIGITS
    ),
    **dict.fromkeys(("MMM", "MMMM"), _MONTH_NAMES),
    "Do": r"\d{1,2}(?:st|nd|rd|th)",
    "DDD": r"\d{1,3}",
    "DDDD": r"\d{3}",
    **dict.fromkeys(("ddd", "dddd"), _DAY_NAMES),
    "dd": "|".join(name[:2] for name in DAYS),
    "d": r"[0-6]",
    "e": r"[0-6]",
    "E": r"[1-7]",
    **dict.fromkeys(("w", "ww", "W", "WW"), _ONE_OR_TWO_DIGITS),
    **dict.fromkeys(("gg", "GG"), r"\d{2}"),
    **dict.fromkeys(("gggg", "GGGG"), r"\d{4}"),
    **dict.fromkeys(("hmm", "Hmm"), r"\d{3,4}"),
    **dict.fromkeys(("hmmss", "Hmmss"), r"\d{5,6}"),
    **dict.fromkeys(("A", "a"), _MERIDIEM),
    **dict.fromkeys(("Z", "ZZ"), _UTC_OFFSET),
    "X": r"[+-]?\d{1,12}(?:\.\d{1,3})?",
    "x": r"[+-]?\d{1,15}",
    **{"S" * width: rf"\d{{1,{max(width, 3)}}}" for width in range(1, 10)},
}

#: Number of tokens in a pattern; more would make matching slow.
_MAX_TOKENS = 12


@lru_cache(maxsize=256)
def _compile_format(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]] | None:
    """Returns the regular expression of a pattern and the token of each group; ``None`` for an unsupported pattern."""
    parts: list[str] = []
    tokens: list[str] = []
    for text, is_token in tokenize(pattern):
        if not is_token:
            parts.append(re.escape(text))
            continue
        if text not in _TOKEN_PATTERNS or text in tokens or len(tokens) == _MAX_TOKENS:
            return None
        tokens.append(text)
        parts.append(f"({_TOKEN_PATTERNS[text]})")
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII), tuple(tokens)


def parse_date(text: str, pattern: str, zone: tzinfo, now: datetime) -> datetime:
    """Parses a date by a pattern; a time zone in the text has priority over ``zone``.

    A missing year, month or day is the current one if a smaller unit is present, else the first one.

    Raises:
        ValueError: if the text does not match the pattern, or the pattern has an unsupported token.
    """
    form = _compile_format(pattern)
    match = form[0].match(text.strip()) if form is not None and len(text) <= 200 else None
    if form is None or match is None or not form[1]:
        raise ValueError("the text does not match the pattern")
    return _build_datetime(
        _TokenValues(dict(zip(form[1], match.groups(), strict=True))), zone, now.astimezone(zone)
    )


class _TokenValues:
    """Matched texts by token."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, *tokens: str) -> str | None:
        return next((self._values[token] for token in tokens if token in self._values), None)

    def number(self, *tokens: str) -> int | None:
        text = self.text(*tokens)
        return None if text is None else int(text.rstrip("stndrhSTNDRH"))

    def year(self, *tokens: str) -> int | None:
        """Returns a year; one of two digits is in this century up to 68, in the last one from 69 on."""
        text = self.text(*tokens)
        if text is None:
            return None
        year = int(text)
        return year + (2000 if year <= 68 else 1900) if len(text) == 2 and text.isdigit() else year


def _build_datetime(parts: _TokenValues, zone: tzinfo, now: datetime) -> datetime:
    moment = parts.number("x")
    if (seconds := parts.text("X")) is not None:
        moment = round(float(seconds) * 1000)
    if moment is not None:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    day = _resolve_day(parts, now)
    hour, minute, second, fraction = _resolve_time(parts)
    if (hour, minute, second, fraction) == (24, 0, 0, 0):
        hour, day = 0, day + timedelta(days=1)
    offset = parts.text("Z", "ZZ")
    local = datetime(day.year, day.month, day.day, hour, minute, second, fraction * 1000)
    return local.replace(tzinfo=zone if offset is None else _parse_offset(offset)).astimezone(UTC)


# --- the day -------------------------------------------------------------------------------------


def _resolve_day(parts: _TokenValues, now: datetime) -> date:
    year = parts.number("Y") if parts.text("Y") is not None else parts.year("YYYY", "YY")
    month, day = _resolve_month(parts), parts.number("D", "DD", "Do")
    weekday = _resolve_weekday(parts)
    day_of_year = parts.number("DDD", "DDDD")
    weekly = (
        parts.text("GGGG", "GG", "W", "WW", "E", "gggg", "gg", "w", "ww", "e") is not None
        or weekday is not None
    )
    if weekly and month is None and day is None:
        found = _resolve_week_date(parts, year, weekday, now)
    elif day_of_year is not None:
        found = date(now.year if year is None else year, 1, 1) + timedelta(days=day_of_year - 1)
        if day_of_year < 1 or found.year != (now.year if year is None else year):
            raise ValueError("the year has no such day")
    else:
        if year is None and month is None and day is None:
            day = now.day
        if year is None and month is None:
            month = now.month
        found = date(
            now.year if year is None else year, 1 if month is None else month, 1 if day is None else day
        )
    if weekday is not None and found.isoweekday() % 7 != weekday:
        raise ValueError("the day is another one of the week")
    return found


def _resolve_month(parts: _TokenValues) -> int | None:
    if (quarter := parts.number("Q")) is not None:
        return 3 * quarter - 2
    name = parts.text("MMMM", "MMM")
    if name is None:
        return parts.number("M", "MM")
    return next(number for number, month in enumerate(MONTHS, 1) if month[:3].lower() == name[:3].lower())


def _resolve_weekday(parts: _TokenValues) -> int | None:
    """Returns the day of the week in the text, 0 for Sunday."""
    name = parts.text("dddd", "ddd", "dd")
    if name is None:
        return parts.number("d")
    return next(number for number, day in enumerate(DAYS) if day[:2].lower() == name[:2].lower())


def _resolve_week_date(parts: _TokenValues, year: int | None, weekday: int | None, now: datetime) -> date:
    """Returns the day of a week; defaults are this year, and the first week and day for ISO weeks, else this week."""
    if parts.text("GGGG", "GG", "W", "WW", "E") is not None:
        iso_year, number = parts.year("GGGG", "GG"), parts.number("W", "WW")
        iso_year = iso_year if iso_year is not None else year
        return date.fromisocalendar(
            now.isocalendar().year if iso_year is None else iso_year,
            1 if number is None else number,
            parts.number("E") or 1,
        )
    this_year, this_week = sunday_week(now.date())
    of_year, number = parts.year("gggg", "gg"), parts.number("w", "ww")
    of_year = of_year if of_year is not None else this_year if year is None else year
    day = weekday if weekday is not None else parts.number("e") or 0
    first = date(of_year, 1, 1)
    sunday = first - timedelta(days=first.isoweekday() % 7)
    found = sunday + timedelta(weeks=(this_week if number is None else number) - 1, days=day)
    if sunday_week(found) != (of_year, this_week if number is None else number):
        raise ValueError("the year has no such week")
    return found


# --- the time ------------------------------------------------------------------------------------


def _resolve_time(parts: _TokenValues) -> tuple[int, int, int, int]:
    """Returns hour, minute, second and millisecond."""
    fraction = next((text for width in range(1, 10) if (text := parts.text("S" * width))), "0")
    run = parts.text("Hmm", "Hmmss", "hmm", "hmmss")
    if run is not None:
        cut = -4 if len(run) > 4 else -2
        hour, minute, second = int(run[:cut]), int(run[cut:][:2]), int(run[-2:]) if cut == -4 else 0
    else:
        hour, minute, second = (
            _resolve_hour(parts),
            parts.number("m", "mm") or 0,
            parts.number("s", "ss") or 0,
        )
    half = parts.text("A", "a")
    if half is not None:
        afternoon = half[0].lower() == "p"
        hour = hour + 12 if afternoon and hour < 12 else 0 if not afternoon and hour == 12 else hour
    return hour, minute, second, int(fraction[:3].ljust(3, "0"))


def _resolve_hour(parts: _TokenValues) -> int:
    hour = parts.number("H", "HH")
    if hour is None:
        hour = parts.number("k", "kk")
        hour = 0 if hour == 24 else hour
    return parts.number("h", "hh") or 0 if hour is None else hour


def _parse_offset(offset: str) -> tzinfo:
    if offset.upper() == "Z":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = 60 * int(digits[:2]) + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


#: Tokens that can be parsed.
TOKENS = frozenset(_TOKEN_PATTERNS)
