"""The ledger's data file as a text: one line changes, and comments, order and wording of the others stay."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_ENTRY = re.compile(r"^- id: (\S+)\s*$")


def set_fields(text: str, changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """Set fields of some entries, by id; ``None`` takes a field away.

    Only texts of one line can be set: ``status``, ``source``, ``test``.
    """
    lines: list[str] = []
    for id, entry in _split_entries(text):
        lines += _update_entry(entry, changes[id]) if id in changes else entry
    return "".join(f"{line}\n" for line in lines)


def _split_entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """The lines of each entry by its id; what stands before the first has none."""
    id: str = ""
    entry: list[str] = []
    for line in text.splitlines():
        if (found := _ENTRY.match(line)) is not None:
            yield id, entry
            id, entry = found[1], []
        entry.append(line)
    yield id, entry


def _update_entry(entry: list[str], fields: Mapping[str, str | None]) -> list[str]:
    # A comment above the next entry stays below what this one gains.
    end = max((place for place, line in enumerate(entry, 1) if line[:1] in ("-", " ")), default=0)
    own, after = entry[:end], entry[end:]
    for name, value in fields.items():
        line = (
            None
            if value is None
            else f"  {name}: {value if name == 'status' else json.dumps(value, ensure_ascii=False)}"
        )
        place = next((place for place, old in enumerate(own) if old.startswith(f"  {name}:")), None)
        if place is not None:
            own[place : place + 1] = [line] if line is not None else []
        elif line is not None:
            own.append(line)
    return own + after


def find_linked_tests(folder: Path) -> dict[str, str]:
    """Statement -> the first contract test that checks it, as a node id: read off the ``fidelity`` marks."""
    linked: dict[str, str] = {}
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for id in _fidelity_marks(node):
                linked.setdefault(id, f"contract_tests/{path.name}::{node.name}")
    return linked


def _fidelity_marks(function: ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fidelity":
            for argument in decorator.args:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)
