"""Identities of a replay: the ids and texts that recorded answers introduced, each with the one that stands for it here.

Ids are numbers of one kind of resource, texts are execution ids, tokens, udids and other names that a server generates. Both are
mapped one to one: two recorded ids never have the same one here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ..http.endpoint import PATH_PARAMETER_KINDS, Endpoint
from ..json_types import Json
from ..redaction.rules import MASK
from ..schemas.base import ListField, ResourceId, is_too_deep
from ..world.blueprint_refs import REFERENCE_FIELDS

#: Kinds whose ids are numbers.
KINDS = frozenset(PATH_PARAMETER_KINDS.values()) | {"notification"}

#: Kinds of which a recording mostly has one, where it is at home.
HOME_KINDS = frozenset({"organization", "team", "user"})

#: Word of a field or an envelope -> kind, where it is not the kind itself.
_KIND_NAMES: Mapping[str, str] = {
    "approved": "template",
    "author": "user",
    "authUser": "user",
    "company": "organization",
    "createdByUser": "user",
    "datastructure": "dataStructure",
    "dlq": "incompleteExecution",
    "failer": "user",
    "parent": "folder",
    "personalSpace": "team",
    "privateSpace": "team",
    "privateSpaceOwner": "user",
    "published": "template",
    "request": "credentialRequest",
    "requestDetail": "credentialRequest",
    "scenarioFolder": "folder",
    "scenariosFolder": "folder",
    "structure": "customPropertyStructure",
    "templatePublic": "template",
    "templatesPublic": "template",
    "udt": "dataStructure",
    "updatedByUser": "user",
}

#: Names of maps of ids in a clone -> kind of the ids.
_CLONE_MAPS: Mapping[str, str] = {
    "account": "connection",
    "datastore": "dataStore",
    "hook": "hook",
    "key": "key",
    "udt": "dataStructure",
}

_BLUEPRINT_KINDS = {name: kind for kind, names in REFERENCE_FIELDS.items() for name in names}

#: Texts that a server generates: UUIDs, hexadecimal ids, udids, masks; also within a URL.
_GENERATED = re.compile(
    rf"{re.escape(MASK)}(?:-[0-9]+)?|\b[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\b|\b[0-9a-z]{{20,64}}\b",
    re.IGNORECASE,
)

_NUMBER = re.compile(r"\b[0-9]+\b")


def kind_of(name: str, parent: str = "") -> str | None:
    """Returns the kind of the id that stands under a name; ``None`` if it is no id of a resource.

    Args:
        name: such as ``teamId``, or ``id`` or ``id`` of a row of a list.
        parent: the name of the object, or list of objects, that has it.
    """
    if name == "id":
        return _kind_of_word(parent) or (_kind_of_word(parent[:-1]) if parent.endswith("s") else None)
    for ending in ("Ids", "Id"):
        if name.endswith(ending):
            return _kind_of_word(name.removesuffix(ending))
    return _kind_of_word(name) if name in ("failer",) else None


def _kind_of_word(word: str) -> str | None:
    kind = _KIND_NAMES.get(word, word)
    return kind if kind in KINDS else None


class UnknownResourceError(Exception):
    """Resource of a request that is not in the world; the message is a clause about the request."""


class Identities:
    """Map of recorded ids and texts to those of the world."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, int], int] = {}
        self._recorded_ids: dict[tuple[str, int], int] = {}
        self._texts: dict[str, str] = {}
        self._recorded_texts: dict[str, str] = {}
        #: Kind and recorded id of what is not in the world, as its creation could not be replayed.
        self.absent: set[tuple[str, int]] = set()
        #: Kind and recorded id of what did not exist -> the id that does not exist here.
        self.unused: dict[tuple[str, int], int] = {}

    # --- ids ---------------------------------------------------------------------------------------

    def id(self, kind: str, recorded: int) -> int | None:
        """Returns the id that stands for a recorded one; ``None`` if it was not introduced."""
        return self._ids.get((kind, recorded))

    def recorded_id(self, kind: str, id: int) -> int | None:
        """Returns the recorded id that an id stands for; ``None`` if there is none."""
        return self._recorded_ids.get((kind, id))

    def bind_id(self, kind: str, recorded: int, id: int) -> bool:
        """Lets an id stand for a recorded one; false if one of the two stands for another already."""
        if self._ids.get((kind, recorded), id) != id:
            return False
        if self._recorded_ids.get((kind, id), recorded) != recorded:
            return False
        self._ids[kind, recorded] = id
        self._recorded_ids[kind, id] = recorded
        return True

    # --- texts -------------------------------------------------------------------------------------

    def bind_text(self, recorded: str, text: str) -> bool:
        """Lets the generated parts of a text stand for those of a recorded one; false if the texts contradict each other.

        Texts contradict each other if their other parts differ, or if a part stands for another one already.
        """
        theirs, ours = _GENERATED.findall(recorded), _GENERATED.findall(text)
        if len(theirs) != len(ours) or _GENERATED.sub("", recorded) != _GENERATED.sub("", text):
            return False
        return all(self._bind_part(*pair) for pair in zip(theirs, ours, strict=True))

    def bind_name(self, recorded: str, text: str) -> bool:
        """Lets a whole text stand for a recorded one, such as the id of a run; false if one of the two stands for another already."""
        return self._bind_part(recorded, text)

    def _bind_part(self, recorded: str, text: str) -> bool:
        if recorded == MASK or text == MASK:
            return True
        if self._texts.get(recorded, text) != text or self._recorded_texts.get(text, recorded) != recorded:
            return False
        self._texts[recorded] = text
        self._recorded_texts[text] = recorded
        return True

    def text(self, recorded: str) -> str:
        """Returns a recorded text with the parts that were introduced replaced by those that stand for them."""
        if recorded in self._texts:
            return self._texts[recorded]
        return _GENERATED.sub(lambda match: self._texts.get(match[0], match[0]), recorded)

    def recorded_text(self, text: str) -> str:
        """Returns a text with the parts replaced by the recorded ones that they stand for."""
        return _GENERATED.sub(lambda match: self._recorded_texts.get(match[0], match[0]), text)

    def has_text(self, recorded: str) -> bool:
        """Returns true if a recorded text was introduced."""
        return recorded in self._texts

    def stands_for(self, text: str) -> bool:
        """Returns true if a text stands for a recorded one."""
        return text in self._recorded_texts

    def numbers(self, recorded: str) -> str:
        """Returns a text with the ids that stand for the numbers in it."""
        known = {str(old): str(new) for (_, old), new in [*self._ids.items(), *self.unused.items()]}
        return _NUMBER.sub(lambda match: known.get(match[0], match[0]), recorded)


