"""Texts as sequences of UTF-16 code units, as in JavaScript: a character beyond U+FFFF counts as two.

A substring may split such a character; its halves are surrogates in Python's text until `to_well_formed` joins them.
"""

from __future__ import annotations


def _has_only_bmp(text: str) -> bool:
    """True for a text without characters beyond U+FFFF, as nearly all are."""
    return text.isascii() or max(text) <= "\uffff"


def _encode(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decode(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    """Returns the number of code units."""
    return len(text) if _has_only_bmp(text) else len(_encode(text)) // 2


def substring(text: str, start: int, end: int) -> str:
    """Returns the code units from ``start`` up to ``end``, both between 0 and the length."""
    return text[start:end] if _has_only_bmp(text) else _decode(_encode(text)[2 * start : 2 * end])


def find(text: str, searched: str, start: int) -> int:
    """Returns the first index of a text from ``start`` on, -1 if there is none."""
    if _has_only_bmp(text):
        return text.find(searched, start) if start <= len(text) else len(text) if not searched else -1
    haystack, needle = _encode(text), _encode(searched)
    index = haystack.find(needle, 2 * start)
    while index % 2 and index >= 0:
        index = haystack.find(needle, index + 1)
    return index // 2 if index >= 0 else -1


def split_units(text: str) -> list[str]:
    """Returns the code units one by one."""
    if _has_only_bmp(text):
        return list(text)
    units = _encode(text)
    return [_decode(units[index : index + 2]) for index in range(0, len(units), 2)]


def to_well_formed(text: str) -> str:
    """Returns a well-formed text: surrogate pairs are joined, lone surrogates become U+FFFD, as in JavaScript."""
    if text.isascii():
        return str(text)
    try:
        return text.encode().decode()
    except UnicodeEncodeError:
        return _encode(text).decode("utf-16-le", "replace")
