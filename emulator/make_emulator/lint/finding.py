"""Finding of a lint rule, and the rules' registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..json_patch import Patch, Path
from ..json_types import JsonObject

if TYPE_CHECKING:
    from .document import LintDocument

Severity: TypeAlias = Literal["error", "warning", "info"]
"""Severity: Make rejects it, or a run fails; probably not what was meant; worth knowing."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        path: of the value in the blueprint, empty for the whole of it.
        line: of the value in the file, counted from 1; ``None`` if there is no file.
        suggestion: a repair in one sentence, empty if none is obvious.
        patch: an obvious repair of the blueprint, not tried yet; empty if there is none.
        scheduling_patch: one of the scheduling that was given beside the blueprint.
    """

    rule: str
    severity: Severity
    message: str
    path: Path = ()
    module_id: int | None = None
    line: int | None = None
    suggestion: str = ""
    patch: Patch = ()
    scheduling_patch: Patch = ()

    def to_json(self) -> JsonObject:
        """Returns ``{rule, severity, moduleId?, path, line?, message, suggestion?, patch?, schedulingPatch?}``."""
        document: JsonObject = {
            "rule": self.rule,
            "severity": self.severity,
            "moduleId": self.module_id,
            "path": format_path(self.path),
            "line": self.line,
            "message": self.message,
            "suggestion": self.suggestion or None,
            "patch": [operation.to_json() for operation in self.patch] or None,
            "schedulingPatch": [operation.to_json() for operation in self.scheduling_patch] or None,
        }
        return {name: value for name, value in document.items() if value is not None}


def format_path(path: Path) -> str:
    """Returns a path as text: ``flow[0].mapper.text``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Yield of a rule's check: a finding without the rule's name, and without its line."""

    message: str
    path: Path = ()
    module_id: int | None = None
    suggestion: str = ""
    #: Obvious repair of the blueprint, or of the scheduling that was given beside it.
    patch: Patch = ()
    scheduling_patch: Patch = ()
    #: Overrides the severity of the rule.
    severity: Severity | None = None


Check: TypeAlias = Callable[["LintDocument"], Iterator[Issue]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of lint: an id, its default severity, and its check, whose docstring is the rule's description.

    Attributes:
        repair: the repair that its findings may have, in a few words; empty if none is ever obvious.
    """

    id: str
    severity: Severity
    check: Check
    repair: str = ""

    @property
    def description(self) -> str:
        """The first paragraph of the check's docstring."""
        return " ".join((self.check.__doc__ or "").split("\n\n")[0].split())


RULES: dict[str, Rule] = {}
"""Registry of the rules by id, in the order of their declaration."""


def rule(id: str, severity: Severity, *, repair: str = "") -> Callable[[Check], Check]:
    """Declares a rule: ``@rule("unknown-module", "error")`` above its check."""

    def declare(check: Check) -> Check:
        RULES[id] = Rule(id, severity, check, repair)
        return check

    return declare
