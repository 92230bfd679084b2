"""A test without calls: the cost of pytest itself."""

from __future__ import annotations


def test_nothing(number: int) -> None:
    assert number >= 0
