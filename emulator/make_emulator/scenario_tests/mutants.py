"""Mutants of a blueprint: small changes, each of which some test should notice by failing.

A filter lets everything pass, or nothing, or compares on the other side of its border; a module or an error handler is dropped; a
constant is another one; a mapping is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ..blueprint_import.export import module_label
from ..engine.apps.catalog import get_support_level
from ..engine.blueprints.document import unwrap_document
from ..engine.blueprints.parser import IF_ELSE, MERGE, ROUTER
from ..json_patch import Path as JsonPath
from ..json_types import Json, as_array, as_mapping
from ..lint import LineIndex
from ..world.blueprint_refs import PLACEHOLDER_MODULE
from .coverage import format_fraction
from .documents import TestFile
from .matchers import json_text
from .results import TestResult, check_test
from .runner import TestRun

#: Operators -> those that hold on the other side of their border, or of another case.
_BORDERS = {
    "greater": "greaterorequal",
    "greaterorequal": "greater",
    "less": "lessorequal",
    "lessorequal": "less",
    "equal": "notequal",
    "notequal": "equal",
    "contain": "notcontain",
    "notcontain": "contain",
    "exist": "notexist",
    "notexist": "exist",
}

#: Conditions that never hold.
_NEVER: Json = [[{"a": "1", "o": "text:equal", "b": "2"}]]

#: The most characters of a constant in a description.
_MAX_SHOWN = 40

_STRUCTURE = frozenset({ROUTER, IF_ELSE, MERGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Changed blueprint; ``module_id`` is the module whose tests should notice it."""

    module_id: int
    line: int
    text: str
    blueprint: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantResult:
    """Mutant with the test that noticed it, ``None`` if none did.

    Attributes:
        is_reached: some test reaches the changed module.
    """

    mutant: Mutant
    noticed_by: str | None
    is_reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReport:
    """Mutants of one blueprint."""

    path: Path
    results: Sequence[MutantResult]

    @property
    def noticed(self) -> int:
        return sum(result.noticed_by is not None for result in self.results)

    @property
    def survivors(self) -> list[MutantResult]:
        """Mutants that no test noticed, in the order of the file."""
        return sorted(
            (result for result in self.results if result.noticed_by is None),
            key=lambda result: result.mutant.line,
        )

    @property
    def percent(self) -> float:
        return 100 * self.noticed / len(self.results) if self.results else 100.0

    def to_json(self) -> Mapping[str, Json]:
        return {
            "file": str(self.path),
            "percent": round(self.percent, 2),
            "noticed": self.noticed,
            "of": len(self.results),
            "survivors": [
                {
                    "moduleId": result.mutant.module_id,
                    "line": result.mutant.line,
                    "text": result.mutant.text,
                    "reached": result.is_reached,
                }
                for result in self.survivors
            ],
        }


# --- the mutants ---------------------------------------------------------------------------------


