"""Coverage of blueprints by the runs of tests: modules, routes, branches, both sides of filters, and error handlers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ..blueprint_import.export import module_label
from ..engine.blueprints.document import unwrap_document
from ..engine.blueprints.parser import fallback_route_index
from ..json_patch import Path as JsonPath
from ..json_types import Json, as_array, as_mapping
from ..lint import LineIndex
from ..plain_text import pluralize
from ..world.blueprint_refs import PLACEHOLDER_MODULE
from ..world.models import Execution
from .runner import TestRun

#: Kinds of parts, in the order of the table, with their columns.
KINDS: Mapping[str, str] = {
    "module": "modules",
    "route": "routes",
    "branch": "branches",
    "filter": "filters",
    "handler": "handlers",
}


@dataclass(frozen=True, slots=True)
class BlueprintPart:
    """Part of a blueprint that a run may cover.

    Attributes:
        kind: of `KINDS`.
        key: the name under which its uses are counted.
        module_id: of the module itself, the router, the if-else, the module behind the filter, or the one with the error handler.
        text: the part in words.
        missed: what no test did, in words.
    """

    kind: str
    key: str
    module_id: int
    line: int
    text: str
    missed: str


class BlueprintCoverage:
    """Coverage of one blueprint: its parts, and how often each was used."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
        document = unwrap_document(orjson.loads(text))
        self.blueprint = document.blueprint
        # Of a blueprint that is JSON within JSON, all parts are in the line of its text.
        self._lines = LineIndex(text)
        self.parts: Sequence[BlueprintPart] = tuple(
            self._parts(document.blueprint.get("flow"), (*document.path, "flow"))
        )
        self.hits: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return str(self.blueprint.get("name", ""))

    def is_covered(self, part: BlueprintPart) -> bool:
        return self.hits[part.key] > 0

    def parts_of(self, kind: str) -> list[BlueprintPart]:
        return [part for part in self.parts if part.kind == kind]

    def covered(self, parts: Sequence[BlueprintPart] | None = None) -> int:
        """Returns the number of parts that are covered, of all or of some."""
        return sum(map(self.is_covered, self.parts if parts is None else parts))

    @property
    def missing(self) -> list[BlueprintPart]:
        """The parts that no test covers, in the order of the file."""
        return sorted((part for part in self.parts if not self.is_covered(part)), key=lambda part: part.line)

    # --- parts -----------------------------------------------------------------------------------

    def _parts(self, flow: Json, path: JsonPath) -> Iterator[BlueprintPart]:
        for position, item in enumerate(as_array(flow)):
            node, here = as_mapping(item), (*path, position)
            id, module = node.get("id"), node.get("module")
            if not isinstance(id, int) or not isinstance(module, str) or module == PLACEHOLDER_MODULE:
                continue
            label = module_label(node)
            name = f'{id} "{label}"' if label else f"{id} ({module})"
            yield self._part(
                "module", f"{id}:module", id, here, f"module {name}", f"module {name} was not reached"
            )
            yield from self._filter_parts(node, id, here)
            yield from self._route_parts(node, id, name, here)
            yield from self._branch_parts(node, id, name, here)
            if as_array(node.get("onerror")):
                text = f"error handler of {name}"
                yield self._part(
                    "handler", f"{id}:handler", id, (*here, "onerror"), text, f"the {text} was not used"
                )
                yield from self._parts(node["onerror"], (*here, "onerror"))

    def _part(
        self, kind: str, key: str, module_id: int, path: JsonPath, text: str, missed: str
    ) -> BlueprintPart:
        return BlueprintPart(kind, key, module_id, self._lines.line_of(path) or 1, text, missed)

    def _filter_parts(self, node: Mapping[str, Json], id: int, path: JsonPath) -> Iterator[BlueprintPart]:
        places: list[tuple[Json, JsonPath]] = [(node.get("filter"), (*path, "filter"))]
        places += [
            (each, (*path, "filters", place)) for place, each in enumerate(as_array(node.get("filters")))
        ]
        for each, at in places:
            # Without a condition it lets everything pass.
            if not any(map(as_array, as_array(as_mapping(each).get("conditions")))):
                continue
            given = as_mapping(each).get("name")
            name = given if isinstance(given, str) else ""
            text = f'filter "{name}" before {id}' if name else f"filter before {id}"
            yield self._part(
                "filter", f"{id}:passed:{name}", id, at, f"{text}: passed", f"no bundle passed {text}"
            )
            yield self._part(
                "filter",
                f"{id}:stopped:{name}",
                id,
                at,
                f"{text}: stopped",
                f"no bundle was stopped by {text}",
            )

    def _route_parts(
        self, node: Mapping[str, Json], id: int, name: str, path: JsonPath
    ) -> Iterator[BlueprintPart]:
        fallback = fallback_route_index(node.get("parameters"))
        for place, route in enumerate(as_array(node.get("routes"))):
            flow, at = as_mapping(route).get("flow"), (*path, "routes", place)
            if as_mapping(route).get("disabled") is True or not _has_modules(flow):
                continue
            text = f"{'fallback' if place == fallback else f'route {place + 1}'} of module {name}"
            yield self._part("route", f"{id}:route:{place}", id, at, text, f"{text} was not taken")
            yield from self._parts(flow, (*at, "flow"))

    def _branch_parts(
        self, node: Mapping[str, Json], id: int, name: str, path: JsonPath
    ) -> Iterator[BlueprintPart]:
        number = -1
        for place, branch in enumerate(as_array(node.get("branches"))):
            each, at = as_mapping(branch), (*path, "branches", place)
            if each.get("disabled") is True:
                continue
            number += 1
            label = each.get("label")
            suffix = f' "{label}"' if isinstance(label, str) and label else ""
            text = f"branch {number + 1}{suffix} of module {name}"
            yield self._part("branch", f"{id}:branch:{number}", id, at, text, f"{text} was not taken")
            yield from self._parts(each.get("flow"), (*at, "flow"))


