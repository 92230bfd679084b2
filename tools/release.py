"""Version of a release: every place where it stands, and its part of the change log.

``python -m tools.release set 0.3.0`` writes a version to all places and dates the change log; ``check v0.3.0`` is what the release
workflow does with its tag; ``notes`` prints the changes of the version.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]

CHANGELOG = "CHANGELOG.md"

_VERSION = r"[0-9]+\.[0-9]+\.[0-9]+"

_IMAGE = rf"ghcr\.io/make-emulator/make-emulator:({_VERSION})"

#: Glob of files -> patterns of the texts around the version, which is the group.
PLACES: Mapping[str, Sequence[str]] = {
    "emulator/make_emulator/version.py": [rf'^__version__ = "({_VERSION})"$'],
    "node/package.json": [rf'^  "version": "({_VERSION})",$'],
    "node/package-lock.json": [
        rf'\A\{{\n  "name": "make-emulator",\n  "version": "({_VERSION})"',
        rf'^    "": \{{\n      "name": "make-emulator",\n      "version": "({_VERSION})"',
    ],
    "node/src/version.ts": [rf"^export const VERSION = '({_VERSION})';$"],
    "charts/make-emulator/Chart.yaml": [rf"^version: ({_VERSION})$", rf'^appVersion: "({_VERSION})"$'],
    "README.md": [rf"^make-emulator ({_VERSION}) serves"],
    "docs/how-to/install.md": [rf"git checkout v({_VERSION})$"],
    "docs/how-to/*.md": [
        _IMAGE,
        rf"^make-emulator ({_VERSION}) serves",
        rf"make-emulator ({_VERSION}), CPython",
    ],
    "examples/**/*": [_IMAGE],
}


class ReleaseError(Exception):
    """A place without the version, or a change log without its part."""


def find(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yields each place and the version that stands there.

    Raises:
        ReleaseError: if one has none.
    """
    for glob, patterns in PLACES.items():
        found = dict.fromkeys(patterns, 0)
        for path in _files(root, glob):
            text = path.read_text("utf-8")
            for pattern in patterns:
                for match in re.finditer(pattern, text, flags=re.MULTILINE):
                    found[pattern] += 1
                    line = text.count("\n", 0, match.start(1)) + 1
                    yield f"{path.relative_to(root).as_posix()}:{line}", match[1]
        if missing := [pattern for pattern, count in found.items() if not count]:
            raise ReleaseError(f"{glob} has no text like {missing[0]}")


def set_version(version: str, root: Path = ROOT, *, date: str) -> None:
    """Writes a version to all places, and gives the unreleased changes its heading, with an ISO date.

    Raises:
        ReleaseError: if it is no version, or there are no unreleased changes.
    """
    if not re.fullmatch(_VERSION, version):
        raise ReleaseError(f"{version!r} is not a version such as 0.3.0")
    list(find(root))
    changelog = root / CHANGELOG
    changes = changelog.read_text("utf-8")
    if not _section(changes, "Unreleased").strip():
        raise ReleaseError(f"{CHANGELOG} has no unreleased changes")
    changelog.write_text(
        changes.replace("## Unreleased\n", f"## Unreleased\n\n## {version} - {date}\n", 1), "utf-8"
    )
    for glob, patterns in PLACES.items():
        for path in _files(root, glob):
            before = text = path.read_text("utf-8")
            for pattern in patterns:
                text = re.sub(pattern, lambda match: _with_version(match, version), text, flags=re.MULTILINE)
            if text != before:
                path.write_text(text, "utf-8")


def check(tag: str, root: Path = ROOT) -> None:
    """Checks that a tag is the version of all places, and that the change log has its changes.

    Raises:
        ReleaseError: if not.
    """
    version = tag.removeprefix("v")
    for place, found in find(root):
        if found != version:
            raise ReleaseError(f"{place} has the version {found}, and the tag is {tag}")
    notes(version, root)


def notes(version: str, root: Path = ROOT) -> str:
    """Returns the changes of a version, in Markdown.

    Raises:
        ReleaseError: if there are none.
    """
    changes = (root / CHANGELOG).read_text("utf-8")
    match = re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", changes, flags=re.MULTILINE)
    text = _section(changes, match[0].removeprefix("## ")).strip() if match else ""
    if not text:
        raise ReleaseError(f"{CHANGELOG} has no changes of {version}, with its date")
    return text + "\n"


def _section(changes: str, heading: str) -> str:
    """Returns the text below a heading of the change log, up to the next of its level."""
    _, found, rest = changes.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0] if found else ""


def _with_version(match: re.Match[str], version: str) -> str:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + version + match[0][end:]


def _files(root: Path, glob: str) -> list[Path]:
    files = [path for path in sorted(root.glob(glob)) if path.is_file()]
    return [path for path in files if "node_modules" not in path.parts and "__pycache__" not in path.parts]


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["set", version]:
            set_version(version, date=datetime.now(UTC).date().isoformat())
        case ["check", tag]:
            check(tag)
        case ["notes"]:
            sys.stdout.write(notes(next(version for _, version in find())))
        case _:
            raise ReleaseError("usage: python -m tools.release set VERSION | check TAG | notes")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReleaseError as error:
        sys.exit(f"release: {error}")
