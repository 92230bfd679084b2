"""An order of all values, whatever their types: nothing, booleans, numbers and dates, texts, the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from .values import Value, is_number, to_epoch_milliseconds

Item = TypeVar("Item")


def sort_key(value: Value, fold: bool = False) -> tuple[int, Any]:
    """The place of a value; with ``fold`` texts are compared without regard to case."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 1, value
    if isinstance(value, datetime):
        return 2, to_epoch_milliseconds(value)
    if is_number(value):
        # NaN has no place in any order.
        return (2, value) if value == value else (0, 0)
    if isinstance(value, str):
        return 3, value.lower() if fold else value
    return 4, 0


def sort_by_keys(items: Sequence[Item], keys: Sequence[tuple[Callable[[Item], Value], bool]]) -> list[Item]:
    """Sort by several keys, the most important first; each comes with whether it goes downwards."""
    ordered = list(items)
    for key, downwards in reversed(keys):
        ordered.sort(key=lambda item, key=key: sort_key(key(item)), reverse=downwards)  # type: ignore[misc]
    return ordered
