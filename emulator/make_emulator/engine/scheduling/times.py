"""Times as schedulings write them."""

from __future__ import annotations

import re
from datetime import date

from ...world.clock import parse_iso
from ...world.models import Json

#: A day past the last moment, wherever it is.
LAST_DAY = date(9999, 1, 2)

#: What the real API takes for a date: day and time, with a time zone.
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?", re.ASCII)


def is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_list_in_range(values: Json, least: int, most: int) -> bool:
    """Whether this is a list of whole numbers in a range, and not an empty one."""
    return (
        isinstance(values, list)
        and len(values) > 0
        and all(is_integer(value) and least <= value <= most for value in values)
    )


def parse_time_of_day(text: Json) -> tuple[int, int] | None:
    """Hours and minutes of a text such as ``08:00``."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2])) if match else None


def parse_date_time(text: Json) -> int | None:
    """The moment of a full ISO 8601 time; ``None`` for anything else, as a day without a time (the vendor's notes)."""
    try:
        return parse_iso(text) if isinstance(text, str) and _DATE_TIME.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None
