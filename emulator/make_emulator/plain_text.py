"""Plain text for terminals, reports, comments and logs: texts of others in one line, and plurals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL_CHARACTER = re.compile(f"[{_CONTROLS}]")
_SEPARATORS = re.compile(r"[\W_]+")
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


def join_sentences(texts: Iterable[str]) -> str:
    """Returns texts as sentences on one line; one that an earlier text has already is left out."""
    joined: list[str] = []
    for text in filter(None, map(str.strip, texts)):
        if any(text.rstrip(".") in earlier for earlier in joined):
            continue
        if joined and (joined[-1][-1].isalnum() or joined[-1][-1] in "'\")]"):
            joined[-1] += "."
        joined.append(text)
    return " ".join(joined)


def find_slip(word: str, known: Iterable[str]) -> str | None:
    """Returns the known word that a word is a slip of: another case, other separators, or a few wrong characters.

    One that is only alike, such as ``userEmail`` for ``email``, is no slip. The more characters, the more may be wrong.
    """
    plain = _plain_form(word)
    best: tuple[int, str] | None = None
    for candidate in known:
        form = _plain_form(candidate)
        if form == plain:
            return candidate
        length = max(len(form), len(plain))
        allowed = 0 if length < 4 else 1 if length < 6 else 2 if length < 12 else 3
        if abs(len(form) - len(plain)) > allowed or (best is not None and best[0] <= 1):
            continue
        distance = edit_distance(plain, form)
        if distance <= allowed and (best is None or distance < best[0]):
            best = distance, candidate
    return best[1] if best is not None else None


def _plain_form(word: str) -> str:
    return _SEPARATORS.sub("", word).casefold()


def edit_distance(a: str, b: str) -> int:
    """Returns the number of characters to insert, delete, replace or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for place, character in enumerate(a, 1):
        last, before, row = before, row, [place]
        for other_place, other in enumerate(b, 1):
            distance = min(
                before[other_place] + 1, row[-1] + 1, before[other_place - 1] + (character != other)
            )
            if place > 1 and other_place > 1 and character == b[other_place - 2] and a[place - 2] == other:
                distance = min(distance, last[other_place - 2] + 1)
            row.append(distance)
    return row[-1]


def pluralize(number: int, noun: str) -> str:
    """Returns a number and its noun, e.g. ``1 module`` or ``2 modules``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
