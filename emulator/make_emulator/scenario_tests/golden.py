"""Golden values: what a run did takes the place of what its test expected, in the text of the test file."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..document_issues import DocumentPath
from ..io import rewrite_atomically
from ..json_types import Json
from .documents import TestFile
from .expectations import NoGolden
from .results import TestResult
from .yaml_edits import replace_values


@dataclass(frozen=True, slots=True)
class GoldenUpdate:
    """Text of a test file before and after; ``left`` are failed tests that a value does not mend, each with the reason."""

    path: Path
    before: str
    after: str
    count: int
    left: Sequence[tuple[TestResult, str]] = ()

    def diff_lines(self) -> Iterator[str]:
        """Yields the difference as a unified diff."""
        lines = difflib.unified_diff(
            self.before.splitlines(),
            self.after.splitlines(),
            str(self.path),
            str(self.path),
            lineterm="",
            n=2,
        )
        yield from lines

    def write(self) -> None:
        """Writes the file, whose permissions stay.

        Raises:
            OSError: if it cannot be written.
        """
        has_mark = self.path.read_bytes().startswith(codecs.BOM_UTF8)
        rewrite_atomically(self.path, self.after.encode("utf-8-sig" if has_mark else "utf-8"))


def update_golden_values(path: Path, file: TestFile, results: Sequence[TestResult]) -> GoldenUpdate:
    """Returns the text of a test file with the values of a run in the place of those that were not met.

    Raises:
        OSError: if the file cannot be read again.
    """
    before = path.read_bytes().decode("utf-8-sig")
    values: dict[DocumentPath, Json] = {}
    left: list[tuple[TestResult, str]] = []
    for result in results:
        if not result.is_failure:
            continue
        for failure in result.failures:
            if isinstance(failure.golden, NoGolden):
                left.append((result, failure.text))
            elif result.test.case is not None:
                left.append((result, f"a table of cases has no golden values: {failure.text}"))
            else:
                values[(*result.test.path, *failure.path)] = failure.golden
    return GoldenUpdate(path, before, replace_values(before, file.document, values), len(values), left)