def _has_modules(flow: Json) -> bool:
    return any(as_mapping(node).get("module") != PLACEHOLDER_MODULE for node in as_array(flow))


def count_hits(run: Execution) -> Counter[str]:
    """Returns how often a run used each part of its blueprint, by the keys of the parts."""
    hits: Counter[str] = Counter()
    for step in run.steps:
        hits[f"{step.module_id}:module"] += 1
    for decision in run.decisions:
        id = decision.module_id
        match decision.event:
            case "filter":
                hits[f"{id}:{'passed' if decision.passed else 'stopped'}:{decision.name}"] += 1
            case "route" | "branch" if decision.number is not None:
                hits[f"{id}:{decision.event}:{decision.number}"] += 1
            case "handler":
                hits[f"{id}:handler"] += 1
    return hits


class CoverageCollector:
    """Sum of the coverage of tests, by the files of their blueprints; it can be sent between processes as JSON."""

    def __init__(self) -> None:
        self._hits: dict[str, Counter[str]] = {}

    def add_run(self, run: TestRun) -> None:
        """Adds the runs of a test."""
        for path, hits in run_hits(run).items():
            self._hits.setdefault(path, Counter()).update(hits)

    def add(self, report: Mapping[str, Mapping[str, int]]) -> None:
        """Adds a report of another process."""
        for path, hits in report.items():
            self._hits.setdefault(path, Counter()).update(hits)

    def blueprints(self) -> list[BlueprintCoverage]:
        """Returns the coverage of each blueprint.

        Raises:
            OSError: if the file of one cannot be read any more.
        """
        found = []
        for name, hits in sorted(self._hits.items()):
            coverage = BlueprintCoverage(_shown_path(Path(name)), Path(name).read_bytes())
            coverage.hits.update(hits)
            found.append(coverage)
        return found


def _shown_path(path: Path) -> Path:
    """Returns a path relative to the working directory, if it is in it."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def run_hits(run: TestRun) -> dict[str, dict[str, int]]:
    """Returns file of a blueprint -> key of a part -> its uses, also for blueprints that were not reached at all."""
    file = run.test.file
    by_scenario = {run.prepared.scenario.id: file.blueprint, **file.called}
    hits: dict[str, Counter[str]] = {str(held.path): Counter() for held in file.blueprints}
    for row in run.world.logs:
        if isinstance(row, Execution) and (held := by_scenario.get(row.scenario_id)) is not None:
            hits[str(held.path)].update(count_hits(row))
    for retry in run.world.retries:
        if (held := by_scenario.get(retry.execution.scenario_id)) is not None:
            hits[str(held.path)].update(count_hits(retry.execution))
    return {path: dict(counts) for path, counts in hits.items()}


def percentage(blueprints: Sequence[BlueprintCoverage]) -> float:
    """Returns the share of all parts that are covered, in percent; 100 for none."""
    total = sum(len(each.parts) for each in blueprints)
    return 100.0 if not total else 100 * sum(each.covered() for each in blueprints) / total


def format_share(blueprints: Sequence[BlueprintCoverage]) -> str:
    """Returns the percentage, rounded down: ``100 %`` only if all is covered."""
    return f"{int(percentage(blueprints))} %"


def render_table(blueprints: Sequence[BlueprintCoverage], *, most_missing: int = 20) -> Iterator[str]:
    """Yields the table of coverage, and the parts that no test covers.

    Args:
        most_missing: the most parts that are listed for each blueprint.
    """
    kinds = [kind for kind in KINDS if any(each.parts_of(kind) for each in blueprints)]
    rows = [["coverage", *(KINDS[kind] for kind in kinds), "all"]]
    rows += [
        [str(each.path), *(_fraction(each, kind) for kind in kinds), format_share([each])]
        for each in blueprints
    ]
    if len(blueprints) > 1:
        rows.append(["total", *("" for _ in kinds), format_share(blueprints)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()
    for each in blueprints:
        missing = each.missing
        if missing:
            yield ""
        for part in missing[:most_missing]:
            yield f"{each.path}:{part.line}: {part.missed}"
        if len(missing) > most_missing:
            yield f"{each.path}: and {pluralize(len(missing) - most_missing, 'more part')}"


def _fraction(coverage: BlueprintCoverage, kind: str) -> str:
    parts = coverage.parts_of(kind)
    return format_fraction(coverage.covered(parts), len(parts))


def format_fraction(count: int, of: int) -> str:
    """Returns ``2 of 3``, or a dash if there are none."""
    return f"{count} of {of}" if of else "–"
