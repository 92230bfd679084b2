"""Rule on secrets that are typed into a blueprint."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.blueprints.parser import MAX_DEPTH, is_too_deep
from ...json_patch import Path
from ...redaction.blueprints import find_secrets
from ..document import LintDocument, LintModule
from ..finding import Issue, rule


@rule("secret-in-blueprint", "warning")
def check_secrets(document: LintDocument) -> Iterator[Issue]:
    """A password, key or token is typed into a module, where everybody who sees the blueprint can read it.

    Placeholders such as ``YOUR_API_KEY`` are none.
    """
    for module, where in _find_secrets(document):
        yield Issue(
            message=f"{where} of {module.label} holds a secret.",
            path=(*module.path, *_parse_path(where)),
            module_id=module.id,
            suggestion="Keep it in a connection, a key, or a custom variable.",
        )


def find_secret_paths(document: LintDocument) -> frozenset[Path]:
    """Returns the paths of the secrets that are typed into modules."""
    return frozenset((*module.path, *_parse_path(where)) for module, where in _find_secrets(document))


def _find_secrets(document: LintDocument) -> Iterator[tuple[LintModule, str]]:
    """Yields the module of each secret, and its place there."""
    for module in document.modules:
        for part in ("parameters", "mapper"):
            values = module.node.get(part)
            # A part that is nested deeper is refused as a whole.
            if values is not None and not is_too_deep(values, MAX_DEPTH):
                yield from ((module, where) for where in find_secrets(values, part))


def _parse_path(text: str) -> Path:
    """Parses ``headers[1].value``."""
    steps: list[str | int] = []
    for name in text.replace("[", ".[").split("."):
        if name.startswith("[") and name[1:-1].isdigit():
            steps.append(int(name[1:-1]))
        elif name:
            steps.append(name)
    return tuple(steps)
