"""The page "How fast" of the documentation: its generated sections stand between markers."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from .processes import ROOT

PAGE = ROOT / "docs" / "explanation" / "how-fast.md"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; the first column is text, the others are numbers."""
    lines = [head, ["--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def describe_run(rounds: int, length: str) -> str:
    """The circumstances of a measurement: month, machine, number and length of its rounds."""
    return (
        f"Measured in {time.strftime('%B %Y')} on {platform.system()}, {platform.machine()}, "
        f"{os.cpu_count()} processors, Python {platform.python_version()}; "
        f"medians of {rounds} alternating rounds of {length}."
    )


def replace_section(page: str, name: str, text: str) -> str:
    """The page with another text between the markers of a section.

    Raises:
        ValueError: if the page has not exactly one such section.
    """
    pattern = re.compile(
        rf"(<!-- benchmarks {re.escape(name)} -->\n).*?(^<!-- end -->$)", re.DOTALL | re.MULTILINE
    )
    replaced, number = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", page)
    if number != 1:
        raise ValueError(f"the page has {number} sections named {name}")
    return replaced


def write_section(name: str, text: str, file: Path = PAGE) -> None:
    """Write a section of the page."""
    page = file.read_text(encoding="utf-8")
    file.write_text(replace_section(page, name, text), encoding="utf-8")
