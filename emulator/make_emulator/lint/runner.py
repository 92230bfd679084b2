"""Lint: static checks of a blueprint, all findings at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..json_types import Json
from . import rules
from .document import LintDocument, LintOptions
from .finding import RULES, SEVERITIES, Finding
from .line_index import LineIndex
from .rules.secrets import find_secret_paths

# Importing the rules declares them.
assert rules.__all__


def lint(
    blueprint: Mapping[str, Json],
    *,
    options: LintOptions | None = None,
    ignore: Iterable[str] = (),
    lines: LineIndex | None = None,
) -> list[Finding]:
    """Returns the findings of all rules on a blueprint, by place, the severe ones first at the same place.

    Args:
        ignore: ids of rules that are switched off.
        lines: index of the file's lines.
    """
    document = LintDocument(blueprint, options or LintOptions())
    skipped = frozenset(ignore)
    findings = [
        Finding(
            rule=rule.id,
            severity=issue.severity or rule.severity,
            message=issue.message,
            path=issue.path,
            module_id=issue.module_id,
            suggestion=issue.suggestion,
            patch=issue.patch,
            scheduling_patch=issue.scheduling_patch,
        )
        for rule in RULES.values()
        if rule.id not in skipped
        for issue in rule.check(document)
        if not document.is_ignored(rule.id, issue.module_id)
    ]
    findings = _without_secret_patches(document, findings)
    if lines is not None:
        findings = [replace(finding, line=lines.line_of(finding.path)) for finding in findings]
    places = {module.path: place for place, module in enumerate(document.modules)}
    return sorted(
        findings,
        key=lambda finding: (_place(finding, places), SEVERITIES.index(finding.severity), finding.rule),
    )


def _without_secret_patches(document: LintDocument, findings: list[Finding]) -> list[Finding]:
    """Returns the findings without the patches that would repeat a secret: one in a text that they rewrite."""
    if not any(operation.op in ("add", "replace") for finding in findings for operation in finding.patch):
        return findings
    secrets = find_secret_paths(document)
    return [
        replace(finding, patch=())
        if any(
            operation.op != "move" and operation.path[: len(path)] == path
            for operation in finding.patch
            for path in secrets
        )
        else finding
        for finding in findings
    ]


def _place(finding: Finding, places: Mapping[tuple[str | int, ...], int]) -> int:
    path = finding.path
    while path and path not in places:
        path = path[:-1]
    return places.get(path, -1)
