"""What is wrong with a seed, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

#: The way from the top of a seed to one of its values, e.g. ``("organizations", 0, "name")``.
SeedPath = tuple[str | int, ...]

#: How many faults the text of one error names.
_MAX_ISSUES_SHOWN = 20


def format_path(path: SeedPath) -> str:
    """``organizations[0].teams[1].name``"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class SeedIssue:
    """One fault. ``line`` is counted from 1; an object that was not read from a file has none."""

    path: SeedPath
    text: str
    line: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        """``seed.yaml:12: organizations[0].plan: …``"""
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return place + (f"{format_path(self.path)}: " if self.path else "") + self.text


class SeedError(ValueError):
    """A seed that makes no sense; its text has a line for each fault."""

    def __init__(self, faults: Sequence[SeedIssue] | str) -> None:
        self.issues = (SeedIssue((), faults),) if isinstance(faults, str) else tuple(faults)
        lines = [str(fault) for fault in self.issues[:_MAX_ISSUES_SHOWN]]
        if len(self.issues) > _MAX_ISSUES_SHOWN:
            lines.append(f"and {len(self.issues) - _MAX_ISSUES_SHOWN} more")
        super().__init__("\n".join(lines))


def did_you_mean(word: object, known: Sequence[str]) -> str:
    """``; did you mean 'name'?`` if a word looks like a known one, upper and lower case aside."""
    lower = {each.casefold(): each for each in known}
    close = get_close_matches(str(word).casefold(), lower, n=1, cutoff=0.55)
    return f"; did you mean '{lower[close[0]]}'?" if close else ""
