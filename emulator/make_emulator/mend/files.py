"""Repairs of files, whose format stays: only the patched places of their text change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from ..engine.blueprints.document import unwrap_document
from ..io import rewrite_atomically
from ..json_patch import PatchError
from ..json_types import Json
from ..lint.document import LintOptions
from ..lint.files import SourceText, find_scheduling, lint_file
from ..lint.finding import Finding
from ..world.models import ModuleScript
from .mender import MendResult, Remainder, Repair, mend

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class WriteError(Exception):
    """File that was not written, and stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedFile:
    """A file, and the repairs of its blueprint.

    Attributes:
        blueprint_path: of the blueprint in the document, which the patches are for.
        repairs: their findings have the line in the file as it is, if it has them.
        data: the content with the repairs.
    """

    path: Path
    blueprint_path: tuple[str, ...] = ()
    result: MendResult | None = None
    repairs: tuple[Repair, ...] = ()
    remainders: tuple[Remainder, ...]
    original: bytes
    data: bytes

    @property
    def has_errors(self) -> bool:
        """True if an error stays."""
        return any(each.finding.severity == "error" for each in self.remainders)

    def write(self) -> None:
        """Writes the repaired content.

        Raises:
            WriteError: if the file has changed since it was read.
            OSError: if it cannot be written.
        """
        if self.path.read_bytes() != self.original:
            raise WriteError("it has changed since it was read")
        rewrite_atomically(self.path, self.data)


def mend_file(
    path: Path,
    data: bytes,
    *,
    options: LintOptions,
    ignore: tuple[str, ...] = (),
    now: str | None = None,
    scripts: Sequence[ModuleScript] = (),
) -> MendedFile:
    """Returns the repairs of the blueprint in a file; none if its text cannot be changed as the blueprint can."""
    linted = lint_file(path, data, options=options, ignore=ignore)
    if linted.source is None:
        remainders = tuple(Remainder(finding=finding) for finding in linted.findings)
        return MendedFile(path=path, remainders=remainders, original=data, data=data)
    held: Json = orjson.loads(linted.source.text)
    document = unwrap_document(held)
    options = replace(options, scheduling=find_scheduling(held) or options.scheduling)
    result = mend(
        document.blueprint, options=options, ignore=ignore, io=document.metadata, now=now, scripts=scripts
    )
    try:
        text = _edit(linted.source, held, result)
    except PatchError as error:
        reason = f"not repaired, as the text of the file has an unusual form: {error}"
        remainders = tuple(Remainder(finding=finding, reason=reason) for finding in linted.findings)
        return MendedFile(path=path, remainders=remainders, original=data, data=data)
    lines = _Lines(linted.findings)
    mark = _BYTE_ORDER_MARK if data.startswith(_BYTE_ORDER_MARK) else b""
    return MendedFile(
        path=path,
        blueprint_path=document.path,
        result=result,
        repairs=tuple(replace(repair, finding=lines.locate(repair.finding)) for repair in result.repairs),
        remainders=tuple(replace(each, finding=lines.locate(each.finding)) for each in result.remainders),
        original=data,
        data=mark + text.encode(),
    )


def _edit(source: SourceText, held: Json, result: MendResult) -> str:
    """Returns the text of a file with all repairs.

    Raises:
        PatchError: if it does not hold the repaired blueprint then, as with members that are there twice.
    """
    text = source.text
    for repair in result.repairs:
        text = replace(source, text=text).edit(repair.patch, repair.scheduling_patch)
    edited: Json = orjson.loads(text)
    scheduling = find_scheduling(held) and result.scheduling
    if (unwrap_document(edited).blueprint, find_scheduling(edited)) != (result.blueprint, scheduling):
        raise PatchError("members of an object have the same name")
    return text


class _Lines:
    """Lines of findings in the file as it is, for findings after repairs, whose places and texts may be others."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._exact: dict[tuple[str, int | None, str], int | None] = {}
        self._similar: dict[tuple[str, int | None], int | None] = {}
        for finding in findings:
            self._exact.setdefault((finding.rule, finding.module_id, finding.message), finding.line)
            self._similar.setdefault((finding.rule, finding.module_id), finding.line)

    def locate(self, finding: Finding) -> Finding:
        similar = self._similar.get((finding.rule, finding.module_id))
        return replace(
            finding, line=self._exact.get((finding.rule, finding.module_id, finding.message), similar)
        )
