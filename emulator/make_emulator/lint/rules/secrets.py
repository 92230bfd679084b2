"""Rule on secrets that are typed into a blueprint."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.blueprints.parser import MAX_DEPTH, is_too_deep
from ...json_patch import Path
from ...redaction.blueprints import Masker
from ..document import LintDocument, LintModule
from ..finding import Issue, rule


@rule("secret-in-blueprint", "warning")
def check_secrets(document: LintDocument) -> Iterator[Issue]:
    """A password, key or token is typed into a module, where everybody who sees the blueprint can read it."""
    for module, part, where in _find_secrets(document):
        yield Issue(
            message=f"{part}.{where} of {module.label} holds a secret.",
            path=(*module.path, part, *_parse_path(where)),
            module_id=module.id,
            suggestion="Keep it in a connection, a key, or a custom variable.",
        )


def find_secret_paths(document: LintDocument) -> frozenset[Path]:
    """Returns the paths of the secrets that are typed into modules."""
    return frozenset(
        (*module.path, part, *_parse_path(where)) for module, part, where in _find_secrets(document)
    )


def _find_secrets(document: LintDocument) -> Iterator[tuple[LintModule, str, str]]:
    """Yields the module, the part of it, and the place in the part of each secret."""
    masker = Masker()
    for module in document.modules:
        for part in ("parameters", "mapper"):
            values = module.node.get(part)
            # A part that is nested deeper is refused as a whole.
            if values is not None and not is_too_deep(values, MAX_DEPTH):
                _, masked = masker.mask(part, values)
                yield from ((module, part, secret.where) for secret in masked)


def _parse_path(text: str) -> Path:
    """Parses ``headers[1].value``."""
    steps: list[str | int] = []
    for name in text.replace("[", ".[").split("."):
        if name.startswith("[") and name[1:-1].isdigit():
            steps.append(int(name[1:-1]))
        elif name:
            steps.append(name)
    return tuple(steps)
