"""Makes up values: of the types that fields declare, and fit for what is done with them later.

The same seed makes the same values.
"""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

import orjson

from ...world.clock import DAY, format_iso
from ...world.models import FieldSpecs, Json
from ..errors import ModuleError
from ..expressions.constraint import Constraint
from ..expressions.context import EvaluationBudget
from ..expressions.dates.format import format_date
from ..expressions.values import (
    Value,
    as_text,
    date_from_milliseconds,
    is_number,
    normalize_number,
    to_json_value,
)
from ..formats.xml import dump_xml
from .field_specs import select_options

if TYPE_CHECKING:
    from faker import Faker

#: How deep made-up collections go, and how many items made-up arrays have.
_MAX_DEPTH = 8
_ARRAY_LENGTH = 2

#: A field's name tells more than its type: the first of these that it contains says what to make up.
_NAME_HINTS: Sequence[tuple[str, Callable[[Faker], Value]]] = (
    ("email", lambda faker: faker.ascii_safe_email()),
    ("firstname", lambda faker: faker.first_name()),
    ("lastname", lambda faker: faker.last_name()),
    ("username", lambda faker: faker.user_name()),
    ("filename", lambda faker: faker.file_name()),
    ("company", lambda faker: faker.company()),
    ("name", lambda faker: faker.name()),
    ("phone", lambda faker: faker.numerify("+1 555 01## ###")),
    ("street", lambda faker: faker.street_address()),
    ("address", lambda faker: faker.address().replace("\n", ", ")),
    ("city", lambda faker: faker.city()),
    ("country", lambda faker: faker.country()),
    ("zip", lambda faker: faker.postcode()),
    ("postal", lambda faker: faker.postcode()),
    ("currency", lambda faker: faker.currency_code()),
    ("url", lambda faker: f"https://example.com/{faker.slug()}"),
    ("link", lambda faker: f"https://example.com/{faker.slug()}"),
    ("color", lambda faker: faker.hex_color()),
    ("uuid", lambda faker: faker.uuid4()),
    ("subject", lambda faker: faker.sentence(nb_words=5)),
    ("title", lambda faker: faker.sentence(nb_words=4)),
    ("status", lambda faker: faker.random_element(("open", "pending", "done"))),
    ("id", lambda faker: faker.hexify("^^^^^^^^^^^^")),
    ("text", lambda faker: faker.sentence()),
    ("message", lambda faker: faker.sentence()),
)

#: Types that say nothing of a value, and those that may hold a text of JSON.
_UNTYPED_KINDS = frozenset((None, "any", "hidden"))
_PARSEABLE_KINDS = _UNTYPED_KINDS | {"text", "buffer"}

_NO_CONSTRAINT = Constraint()

_thread_fakers = threading.local()


def _seeded_faker(seed: str) -> Faker:
    """This thread's faker, set back to a seed."""
    if not hasattr(_thread_fakers, "en"):
        # Faker reads its word lists when it is imported: pay for that with the first made-up bundle, not at start.
        from faker import Faker

        _thread_fakers.en = Faker("en_US")
    faker: Faker = _thread_fakers.en
    faker.seed_instance(seed)
    return faker


def _implied_kind(wanted: Constraint) -> str | None:
    """The type of a value of which nothing but its use is known."""
    if wanted.item is not None or wanted.kind == "array":
        return "array"
    return "collection" if wanted.fields else wanted.kind


def _scalar_kind(kind: str | None) -> str | None:
    return None if kind in ("array", "collection") else kind


def _csv_cell(value: Json) -> str:
    """A cell of a table; what is no single value has no place there."""
    text = "" if isinstance(value, (Mapping, list)) else as_text(value)
    return '"' + text.replace('"', '""') + '"'


