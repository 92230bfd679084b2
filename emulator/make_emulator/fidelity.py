"""Fidelity ledger: the behaviours that a client can see, each with its status and its source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .json_types import Json
from .resources import fixture_path

#: Status -> its meaning, from the strongest evidence to the weakest.
STATUSES = {
    "observed": "found in recorded exchanges with the real service (July 2026), or measured on it by a client",
    "documented": "stated in the vendor's documentation, or in code that the vendor publishes",
    "assumed": "in no source, so the stricter reading is implemented; or specific to the emulator, or not implemented",
}
_CONDITIONS = ("status", "code", "query", "modules")
_TEXT_FIELDS = ("id", "area", "statement", "status", "source")
_INTRODUCTION = """\
<!-- Rendered from fixtures/fidelity.yaml by `make-emulator fidelity --format markdown`. -->

# Fidelity

The behaviours of make-emulator that a client can see, and the evidence that Make behaves the same. An emulator that accepts
what Make rejects hides bugs, so undocumented cases are rejected. An entry states where its sources contradict each other.
"""


class LedgerError(ValueError):
    """Invalid data file of the ledger; the message names the entry and the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One behaviour that a client can see; ``routes`` read ``METHOD /path``, as endpoints are declared.

    ``left_out`` names parts of the vendor's description of the API (fixtures/vendor-api.yaml) that the emulator does not
    follow, for the reason that the entry states: a whole operation, ``flag internal`` for all with a flag, or
    ``GET /users: query name``; an asterisk stands for any text.
    """

    id: str
    area: str
    statement: str
    status: str
    source: str
    routes: tuple[str, ...] = ()
    test: str | None = None
    #: Conditions under which a response shows it: ``status``, ``code``, ``query``, ``modules``, each a list.
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@cache
def shipped_behaviours() -> tuple[Behaviour, ...]:
    """Returns the behaviours of the shipped ledger, parsed once a process."""
    return load_behaviours(fixture_path("fidelity.yaml"))


def load_behaviours(path: Path, *, routes: Collection[str] | None = None) -> tuple[Behaviour, ...]:
    """Returns the behaviours of a data file, in its order.

    Args:
        routes: the declared routes, such as ``GET /teams/{teamId}``; an entry that names another is an error.

    Raises:
        LedgerError: if an entry is incomplete, has the id of another, or names an undeclared route.
    """
    # The loader written in C where there is one: the file has thousands of lines.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(path.read_text("utf-8"), loader)
    if not isinstance(entries, list):
        raise LedgerError("the ledger is not a list of behaviours")
    behaviours = tuple(_parse_behaviour(place, entry) for place, entry in enumerate(entries, 1))
    for id, count in Counter(behaviour.id for behaviour in behaviours).items():
        if count > 1:
            raise LedgerError(f"{id}: the id is used {count} times")
    for behaviour in behaviours if routes is not None else ():
        for route in behaviour.routes:
            if route not in (routes or ()):
                raise LedgerError(f"{behaviour.id}: there is no route {route!r}")
    return behaviours


def _parse_behaviour(place: int, entry: Any) -> Behaviour:
    if not isinstance(entry, dict):
        raise LedgerError(f"entry {place} is not a mapping")
    name = entry.get("id") or f"entry {place}"
    for key in _TEXT_FIELDS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise LedgerError(f"{name}: {key} is missing")
    for key in entry.keys() - {*_TEXT_FIELDS, "routes", "test", "when", "leftOut"}:
        raise LedgerError(f"{name}: unknown key {key!r}")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", entry["id"]):
        raise LedgerError(f"{name}: an id is lower-case words with a dot between them")
    if entry["status"] not in STATUSES:
        raise LedgerError(f"{name}: unknown status {entry['status']!r}, not one of {', '.join(STATUSES)}")
    routes, left_out = entry.get("routes", []), entry.get("leftOut", [])
    if not isinstance(routes, list) or not isinstance(entry.get("test", ""), str):
        raise LedgerError(f"{name}: routes must be a list, and test a text")
    if not isinstance(left_out, list):
        raise LedgerError(f"{name}: leftOut must be a list")
    when = entry.get("when", {})
    if not isinstance(when, dict) or not all(
        key in _CONDITIONS and isinstance(values, list) for key, values in when.items()
    ):
        raise LedgerError(f"{name}: 'when' maps {', '.join(_CONDITIONS)} to lists")
    conditions = {key: tuple(values) for key, values in when.items()}
    known = {key: entry[key] for key in (*_TEXT_FIELDS, "test") if key in entry}
    return Behaviour(**known, routes=tuple(routes), when=conditions, left_out=tuple(left_out))


# --- queries -------------------------------------------------------------------------------------


def list_areas(behaviours: Iterable[Behaviour]) -> list[str]:
    """Returns the areas, each once, in the order of the ledger."""
    return list(dict.fromkeys(behaviour.area for behaviour in behaviours))


def filter_by_area(behaviours: Iterable[Behaviour], text: str) -> list[Behaviour]:
    """Returns the behaviours of the area of that name, else of every area that contains the text; case is ignored."""
    behaviours, wanted = list(behaviours), text.casefold()
    exact = [each for each in behaviours if each.area.casefold() == wanted]
    return exact or [each for each in behaviours if wanted in each.area.casefold()]


@cache
def _left_out_pattern(part: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, part.split("*"))))


def leaves_out(name: str, *parts: str) -> bool:
    """Returns true if a line under ``leftOut`` names a part of the vendor's description.

    Args:
        parts: names of the part, such as a route and the flags of its operation.
    """
    return any(_left_out_pattern(name).fullmatch(part) for part in parts)


def find_left_out(behaviours: Iterable[Behaviour], *parts: str) -> Behaviour | None:
    """Returns the first entry that leaves out a part of the vendor's description."""
    return next(
        (each for each in behaviours if any(leaves_out(name, *parts) for name in each.left_out)), None
    )


