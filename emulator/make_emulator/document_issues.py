"""Issues of documents that people write, such as seeds, with their paths and lines."""

from __future__ import annotations

from .lazy_dataclasses import dataclass

#: The path from the root of a document to a value, e.g. ``("organizations", 0, "name")``.
DocumentPath = tuple[str | int, ...]


def format_path(path: DocumentPath) -> str:
    """Returns the path as text, e.g. ``organizations[0].teams[1].name``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class DocumentIssue:
    """Issue of a document. ``line`` is counted from 1, and ``None`` for a document that is not a file."""

    path: DocumentPath
    text: str
    line: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        """The issue as text, e.g. ``seed.yaml:12: organizations[0].plan: …``."""
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return place + (f"{format_path(self.path)}: " if self.path else "") + self.text
