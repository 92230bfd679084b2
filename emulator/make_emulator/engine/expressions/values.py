"""Values of expressions: type, comparison and conversion.

A value is ``None``, ``bool``, ``int``/``float``, ``str``, a UTC ``datetime``, ``bytes``, a list or a mapping with
text keys, or one of the two of `FieldMarker`. Numbers behave as those of JavaScript. Source of the
coercions: Help centre, "Type coercion"; of empty values: developer documentation, "Processing of empty values".
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, TypeGuard

from ...json_types import Json
from .errors import ConversionError
from .utf16 import to_well_formed

MAX_DEPTH: Final = 64
"""Depth to which collections and arrays may nest."""

TimeZoneProvider = Callable[[], tzinfo]
"""Provider of a time zone, which loads it when it is first needed."""


class FieldMarker(Enum):
    """Instructions that a field takes instead of a value."""

    IGNORE = "ignore"
    ERASE = "erase"


Value: TypeAlias = (
    "bool | int | float | str | datetime | bytes | Sequence[Value] | Mapping[str, Value] | FieldMarker | None"
)
"""A value of an expression; never changed in place. An array is a list or a tuple."""


class _EmptyText(str):
    """Text of ``emptystring``, which counts as a value where an ordinary empty text does not."""

    __slots__ = ()


EMPTY_TEXT: Final = _EmptyText()

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SAFE_INTEGER = 2**53
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", re.ASCII)
_DATE = re.compile(
    r"(?:(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})"
    r"|(?P<um>\d{1,2})/(?P<ud>\d{1,2})/(?P<uy>\d{4})"
    r"|(?P<ed>\d{1,2})\.\s?(?P<em>\d{1,2})\.\s?(?P<ey>\d{4}))"
    r"(?:[T ]\s?(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s?(?P<half>[AaPp][Mm])?\s?(?P<zone>Z|(?:GMT|UTC)?(?P<off>[+-]\d{2}:?\d{2})|GMT|UTC)?)?",
    re.ASCII,
)


def normalize_number(value: float) -> int | float:
    """Returns a number as in JavaScript: exact up to 2⁵³, and whole where it has no fraction."""
    if isinstance(value, int):
        if -_MAX_SAFE_INTEGER <= value <= _MAX_SAFE_INTEGER:
            return int(value)
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return int(value) if value.is_integer() and abs(value) <= _MAX_SAFE_INTEGER else value


def is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_array(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, (list, tuple))


def is_empty(value: Value) -> bool:
    """True for values that ``ifempty`` and the operator "exists" treat as missing (0 and false are not)."""
    return value is None or value == "" or isinstance(value, FieldMarker)


def is_truthy(value: Value) -> bool:
    if value is None or isinstance(value, FieldMarker) or (isinstance(value, float) and math.isnan(value)):
        return False
    return value not in (0, "") if isinstance(value, (bool, int, float, str)) else True


def is_equal(left: Value, right: Value) -> bool:
    """Compares two values; values of different types are never equal (developer documentation, "IML")."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if is_array(left) and is_array(right):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(is_equal(item, right[name]) for name, item in left.items())
    return (type(left) is type(right) or (isinstance(left, str) and isinstance(right, str))) and left == right


def to_epoch_milliseconds(date: datetime) -> int:
    return (date - EPOCH) // timedelta(milliseconds=1)


def date_from_milliseconds(moment: float) -> datetime:
    """Returns the date of a number of milliseconds since the epoch.

    Raises:
        ConversionError: if it lies outside of the years 1 to 9999.
    """
    try:
        return EPOCH + timedelta(milliseconds=math.trunc(moment))
    except (OverflowError, ValueError):
        raise ConversionError() from None


# --- conversions --------------------------------------------------------------------------------


def as_text(value: Value, *, collections_as_json: bool = False) -> str:
    """Returns the text of a value; an array is joined by commas.

    Args:
        collections_as_json: a collection is JSON, as where a field takes a text (Help centre, "Type coercion").

    Raises:
        ConversionError: for a collection, alone or in an array, unless it is JSON.
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, FieldMarker):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _format_number(value)
    if isinstance(value, datetime):
        return format_iso(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if is_array(value):
        return ", ".join(as_text(item, collections_as_json=collections_as_json) for item in value)
    if collections_as_json:
        return to_json_text(value)
    raise ConversionError()


def format_iso(date: datetime) -> str:
    """Formats a date as ISO 8601 in UTC with milliseconds, e.g. ``2016-12-08T15:55:57.536Z``."""
    return date.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _format_number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f").removesuffix(".0") if "e" in text else text.removesuffix(".0")
    return text.replace("e-0", "e-").replace("e+0", "e+")


def as_number(value: Value) -> int | float:
    """Returns a number, or the number in a text.

    Raises:
        ConversionError: for anything else, booleans and dates included.
    """
    if is_number(value):
        return normalize_number(value)
    if isinstance(value, str) and len(value) <= 400 and _NUMBER.fullmatch(value.strip()):
        return normalize_number(float(value))
    raise ConversionError()


def as_boolean(value: Value) -> bool:
    """Every number is true, 0 too; of texts only the empty one and ``false`` are not."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value not in ("", "false")
    return value is not None and not isinstance(value, FieldMarker)


