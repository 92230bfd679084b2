"""Lint of files: exported blueprints, responses of the API, folders of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from ..engine.blueprints.document import BlueprintDocument, unwrap_document
from ..json_patch import Patch, find_value
from ..json_patch import Path as JsonPath
from ..json_text import edit_text
from ..json_types import Json, as_mapping
from .document import LintOptions
from .finding import Finding
from .line_index import LineIndex
from .runner import lint

NOT_JSON = "not-json"
NOT_A_BLUEPRINT = "not-a-blueprint"
"""Ids of the findings about files that hold no blueprint; they cannot be switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """Text of a file, without a byte order mark, and the places of the blueprint and the scheduling in it.

    Attributes:
        blueprint_path: of the blueprint, which may be a text with JSON.
        scheduling_path: of the scheduling beside it.
    """

    text: str
    blueprint_path: tuple[str, ...]
    scheduling_path: tuple[str, ...]
    is_blueprint_embedded: bool
    is_scheduling_embedded: bool

    def edit(self, patch: Patch, scheduling_patch: Patch = ()) -> str:
        """Returns the text with patches applied.

        Raises:
            PatchError: if an operation cannot be applied.
        """
        text = _edit_part(self.text, patch, self.blueprint_path, self.is_blueprint_embedded)
        return _edit_part(text, scheduling_patch, self.scheduling_path, self.is_scheduling_embedded)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file, and its findings; one without a blueprint has no source."""

    path: Path
    findings: tuple[Finding, ...]
    source: SourceText | None = None


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
    scheduling_path = _scheduling_path(held)
    source = SourceText(
        text=data.decode(),
        blueprint_path=document.path,
        scheduling_path=scheduling_path,
        is_blueprint_embedded=isinstance(find_value(held, document.path), str),
        is_scheduling_embedded=isinstance(_find_scheduling(held), str),
    )
    lines = LineIndex(source.text)
    findings = [
        replace(finding, line=lines.line_of(_path_in_file(finding, document, scheduling_path)))
        for finding in lint(document.blueprint, options=options, ignore=ignore)
    ]
    return LintedFile(path=path, findings=tuple(findings), source=source)


def _edit_part(text: str, patch: Patch, path: tuple[str, ...], is_embedded: bool) -> str:
    if is_embedded:
        return edit_text(text, patch, embedded_at=path)
    return edit_text(text, [operation.below(path) for operation in patch])


def _path_in_file(finding: Finding, document: BlueprintDocument, scheduling_path: JsonPath) -> JsonPath:
    """Returns the path of a finding in the whole file, where the scheduling may lie beside the blueprint."""
    if finding.path[:1] == ("scheduling",) and "scheduling" not in document.blueprint:
        return (*scheduling_path, *finding.path[1:])
    return (*document.path, *finding.path)


def find_scheduling(held: Json) -> Mapping[str, Json]:
    """Returns the scheduling of a scenario in a request or a response of the API; empty if the document has none."""
    scheduling = _find_scheduling(held)
    if isinstance(scheduling, str):
        try:
            scheduling = orjson.loads(scheduling)
        except orjson.JSONDecodeError:
            return {}
    return as_mapping(scheduling)


def _find_scheduling(held: Json) -> Json:
    scheduling: Json = held
    for step in _scheduling_path(held):
        scheduling = as_mapping(scheduling).get(step)
    return scheduling


def _scheduling_path(held: Json) -> tuple[str, ...]:
    response = as_mapping(as_mapping(held).get("response"))
    return ("response", "scheduling") if "scheduling" in response else ("scheduling",)
