"""JSON Patch (RFC 6902): operations on a JSON document, and their application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .json_types import Json, JsonObject

Path: TypeAlias = tuple[str | int, ...]
"""Path of a value in a document, such as ``("flow", 0, "mapper", "text")``; ``-`` is the place behind an array's last item."""

END_OF_ARRAY = "-"


class PatchError(ValueError):
    """Operation that cannot be applied to a document."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `add`, `replace`, `remove` and `move` make them.

    Attributes:
        source: the path that a ``move`` takes its value from.
    """

    op: Literal["add", "replace", "remove", "move"]
    path: Path
    value: Json = None
    source: Path = ()

    def to_json(self) -> JsonObject:
        """Returns ``{op, path, value?, from?}``, paths as JSON Pointers (RFC 6901)."""
        document: JsonObject = {"op": self.op, "path": format_pointer(self.path)}
        if self.op == "move":
            document["from"] = format_pointer(self.source)
        elif self.op != "remove":
            document["value"] = self.value
        return document

    def check_move(self) -> None:
        """Checks that a ``move`` does not put a value into itself.

        Raises:
            PatchError: if it does.
        """
        if len(self.path) > len(self.source) and self.path[: len(self.source)] == self.source:
            raise _error(self.path, "lies in the value that is moved there")

    def below(self, prefix: Path) -> Operation:
        """Returns the operation on a document that has this one's at a path."""
        source = (*prefix, *self.source) if self.op == "move" else ()
        return Operation(self.op, (*prefix, *self.path), self.value, source)


Patch: TypeAlias = tuple[Operation, ...]
"""Operations that are applied one after the other."""


def add(path: Path, value: Json) -> Operation:
    """Returns the operation that adds a member to an object or an item to an array."""
    return Operation("add", path, value)


def replace(path: Path, value: Json) -> Operation:
    """Returns the operation that replaces a value."""
    return Operation("replace", path, value)


def remove(path: Path) -> Operation:
    """Returns the operation that removes a value."""
    return Operation("remove", path)


def move(source: Path, path: Path) -> Operation:
    """Returns the operation that removes a value and adds it at another path."""
    return Operation("move", path, source=source)


def format_pointer(path: Path) -> str:
    """Returns a path as a JSON Pointer: ``/flow/0/mapper/text``."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def apply_patch(document: Json, patch: Iterable[Operation]) -> Json:
    """Returns a copy of a document with all operations applied; the document itself stays as it is.

    Raises:
        PatchError: if one cannot be applied.
    """
    for operation in patch:
        match operation.op:
            case "add":
                document = _add(document, operation.path, operation.value)
            case "replace":
                find_value(document, operation.path)
                document = _set(document, operation.path, operation.value)
            case "remove":
                document = _remove(document, operation.path)
            case "move":
                operation.check_move()
                value = find_value(document, operation.source)
                document = _add(_remove(document, operation.source), operation.path, value)
    return document


def find_value(document: Json, path: Path) -> Json:
    """Returns the value at a path.

    Raises:
        PatchError: if there is none.
    """
    for depth, step in enumerate(path):
        if isinstance(document, Mapping) and str(step) in document:
            document = document[str(step)]
        elif isinstance(document, (list, tuple)) and isinstance(step, int) and 0 <= step < len(document):
            document = document[step]
        else:
            raise _error(path[: depth + 1], "does not exist")
    return document


def _add(document: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    parent = find_value(document, path[:-1])
    step = path[-1]
    if isinstance(parent, Mapping):
        return _set(document, path[:-1], {**parent, str(step): value})
    if not isinstance(parent, (list, tuple)):
        raise _error(path[:-1], "is neither an object nor an array")
    place = len(parent) if step == END_OF_ARRAY else step
    if not isinstance(place, int) or not 0 <= place <= len(parent):
        raise _error(path, "is no place of the array")
    return _set(document, path[:-1], [*parent[:place], value, *parent[place:]])


def _remove(document: Json, path: Path) -> Json:
    find_value(document, path)
    if not path:
        return None
    parent, step = find_value(document, path[:-1]), path[-1]
    if isinstance(parent, Mapping):
        rest: Json = {name: value for name, value in parent.items() if name != str(step)}
    else:
        assert isinstance(parent, (list, tuple))
        rest = [value for place, value in enumerate(parent) if place != step]
    return _set(document, path[:-1], rest)


def _set(document: Json, path: Path, value: Json) -> Json:
    """Returns a copy of a document with another value at a path that exists."""
    for length in range(len(path) - 1, -1, -1):
        parent, step = find_value(document, path[:length]), path[length]
        if isinstance(parent, Mapping):
            value = {**parent, str(step): value}
        else:
            assert isinstance(parent, (list, tuple))
            value = [value if place == step else item for place, item in enumerate(parent)]
    return value


def _error(path: Path, problem: str) -> PatchError:
    return PatchError(f"{format_pointer(path) or 'the document'} {problem}")