class MockDataGenerator:
    """Makes up values, ``now`` (milliseconds) being the latest of dates; each is paid for."""

    def __init__(self, seed: str, now: int, budget: EvaluationBudget) -> None:
        self._faker = _seeded_faker(seed)
        self._random: random.Random = self._faker.random
        self._now = now
        self._budget = budget

    def bundle(
        self, fields: FieldSpecs, wanted: Constraint | None = None, *, closed: bool = False
    ) -> dict[str, Json]:
        """A collection with these fields, and unless it is ``closed`` also with those that are wanted besides."""
        return self._collection(fields, wanted or _NO_CONSTRAINT, 0, closed=closed)

    def value(self, field: Mapping[str, Json], wanted: Constraint = _NO_CONSTRAINT, depth: int = 1) -> Json:
        """A value of a field, fit for its use: what the field declares goes before what is wanted."""
        self._budget.charge(30)
        declared = field.get("type")
        kind = declared if isinstance(declared, str) else None
        if kind in _PARSEABLE_KINDS and wanted.content is not None:
            return self._content(wanted, wanted.content, depth)
        if kind == "text":
            # A text stays one, though it may read as a number or a date.
            made = self._generate(None if wanted.choices else _scalar_kind(wanted.kind), field, wanted, depth)
            return as_text(made)
        if kind in _UNTYPED_KINDS:
            kind = _implied_kind(wanted)
        return self._generate(kind, field, wanted, depth)

    def _generate(self, kind: str | None, field: Mapping[str, Json], wanted: Constraint, depth: int) -> Json:
        spec = field.get("spec")
        match kind:
            case "collection":
                return self._collection(spec, wanted, depth) if depth < _MAX_DEPTH else {}
            case "array":
                return self._array(spec, wanted, depth) if depth < _MAX_DEPTH else []
            case "number":
                numbers = [choice for choice in wanted.choices if is_number(choice)]
                return self._random.choice(numbers) if numbers else self._random.randint(100, 99_999) / 100
            case "integer" | "uinteger" | "port":
                wholes = [
                    choice for choice in wanted.choices if is_number(choice) and float(choice).is_integer()
                ]
                return (
                    normalize_number(self._random.choice(wholes))
                    if wholes
                    else self._random.randint(1, 10_000)
                )
            case "boolean" | "checkbox":
                sides = [choice for choice in wanted.choices if isinstance(choice, bool)]
                return self._random.choice(sides) if sides else self._random.random() < 0.5
            case "date" | "timestamp":
                return self._date(wanted.pattern if field.get("type") not in ("date", "timestamp") else None)
            case "time":
                return f"{self._random.randrange(24):02d}:{self._random.randrange(60):02d}"
            case "select":
                choices = select_options(field)
                fit = [choice for choice in wanted.choices if choice in choices]
                return self._random.choice(fit or choices) if choices else self._faker.word()
            case "buffer":
                return self._faker.sentence()
            case "email":
                return self._faker.ascii_safe_email()
            case "url":
                return f"https://example.com/{self._faker.slug()}"
            case "domain":
                return f"{self._faker.domain_word()}.example.com"
            case "uuid":
                return self._faker.uuid4()
            case "base64":
                return base64.b64encode(self._faker.sentence().encode()).decode()
            case "filename":
                return self._faker.file_name()
        if wanted.choices:
            return self._random.choice(wanted.choices)
        return self._text(field.get("name"), wanted.name)

    def _collection(
        self, spec: Json, wanted: Constraint, depth: int, *, closed: bool = False
    ) -> dict[str, Json]:
        fields = spec if isinstance(spec, (list, tuple)) else ()
        made: dict[str, Json] = {}
        for field in fields:
            if isinstance(field, Mapping) and isinstance(name := field.get("name"), str):
                made[name] = self.value(field, wanted.fields.get(name, _NO_CONSTRAINT), depth + 1)
        if not closed:
            for name, inner in wanted.fields.items():
                if name not in made:
                    made[name] = self.value({"name": name}, inner, depth + 1)
        return made

    def _array(self, spec: Json, wanted: Constraint, depth: int) -> Json:
        """An array's specification is one field for every item, or the fields of collections."""
        if not spec and wanted.item is None and wanted.kind != "array":
            return []
        return [self._item(spec, wanted.item or _NO_CONSTRAINT, depth) for _ in range(_ARRAY_LENGTH)]

    def _item(self, spec: Json, item: Constraint, depth: int) -> Json:
        if isinstance(spec, list) and spec:
            return self._collection(spec, item, depth)
        if isinstance(spec, Mapping):
            return self.value(spec, item, depth + 1)
        return self.value({}, item, depth + 1) if item != _NO_CONSTRAINT else self._faker.word()

    def _date(self, pattern: str | None) -> str:
        moment = self._now - self._random.randrange(30 * DAY)
        return format_date(date_from_milliseconds(moment), pattern, UTC) if pattern else format_iso(moment)

    def _content(self, wanted: Constraint, inner: Constraint, depth: int) -> str:
        """A text that says in JSON, XML or CSV what is read from it."""
        if wanted.kind == "csv":
            rows = (
                [self._collection((), inner, depth) for _ in range(1 + _ARRAY_LENGTH)]
                if depth < _MAX_DEPTH
                else []
            )
            return "\n".join((wanted.pattern or ",").join(map(_csv_cell, row.values())) for row in rows)
        value = self._collection((), inner, depth) if depth < _MAX_DEPTH else {}
        if wanted.kind == "xml":
            try:
                return dump_xml(value, self._budget)
            except ModuleError:
                return "<root/>"
        return orjson.dumps(to_json_value(value)).decode()

    def _text(self, *names: Json) -> Json:
        """A text that fits one of the names, the first of which goes first."""
        for name in names:
            plain_name = str(name or "").lower().replace("_", "").replace(" ", "").replace("-", "")
            for hint, make in _NAME_HINTS:
                if hint in plain_name:
                    return make(self._faker)
        return " ".join(self._faker.words(3))
