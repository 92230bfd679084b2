"""Texts as JavaScript sees them: rows of UTF-16 units, so that a character beyond U+FFFF counts as two.

A cut may go through such a character; its halves stand in Python's text as surrogates until `well_formed` joins them.
"""

from __future__ import annotations


def _plain(text: str) -> bool:
    """Whether every character is one unit, which nearly all texts are."""
    return text.isascii() or max(text) <= "\uffff"


def _encoded(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decoded(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    return len(text) if _plain(text) else len(_encoded(text)) // 2


def part(text: str, start: int, end: int) -> str:
    """The units from ``start`` up to ``end``, which both lie between 0 and the length."""
    return text[start:end] if _plain(text) else _decoded(_encoded(text)[2 * start : 2 * end])


def find(text: str, searched: str, start: int) -> int:
    """Where a text first stands at ``start`` or behind it, or -1."""
    if _plain(text):
        return text.find(searched, start) if start <= len(text) else len(text) if not searched else -1
    haystack, needle = _encoded(text), _encoded(searched)
    place = haystack.find(needle, 2 * start)
    while place % 2 and place >= 0:
        place = haystack.find(needle, place + 1)
    return place // 2 if place >= 0 else -1


def apart(text: str) -> list[str]:
    """Every unit by itself."""
    if _plain(text):
        return list(text)
    units = _encoded(text)
    return [_decoded(units[place : place + 2]) for place in range(0, len(units), 2)]


def well_formed(text: str) -> str:
    """A text without halves of characters: two that belong together are joined, others become U+FFFD, as in JavaScript."""
    if text.isascii():
        return str(text)
    try:
        return text.encode().decode()
    except UnicodeEncodeError:
        return _encoded(text).decode("utf-16-le", "replace")
