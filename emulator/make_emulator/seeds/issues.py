"""Issues of seeds, with their paths and lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..lazy_dataclasses import dataclass

#: The path from the root of a seed to a value, e.g. ``("organizations", 0, "name")``.
SeedPath = tuple[str | int, ...]

#: The most issues in the text of an error.
_MAX_ISSUES_SHOWN = 20


def format_path(path: SeedPath) -> str:
    """The path as text, e.g. ``organizations[0].teams[1].name``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class SeedIssue:
    """Issue of a seed. ``line`` is counted from 1, and ``None`` for a seed that is not a file."""

    path: SeedPath
    text: str
    line: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        """The issue as text, e.g. ``seed.yaml:12: organizations[0].plan: …``."""
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return place + (f"{format_path(self.path)}: " if self.path else "") + self.text


class IssueLocator(Protocol):
    """Source of a seed, in which issues have their places."""

    def issue_at(self, path: SeedPath, text: str) -> SeedIssue:
        """Returns an issue at a value; if there is no such value, at the one that should hold it."""


class SeedError(ValueError):
    """An invalid seed; the text has a line for each issue."""

    def __init__(self, issues: Sequence[SeedIssue] | str) -> None:
        self.issues = (SeedIssue((), issues),) if isinstance(issues, str) else tuple(issues)
        lines = [str(issue) for issue in self.issues[:_MAX_ISSUES_SHOWN]]
        if len(self.issues) > _MAX_ISSUES_SHOWN:
            lines.append(f"and {len(self.issues) - _MAX_ISSUES_SHOWN} more")
        super().__init__("\n".join(lines))
