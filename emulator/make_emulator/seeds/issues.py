"""Issues of seeds, with their paths and lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..document_issues import DocumentIssue, DocumentPath

#: The most issues in the text of an error.
_MAX_ISSUES_SHOWN = 20


#: Issue of a seed, and the path to its value.
SeedIssue = DocumentIssue
SeedPath = DocumentPath


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
