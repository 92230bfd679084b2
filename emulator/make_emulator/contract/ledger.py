"""Updates of the ledger's data file as a text: comments, order and wording of all other lines stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_ENTRY = re.compile(r"^- id: (\S+)\s*$")


def set_fields(text: str, changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """Returns the text with fields of some entries set, by id; ``None`` removes a field.

    Only texts of one line can be set: ``status``, ``source``, ``test``.
    """
    lines: list[str] = []
    for id, entry in _split_entries(text):
        lines += _update_entry(entry, changes[id]) if id in changes else entry
    return "".join(f"{line}\n" for line in lines)


def mark_observed(text: str, report: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Returns the ledger's text with every assumed behaviour that a run confirmed marked as observed, and their ids."""
    confirmed = [
        each["id"]
        for each in report["ledger"]
        if each["status"] == "assumed" and each["verdict"] == "confirmed"
    ]
    source = f"contract suite against {report['target']}, {report['started'][:10]}"
    return set_fields(text, {id: {"status": "observed", "source": source} for id in confirmed}), confirmed


def _split_entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields each entry's id and lines; the lines before the first entry have an empty id."""
    id: str = ""
    entry: list[str] = []
    for line in text.splitlines():
        if (found := _ENTRY.match(line)) is not None:
            yield id, entry
            id, entry = found[1], []
        entry.append(line)
    yield id, entry


def _update_entry(entry: list[str], fields: Mapping[str, str | None]) -> list[str]:
    # A comment above the next entry stays below the lines that are added to this one.
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