def iter_mutants(data: bytes) -> Iterator[Mutant]:
    """Yields the mutants of the blueprint in a file."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode()
    document = unwrap_document(orjson.loads(text))
    yield from _MutantFactory(document.blueprint, LineIndex(text), document.path).flow(
        document.blueprint.get("flow"), ("flow",)
    )


class _MutantFactory:
    def __init__(self, blueprint: Mapping[str, Json], lines: LineIndex, prefix: JsonPath) -> None:
        self._blueprint = blueprint
        self._lines = lines
        self._prefix = prefix

    def flow(self, flow: Json, path: JsonPath) -> Iterator[Mutant]:
        for position, item in enumerate(as_array(flow)):
            node, here = as_mapping(item), (*path, position)
            id, module = node.get("id"), node.get("module")
            if not isinstance(id, int) or not isinstance(module, str) or module == PLACEHOLDER_MODULE:
                continue
            label = module_label(node)
            name = f'{id} "{label}"' if label else f"{id} ({module})"
            yield from self._filters(node, id, here)
            if module not in _STRUCTURE and here != ("flow", 0):
                rest = [each for place, each in enumerate(as_array(flow)) if place != position]
                yield self._mutant(id, here, path, rest, f"module {name} is dropped")
            # Of other apps, and of the form of a request, they are options that seldom matter.
            has_flags = get_support_level(module) == "interpreted" and not module.startswith("http:")
            constants = self._constants(node.get("mapper"), (*here, "mapper"), id, name, has_flags=has_flags)
            yield from constants
            for key in ("routes", "branches"):
                for place, branch in enumerate(as_array(node.get(key))):
                    each, at = as_mapping(branch), (*here, key, place)
                    if each.get("disabled") is True:
                        continue
                    if "conditions" in each:
                        yield from self._conditions(
                            each.get("conditions"),
                            (*at, "conditions"),
                            id,
                            f"branch {place + 1} of module {name}",
                        )
                    yield from self.flow(each.get("flow"), (*at, "flow"))
            if as_array(node.get("onerror")):
                at = (*here, "onerror")
                yield self._mutant(id, at, at, [], f"the error handler of {name} is dropped")
                yield from self.flow(node["onerror"], at)

    def _filters(self, node: Mapping[str, Json], id: int, path: JsonPath) -> Iterator[Mutant]:
        places: list[tuple[Json, JsonPath]] = [(node.get("filter"), (*path, "filter"))]
        places += [
            (each, (*path, "filters", place)) for place, each in enumerate(as_array(node.get("filters")))
        ]
        for each, at in places:
            conditions = as_mapping(each).get("conditions")
            if any(map(as_array, as_array(conditions))):
                name = as_mapping(each).get("name")
                text = f'filter "{name}" before {id}' if name else f"the filter before {id}"
                yield from self._conditions(conditions, (*at, "conditions"), id, text)

    def _conditions(self, conditions: Json, path: JsonPath, id: int, name: str) -> Iterator[Mutant]:
        yield self._mutant(id, path, path, [[]], f"{name} lets everything pass")
        yield self._mutant(id, path, path, _NEVER, f"{name} lets nothing pass")
        for place, group in enumerate(as_array(conditions)):
            for number, part in enumerate(as_array(group)):
                condition, at = as_mapping(part), (*path, place, number)
                operator = condition.get("o")
                if isinstance(operator, str) and (other := _other_operator(operator)) is not None:
                    text = f"{name} has {other} in the place of {operator}"
                    yield self._mutant(id, at, (*at, "o"), other, text)
                side = condition.get("b")
                if (changed := _other_constant(side)) is not None:
                    text = f"{name} compares with {_shown(changed)} in the place of {_shown(side)}"
                    yield self._mutant(id, at, (*at, "b"), changed, text)

    def _constants(
        self, value: Json, path: JsonPath, id: int, name: str, *, has_flags: bool
    ) -> Iterator[Mutant]:
        if isinstance(value, (Mapping, list)):
            parts = value.items() if isinstance(value, Mapping) else enumerate(value)
            for step, item in parts:
                yield from self._constants(item, (*path, step), id, name, has_flags=has_flags)
        elif has_flags or not isinstance(value, bool):
            field = ".".join(str(step) for step in path[_field_start(path) :])
            if isinstance(value, str) and "{{" in value:
                yield self._mutant(
                    id, path, path, "", f"{field} of {name} is empty in the place of {_shown(value)}"
                )
            elif (changed := _other_constant(value)) is not None:
                text = f"{field} of {name} is {_shown(changed)} in the place of {_shown(value)}"
                yield self._mutant(id, path, path, changed, text)

    def _mutant(self, id: int, at: JsonPath, path: JsonPath, value: Json, text: str) -> Mutant:
        changed = _with_value(self._blueprint, path, value)
        assert isinstance(changed, Mapping)
        line = self._lines.line_of((*self._prefix, *at)) or 1
        return Mutant(module_id=id, line=line, text=text, blueprint=changed)


def _field_start(path: JsonPath) -> int:
    """Returns the place behind the last ``mapper`` that is no field itself."""
    return path.index("mapper") + 1 if "mapper" in path else 0


def _with_value(whole: Json, path: JsonPath, value: Json) -> Json:
    """Returns a copy of a document with another value at a path; what is not on the way is shared."""
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        items = list(as_array(whole))
        items[step] = _with_value(items[step], tuple(rest), value)
        return items
    return {**as_mapping(whole), step: _with_value(as_mapping(whole).get(step), tuple(rest), value)}


def _other_operator(operator: str) -> str | None:
    for part in operator.split(":"):
        if part in _BORDERS:
            return operator.replace(part, _BORDERS[part], 1)
    return None


def _other_constant(value: Json) -> Json:
    """Returns another constant of the same type; ``None`` for a value that is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if not isinstance(value, str) or not value or "{{" in value:
        return None
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if value.removeprefix("-").isdecimal() and len(value) < 16:
        return str(int(value) + 1)
    return f"{value}x"


def _shown(value: Json) -> str:
    text = json_text(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


# --- their runs ----------------------------------------------------------------------------------


def try_mutants(file: TestFile, results: Sequence[TestResult]) -> MutationReport:
    """Runs the tests of a file against each mutant of its blueprint, until one notices it.

    Args:
        results: of the tests with the blueprint as it is; those that fail notice nothing.
    """
    passed = [result for result in results if result.outcome == "passed" and result.run is not None]
    touched = [(result, _touched_modules(result.run)) for result in passed if result.run is not None]
    found = []
    for mutant in iter_mutants(file.blueprint.text):
        reaching = [result for result, ids in touched if mutant.module_id in ids]
        noticed_by, is_valid = None, True
        for result in reaching:
            outcome = check_test(result.test, blueprint=mutant.blueprint)
            if outcome.is_rejected:
                is_valid = False
                break
            if outcome.is_failure:
                noticed_by = result.test.name
                break
        if is_valid:
            found.append(MutantResult(mutant=mutant, noticed_by=noticed_by, is_reached=bool(reaching)))
    return MutationReport(path=file.blueprint.path, results=found)


def _touched_modules(run: TestRun) -> set[int]:
    """Returns the modules that a bundle reached, or whose filter it met."""
    if run.execution is None:
        return set()
    return {
        *(step.module_id for step in run.execution.steps),
        *(decision.module_id for decision in run.execution.decisions),
    }


def render_table(reports: Sequence[MutationReport]) -> Iterator[str]:
    """Yields the table of mutants, and those that no test noticed."""
    rows = [["mutants", "noticed", ""]]
    rows += [
        [str(report.path), format_fraction(report.noticed, len(report.results)), f"{int(report.percent)} %"]
        for report in reports
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, fraction, share in rows:
        yield f"{name:<{widths[0]}}  {fraction:>{widths[1]}}  {share:>{widths[2]}}".rstrip()
    for report in reports:
        if report.survivors:
            yield ""
        for result in report.survivors:
            reason = "no test noticed" if result.is_reached else "no test reaches it"
            yield f"{report.path}:{result.mutant.line}: {reason}: {result.mutant.text}"