def count_statuses(behaviours: Iterable[Behaviour]) -> dict[str, int]:
    """Returns the number of behaviours of each status, zero included."""
    counts = Counter(behaviour.status for behaviour in behaviours)
    return {status: counts[status] for status in STATUSES}


def group_by_area(behaviours: Iterable[Behaviour]) -> dict[str, list[Behaviour]]:
    """Returns the behaviours of each area, in the order of the ledger."""
    groups: dict[str, list[Behaviour]] = {}
    for behaviour in behaviours:
        groups.setdefault(behaviour.area, []).append(behaviour)
    return groups


# --- output formats ------------------------------------------------------------------------------


def to_json(behaviours: Sequence[Behaviour]) -> dict[str, Json]:
    """Returns ``{"areas": [{area, observed, documented, assumed}], "behaviours": [{id, area, statement, …}]}``."""
    return {
        "areas": [
            {"area": area, **count_statuses(group)} for area, group in group_by_area(behaviours).items()
        ],
        "behaviours": [_to_row(each) for each in behaviours],
    }


def _to_row(behaviour: Behaviour) -> dict[str, Json]:
    when: dict[str, Json] = {key: list(values) for key, values in behaviour.when.items()}
    lists = {"routes": list(behaviour.routes), "left_out": list(behaviour.left_out)}
    return {**asdict(behaviour), **lists, "when": when}


