"""The fidelity ledger: what a client can see, how well each of it is known, and from where.

``python -m make_emulator.fidelity --write`` notes in its data file which contract test checks what, and makes FIDELITY.md of it;
``--check`` exits 1 if either is stale.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from . import api
from .fidelity_text import find_linked_tests, set_fields
from .resources import data_folder, fixture_path

#: From the best known to the least known, with what each mark means.
STATUSES = {
    "observed": "seen in recorded exchanges with the real service (July 2026), or measured on it by a client",
    "documented": "said by the vendor's documentation, or by code that the vendor publishes",
    "assumed": "no source settles it, so the stricter reading was taken; or it is the emulator's own way, or not built",
}
MARKDOWN_PATH = Path(__file__).parents[2] / "FIDELITY.md"
_TEXT_FIELDS = ("id", "area", "statement", "status", "source")
_INTRODUCTION = """\
<!-- Made from fixtures/fidelity.yaml by `python -m make_emulator.fidelity --write`. -->

# Fidelity

What make-emulator does where a client can see it, and how we know that Make does the same. A double that accepts
what Make refuses hides bugs, so a doubt is settled by refusing. Where sources contradict each other, the entry says so.
"""


class LedgerError(ValueError):
    """The data file is not a ledger; the message names the entry and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One thing that a client can see; ``routes`` read ``METHOD /path``, as endpoints are declared."""

    id: str
    area: str
    statement: str
    status: str
    source: str
    routes: tuple[str, ...] = ()
    test: str | None = None


def load_behaviours(path: Path | None = None) -> tuple[Behaviour, ...]:
    """The behaviours of a data file, in its order; by default of the shipped one.

    Raises:
        LedgerError: if an entry is incomplete, uses the id of another, or names what does not exist.
    """
    # The loader written in C where there is one: the file has thousands of lines.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load((path or fixture_path("fidelity.yaml")).read_text("utf-8"), loader)
    if not isinstance(entries, list):
        raise LedgerError("the ledger is not a list of behaviours")
    known = {f"{endpoint.method} {endpoint.path}" for endpoint in api.endpoints()}
    behaviours = tuple(_parse_behaviour(place, entry, known) for place, entry in enumerate(entries, 1))
    for id, count in Counter(behaviour.id for behaviour in behaviours).items():
        if count > 1:
            raise LedgerError(f"{id}: the id is used {count} times")
    return behaviours


def _parse_behaviour(place: int, entry: Any, known: set[str]) -> Behaviour:
    if not isinstance(entry, dict):
        raise LedgerError(f"entry {place} is not a mapping")
    name = entry.get("id") or f"entry {place}"
    for key in _TEXT_FIELDS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise LedgerError(f"{name}: {key} is missing")
    for key in entry.keys() - {*_TEXT_FIELDS, "routes", "test"}:
        raise LedgerError(f"{name}: unknown key {key!r}")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", entry["id"]):
        raise LedgerError(f"{name}: an id is lower-case words with a dot between them")
    if entry["status"] not in STATUSES:
        raise LedgerError(f"{name}: unknown status {entry['status']!r}, not one of {', '.join(STATUSES)}")
    routes = entry.get("routes", [])
    if not isinstance(routes, list) or not isinstance(entry.get("test", ""), str):
        raise LedgerError(f"{name}: routes must be a list, and test a text")
    for route in routes:
        if route not in known:
            raise LedgerError(f"{name}: there is no route {route!r}")
    return Behaviour(**{**entry, "routes": tuple(routes)})


def render_markdown(behaviours: Sequence[Behaviour]) -> str:
    """The text of FIDELITY.md."""
    areas = {each.area: [other for other in behaviours if other.area == each.area] for each in behaviours}
    tally = [(area, *_count_statuses(group).values(), len(group)) for area, group in areas.items()]
    tally.append(("**All**", *_count_statuses(behaviours).values(), len(behaviours)))
    lines = [_INTRODUCTION, *(f"- **{status}**: {meaning}." for status, meaning in STATUSES.items()), ""]
    lines += _markdown_table(("area", *STATUSES, "all"), *tally)
    for area, group in areas.items():
        rows = (
            (f"`{each.id}`", each.statement, each.status, each.source, _test_name(each)) for each in group
        )
        lines += [
            f"\n## {area}\n",
            *_markdown_table(("id", "statement", "status", "source", "contract test"), *rows),
        ]
    return "\n".join(lines) + "\n"


def _test_name(behaviour: Behaviour) -> str:
    """The name of the contract test without its folder; nothing where there is none."""
    return "" if behaviour.test is None else f"`{behaviour.test.rpartition('/')[2]}`"


def _markdown_table(head: Sequence[str], *rows: Sequence[object]) -> Iterator[str]:
    for row in (head, ["--"] * len(head), *rows):
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"


def _count_statuses(behaviours: Iterable[Behaviour]) -> dict[str, int]:
    counts = Counter(behaviour.status for behaviour in behaviours)
    return {status: counts[status] for status in STATUSES}


def render_routes(as_json: bool) -> str:
    """Every declared route with its scopes, and how many behaviours of each status are about it."""
    behaviours, rows = load_behaviours(), []
    for endpoint in api.endpoints():
        about = [each for each in behaviours if f"{endpoint.method} {endpoint.path}" in each.routes]
        row = {
            name: getattr(endpoint, name)
            for name in ("method", "path", "scopes", "permissions", "core", "plan")
        }
        rows.append({**row, "fidelity": _count_statuses(about), "summary": endpoint.summary})
    if as_json:
        return json.dumps(rows, indent=2, ensure_ascii=False)
    cells = [("METHOD", "PATH", "SCOPES", "CORE", "O/D/A"), *map(_route_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    legend = (
        "O/D/A: how many behaviours were observed, are documented, are assumed. CORE: of the 47 documented."
    )
    return "\n".join([*lines, "", legend])


def _route_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the text form: ``area:read+write`` for scopes of one area, counts as observed/documented/assumed."""
    areas = groupby((scope.partition(":") for scope in row["scopes"]), key=lambda parts: parts[0])
    scopes = ", ".join(f"{area}:{'+'.join(access for _, _, access in group)}" for area, group in areas)
    core, counts = ",".join(map(str, row["core"])), "/".join(map(str, row["fidelity"].values()))
    return row["method"], row["path"], scopes, core, counts


def link_tests(text: str, folder: Path) -> str:
    """The data file's text with the contract test of each statement, by the marks of the tests in a folder."""
    linked = find_linked_tests(folder)
    changes = {
        each.id: {"test": linked.get(each.id)}
        for each in load_behaviours()
        if each.test != linked.get(each.id)
    }
    return set_fields(text, changes)


def main(arguments: Sequence[str]) -> None:
    """Write, or check, what is made from other things."""
    if arguments not in (["--write"], ["--check"]):
        sys.exit("usage: python -m make_emulator.fidelity --write | --check")
    data = fixture_path("fidelity.yaml")
    text = data.read_text("utf-8")
    linked = link_tests(text, data_folder("contract_tests"))
    if arguments == ["--write"]:
        if linked != text:
            data.write_text(linked, "utf-8")
        MARKDOWN_PATH.write_text(render_markdown(load_behaviours()), "utf-8")
    elif linked != text or MARKDOWN_PATH.read_text("utf-8") != render_markdown(load_behaviours()):
        sys.exit("FIDELITY.md is stale: run python -m make_emulator.fidelity --write")


if __name__ == "__main__":
    main(sys.argv[1:])