def utc() -> tzinfo:
    """The zone where no other is known."""
    return UTC


def as_date(value: Value, zone: TimeZoneProvider = utc) -> datetime:
    """Returns a date, or that of milliseconds since the epoch or of a text with day, month and year.

    A text is in ``zone`` unless it names another (Help centre, "Type coercion"); the provider is called only then.

    Raises:
        ConversionError: for anything else.
    """
    if isinstance(value, datetime):
        return value
    if is_number(value) and math.isfinite(value):
        return date_from_milliseconds(value)
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= 100 else None
    if found is None:
        raise ConversionError()
    part = found.groupdict()
    hour = int(part["H"] or 0)
    if half := part["half"]:
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    try:
        date = datetime(
            int(part["y"] or part["uy"] or part["ey"]),
            int(part["m"] or part["um"] or part["em"]),
            int(part["d"] or part["ud"] or part["ed"]),
            hour,
            int(part["M"] or 0),
            int(part["S"] or 0),
            int((part["f"] or "0")[:3].ljust(3, "0")) * 1000,
            tzinfo=_parse_offset(part["off"]) if part["off"] else UTC if part["zone"] else zone(),
        )
        return date.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConversionError() from None


def _parse_offset(text: str) -> timezone:
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def as_array(value: Value) -> Sequence[Value]:
    return value if is_array(value) else [value]


def as_bytes(value: Value) -> bytes:
    """Returns binary data as it is, and the text of another value in UTF-8.

    Raises:
        ConversionError: for an array or a collection.
    """
    if is_array(value):
        raise ConversionError()
    return value if isinstance(value, bytes) else to_well_formed(as_text(value)).encode()


def coerce(value: Value, kind: str, zone: TimeZoneProvider = utc) -> Value:
    """Converts a value to the type of a field; types without a rule take any value. Dates are parsed in ``zone``.

    Raises:
        ConversionError: if it cannot be converted.
    """
    match kind:
        case "text":
            return as_text(value, collections_as_json=True) if value is not EMPTY_TEXT else value
        case "email" | "url" | "uuid" | "filename" | "path" | "hidden" | "password":
            return as_text(value) if value is not EMPTY_TEXT else value
        case "number":
            return as_number(value)
        case "integer" | "uinteger":
            whole = as_number(value)
            if not isinstance(whole, int) or (kind == "uinteger" and whole < 0):
                raise ConversionError()
            return whole
        case "boolean":
            return as_boolean(value)
        case "date" | "timestamp":
            return as_date(value, zone)
        case "time":
            if not isinstance(value, str) or not _TIME.fullmatch(value):
                raise ConversionError()
            return value
        case "array":
            return as_array(value)
        case "collection":
            if not isinstance(value, Mapping):
                raise ConversionError()
            return value
        case "buffer":
            return as_bytes(value)
    return value


def to_json_value(value: Value) -> Json:
    """Converts a value to JSON: dates and binary data become texts, NaN and infinity ``None``, texts well-formed."""
    if isinstance(value, str):
        return to_well_formed(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return to_json_object(value)
    if is_array(value):
        return [to_json_value(item) for item in value]
    if isinstance(value, datetime):
        return format_iso(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None


def to_json_object(values: Mapping[str, Value]) -> dict[str, Json]:
    """Converts a collection to a JSON object, see `to_json_value`."""
    return {to_well_formed(name): to_json_value(item) for name, item in values.items()}


def to_json_text(value: Value, indent: int | str | None = None) -> str:
    """Serializes a value as JSON, as JavaScript does: without blanks unless it is indented, and numbers without zero fractions."""
    separators = (",", ":") if indent is None else None
    return json.dumps(
        _drop_zero_fractions(to_json_value(value)), ensure_ascii=False, indent=indent, separators=separators
    )


def _drop_zero_fractions(value: Json) -> Json:
    """Converts floats without a fraction to integers."""
    if isinstance(value, float):
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, Mapping):
        return {name: _drop_zero_fractions(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_drop_zero_fractions(item) for item in value]
    return value
