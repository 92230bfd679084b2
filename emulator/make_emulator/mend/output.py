"""Output formats of mend: text and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..json_patch import format_pointer
from ..json_types import JsonObject
from ..lint.finding import Finding
from ..plain_text import pluralize, printable
from .files import MendedFile


def render_text(files: Sequence[MendedFile], *, is_written: bool) -> Iterator[str]:
    """Yields each repair with its patch and the end of the run, each error and warning that stays, and a summary."""
    for file in files:
        for repair in file.repairs:
            yield _finding_line(file, repair.finding)
            yield from (f"    {printable(line)}" for line in repair.changes)
            others = f" and {pluralize(repair.others, 'other')}" if repair.others else ""
            yield f"    with this patch{others} the run ends {repair.outcome}"
        for remainder in file.remainders:
            if remainder.finding.severity != "info":
                yield _finding_line(file, remainder.finding)
                yield f"    {printable(remainder.reason)}"
    repaired = sum(len(file.repairs) for file in files)
    left = sum(each.finding.severity != "info" for file in files for each in file.remainders)
    if repaired or left:
        yield ""
    done = "written" if is_written else "--write applies them" if repaired > 1 else "--write applies it"
    parts = [f"{pluralize(repaired, 'repair')} ({done})"] if repaired else []
    if left:
        parts.append(
            f"{pluralize(left, 'finding')} without one"
            if repaired
            else f"{pluralize(left, 'finding')} without a repair"
        )
    yield f"{pluralize(len(files), 'blueprint')}: {', '.join(parts) or 'nothing to mend'}"


def to_json(files: Iterable[MendedFile], *, is_written: bool) -> JsonObject:
    """Returns ``{files: [{path, blueprintPath, written, patch, schedulingPatch?, repairs, findings, run?}]}``."""
    return {"files": [_file_json(file, is_written=is_written) for file in files]}


def _file_json(file: MendedFile, *, is_written: bool) -> JsonObject:
    document: JsonObject = {} if file.result is None else file.result.to_json()
    # The file itself has them.
    document.pop("blueprint", None)
    document.pop("scheduling", None)
    return {
        "path": str(file.path),
        "blueprintPath": format_pointer(file.blueprint_path),
        "written": is_written and bool(file.repairs),
        "patch": [],
        **document,
        "repairs": [repair.to_json() for repair in file.repairs],
        "findings": [remainder.to_json() for remainder in file.remainders],
    }


def _finding_line(file: MendedFile, finding: Finding) -> str:
    where = printable(file.path) if finding.line is None else f"{printable(file.path)}:{finding.line}"
    text = printable(f"{finding.message} {finding.suggestion}".rstrip())
    return f"{where}: {finding.severity} [{finding.rule}] {text}"