class RequestTranslator:
    """Translator of recorded requests into those that mean the same in the world.

    Args:
        find_id: returns the id that stands for a recorded one of a kind.
    """

    def __init__(self, identities: Identities, find_id: Callable[[str, int], int]) -> None:
        self._identities = identities
        self._find_id = find_id

    def path(self, values: Mapping[str, str]) -> dict[str, str]:
        """Returns the values of the parameters of a path."""
        return {name: self._value(PATH_PARAMETER_KINDS.get(name), text) for name, text in values.items()}

    def query(self, endpoint: Endpoint | None, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Returns the names and values of a query."""
        declared = _declared_kinds(endpoint, "query")
        translated = []
        for name, text in pairs:
            plain = name.partition("[")[0]
            translated.append((name, self._value(declared.get(plain) or kind_of(plain), text)))
        return translated

    def body(self, endpoint: Endpoint | None, value: Json) -> Json:
        """Returns a body."""
        declared = _declared_kinds(endpoint, "body")
        is_clone = endpoint is not None and endpoint.path.endswith("/clone")
        translated: Json = self._json(value, "", "", declared, is_clone=is_clone)
        return translated

    def _value(self, kind: str | None, value: Any) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if kind in KINDS:
            assert kind is not None
            if isinstance(value, int):
                return self._find_id(kind, value)
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
                return str(self._find_id(kind, int(value)))
        return self._identities.text(value) if isinstance(value, str) else value

    def _json(
        self, value: Json, name: str, parent: str, declared: Mapping[str, str], *, is_clone: bool = False
    ) -> Any:
        if isinstance(value, Mapping):
            if is_clone and name in _CLONE_MAPS:
                kind = _CLONE_MAPS[name]
                return {self._value(kind, key): self._value(kind, item) for key, item in value.items()}
            return {
                key: self._json(item, key, name or parent, declared, is_clone=is_clone)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._json(item, name, parent, declared, is_clone=is_clone) for item in value]
        if isinstance(value, str) and value[:1] in ("{", "["):
            return self._json_text(value)
        return self._value(declared.get(name) or kind_of(name, parent), value)

    def _json_text(self, text: str) -> str:
        """Returns a text that is JSON, such as a blueprint, with the ids of the resources that it refers to."""
        try:
            held = orjson.loads(text)
        except orjson.JSONDecodeError:
            return self._identities.text(text)
        if is_too_deep(held):
            return text
        translated = self._blueprint(held)
        return text if translated == held else orjson.dumps(translated).decode()

    def _blueprint(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self._reference(_BLUEPRINT_KINDS[name], item)
                if name in _BLUEPRINT_KINDS and not isinstance(item, (dict, list))
                else self._blueprint(item)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._blueprint(item) for item in value]
        return self._identities.text(value) if isinstance(value, str) else value

    def _reference(self, kind: str, value: Any) -> Any:
        """Returns a reference of a module: other modules use the same field for other values, so that an unknown id stays."""
        try:
            return self._value(kind, value)
        except UnknownResourceError:
            return value


def _declared_kinds(endpoint: Endpoint | None, place: str) -> dict[str, str]:
    """Returns the kinds of the ids that an endpoint declares in its query or its body."""
    if endpoint is None:
        return {}
    schema = endpoint.query if place == "query" else endpoint.body
    found = {}
    for name, field in schema.load_fields.items() if schema else ():
        inner = field.inner if isinstance(field, ListField) else field
        if isinstance(inner, ResourceId):
            found[field.data_key or name] = inner.kind
    return found
