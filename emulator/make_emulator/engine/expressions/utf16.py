"""Texts as JavaScript sees them: rows of UTF-16 units, so that a character beyond U+FFFF counts as two.

A cut may go through such a character; its halves stand in Python's text as surrogates until `to_well_formed` joins them.
"""

from __future__ import annotations


def _has_only_bmp(text: str) -> bool:
    """Whether every character is one unit, which nearly all texts are."""
    return text.isascii() or max(text) <= "\uffff"


def _encode(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decode(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    return len(text) if _has_only_bmp(text) else len(_encode(text)) // 2


def substring(text: str, start: int, end: int) -> str:
    """The units from ``start`` up to ``end``, which both lie between 0 and the length."""
    return text[start:end] if _has_only_bmp(text) else _decode(_encode(text)[2 * start : 2 * end])


def find(text: str, searched: str, start: int) -> int:
    """Where a text first stands at ``start`` or behind it, or -1."""
    if _has_only_bmp(text):
        return text.find(searched, start) if start <= len(text) else len(text) if not searched else -1
    haystack, needle = _encode(text), _encode(searched)
    place = haystack.find(needle, 2 * start)
    while place % 2 and place >= 0:
        place = haystack.find(needle, place + 1)
    return place // 2 if place >= 0 else -1


def split_units(text: str) -> list[str]:
    """Every unit by itself."""
    if _has_only_bmp(text):
        return list(text)
    units = _encode(text)
    return [_decode(units[place : place + 2]) for place in range(0, len(units), 2)]


def to_well_formed(text: str) -> str:
    """A text without halves of characters: two that belong together are joined, others become U+FFFD, as in JavaScript."""
    if text.isascii():
        return str(text)
    try:
        return text.encode().decode()
    except UnicodeEncodeError:
        return _encode(text).decode("utf-16-le", "replace")
