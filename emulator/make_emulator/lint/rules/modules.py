"""Rules on the apps, names and versions of modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...engine.apps import known_modules
from ...module_catalogue import Judgement
from ...plain_text import find_slip
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.modules import correct_module, set_version


@rule("no-such-module", "error", repair="its real name, or the newest version")
def check_existence(document: LintDocument) -> Iterator[Issue]:
    """Make has no such app, module or version: creation answers 400 IM007."""
    for module, judgement in document.judgements:
        if judgement.verdict == "missing":
            yield Issue(
                message=f"{_sentence(judgement.reason)}",
                path=(*module.path, "module"),
                module_id=module.id,
                suggestion=judgement.suggestion or _use_version(judgement),
                patch=correct_module(module, judgement),
            )


@rule("unknown-module", "warning", repair="its real name")
def check_knowledge(document: LintDocument) -> Iterator[Issue]:
    """The catalogue does not know the app or the module; it may exist, as the catalogue is not complete.

    Of a module that the editor has described in its metadata it is a note, since the editor describes only what exists.
    """
    for module, judgement in document.judgements:
        if judgement.verdict != "unknown" or module.app.startswith("app#"):
            continue
        # A description may be copied around a name that is wrong.
        is_described = module.is_described and not _find_slip(module, judgement)
        yield Issue(
            message=f"{_sentence(judgement.reason)} It may exist: the catalogue is not complete.",
            path=(*module.path, "module"),
            module_id=module.id,
            suggestion="" if is_described else judgement.suggestion or _use_version(judgement),
            patch=() if is_described else correct_module(module, judgement),
            severity="info" if is_described else None,
        )


@rule("unknown-version", "warning", repair="the newest version")
def check_version(document: LintDocument) -> Iterator[Issue]:
    """The module is known, but in other versions; a note if it is newer, and the editor has described it."""
    for module, judgement in document.judgements:
        if judgement.verdict == "other-version":
            is_newer = module.version > max(judgement.versions, default=0) and module.is_described
            yield Issue(
                message=_sentence(judgement.reason)
                if "version" in module.node
                else _lacks_version(module, judgement.versions),
                path=(*module.path, "version"),
                module_id=module.id,
                suggestion="" if is_newer else _use_version(judgement),
                patch=() if is_newer else correct_module(module, judgement),
                severity="info" if is_newer else None,
            )


@rule("outdated-version", "info", repair="the newest version, if it has none")
def check_newest_version(document: LintDocument) -> Iterator[Issue]:
    """A newer version of the module is known."""
    for module, judgement in document.judgements:
        versions = known_modules.versions_of(module.name, declared=document.options.modules)
        newest = max(versions, default=0)
        if judgement.verdict == "known" and newest > module.version:
            yield Issue(
                message=f"{module.name} has a version {newest}, this is version {module.version}."
                if "version" in module.node
                else _lacks_version(module, (newest,)),
                path=(*module.path, "version"),
                module_id=module.id,
                # Without a version, a module has the newest one already.
                patch=set_version(module, newest) if "version" not in module.node else (),
            )


def _find_slip(module: LintModule, judgement: Judgement) -> str | None:
    """Returns the known module that a name is a slip of, by itself or by its app."""
    own_name = module.name.partition(":")[2].lower()
    same = (name for name in judgement.suggestions if name.partition(":")[2].lower() == own_name)
    return next(same, None) or find_slip(module.name, judgement.suggestions)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _lacks_version(module: LintModule, versions: Sequence[int]) -> str:
    return _sentence(f"{module.label} has no version; it is known in version {', '.join(map(str, versions))}")


def _use_version(judgement: Judgement) -> str:
    return f"Use version {judgement.versions[-1]}." if judgement.versions else ""
