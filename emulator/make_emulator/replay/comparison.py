"""Comparison of a recorded JSON body with the emulator's: shape, and the values that must be equal.

Ids and generated texts need not be equal, but have to stand for the same things as in all answers before. Times, durations and
sizes in transit depend on the machine, and are compared by type only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from ..json_types import Json, is_integer
from ..lazy_dataclasses import dataclass
from ..redaction.archives import has_unnumbered_mask
from ..redaction.rules import MASK
from ..schemas.base import is_too_deep
from .identities import HOME_KINDS, Identities, kind_of

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")

#: An id of a log, which begins with a moment.
_TIMED_ID = re.compile(r"\d{13}_(.+)")
#: The beginning of a token, as lists show it.
_PARTIAL_TOKEN = re.compile(r"[0-9a-f]{8}(?:-\*{4}){3}-\*{12}|[0-9a-f]{8}\*+")

#: Fields whose values depend on the moment, the machine or the load.
VOLATILE = frozenset({"dataTransfer", "duration", "lastLogin", "nextExec", "transfer"})

#: Fields whose values follow from the plan of the organization, which may be another one in a world with other resources.
_OF_PLAN = frozenset({"license", "operationsLimit", "queueLimit", "transferLimit"})

#: Sums of what was consumed before the recording, which a pulled team does not have, by the rows that show them.
_CONSUMPTION = frozenset({"centicredits", "consumedCenticredits", "consumedOperations", "operations"})
_CONSUMERS = frozenset({"scenario", "scenarios", "scenarioConsumptions", "team", "teams"})

#: Status of a run that had not ended when it was recorded: that depends on the moment.
_RUNNING = "RUNNING"

#: Fields by which the rows of a list are recognized, the first that all rows have with different values.
_KEYS = ("id", "imtId", "executionId", "key", "name", "value")

_MAX_LENGTH = 100

#: Kinds of differences, as reports explain them.
KINDS: Final[Mapping[str, str]] = {
    "status": "another status",
    "code": "another error code",
    "missing": "only in the recording",
    "additional": "only from the emulator",
    "type": "another type",
    "value": "another value",
    "identity": "another resource than in earlier answers",
    "order": "another order",
    "header": "a header that one of the two lacks",
    "route": "a route that the emulator does not have",
    "body": "another body",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference at a field: ``path`` reads ``scenarios[].lastEdit``, and is ``status`` or a header's name outside of the body."""

    path: str
    kind: str
    recorded: str
    emulated: str

    def sentence(self) -> str:
        """Returns the difference in words."""
        match self.kind:
            case "missing":
                return f"{self.path}: recorded ({self.recorded}), but the emulator has none"
            case "additional":
                return f"{self.path}: not recorded, but the emulator has it ({self.emulated})"
            case "order":
                return f"{self.path}: another order: {self.recorded} recorded, {self.emulated} emulated"
            case "identity":
                return f"{self.path}: {self.recorded} recorded, {self.emulated} emulated, which stand for different things in earlier answers"
            case "route":
                return f"the emulator has no such route ({self.recorded} recorded, {self.emulated} emulated)"
        return f"{self.path}: {self.recorded} recorded, {self.emulated} emulated"


