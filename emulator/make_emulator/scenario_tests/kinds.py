"""Kinds of values in a test file: the check of each, and its JSON Schema.

The declarations of `make_emulator.scenario_tests.schema` consist of these; the messages about mistakes, the JSON Schema for
editors and the reference follow from them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..document_issues import DocumentPath
from ..json_types import Json, JsonObject
from ..lazy_dataclasses import dataclass
from ..plain_text import did_you_mean
from .matchers import find_matcher_issues

Issues = Iterator[tuple[DocumentPath, str]]

#: JSON Schema of any value: a boolean schema.
ANY_SCHEMA: JsonObject = {}


class Kind(ABC):
    """Kind of a value; ``name`` completes the sentence "this must be …"."""

    name: str

    @abstractmethod
    def accepts(self, value: Json) -> bool:
        """Returns true for a value of the JSON type of the kind, whatever is inside it."""

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        """Yields the mistakes in a value, each with its path."""
        if not self.accepts(value):
            yield path, f"this must be {self.name}"

    @abstractmethod
    def json_schema(self, definitions: JsonObject) -> JsonObject:
        """Returns the JSON Schema; sections are added to the definitions."""


class Text(Kind):
    """Text, one of some choices, or one that a check accepts, which returns a sentence about any other."""

    def __init__(
        self,
        name: str = "a text",
        *,
        choices: Sequence[str] = (),
        pattern: str | None = None,
        check: Callable[[str], str | None] | None = None,
    ) -> None:
        self.name = f"one of: {', '.join(choices)}" if choices else name
        self._choices = choices
        self._pattern = pattern
        self._check = check

    def accepts(self, value: Json) -> bool:
        return isinstance(value, str)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if not isinstance(value, str):
            yield path, f"this must be {self.name}"
        elif self._choices and value not in self._choices:
            yield path, f"this must be {self.name}{did_you_mean(value, self._choices)}"
        elif self._pattern is not None and not re.fullmatch(self._pattern, value):
            yield path, f"this must be {self.name}"
        elif self._check is not None and (text := self._check(value)) is not None:
            yield path, text

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        schema: JsonObject = {"type": "string"}
        if self._choices:
            schema["enum"] = list(self._choices)
        if self._pattern is not None:
            schema["pattern"] = f"^(?:{self._pattern})$"
        return schema


class Integer(Kind):
    """Whole number from a least one on."""

    def __init__(self, least: int = 0) -> None:
        self.name = f"a whole number of at least {least}"
        self._least = least

    def accepts(self, value: Json) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if not (isinstance(value, int) and not isinstance(value, bool) and value >= self._least):
            yield path, f"this must be {self.name}"

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        return {"type": "integer", "minimum": self._least}


class Boolean(Kind):
    name = "true or false"

    def accepts(self, value: Json) -> bool:
        return isinstance(value, bool)

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        return {"type": "boolean"}


class AnyValue(Kind):
    """Any JSON value; in an expected one, matchers."""

    name = "a value"

    def __init__(self, *, has_matchers: bool = False) -> None:
        self._has_matchers = has_matchers

    def accepts(self, value: Json) -> bool:
        return True

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if self._has_matchers:
            yield from find_matcher_issues(value, path)

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        if not self._has_matchers:
            return ANY_SCHEMA
        return {
            "description": "A value: collections are compared in part, and matchers such as $regex apply."
        }


class Array(Kind):
    """Array of values of a kind."""

    def __init__(self, item: Kind, *, least: int = 0, name: str | None = None) -> None:
        self.name = name or "an array"
        self.item = item
        self._least = least

    def accepts(self, value: Json) -> bool:
        return isinstance(value, list)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if not isinstance(value, list):
            yield path, f"this must be {self.name}"
            return
        if len(value) < self._least:
            yield path, "this is empty"
        for place, item in enumerate(value):
            yield from self.item.find_issues(item, (*path, place))

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        least = {"minItems": self._least} if self._least else {}
        return {"type": "array", **least, "items": self.item.json_schema(definitions)}


class MapOf(Kind):
    """Mapping of names that the author chooses to values of a kind."""

    def __init__(self, value: Kind, *, name: str | None = None, key: Text | None = None) -> None:
        self.name = name or "a mapping"
        self.has_own_name = name is not None
        self.value = value
        self._key = key

    def accepts(self, value: Json) -> bool:
        return isinstance(value, dict)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if not isinstance(value, dict):
            yield path, f"this must be {self.name}"
            return
        for key, item in value.items():
            if self._key is not None:
                yield from self._key.find_issues(key, (*path, key))
            yield from self.value.find_issues(item, (*path, key))

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        names = {"propertyNames": self._key.json_schema(definitions)} if self._key is not None else {}
        return {"type": "object", **names, "additionalProperties": self.value.json_schema(definitions)}


class Either(Kind):
    """Value of one of several kinds, which its JSON type decides."""

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds
        self.name = " or ".join(kind.name for kind in kinds)

    def accepts(self, value: Json) -> bool:
        return any(kind.accepts(value) for kind in self.kinds)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        kind = next((kind for kind in self.kinds if kind.accepts(value)), None)
        if kind is None:
            yield path, f"this must be {self.name}"
        else:
            yield from kind.find_issues(value, path)

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        return {"anyOf": [kind.json_schema(definitions) for kind in self.kinds]}


@dataclass(frozen=True, slots=True)
class Key:
    """Key of a section: its name, kind and meaning."""

    name: str
    kind: Kind
    about: str
    required: bool = False


class Section(Kind):
    """Mapping with known keys; ``check`` yields mistakes between several of them."""

    def __init__(
        self,
        title: str,
        about: str,
        *keys: Key,
        check: Callable[[Mapping[str, Json], DocumentPath], Issues] | None = None,
    ) -> None:
        self.title = title
        self.about = about
        self.keys = keys
        self.name = f"a mapping with some of: {', '.join(key.name for key in keys)}"
        self._by_name = {key.name: key for key in keys}
        self._check = check

    def accepts(self, value: Json) -> bool:
        return isinstance(value, dict)

    def find_issues(self, value: Json, path: DocumentPath) -> Issues:
        if not isinstance(value, dict):
            yield path, f"this must be {self.name}"
            return
        for name, item in value.items():
            key = self._by_name.get(name)
            if key is None:
                yield (
                    (*path, name),
                    f"unknown key; there are: {', '.join(self._by_name)}{did_you_mean(name, self._by_name)}",
                )
            elif item is None and not key.kind.accepts(None):
                yield (*path, name), f"this is empty; it must be {key.kind.name}"
            else:
                yield from key.kind.find_issues(item, (*path, name))
        for key in self.keys:
            if key.required and key.name not in value:
                yield path, f"the key '{key.name}' is missing"
        if self._check is not None:
            yield from self._check(value, path)

    def json_schema(self, definitions: JsonObject) -> JsonObject:
        if self.title not in definitions:
            definitions[self.title] = {}
            required: dict[str, Any] = {"required": names} if (names := self._required()) else {}
            definitions[self.title] = {
                "description": self.about,
                "type": "object",
                "additionalProperties": False,
                **required,
                "properties": {key.name: _property(key, definitions) for key in self.keys},
            }
        return {"$ref": f"#/$defs/{self.title}"}

    def _required(self) -> list[str]:
        return [key.name for key in self.keys if key.required]


def _property(key: Key, definitions: JsonObject) -> JsonObject:
    return {**key.kind.json_schema(definitions), "description": key.about}
