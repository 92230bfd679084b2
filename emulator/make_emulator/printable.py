"""Texts of others in one line: for terminals, reports, comments and logs."""

from __future__ import annotations

import re

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL_CHARACTER = re.compile(f"[{_CONTROLS}]")
_CONTROL_CHARACTERS = re.compile(f"[{_CONTROLS}]+")


def printable(text: object) -> str:
    """Returns a text with a space for each run of line breaks and control characters."""
    return _CONTROL_CHARACTERS.sub(" ", str(text))


def escape_control_characters(text: str) -> str:
    r"""Returns a text with escapes such as ``\x0a`` for line breaks and control characters, so that none is lost."""
    return _CONTROL_CHARACTER.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
