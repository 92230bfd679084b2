"""Operations of a patch as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..json_patch import Operation, Patch, apply_patch, find_value, format_pointer
from ..json_types import Json

_MAX_VALUE = 100


def describe_patch(document: Json, patch: Patch) -> Iterator[str]:
    """Yields a line for each operation of a patch that can be applied to a document."""
    for operation in patch:
        yield _describe(document, operation)
        document = apply_patch(document, [operation])


def _describe(document: Json, operation: Operation) -> str:
    path = format_pointer(operation.path)
    match operation.op:
        case "add":
            return f"{path}: adds {_shorten(operation.value)}"
        case "replace":
            return f"{path}: {_shorten(find_value(document, operation.path))} -> {_shorten(operation.value)}"
        case "remove":
            return f"{path}: removes it"
        case "move":
            return f"{format_pointer(operation.source)}: moves to {path}"


def _shorten(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"
