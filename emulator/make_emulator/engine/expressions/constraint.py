"""Constraint on a value: the type, fields and choices that the consumers of a value expect of it.

Functions declare them for their arguments, modules for their inputs; mock data are generated to satisfy them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ...lazy_dataclasses import dataclass
from .values import Value

#: Limits of a constraint: nested levels, and choices of one value.
MAX_CONSTRAINT_DEPTH = 12
MAX_CHOICES = 50


@dataclass(slots=True)
class Constraint:
    """Constraint on one value; every part may be unknown.

    Attributes:
        kind: the type, as interfaces name it.
        name: the field that the value is mapped to.
        pattern: the format of a date, or the delimiter of CSV.
        choices: the values that it is compared with.
        fields: the constraints on the fields of a collection.
        item: the constraint on the items of an array.
        content: the constraint on what is parsed from a text of the format ``kind`` (JSON, XML or CSV).
    """

    kind: str | None = None
    name: str | None = None
    pattern: str | None = None
    choices: list[Value] = field(default_factory=list)
    fields: dict[str, Constraint] = field(default_factory=dict)
    item: Constraint | None = None
    content: Constraint | None = None

    @property
    def is_informative(self) -> bool:
        """True if it restricts the value, rather than only stating that there is one."""
        return bool(self.kind or self.choices or self.fields or self.item or self.content)

    def descend(self, path: Sequence[str | int]) -> Constraint:
        """Returns the constraint on a nested value, which is added if needed: names of fields, positions in arrays."""
        target = self
        for step in path[:MAX_CONSTRAINT_DEPTH]:
            if isinstance(step, int):
                target.item = target.item or Constraint()
                target = target.item
            else:
                target = target.fields.setdefault(step, Constraint())
        return target if len(path) <= MAX_CONSTRAINT_DEPTH else Constraint()

    def merge(self, other: Constraint, depth: int = 0) -> None:
        """Adds the parts of another constraint; parts that are known already stay."""
        if other is self or depth > MAX_CONSTRAINT_DEPTH:
            return
        self.kind = self.kind or other.kind
        self.name = self.name or other.name
        self.pattern = self.pattern or other.pattern
        for choice in other.choices:
            if len(self.choices) == MAX_CHOICES:
                break
            if choice not in self.choices:
                self.choices.append(choice)
        for name, constraint in other.fields.items():
            if name in self.fields:
                self.fields[name].merge(constraint, depth + 1)
            else:
                self.fields[name] = constraint
        if other.item is not None:
            if self.item is None:
                self.item = other.item
            else:
                self.item.merge(other.item, depth + 1)
        self.content = self.content or other.content
