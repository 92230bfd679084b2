"""Output formats of lint: text, JSON, SARIF 2.1.0, annotations of GitHub Actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from ..json_patch import PatchError
from ..json_text import find_replacements
from ..json_types import JsonObject
from ..plain_text import pluralize, printable
from ..redaction.blueprints import Masker
from ..version import __version__
from .files import NOT_A_BLUEPRINT, NOT_JSON, LintedFile
from .finding import RULES, SEVERITIES, Finding, format_path

_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_text(files: Sequence[LintedFile]) -> Iterator[str]:
    """Yields a line for each finding, ``FILE:LINE: SEVERITY rule: message``, and a summary."""
    for file in files:
        for finding in file.findings:
            yield f"{_location(file, finding)}: {finding.severity} [{finding.rule}] {_sentence(finding)}"
    counts = Counter(finding.severity for file in files for finding in file.findings)
    if counts:
        yield ""
    found = ", ".join(
        pluralize(counts[severity], severity if severity != "info" else "note")
        for severity in SEVERITIES
        if counts[severity]
    )
    yield f"{pluralize(len(files), 'blueprint')}: {found or 'no findings'}"


def to_json(files: Iterable[LintedFile]) -> JsonObject:
    """Returns ``{files: [{path, findings}]}``."""
    return {
        "files": [
            {"path": str(file.path), "findings": [finding.to_json() for finding in file.findings]}
            for file in files
        ]
    }


def to_sarif(files: Iterable[LintedFile]) -> JsonObject:
    """Returns a SARIF log, which code scanning services read."""
    rules = [(rule.id, rule.description, rule.severity) for rule in RULES.values()]
    rules += [(id, text, "error") for id, text in _FILE_RULES.items()]
    places = {id: place for place, (id, _, _) in enumerate(rules)}
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "columnKind": "unicodeCodePoints",
                "tool": {
                    "driver": {
                        "name": "make-emulator lint",
                        "version": __version__,
                        "rules": [
                            {
                                "id": id,
                                "shortDescription": {"text": text},
                                "defaultConfiguration": {"level": _SARIF_LEVELS[severity]},
                            }
                            for id, text, severity in rules
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": finding.rule,
                        "ruleIndex": places[finding.rule],
                        "level": _SARIF_LEVELS[finding.severity],
                        "message": {"text": _sentence(finding)},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": _uri(file.path)},
                                    "region": {"startLine": finding.line or 1},
                                },
                                **_logical_locations(finding),
                            }
                        ],
                        **_sarif_fixes(file, finding),
                    }
                    for file in files
                    for finding in file.findings
                ],
            }
        ],
    }


def _uri(path: Path) -> str:
    """Returns the URI of a file, relative like its path."""
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _logical_locations(finding: Finding) -> JsonObject:
    """Returns the member ``logicalLocations`` of a location: the path in the blueprint, unless it is the whole of it."""
    path = format_path(finding.path)
    return {"logicalLocations": [{"fullyQualifiedName": path, "kind": "element"}]} if path else {}


def _sarif_fixes(file: LintedFile, finding: Finding) -> JsonObject:
    """Returns the member ``fixes`` of a result: the patch of a finding as replacements in the file; none that repeats a secret."""
    if file.source is None or not (finding.patch or finding.scheduling_patch):
        return {}
    try:
        edited = file.source.edit(finding.patch, finding.scheduling_patch)
    except PatchError:
        return {}
    replacements = find_replacements(file.source.text, edited)
    masker = Masker()
    if any(masker.text(each.new) != each.new for each in replacements):
        return {}
    return {
        "fixes": [
            {
                "description": {"text": finding.suggestion or "Apply the obvious repair."},
                "artifactChanges": [
                    {
                        "artifactLocation": {"uri": _uri(file.path)},
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": each.start_line,
                                    "startColumn": each.start_column,
                                    "endLine": each.end_line,
                                    "endColumn": each.end_column,
                                },
                                "insertedContent": {"text": each.new},
                            }
                            for each in replacements
                        ],
                    }
                ],
            }
        ]
    }


_FILE_RULES = {NOT_JSON: "The file is not JSON.", NOT_A_BLUEPRINT: "The file holds no blueprint."}


def render_github(files: Iterable[LintedFile]) -> Iterator[str]:
    """Yields a workflow command for each finding, which GitHub Actions shows at its line."""
    for file in files:
        for finding in file.findings:
            properties = (
                f"file={_escape_property(file.path.as_posix())},line={finding.line or 1},title={finding.rule}"
            )
            yield f"::{_GITHUB_COMMANDS[finding.severity]} {properties}::{_escape(_sentence(finding))}"


def _location(file: LintedFile, finding: Finding) -> str:
    return printable(file.path) if finding.line is None else f"{printable(file.path)}:{finding.line}"


def _sentence(finding: Finding) -> str:
    return printable(f"{finding.message} {finding.suggestion}".rstrip())


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
