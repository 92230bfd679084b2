"""Plain text for terminals, reports, comments and logs: texts of others in one line, and plurals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL_CHARACTER = re.compile(f"[{_CONTROLS}]")
_CONTROL_CHARACTERS = re.compile(f"[{_CONTROLS}]+")


def printable(text: object) -> str:
    """Returns a text with a space for each run of line breaks and control characters."""
    return _CONTROL_CHARACTERS.sub(" ", str(text))


def escape_control_characters(text: str) -> str:
    r"""Returns a text with escapes such as ``\x0a`` for line breaks and control characters, so that none is lost."""
    return _CONTROL_CHARACTER.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def find_similar(word: object, known: Iterable[str]) -> str | None:
    """Returns the known word that a word resembles, ignoring case; ``None`` if it resembles none."""
    lower = {each.casefold(): each for each in known}
    close = get_close_matches(str(word).casefold(), lower, n=1, cutoff=0.55)
    return lower[close[0]] if close else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Returns the suggestion ``; did you mean 'name'?`` if a word resembles a known one, ignoring case; else nothing."""
    similar = find_similar(word, known)
    return f"; did you mean '{similar}'?" if similar is not None else ""


def pluralize(number: int, noun: str) -> str:
    """Returns a number and its noun, e.g. ``1 module`` or ``2 modules``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