def render_text(
    behaviours: Sequence[Behaviour],
    *,
    with_statements: bool,
    wrap: Callable[[str], Sequence[str]] | None = None,
) -> str:
    """Returns a table of the statuses of each area; with statements, the behaviours of each area too.

    Args:
        wrap: cuts a statement, and its source, into lines; by default each is one line.
    """
    groups = group_by_area(behaviours)
    counts = [(area, *map(str, count_statuses(group).values())) for area, group in groups.items()]
    if len(groups) > 1:
        counts.append(("all", *map(str, count_statuses(behaviours).values())))
    rows = [("area", *STATUSES), *counts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    ]
    if not with_statements:
        return "\n".join(lines)
    width = max(map(len, STATUSES))
    for area, group in groups.items():
        lines += ["", area]
        for each in group:
            texts = (each.statement, f"{each.id}; source: {each.source}")
            parts = [line for text in texts for line in (wrap(text) if wrap is not None else [text])]
            heads = [each.status, *[""] * (len(parts) - 1)]
            lines += [f"  {head.ljust(width)}  {part}" for head, part in zip(heads, parts, strict=True)]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Score of an area or a route: how strong the evidence of its behaviours is, and how many a contract test checks."""

    name: str
    observed: int
    documented: int
    assumed: int
    tested: int

    @property
    def total(self) -> int:
        """The number of its behaviours."""
        return self.observed + self.documented + self.assumed

    @property
    def evidence(self) -> float:
        """Share of the behaviours that are more than assumed, 0 to 1."""
        return (self.observed + self.documented) / self.total

    @property
    def coverage(self) -> float:
        """Share of the behaviours that a contract test checks, 0 to 1."""
        return self.tested / self.total

    def to_json(self) -> dict[str, Json]:
        """Returns ``{name, observed, documented, assumed, tested, evidence, coverage}``, the shares rounded to three digits."""
        return {
            "name": self.name,
            "observed": self.observed,
            "documented": self.documented,
            "assumed": self.assumed,
            "tested": self.tested,
            "evidence": round(self.evidence, 3),
            "coverage": round(self.coverage, 3),
        }


def score(name: str, behaviours: Iterable[Behaviour]) -> Score:
    """Returns the score of some behaviours, at least one."""
    behaviours = list(behaviours)
    tested = sum(each.test is not None for each in behaviours)
    return Score(name=name, tested=tested, **count_statuses(behaviours))


def score_areas(behaviours: Sequence[Behaviour]) -> list[Score]:
    """Returns the score of each area, and that of all as the last one, ``all``."""
    areas = [score(area, group) for area, group in group_by_area(behaviours).items()]
    return [*areas, score("all", behaviours)] if behaviours else []


def score_routes(behaviours: Sequence[Behaviour]) -> list[Score]:
    """Returns the score of each route that a behaviour names, sorted by path."""
    groups: dict[str, list[Behaviour]] = {}
    for behaviour in behaviours:
        for route in behaviour.routes:
            groups.setdefault(route, []).append(behaviour)
    order = sorted(groups, key=lambda route: (route.partition(" ")[2], route))
    return [score(route, groups[route]) for route in order]


def score_table(scores: Iterable[Score], head: str) -> list[tuple[str, ...]]:
    """Returns the scores as rows of text below a head."""
    return [
        (head, *STATUSES, "evidence", "tested"),
        *(
            (
                each.name,
                *(str(getattr(each, status)) for status in STATUSES),
                f"{each.evidence:.0%}",
                f"{each.coverage:.0%}",
            )
            for each in scores
        ),
    ]


def render_scores(behaviours: Sequence[Behaviour]) -> str:
    """Returns the scores of areas and routes as text."""
    lines: list[str] = []
    for rows in (
        score_table(score_areas(behaviours), "area"),
        score_table(score_routes(behaviours), "route"),
    ):
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines += [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows
        ]
        lines.append("")
    lines.append("evidence: share that is observed or documented. tested: share that a contract test checks.")
    return "\n".join(lines)


def render_scores_markdown(behaviours: Sequence[Behaviour]) -> str:
    """Returns the scores of areas and routes as a Markdown document."""
    lines = [
        "# Fidelity score",
        "",
        "The evidence that the emulator behaves as Make does, by area and by route. **Evidence** is the share of behaviours that are",
        "observed or documented, **tested** the share that a contract test checks, on the emulator and on a real zone.",
    ]
    for title, scores in (("Area", score_areas(behaviours)), ("Route", score_routes(behaviours))):
        head, *rows = score_table(scores, title)
        lines += ["", f"## By {title.lower()}", "", *_markdown_table(head, *rows)]
    return "\n".join(lines) + "\n"


def render_markdown(behaviours: Sequence[Behaviour]) -> str:
    """Returns the ledger as a Markdown document: the counts, then a table for each area."""
    groups = group_by_area(behaviours)
    counts = [(area, *count_statuses(group).values(), len(group)) for area, group in groups.items()]
    counts.append(("**All**", *count_statuses(behaviours).values(), len(behaviours)))
    lines = [_INTRODUCTION, *(f"- **{status}**: {meaning}." for status, meaning in STATUSES.items()), ""]
    lines += _markdown_table(("area", *STATUSES, "all"), *counts)
    for area, group in groups.items():
        rows = (
            (f"`{each.id}`", each.statement, each.status, each.source, _test_name(each)) for each in group
        )
        lines += [
            f"\n## {area}\n",
            *_markdown_table(("id", "statement", "status", "source", "contract test"), *rows),
        ]
    return "\n".join(lines) + "\n"


def area_page_name(area: str) -> str:
    """Returns the file name of the page of an area, such as ``data-stores.md``."""
    return re.sub(r"[^a-z0-9]+", "-", area.lower()).strip("-") + ".md"


def render_area_pages(behaviours: Sequence[Behaviour]) -> dict[str, str]:
    """Returns a Markdown page for each area by its file name, and ``README.md`` with the score of each area."""
    head, *rows = score_table(score_areas(behaviours), "area")
    pages = {
        "README.md": "\n".join([*_ledger_introduction(), *_markdown_table(head, *map(_linked_area, rows))])
    }
    for area, group in group_by_area(behaviours).items():
        pages[area_page_name(area)] = "\n".join(_area_page(area, group))
    return {name: text + "\n" for name, text in pages.items()}


def _linked_area(row: Sequence[str]) -> Sequence[str]:
    area, *cells = row
    return (f"[{area}]({area_page_name(area)})" if area != "all" else "**all**", *cells)


def _ledger_introduction() -> Iterator[str]:
    yield from (
        "# Fidelity: the evidence for each behaviour",
        "",
        "The behaviours of make-emulator that a client can see, and the evidence that Make behaves the same. An emulator that accepts",
        "what Make rejects hides bugs, so undocumented cases are rejected. An entry states where its sources contradict each other.",
        "",
        *(f"- **{status}**: {meaning}." for status, meaning in STATUSES.items()),
        "",
        "**Evidence** is the share of behaviours that are observed or documented, **tested** the share that a contract test checks, on the",
        "emulator and on a real zone. The [score by route](../fidelity-score.md) has the same for each route. `make-emulator fidelity`",
        "prints the ledger, and a running emulator shows it at `/_emulator/fidelity`.",
        "",
    )


def _area_page(area: str, behaviours: Sequence[Behaviour]) -> Iterator[str]:
    counts = ", ".join(f"{count} {status}" for status, count in count_statuses(behaviours).items() if count)
    yield from (f"# Fidelity: {area}", "")
    yield f"{counts}. The [other areas, and what these words mean](README.md)."
    for each in behaviours:
        yield from ("", f"## `{each.id}`", "", f"**{each.status}**: {_escape_markdown(each.statement)}", "")
        yield f"- Source: {_escape_markdown(each.source)}"
        if each.routes:
            yield f"- Routes: {', '.join(f'`{route}`' for route in each.routes)}"
        if each.test is not None:
            yield f"- Contract test: {_test_name(each)}"


def _escape_markdown(text: str) -> str:
    """Returns a text whose characters stand for themselves in Markdown, but for backticks."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<\[\]\\])", r"\\\1", part) for part in parts
    )


def _test_name(behaviour: Behaviour) -> str:
    """Returns the name of the contract test without its folder, or an empty text."""
    return "" if behaviour.test is None else f"`{behaviour.test.rpartition('/')[2]}`"


def _markdown_table(head: Sequence[str], *rows: Sequence[object]) -> Iterator[str]:
    for row in (head, ["--"] * len(head), *rows):
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
