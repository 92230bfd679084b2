"""Generator of mock data: values of the declared types that satisfy constraints.

The same seed generates the same values.
"""

from __future__ import annotations

import base64
import random
import re
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

#: Maximum nesting of generated collections, and number of items of generated arrays.
_MAX_DEPTH = 8
_ARRAY_LENGTH = 2

#: Part of a field's name -> generator of its value; the first match is used, before the type.
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
    ("href", lambda faker: f"https://example.com/{faker.slug()}"),
    ("color", lambda faker: faker.hex_color()),
    ("uuid", lambda faker: faker.uuid4()),
    ("subject", lambda faker: faker.sentence(nb_words=5)),
    ("title", lambda faker: faker.sentence(nb_words=4)),
    ("status", lambda faker: faker.random_element(("open", "pending", "done"))),
    ("mimetype", lambda faker: faker.mime_type()),
    ("contenttype", lambda faker: faker.mime_type()),
    ("timezone", lambda faker: faker.timezone()),
    ("html", lambda faker: f"<p>{faker.sentence()}</p>"),
    ("text", lambda faker: faker.sentence()),
    ("message", lambda faker: faker.sentence()),
)

#: Names that stand for the address of a mail, alone or as the first word.
_ADDRESSES = frozenset(
    (
        "bcc",
        "cc",
        "from",
        "fromaddress",
        "mailto",
        "recipient",
        "recipients",
        "replyto",
        "sender",
        "to",
        "toaddress",
    )
)

#: Names of ids, unlike those of videos and providers.
_IDENTIFIER = re.compile(
    r"(?:^|[\W_])(?:[iI]d|ID)s?(?:$|[\W_])|[a-z]I[dD]s?(?![a-z])"
    r"|^(?:user|order|item|record|contact|message|channel|account|customer|team|page|uu?|gu?|k?)ids?$"
)

#: Names of numbers that are whole, such as ids, counts and rows; others may measure something.
_WHOLE_NUMBER = re.compile(
    r"(?:^|[\W_])(?:[iI]d|ID)s?(?:$|[\W_])|[a-z]I[dD]s?$|^(?:user|order|item|record|contact|message|channel|account|customer|team|page)ids?$"
    r"|(?i:^(?:no|nr|num|row|rows|page|pages|key|position|priority|port|step|attempt)$|(?:^|[\W_])(?:age|qty)$"
    r"|count|counter|quantity|number|index|tokens|year|month|title|name|subject|status|length|size|limit|offset|version|zip"
    r"|postal|phone|level|likes|views|replies|followers)"
)

#: Types that do not restrict a value, and those that may hold a text to parse.
_UNTYPED_KINDS = frozenset((None, "any", "hidden"))
_PARSEABLE_KINDS = _UNTYPED_KINDS | {"text", "buffer"}

_NO_CONSTRAINT = Constraint()

_thread_fakers = threading.local()


def _seeded_faker(seed: str) -> Faker:
    """Returns the faker of this thread, seeded."""
    if not hasattr(_thread_fakers, "en"):
        # Lazy import for start-up time: Faker loads its word lists.
        from faker import Faker

        _thread_fakers.en = Faker("en_US")
    faker: Faker = _thread_fakers.en
    faker.seed_instance(seed)
    return faker


def _implied_kind(constraint: Constraint) -> str | None:
    """Returns the type that a constraint implies."""
    if constraint.item is not None or constraint.kind == "array":
        return "array"
    return "collection" if constraint.fields else constraint.kind


def _scalar_kind(kind: str | None) -> str | None:
    return None if kind in ("array", "collection") else kind


def _csv_cell(value: Json) -> str:
    """Formats a cell of CSV; collections and arrays are left empty."""
    text = "" if isinstance(value, (Mapping, list)) else as_text(value)
    return '"' + text.replace('"', '""') + '"'


