"""Lint of files: exported blueprints, responses of the API, folders of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from ..engine.blueprints.document import BlueprintDocument, unwrap_document
from ..json_types import Json, as_mapping
from .document import LintOptions
from .finding import Finding
from .finding import Path as JsonPath
from .line_index import LineIndex
from .runner import lint

NOT_JSON = "not-json"
NOT_A_BLUEPRINT = "not-a-blueprint"
"""Ids of the findings about files that hold no blueprint; they cannot be switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file, and its findings."""

    path: Path
    findings: tuple[Finding, ...]


def lint_file(path: Path, data: bytes, *, options: LintOptions, ignore: tuple[str, ...] = ()) -> LintedFile:
    """Returns the findings on a file, each with its line."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        held: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        finding = Finding(
            rule=NOT_JSON, severity="error", message=f"The file is not JSON: {error}.", line=error.lineno
        )
        return LintedFile(path=path, findings=(finding,))
    try:
        document = unwrap_document(held)
    except ValueError as error:
        finding = Finding(rule=NOT_A_BLUEPRINT, severity="error", message=f"No blueprint: {error}.", line=1)
        return LintedFile(path=path, findings=(finding,))
    options = replace(options, scheduling=find_scheduling(held) or options.scheduling)
    lines = LineIndex(data.decode())
    findings = [
        replace(finding, line=lines.line_of((*_place_of(finding, document), *finding.path)))
        for finding in lint(document.blueprint, options=options, ignore=ignore)
    ]
    return LintedFile(path=path, findings=tuple(findings))


def _place_of(finding: Finding, document: BlueprintDocument) -> JsonPath:
    """Returns the path of what the path of a finding starts in: the blueprint, or what has it beside the scheduling."""
    is_beside = finding.path[:1] == ("scheduling",) and "scheduling" not in document.blueprint
    return document.path[:-1] if is_beside else document.path


def find_scheduling(held: Json) -> Mapping[str, Json]:
    """Returns the scheduling of a scenario in a response of the API; empty if the document has none."""
    held = as_mapping(held)
    scheduling = held.get("scheduling", as_mapping(held.get("response")).get("scheduling"))
    if isinstance(scheduling, str):
        try:
            scheduling = orjson.loads(scheduling)
        except orjson.JSONDecodeError:
            return {}
    return as_mapping(scheduling)
