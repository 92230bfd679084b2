"""Width of the terminal, and lines that fit it."""

from __future__ import annotations

import shutil
import textwrap


def terminal_width() -> int | None:
    """Returns the characters in a line of the terminal, or of the variable ``COLUMNS``; ``None`` for output that goes to no terminal."""
    return shutil.get_terminal_size((0, 24)).columns or None


def wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    """Returns a text in lines of a width, all but the first with an indent; in one line where there is no width."""
    if width is None:
        return [text]
    lines = textwrap.wrap(
        text,
        max(width, 40),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [""]
