"""What is expected of a value that has to be made up, as those tell who use it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ...world.models import Json

#: Types of fields that say something of a value; of a text, say, anything can be made.
_INFORMATIVE_TYPES = frozenset(
    (
        "array",
        "boolean",
        "buffer",
        "collection",
        "date",
        "email",
        "filename",
        "integer",
        "number",
        "port",
        "time",
        "timestamp",
        "uinteger",
        "url",
        "uuid",
    )
)

#: So deep are ways into a value followed, and specifications read; and so many values are enough to choose from.
_MAX_DEPTH = 12
_MAX_CHOICES = 50


@dataclass(slots=True)
class Constraint:
    """What is expected of one value; all parts may be unknown.

    ``kind`` is a type as interfaces have it, ``name`` the field that the value goes to, ``pattern`` how a date is written,
    ``choices`` what it is compared with, ``fields`` what a collection has, ``item`` what an array holds, and
    ``content`` what a text says that is read as JSON or XML (``kind`` is which).
    """

    kind: str | None = None
    name: str | None = None
    pattern: str | None = None
    choices: list[Json] = field(default_factory=list)
    fields: dict[str, Constraint] = field(default_factory=dict)
    item: Constraint | None = None
    content: Constraint | None = None

    @property
    def is_informative(self) -> bool:
        """Whether it says what the value is, rather than only that there is one."""
        return bool(self.kind or self.choices or self.fields or self.item or self.content)

    def descend(self, path: Sequence[str | int]) -> Constraint:
        """What is expected of the value at the end of a way: names of fields, and places in arrays."""
        wanted = self
        for step in path[:_MAX_DEPTH]:
            if isinstance(step, int):
                wanted.item = wanted.item or Constraint()
                wanted = wanted.item
            else:
                wanted = wanted.fields.setdefault(step, Constraint())
        return wanted if len(path) <= _MAX_DEPTH else Constraint()

    def merge(self, other: Constraint, depth: int = 0) -> None:
        """Take over what another one knows besides; what is known already stays."""
        if other is self or depth > _MAX_DEPTH:
            return
        self.kind = self.kind or other.kind
        self.name = self.name or other.name
        self.pattern = self.pattern or other.pattern
        for choice in other.choices:
            if len(self.choices) == _MAX_CHOICES:
                break
            if choice not in self.choices:
                self.choices.append(choice)
        for name, wanted in other.fields.items():
            if name in self.fields:
                self.fields[name].merge(wanted, depth + 1)
            else:
                self.fields[name] = wanted
        if other.item is not None:
            if self.item is None:
                self.item = other.item
            else:
                self.item.merge(other.item, depth + 1)
        self.content = self.content or other.content


def collection_constraint(fields: Json, depth: int = 0) -> Constraint:
    """What a specification of fields asks of a collection."""
    wanted = Constraint(kind="collection")
    for one in fields if isinstance(fields, (list, tuple)) and depth < _MAX_DEPTH else ():
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            wanted.fields.setdefault(one["name"], field_constraint(one, depth + 1))
    return wanted


def field_constraint(spec: Mapping[str, Json], depth: int = 0) -> Constraint:
    """What the specification of one field asks of its value."""
    kind, name = spec.get("type"), spec.get("name")
    wanted = Constraint(name=name if isinstance(name, str) else None)
    if isinstance(kind, str) and kind in _INFORMATIVE_TYPES:
        wanted.kind = kind
    inner = spec.get("spec")
    if kind == "collection":
        wanted.merge(collection_constraint(inner, depth))
    elif kind == "array" and isinstance(inner, Mapping) and depth < _MAX_DEPTH:
        wanted.item = field_constraint(inner, depth + 1)
    elif kind == "array" and isinstance(inner, list) and inner:
        wanted.item = collection_constraint(inner, depth)
    elif kind == "select":
        choices = (choice for choice in select_options(spec) if isinstance(choice, (str, int, float)))
        wanted.choices = list(islice(choices, _MAX_CHOICES))
    return wanted


def select_options(spec: Mapping[str, Json]) -> list[Json]:
    """What a field of type ``select`` offers: ``validate.enum``, else ``options`` (exported blueprints have either)."""
    validate = spec.get("validate")
    enum = validate.get("enum") if isinstance(validate, Mapping) else None
    choices = enum if isinstance(enum, list) else spec.get("options")
    if not isinstance(choices, list):
        return []
    return [choice.get("value") if isinstance(choice, Mapping) else choice for choice in choices]
