"""Lines of the values of a JSON document, by path."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ..json_patch import Path
from ..json_text import TextNode, scan


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
    root = scan(text)
    pending: list[tuple[Path, TextNode, int]] = [((), root, root.start)]
    while pending:
        path, node, start = pending.pop()
        yield path, bisect_right(breaks, start) + 1
        if node.children:
            steps: Sequence[str | int] = node.keys if node.kind == "{" else range(len(node.children))
            entries: list[tuple[Path, TextNode, int]] = [
                ((*path, step), child, node.entry(place)[0])
                for place, (step, child) in enumerate(zip(steps, node.children, strict=True))
            ]
            # Of several members of one name the last one counts, so it has to come last.
            pending += reversed(entries)