class JsonComparison:
    """Comparison of the two bodies of one exchange; learns the ids that the recorded one introduces.

    Args:
        prebound: true if the world has the state of the recording, so that unknown ids are expected to be equal.
        only_introduced: compare of a list only the rows that earlier answers introduced, as the world lacks the others.
        created: kinds and recorded ids of what the recording created; in a world with other resources nothing else has equal values.
    """

    def __init__(
        self,
        identities: Identities,
        *,
        prebound: bool,
        only_introduced: bool = False,
        created: Collection[tuple[str, int]] = (),
    ) -> None:
        self._identities = identities
        self._prebound = prebound
        self._only_introduced = only_introduced
        self._created = created

    def compare(
        self, recorded: Json, emulated: Json, path: str = "", name: str = "", parent: str = ""
    ) -> Iterator[Difference]:
        """Yields the differences, from the top down."""
        if recorded == MASK or (
            isinstance(recorded, list) and recorded and set(map(str, recorded)) == {MASK}
        ):
            # A mask without a number may stand for anything.
            return
        if isinstance(recorded, Mapping) and isinstance(emulated, Mapping):
            yield from self._compare_objects(recorded, emulated, path, name)
        elif isinstance(recorded, list) and isinstance(emulated, list):
            yield from self._compare_lists(recorded, emulated, path, name)
        else:
            yield from self._compare_values(recorded, emulated, path, name, parent)

    def _compare_objects(
        self, recorded: Mapping[str, Json], emulated: Mapping[str, Json], path: str, name: str
    ) -> Iterator[Difference]:
        for key in dict.fromkeys([*recorded, *emulated]):
            here = f"{path}.{key}" if path else key
            if key not in emulated:
                yield Difference(here, "missing", excerpt(recorded[key]), "nothing")
            elif key not in recorded:
                yield Difference(here, "additional", "nothing", excerpt(emulated[key]))
            elif not self._is_of_another(recorded, key, name if "." in path else ""):
                yield from self.compare(recorded[key], emulated[key], here, key, name)

    def _is_of_another(self, row: Mapping[str, Json], key: str, name: str) -> bool:
        """Returns true for a value of a resource that the recording did not create, in a world that has another one in its place.

        These are the members of an object within a row, such as ``createdByUser.email``, names beside an id, such as ``teamName``, and
        what follows from the plan.

        Args:
            name: the name of the object within a row; empty for a row.
        """
        if self._prebound:
            return False
        if key in _OF_PLAN or (kind_of("id", name) in HOME_KINDS and "id" not in row):
            return True
        stem = key.removesuffix("Name") if key.endswith("Name") else None
        for kind, id in (
            (kind_of("id", name) if name else None, row.get("id")),
            (kind_of(f"{stem}Id") if stem else None, row.get(f"{stem}Id")),
        ):
            if kind is not None and is_integer(id):
                return key not in ("id", f"{stem}Id") and (kind, id) not in self._created
        return False

    def _compare_lists(
        self, recorded: Sequence[Json], emulated: Sequence[Json], path: str, name: str
    ) -> Iterator[Difference]:
        here = f"{path}[]"
        key = next((key for key in _KEYS if _has_unique(recorded, key) and _has_unique(emulated, key)), None)
        if key is None or not (recorded and emulated):
            if self._only_introduced:
                return
            if len(recorded) != len(emulated):
                yield Difference(here, "value", f"{len(recorded)} items", f"{len(emulated)} items")
            for theirs, ours in zip(recorded, emulated, strict=False):
                yield from self.compare(theirs, ours, here, name)
            return
        yield from self._compare_rows(recorded, emulated, here, name, key)

    def _compare_rows(
        self, recorded: Sequence[Any], emulated: Sequence[Any], here: str, name: str, key: str
    ) -> Iterator[Difference]:
        kind = kind_of(key, name)
        if kind is not None:
            recorded = [row for row in recorded if (kind, row[key]) not in self._identities.absent]
        ours = {row[key]: row for row in emulated}
        pairs: list[tuple[Any, Any]] = []
        unpaired: list[tuple[Any, bool]] = []
        for row in recorded:
            translated, is_introduced = self._translate_key(kind, row[key])
            if translated in ours:
                pairs.append((row, ours.pop(translated)))
            else:
                unpaired.append((row, is_introduced))
        new = [row for id, row in ours.items() if not self._is_introduced(kind, id)]
        if self._only_introduced:
            unpaired = [each for each in unpaired if each[1]]
            ours = {row[key]: row for row in ours.values() if row not in new}
        elif new and [is_introduced for _, is_introduced in unpaired].count(False) == len(new):
            # New rows on both sides, such as the runs of a schedule: in the same order.
            pairs += zip([row for row, is_introduced in unpaired if not is_introduced], new, strict=True)
            unpaired = [each for each in unpaired if each[1]]
            ours = {row[key]: row for row in ours.values() if row not in new}
        for row, _ in unpaired:
            yield Difference(here, "missing", f"{key} {row[key]}", "nothing")
        for id in ours:
            yield Difference(here, "additional", "nothing", f"{key} {id}")
        yield from self._compare_order(recorded, emulated, pairs, here, key)
        for theirs, mine in pairs:
            yield from self.compare(theirs, mine, here, name)

    @staticmethod
    def _compare_order(
        recorded: Sequence[Any], emulated: Sequence[Any], pairs: list[tuple[Any, Any]], here: str, key: str
    ) -> Iterator[Difference]:
        by_key = {theirs[key]: mine[key] for theirs, mine in pairs}
        mine = set(by_key.values())
        expected = [by_key[row[key]] for row in recorded if row[key] in by_key]
        found = [row[key] for row in emulated if row[key] in mine]
        if expected != found:
            yield Difference(here, "order", f"{key} {excerpt(expected)}", f"{key} {excerpt(found)}")

    def _translate_key(self, kind: str | None, value: Any) -> tuple[Any, bool]:
        """Returns the key that stands for a recorded one, and true if an earlier answer introduced that.

        An unknown key stands for itself, unless it is an id in a world with other resources.
        """
        if kind is not None and isinstance(value, int):
            id = self._identities.id(kind, value)
            return (value if id is None and self._prebound else id), id is not None
        if isinstance(value, str):
            return self._identities.text(value), self._identities.has_text(value)
        return value, False

    def _is_introduced(self, kind: str | None, value: Any) -> bool:
        if kind is not None and isinstance(value, int):
            return self._identities.recorded_id(kind, value) is not None
        return isinstance(value, str) and self._identities.stands_for(value)

    def _compare_values(
        self, recorded: Json, emulated: Json, path: str, name: str, parent: str
    ) -> Iterator[Difference]:
        where = path or "the body"
        theirs, ours = type_name(recorded), type_name(emulated)
        if theirs != ours:
            # A field may be empty at one moment, such as the end of a run.
            if name not in VOLATILE or "null" not in (theirs, ours):
                kind = "value" if "null" in (theirs, ours) else "type"
                yield Difference(where, kind, _describe(recorded), _describe(emulated))
            return
        if name in VOLATILE or (name in _CONSUMPTION and parent in _CONSUMERS):
            return
        # The answer to a deletion has the id under the name of the kind.
        resource = kind_of(name, parent) or (kind_of("id", name) if not parent else None)
        if resource is not None and is_integer(recorded) and is_integer(emulated):
            if not self._identities.bind_id(resource, recorded, emulated):
                yield Difference(where, "identity", f"{resource} {recorded}", f"{resource} {emulated}")
        elif isinstance(recorded, str) and isinstance(emulated, str):
            yield from self._compare_texts(recorded, emulated, where, name, parent)
        elif recorded != emulated:
            yield Difference(where, "value", excerpt(recorded), excerpt(emulated))

    def _compare_texts(
        self, recorded: str, emulated: str, path: str, name: str, parent: str
    ) -> Iterator[Difference]:
        if _MOMENT.fullmatch(recorded) and _MOMENT.fullmatch(emulated):
            return
        if _PARTIAL_TOKEN.fullmatch(recorded) and _PARTIAL_TOKEN.fullmatch(emulated):
            return
        timed, ours = _TIMED_ID.fullmatch(recorded), _TIMED_ID.fullmatch(emulated)
        if timed is not None and ours is not None:
            recorded, emulated = timed[1], ours[1]
        if has_unnumbered_mask(recorded):
            if not _masked_pattern(recorded).fullmatch(emulated):
                yield Difference(path, "value", excerpt(recorded), excerpt(emulated))
            return
        if name == "status" and _RUNNING in (recorded, emulated):
            return
        if recorded[:1] in ("{", "[") and (document := _parse(recorded)) is not None:
            yield from self.compare(document, _parse(emulated), path, name, parent)
            return
        is_id = recorded.isdigit() and emulated.isdigit() and (name == "id" or name.endswith("Id"))
        bind = self._identities.bind_name if is_id else self._identities.bind_text
        if bind(recorded, emulated):
            return
        kind = "identity" if recorded == emulated else "value"
        yield Difference(path, kind, excerpt(recorded), excerpt(emulated))


def _masked_pattern(recorded: str) -> re.Pattern[str]:
    """Returns the pattern of a text of which parts are masked without a number."""
    return re.compile(
        ".*".join(map(re.escape, re.split(rf"{re.escape(MASK)}(?!-[0-9])", recorded))), re.DOTALL
    )


def _has_unique(rows: Sequence[Json], key: str) -> bool:
    """Returns true if every row is an object, each with another number or text under a key."""
    values = [row.get(key) if isinstance(row, Mapping) else None for row in rows]
    return all(isinstance(value, (str, int)) for value in values) and len(set(values)) == len(values)


def _parse(text: str) -> Json:
    try:
        parsed: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if is_too_deep(parsed) else parsed


def type_name(value: Json) -> str:
    """Returns the type of a value in JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _describe(value: Json) -> str:
    return "null" if value is None else f"{type_name(value)} {excerpt(value)}"


def excerpt(value: Any) -> str:
    """Returns a value as JSON, cut to what fits into a line."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
