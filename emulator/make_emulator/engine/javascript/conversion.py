"""Conversion of values between expressions and JavaScript, by way of JSON.

Texts, booleans, numbers and nothing are themselves, and a collection is an object. A value without a JSON type is a list of a letter and
its content: ``["a", […]]`` an array, ``["d", milliseconds]`` a date, ``["b", base64]`` binary data, ``["n", "NaN"]`` a number.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from math import isfinite

from ...json_types import Json
from ..budget import data_too_large_error
from ..errors import ConversionError, ExpressionError
from ..expressions.values import (
    MAX_DEPTH,
    FieldMarker,
    Value,
    date_from_milliseconds,
    is_array,
    normalize_number,
    to_epoch_milliseconds,
)


def to_javascript(value: Value) -> Json:
    """Encodes a value for JavaScript: a date becomes ``Date``, binary data ``Uint8Array``, a `FieldMarker` ``null``."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        if isfinite(value):
            return value
        return ["n", "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"]
    if isinstance(value, datetime):
        return ["d", to_epoch_milliseconds(value)]
    if isinstance(value, bytes):
        return ["b", base64.b64encode(value).decode()]
    if isinstance(value, FieldMarker):
        return None
    if is_array(value):
        return ["a", [to_javascript(item) for item in value]]
    if isinstance(value, Mapping):
        return {name: to_javascript(item) for name, item in value.items()}
    return None


def from_javascript(value: Json, depth: int = 0) -> Value:
    """Decodes a value from JavaScript.

    Raises:
        ExpressionError: if it is malformed, as after a function that changed the engine's globals, or a date out of range.
        BudgetExceededError: if it is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise data_too_large_error()
    match value:
        case None | str() | bool():
            return value
        case int() | float():
            return normalize_number(value)
        case dict():
            return {name: from_javascript(item, depth + 1) for name, item in value.items()}
        case ["a", list(items)]:
            return [from_javascript(item, depth + 1) for item in items]
        case ["d", int() | float() as milliseconds]:
            try:
                return date_from_milliseconds(milliseconds)
            except ConversionError:
                raise ExpressionError("The date is out of range.") from None
        case ["n", "NaN" | "Infinity" | "-Infinity" as text]:
            return float(text)
        case ["b", str(text)]:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                pass
    raise ExpressionError("The result cannot be read.")