class MockDataGenerator:
    """Generator of values, charged to a budget; ``now`` (milliseconds) is the latest date."""

    def __init__(self, seed: str, now: int, budget: EvaluationBudget) -> None:
        self._faker = _seeded_faker(seed)
        self._random: random.Random = self._faker.random
        self._now = now
        self._budget = budget

    def bundle(
        self, fields: FieldSpecs, constraint: Constraint | None = None, *, closed: bool = False
    ) -> dict[str, Json]:
        """Generates a collection with these fields, and unless it is ``closed`` with those of the constraint."""
        return self._collection(fields, constraint or _NO_CONSTRAINT, 0, closed=closed)

    def value(
        self, field: Mapping[str, Json], constraint: Constraint = _NO_CONSTRAINT, depth: int = 1
    ) -> Json:
        """Generates a value of a field; its declaration takes precedence over the constraint."""
        self._budget.charge(30)
        declared = field.get("type")
        kind = declared if isinstance(declared, str) else None
        if kind in _PARSEABLE_KINDS and constraint.content is not None:
            return self._content(constraint, constraint.content, depth)
        if kind == "text":
            # The value of a text field is a text, though it may have the format of a number or a date.
            text = self._generate(
                None if constraint.choices else _scalar_kind(constraint.kind), field, constraint, depth
            )
            return as_text(text)
        if kind in _UNTYPED_KINDS:
            kind = _implied_kind(constraint)
        return self._generate(kind, field, constraint, depth)

    def _generate(
        self, kind: str | None, field: Mapping[str, Json], constraint: Constraint, depth: int
    ) -> Json:
        spec = field.get("spec")
        match kind:
            case "collection":
                return self._collection(spec, constraint, depth) if depth < _MAX_DEPTH else {}
            case "array":
                return self._array(spec, constraint, depth, field.get("name")) if depth < _MAX_DEPTH else []
            case "number":
                numbers = [choice for choice in constraint.choices if is_number(choice)]
                return (
                    self._random.choice(numbers)
                    if numbers
                    else self._number(field.get("name"), constraint.name)
                )
            case "integer" | "uinteger" | "port":
                wholes = [
                    choice
                    for choice in constraint.choices
                    if is_number(choice) and float(choice).is_integer()
                ]
                return (
                    normalize_number(self._random.choice(wholes))
                    if wholes
                    else self._random.randint(1, 10_000)
                )
            case "boolean" | "checkbox":
                sides = [choice for choice in constraint.choices if isinstance(choice, bool)]
                return self._random.choice(sides) if sides else self._random.random() < 0.5
            case "date" | "timestamp":
                return self._date(
                    constraint.pattern if field.get("type") not in ("date", "timestamp") else None
                )
            case "time":
                return f"{self._random.randrange(24):02d}:{self._random.randrange(60):02d}"
            case "select":
                choices = select_options(field)
                fit = [choice for choice in constraint.choices if choice in choices]
                return to_json_value(self._random.choice(fit or choices)) if choices else self._faker.word()
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
        if constraint.choices:
            return to_json_value(self._random.choice(constraint.choices))
        return self._text(field.get("name"), constraint.name)

    def _number(self, *names: Json) -> Json:
        """Generates a number with two decimals, or a whole one under a name that counts or names something."""
        hundredths = self._random.randint(100, 99_999)
        is_whole = any(_WHOLE_NUMBER.search(str(name or "")) for name in names)
        return 1 + hundredths // 10 if is_whole else hundredths / 100

    def _collection(
        self, spec: Json, constraint: Constraint, depth: int, *, closed: bool = False
    ) -> dict[str, Json]:
        fields = spec if isinstance(spec, (list, tuple)) else ()
        collection: dict[str, Json] = {}
        for field in fields:
            if isinstance(field, Mapping) and isinstance(name := field.get("name"), str):
                collection[name] = self.value(field, constraint.fields.get(name, _NO_CONSTRAINT), depth + 1)
        if not closed:
            for name, inner in constraint.fields.items():
                if name not in collection:
                    collection[name] = self.value({"name": name}, inner, depth + 1)
        return collection

    def _array(self, spec: Json, constraint: Constraint, depth: int, name: Json) -> Json:
        """Generates an array, whose specification is one field for every item, or the fields of collections.

        Items without a name of their own have that of the array.
        """
        if not spec and constraint.item is None and constraint.kind != "array":
            return []
        return [
            self._item(spec, constraint.item or _NO_CONSTRAINT, depth, name) for _ in range(_ARRAY_LENGTH)
        ]

    def _item(self, spec: Json, item: Constraint, depth: int, name: Json) -> Json:
        if isinstance(spec, list) and spec:
            return self._collection(spec, item, depth)
        if isinstance(spec, Mapping):
            return self.value({"name": name, **spec}, item, depth + 1)
        plain_name = str(name or "").lower().replace("_", "").replace(" ", "").replace("-", "")
        is_known = item != _NO_CONSTRAINT or plain_name in _ADDRESSES or "email" in plain_name
        return self.value({"name": name}, item, depth + 1) if is_known else self._faker.word()

    def _date(self, pattern: str | None) -> str:
        moment = self._now - self._random.randrange(30 * DAY)
        return format_date(date_from_milliseconds(moment), pattern, UTC) if pattern else format_iso(moment)

    def _content(self, constraint: Constraint, inner: Constraint, depth: int) -> str:
        """Generates a text of JSON, XML or CSV."""
        if constraint.kind == "csv":
            rows = (
                [self._collection((), inner, depth) for _ in range(1 + _ARRAY_LENGTH)]
                if depth < _MAX_DEPTH
                else []
            )
            return "\n".join((constraint.pattern or ",").join(map(_csv_cell, row.values())) for row in rows)
        value = self._collection((), inner, depth) if depth < _MAX_DEPTH else {}
        if constraint.kind == "xml":
            try:
                return dump_xml(value, self._budget)
            except ModuleError:
                return "<root/>"
        return orjson.dumps(to_json_value(value)).decode()

    def _text(self, *names: Json) -> Json:
        """Generates a text that fits the first name with a known part."""
        for name in names:
            plain_name = str(name or "").lower().replace("_", "").replace(" ", "").replace("-", "")
            if plain_name in _ADDRESSES:
                return self._faker.ascii_safe_email()
            if plain_name == "ts":
                # As messaging services name a message: seconds and a counter.
                return f"{self._now // 1000 - self._random.randrange(30 * DAY // 1000)}.{self._random.randrange(10**6):06d}"
            if plain_name == "tz":
                return self._faker.timezone()
            for hint, generate in _NAME_HINTS:
                if hint in plain_name:
                    return to_json_value(generate(self._faker))
            if _IDENTIFIER.search(str(name or "")):
                return self._faker.hexify("^^^^^^^^^^^^")
        return " ".join(self._faker.words(3))
