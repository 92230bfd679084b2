"""Writes a seed as YAML that people read: a line a record, a block a scenario, and on top what the reader should know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ..io import write_atomically
from ..seeds.yaml_reader import JsonScalarLoader
from .options import ImportNote, JsonObject

_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

#: Lists whose rows are short: each is one line.
_ONE_LINE_LISTS = frozenset(
    ["users", "members", "variables", "connections", "hooks", "folders", "records", "runs", "spec"]
)


class _FlowMapping(dict[str, Any]):
    """A mapping that is written in one line."""


class _BlockText(str):
    """A text of several lines that is written as such."""


class _Dumper(_BaseDumper):  # type: ignore[misc]
    """Quotes what the reader of seeds would take for something else than a text."""

    yaml_implicit_resolvers = JsonScalarLoader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _FlowMapping,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True),
)
_Dumper.add_representer(
    _BlockText, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def render_yaml(document: JsonObject, comments: Iterable[str] = ()) -> str:
    """A seed as YAML, with lines of comments on top."""
    lines = ["#" if not line else f"# {_printable(line)}" for line in comments]
    written = yaml.dump(
        _prepare_value(document),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=2**30,
    )
    return "".join(f"{line}\n" for line in lines) + written


def header_comments(
    address: str, team: JsonObject, version: str, notes: Iterable[ImportNote], masked: int
) -> list[str]:
    """What a seed says of itself."""
    lines = [f"Pulled by make-emulator {version} from {address}: team {team['id']}, {team['name']}."]
    lines.append("The seed has no tokens: that of a server started with it is told when it starts.")
    if masked:
        lines.append(f"Values that look like secrets are masked: {masked}.")
    notes = list(notes)
    if notes:
        lines += ["", "What it lacks or has otherwise than the zone:", *(f"- {note}" for note in notes)]
    return lines


def extract_blueprints(document: JsonObject, folder: Path, seed_folder: Path) -> int:
    """Write every blueprint to a file of its own in a folder, and let the seed name the files; returns their number.

    Raises:
        OSError: if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for organization in document["organizations"]:
        for team in organization["teams"]:
            for kind in ("scenarios", "templates"):
                for row in team.get(kind, ()):
                    path = folder / f"{kind.removesuffix('s')}-{row['id']}-{_slug(row['name'])}.json"
                    text = json.dumps(row["blueprint"], indent=2, ensure_ascii=False) + "\n"
                    write_atomically(path, text.encode())
                    row["blueprint"] = _relative_path(path, seed_folder)
                    number += 1
    return number


def _relative_path(path: Path, folder: Path) -> str:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-") or "unnamed"


def _printable(line: str) -> str:
    """A comment is one line whatever it holds: a break in it would begin the seed itself."""
    return "".join(sign if sign.isprintable() else " " for sign in line)


def _prepare_value(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _prepare_value(item, name) for name, item in value.items()}
    if isinstance(value, list):
        if key in _ONE_LINE_LISTS and all(isinstance(item, dict) for item in value):
            return [_FlowMapping(item) for item in value]
        return [_prepare_value(item) for item in value]
    return _BlockText(value) if key == "code" and isinstance(value, str) and _is_multiline(value) else value


def _is_multiline(text: str) -> bool:
    """Whether a text has several lines that can be written as they are: other breaks than ``\\n`` would be read as that."""
    return "\n" in text and all(sign.isprintable() or sign in "\n\t" for sign in text)
