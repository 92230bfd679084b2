"""Writer of seeds as readable YAML: a line for each record, a block for each scenario, and comments at the top."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ..io import write_atomically
from ..json_types import JsonObject
from ..plain_text import printable
from ..yaml_documents import JsonScalarDumper
from .options import ImportNote

#: Lists whose rows are short: each is one line.
_ONE_LINE_LISTS = frozenset(
    [
        "users",
        "customRoles",
        "members",
        "variables",
        "connections",
        "keys",
        "devices",
        "hooks",
        "folders",
        "records",
        "runs",
        "spec",
        "customProperties",
    ]
)


class _FlowMapping(dict[str, Any]):
    """Mapping written in one line."""


class _BlockText(str):
    """Text of several lines, written as a block."""


class _Dumper(JsonScalarDumper):
    """Dumper of seeds."""


_Dumper.add_representer(
    _FlowMapping,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True),
)
_Dumper.add_representer(
    _BlockText, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def render_yaml(document: JsonObject, comments: Iterable[str] = ()) -> str:
    """Renders a seed as YAML, with lines of comments at the top."""
    lines = ["#" if not line else f"# {printable(line)}" for line in comments]
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
    """Returns the comments at the top of an imported seed."""
    lines = [f"Pulled by make-emulator {version} from {address}: team {team['id']}, {team['name']}."]
    lines.append("The seed has no tokens: a server prints its token when it starts.")
    if masked:
        lines.append(f"Values that look like secrets are masked: {masked}.")
    notes = list(notes)
    if notes:
        lines += ["", "Differences from the zone:", *(f"- {note}" for note in notes)]
    return lines


def extract_blueprints(document: JsonObject, folder: Path, seed_folder: Path) -> int:
    """Moves every blueprint to a file in a folder, which the seed then names; returns the number of files.

    Raises:
        OSError: if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for organization in document["organizations"]:
        for team in organization["teams"]:
            for kind in ("scenarios", "templates"):
                for row in team.get(kind, ()):
                    path = folder / f"{kind.removesuffix('s')}-{row['id']}-{_slug(row['name'])}.json"
                    text = json.dumps(row["blueprint"], indent=2, ensure_ascii=False) + "\n"
                    write_atomically(path, text.encode())
                    row["blueprint"] = _relative_path(path, seed_folder)
                    count += 1
    return count


def _relative_path(path: Path, folder: Path) -> str:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-") or "unnamed"


def _prepare_value(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _prepare_value(item, name) for name, item in value.items()}
    if isinstance(value, list):
        if key in _ONE_LINE_LISTS and all(isinstance(item, dict) for item in value):
            return [_FlowMapping(item) for item in value]
        return [_prepare_value(item) for item in value]
    return _BlockText(value) if key == "code" and isinstance(value, str) and _is_multiline(value) else value


def _is_multiline(text: str) -> bool:
    """Returns whether a text has several lines that can be written unchanged: other line breaks would become line feeds."""
    return "\n" in text and all(sign.isprintable() or sign in "\n\t" for sign in text)
