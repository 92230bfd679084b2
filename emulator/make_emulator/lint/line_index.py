"""Lines of the values of a JSON document, by path."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator

from ..json_patch import Path

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class LineIndex:
    """Index of a JSON text, read when a line is first asked for.

    Args:
        text: a valid JSON document.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] | None = None

    def line_of(self, path: Path) -> int | None:
        """Returns the line of a value, counted from 1; that of the closest value around it if it does not exist."""
        if self._lines is None:
            self._lines = dict(_iter_lines(self._text))
        while path not in self._lines:
            if not path:
                return None
            path = path[:-1]
        return self._lines[path]


def _iter_lines(text: str) -> Iterator[tuple[Path, int]]:
    """Yields the path and the line of each value; of a member, the line of its name."""
    breaks = [match.start() for match in re.finditer("\n", text)]
    # One entry for each open container: the next step into it, and the line of the name that was read.
    path: list[str | int] = []
    is_object: list[bool] = []
    expects_name = False
    name_line: int | None = None
    for match in _TOKEN.finditer(text):
        token = match[0]
        line = bisect_right(breaks, match.start()) + 1
        if token in "}]":
            path.pop()
            is_object.pop()
            expects_name, name_line = False, None
            continue
        if token == ",":
            if is_object[-1]:
                expects_name = True
            else:
                last = path[-1]
                path[-1] = last + 1 if isinstance(last, int) else last
            continue
        if token == ":":
            continue
        if expects_name and token.startswith('"'):
            path[-1] = json.loads(token)
            expects_name, name_line = False, line
            continue
        yield tuple(path), name_line or line
        name_line = None
        if token in "{[":
            is_object.append(token == "{")
            path.append("" if token == "{" else 0)
            expects_name = token == "{"
