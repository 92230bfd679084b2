"""The page that tells which modules the engine interprets.

``python -m emulator.explain.reference --write`` makes docs/reference/modules.md of the engine's own table; ``--check`` exits 1
if that is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..engine.modules import KINDS
from ..engine.modules.registry import Kind

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "modules.md"

_INTRODUCTION = """\
<!-- Made from the engine's modules by `python -m emulator.explain.reference --write`. -->

# How modules are run

| a module is | when | what it does |
|--|--|--|
| interpreted | the emulator knows it from the inside; the table below has them all | what it does in Make |
| scripted | a test, or a file, says what it puts out | that, or the error or delay that was said |
| simulated | it belongs to any other app | puts out one bundle of made-up data in the shape that the blueprint declares in \
`metadata.interface`, else in `metadata.expect`; first in a scenario, it puts out what the run was given |

A module of an app in this table that is not in the table itself is refused, as Make refuses modules that it does not have
(IM007). `make-emulator explain` tells of each module of a blueprint how it is run.

| module | operations | credits |
|--|--|--|
"""


def page() -> str:
    """The page as Markdown."""
    return _INTRODUCTION + "".join(_row(KINDS[name]) for name in sorted(KINDS, key=str.lower))


def _row(kind: Kind) -> str:
    operations = "none" if not kind.billed else "1 an aggregation" if kind.combine else "1 a bundle"
    credits = "none" if kind.free or not kind.billed else "1 an operation"
    return f"| `{kind.name}` | {operations} | {credits} |\n"


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(), "utf-8", newline="\n")
    elif sys.argv[1:] == ["--check"]:
        sys.exit(not PAGE.is_file() or PAGE.read_text("utf-8") != page())
    else:
        sys.exit("usage: python -m emulator.explain.reference --write | --check")


if __name__ == "__main__":
    main()
