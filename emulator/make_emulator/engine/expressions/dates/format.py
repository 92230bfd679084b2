"""Formatter of dates by patterns such as ``YYYY-MM-DD HH:mm``; the parser is in `parse`.

The tokens are those of Make's documentation ("Tokens for date/time formatting"), which are moment.js's; what that page
leaves out (``L``, ``LT``, ``z``, ``e``, ``N``, ``y``, ``Hmm``) is taken from moment.js 2 in its English locale, the only
one that Make has. Text between square brackets is literal. Weeks without ISO in their name start on Sunday.

No library replaces this: of 60 tokens pendulum 3.3 formats 46 as moment.js does (no weeks, ``k``, ``a``, or ``z``) and
arrow 1.4 formats 29; babel has the patterns of Unicode's CLDR, and whenever has none. Time zones are the standard library's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from ..values import to_epoch_milliseconds

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

#: Tokens, the longest first of those with a common beginning.
_TOKEN = (
    r"[Hh]mm(?:ss)?|Mo|MM?M?M?|Do|DDDo|DD?D?D?|ddd?d?|do?|w[ow]?|W[oW]?|Qo?|N{1,5}|YYYYYY|YYYYY|YYYY|YY|Y"
    r"|y{2,4}|yo?|gg(?:ggg?)?|GG(?:GGG?)?|e|E|a|A|hh?|HH?|kk?|mm?|ss?|S{1,9}|x|X|zz?|ZZ?"
)

#: Text in brackets, an escaped token or character, or a token.
_TOKEN_PATTERN = re.compile(rf"\[([^\[]*)\]|\\({_TOKEN}|.)?|({_TOKEN})", re.DOTALL)

#: Tokens that expand to a pattern of tokens.
_LOCALE_TOKEN = "LTS|LT|LL?L?L?|l{1,4}"
_LOCALE_PATTERN = re.compile(rf"\[[^\[]*\]|\\(?:{_LOCALE_TOKEN})|({_LOCALE_TOKEN})")
_LOCALE_FORMATS: Mapping[str, str] = {
    "LT": "h:mm A",
    "LTS": "h:mm:ss A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
    "l": "M/D/YYYY",
    "ll": "MMM D, YYYY",
    "lll": "MMM D, YYYY h:mm A",
    "llll": "ddd, MMM D, YYYY h:mm A",
}


@lru_cache(maxsize=256)
def tokenize(pattern: str) -> tuple[tuple[str, bool], ...]:
    """Splits a pattern into pairs of a text and true for a token, false for plain text."""
    pattern = _LOCALE_PATTERN.sub(lambda match: _LOCALE_FORMATS[match[1]] if match[1] else match[0], pattern)
    parts: list[tuple[str, bool]] = []
    done = 0
    for match in _TOKEN_PATTERN.finditer(pattern):
        parts.append((pattern[done : match.start()], False))
        quoted, escaped, token = match.groups()
        parts.append((quoted or escaped or "", False) if token is None else (token, True))
        done = match.end()
    parts.append((pattern[done:], False))
    return tuple((text, is_token) for text, is_token in parts if text)


# --- parts of a date -----------------------------------------------------------------------------


def weekday_from_sunday(at: date) -> int:
    """Returns the day of the week, 0 for Sunday."""
    return at.isoweekday() % 7


def sunday_week(at: date) -> tuple[int, int]:
    """Returns the year and number of a week that starts on Sunday; the first one contains the first of January."""
    saturday = at + timedelta(days=6 - weekday_from_sunday(at)) if at < date(9999, 12, 26) else at
    return saturday.year, (saturday.timetuple().tm_yday - 1) // 7 + 1


def _format_ordinal(value: int) -> str:
    suffix = "th" if 10 < value % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def _format_offset(at: datetime, colon: str) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{colon}{rest:02d}"


def _day_of_year(at: datetime) -> int:
    return at.timetuple().tm_yday


def _hour_of_12(at: datetime) -> int:
    """Returns the hour on a 12-hour clock."""
    return at.hour % 12 or 12


_FORMATTERS: Mapping[str, Callable[[datetime], object]] = {
    "Y": lambda at: f"{at.year:04d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "YYYY": lambda at: f"{at.year:04d}",
    "YYYYY": lambda at: f"{at.year:05d}",
    "YYYYYY": lambda at: f"+{at.year:06d}",
    "y": lambda at: at.year,
    "yo": lambda at: _format_ordinal(at.year),
    "yy": lambda at: f"{at.year:02d}",
    "yyy": lambda at: f"{at.year:03d}",
    "yyyy": lambda at: f"{at.year:04d}",
    "N": lambda at: "AD",
    "NN": lambda at: "AD",
    "NNN": lambda at: "AD",
    "NNNN": lambda at: "Anno Domini",
    "NNNNN": lambda at: "AD",
    "Q": lambda at: (at.month + 2) // 3,
    "Qo": lambda at: _format_ordinal((at.month + 2) // 3),
    "M": lambda at: at.month,
    "Mo": lambda at: _format_ordinal(at.month),
    "MM": lambda at: f"{at.month:02d}",
    "MMM": lambda at: MONTHS[at.month - 1][:3],
    "MMMM": lambda at: MONTHS[at.month - 1],
    "D": lambda at: at.day,
    "Do": lambda at: _format_ordinal(at.day),
    "DD": lambda at: f"{at.day:02d}",
    "DDD": _day_of_year,
    "DDDo": lambda at: _format_ordinal(_day_of_year(at)),
    "DDDD": lambda at: f"{_day_of_year(at):03d}",
    "d": weekday_from_sunday,
    "do": lambda at: _format_ordinal(weekday_from_sunday(at)),
    "dd": lambda at: DAYS[weekday_from_sunday(at)][:2],
    "ddd": lambda at: DAYS[weekday_from_sunday(at)][:3],
    "dddd": lambda at: DAYS[weekday_from_sunday(at)],
    "e": weekday_from_sunday,
    "E": lambda at: at.isoweekday(),
    "w": lambda at: sunday_week(at.date())[1],
    "wo": lambda at: _format_ordinal(sunday_week(at.date())[1]),
    "ww": lambda at: f"{sunday_week(at.date())[1]:02d}",
    "W": lambda at: at.isocalendar().week,
    "Wo": lambda at: _format_ordinal(at.isocalendar().week),
    "WW": lambda at: f"{at.isocalendar().week:02d}",
    "gg": lambda at: f"{sunday_week(at.date())[0] % 100:02d}",
    "gggg": lambda at: f"{sunday_week(at.date())[0]:04d}",
    "ggggg": lambda at: f"{sunday_week(at.date())[0]:05d}",
    "GG": lambda at: f"{at.isocalendar().year % 100:02d}",
    "GGGG": lambda at: f"{at.isocalendar().year:04d}",
    "GGGGG": lambda at: f"{at.isocalendar().year:05d}",
    "H": lambda at: at.hour,
    "HH": lambda at: f"{at.hour:02d}",
    "h": _hour_of_12,
    "hh": lambda at: f"{_hour_of_12(at):02d}",
    "k": lambda at: at.hour or 24,
    "kk": lambda at: f"{at.hour or 24:02d}",
    "hmm": lambda at: f"{_hour_of_12(at)}{at.minute:02d}",
    "hmmss": lambda at: f"{_hour_of_12(at)}{at.minute:02d}{at.second:02d}",
    "Hmm": lambda at: f"{at.hour}{at.minute:02d}",
    "Hmmss": lambda at: f"{at.hour}{at.minute:02d}{at.second:02d}",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "m": lambda at: at.minute,
    "mm": lambda at: f"{at.minute:02d}",
    "s": lambda at: at.second,
    "ss": lambda at: f"{at.second:02d}",
    "z": lambda at: at.tzname() or "",
    "zz": lambda at: at.tzname() or "",
    "Z": lambda at: _format_offset(at, ":"),
    "ZZ": lambda at: _format_offset(at, ""),
    "X": lambda at: to_epoch_milliseconds(at) // 1000,
    "x": to_epoch_milliseconds,
}


def format_date(at: datetime, pattern: str, zone: tzinfo) -> str:
    """Formats a date by a pattern in a time zone."""
    try:
        local = at.astimezone(zone)
    except OverflowError:
        local = at
    return "".join(_format_token(local, text) if is_token else text for text, is_token in tokenize(pattern))


def _format_token(at: datetime, token: str) -> str:
    if token[0] == "S":
        return f"{at.microsecond // 1000:03d}000000"[: len(token)]
    return str(_FORMATTERS[token](at))


#: Tokens that can be formatted.
TOKENS = frozenset([*_FORMATTERS, *_LOCALE_FORMATS, *("S" * width for width in range(1, 10))])
