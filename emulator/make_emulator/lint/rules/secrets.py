"""Rule on secrets that are typed into a blueprint."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.blueprints.parser import MAX_DEPTH, is_too_deep
from ...redaction.blueprints import find_secrets
from ..document import LintDocument
from ..finding import Issue, Path, rule


@rule("secret-in-blueprint", "warning")
def check_secrets(document: LintDocument) -> Iterator[Issue]:
    """A password, key or token is typed into a module, where everybody who sees the blueprint can read it.

    Placeholders such as ``YOUR_API_KEY`` are none.
    """
    for module in document.modules:
        for part in ("parameters", "mapper"):
            values = module.node.get(part)
            if is_too_deep(values, MAX_DEPTH):
                continue  # not a blueprint, which a rule on the structure says
            for where in find_secrets(values, part):
                yield Issue(
                    message=f"{where} of {module.label} holds a secret.",
                    path=(*module.path, *_parse_path(where)),
                    module_id=module.id,
                    suggestion="Keep it in a connection, a key, or a custom variable.",
                )


def _parse_path(text: str) -> Path:
    """Parses ``headers[1].value``."""
    steps: list[str | int] = []
    for name in text.replace("[", ".[").split("."):
        if name.startswith("[") and name[1:-1].isdigit():
            steps.append(int(name[1:-1]))
        elif name:
            steps.append(name)
    return tuple(steps)
