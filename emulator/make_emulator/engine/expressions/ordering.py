"""Order of all values across types: nothing, booleans, numbers and dates, texts, the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from .values import Value, is_number, to_epoch_milliseconds

Item = TypeVar("Item")


def sort_key(value: Value, ignore_case: bool = False) -> tuple[int, float | str]:
    """Returns the sort key of a value; with ``ignore_case`` regardless of the case of texts."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 1, value
    if isinstance(value, datetime):
        return 2, to_epoch_milliseconds(value)
    if is_number(value):
        # NaN has no order; it sorts as nothing.
        return (2, value) if value == value else (0, 0)
    if isinstance(value, str):
        return 3, value.lower() if ignore_case else value
    return 4, 0


def sort_by_keys(items: Sequence[Item], keys: Sequence[tuple[Callable[[Item], Value], bool]]) -> list[Item]:
    """Sorts by several keys, the most important first; each is a pair of key function and descending order."""
    ordered = list(items)
    for key, descending in reversed(keys):
        ordered.sort(key=lambda item, key=key: sort_key(key(item)), reverse=descending)  # type: ignore[misc]
    return ordered
