"""What is expected of a value that has to be made up, as those tell who use it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ..world.models import Json

#: Types of fields that say something of a value; of a text, say, anything can be made.
_TELLING = frozenset(
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
_DEPTH = 12
_CHOICES = 50


@dataclass(slots=True)
class Wanted:
    """What is expected of one value; all parts may be unknown.

    ``kind`` is a type as interfaces have it, ``name`` the field that the value goes to, ``pattern`` how a date is written,
    ``choices`` what it is compared with, ``fields`` what a collection has, ``item`` what an array holds, and
    ``content`` what a text says that is read as JSON or XML (``kind`` is which).
    """

    kind: str | None = None
    name: str | None = None
    pattern: str | None = None
    choices: list[Json] = field(default_factory=list)
    fields: dict[str, Wanted] = field(default_factory=dict)
    item: Wanted | None = None
    content: Wanted | None = None

    @property
    def tells(self) -> bool:
        """Whether it says what the value is, rather than only that there is one."""
        return bool(self.kind or self.choices or self.fields or self.item or self.content)

    def at(self, path: Sequence[str | int]) -> Wanted:
        """What is expected of the value at the end of a way: names of fields, and places in arrays."""
        wanted = self
        for step in path[:_DEPTH]:
            if isinstance(step, int):
                wanted.item = wanted.item or Wanted()
                wanted = wanted.item
            else:
                wanted = wanted.fields.setdefault(step, Wanted())
        return wanted if len(path) <= _DEPTH else Wanted()

    def learn(self, other: Wanted, depth: int = 0) -> None:
        """Take over what another one knows besides; what is known already stays."""
        if other is self or depth > _DEPTH:
            return
        self.kind = self.kind or other.kind
        self.name = self.name or other.name
        self.pattern = self.pattern or other.pattern
        for choice in other.choices:
            if len(self.choices) == _CHOICES:
                break
            if choice not in self.choices:
                self.choices.append(choice)
        for name, wanted in other.fields.items():
            if name in self.fields:
                self.fields[name].learn(wanted, depth + 1)
            else:
                self.fields[name] = wanted
        if other.item is not None:
            if self.item is None:
                self.item = other.item
            else:
                self.item.learn(other.item, depth + 1)
        self.content = self.content or other.content


def collection_of(fields: Json, depth: int = 0) -> Wanted:
    """What a specification of fields asks of a collection."""
    wanted = Wanted(kind="collection")
    for one in fields if isinstance(fields, (list, tuple)) and depth < _DEPTH else ():
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            wanted.fields.setdefault(one["name"], field_of(one, depth + 1))
    return wanted


def field_of(spec: Mapping[str, Json], depth: int = 0) -> Wanted:
    """What the specification of one field asks of its value."""
    kind, name = spec.get("type"), spec.get("name")
    wanted = Wanted(name=name if isinstance(name, str) else None)
    if isinstance(kind, str) and kind in _TELLING:
        wanted.kind = kind
    inner = spec.get("spec")
    if kind == "collection":
        wanted.learn(collection_of(inner, depth))
    elif kind == "array" and isinstance(inner, Mapping) and depth < _DEPTH:
        wanted.item = field_of(inner, depth + 1)
    elif kind == "array" and isinstance(inner, list) and inner:
        wanted.item = collection_of(inner, depth)
    elif kind == "select":
        choices = (choice for choice in choices_of(spec) if isinstance(choice, (str, int, float)))
        wanted.choices = list(islice(choices, _CHOICES))
    return wanted


def choices_of(spec: Mapping[str, Json]) -> list[Json]:
    """What a field of type ``select`` offers: ``validate.enum``, else ``options`` (exported blueprints have either)."""
    validate = spec.get("validate")
    enum = validate.get("enum") if isinstance(validate, Mapping) else None
    choices = enum if isinstance(enum, list) else spec.get("options")
    if not isinstance(choices, list):
        return []
    return [choice.get("value") if isinstance(choice, Mapping) else choice for choice in choices]
