"""Every other app: made-up data in the shape that the blueprint itself declares.

The same world, run and module always answer with the same data.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...world.clock import DAY, iso
from ...world.models import Fields, Json
from ..errors import BundleInvalid, ModuleError
from ..iml.values import Value, is_array
from .registry import Emit, Kind, ModuleContext, Outcome, json_size

if TYPE_CHECKING:
    from faker import Faker

#: How deep made-up collections go, and how many items made-up arrays have.
_DEPTH = 8
_ITEMS = 2

#: A field's name tells more than its type: the first of these that it contains says what to make up.
_HINTS: Sequence[tuple[str, Callable[[Faker], Value]]] = (
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

#: What the service behind a module asks for although no field says so: in which part of the module it is, and its name.
#: Source: the vendor's notes on modules that fail with 400 (blueprint-construction).
_ASKED_FOR: Mapping[str, tuple[str, str]] = {
    "ai-tools:Ask": ("parameters", "model"),
    "google-sheets:addRow": ("mapper", "valueInputOption"),
    "google-sheets:updateRow": ("mapper", "valueInputOption"),
}

_fakers = threading.local()


def _faker(seed: str) -> Faker:
    """This thread's faker, set back to a seed."""
    if not hasattr(_fakers, "en"):
        # Faker reads its word lists when it is imported: pay for that with the first made-up bundle, not at start.
        from faker import Faker

        _fakers.en = Faker("en_US")
    faker: Faker = _fakers.en
    faker.seed_instance(seed)
    return faker


def _simulate(context: ModuleContext) -> Outcome:
    """One bundle shaped by ``metadata.interface``, else by ``metadata.expect``; a trigger passes on what came in.

    Raises:
        BundleInvalid: if fields are missing that the blueprint marks as required.
    """
    run, module = context.run, context.module
    check_required(context)
    if context.first and run.trigger_bundle is not None:
        received = run.trigger_bundle if is_array(run.trigger_bundle) else [run.trigger_bundle]
        bundles = [item if isinstance(item, Mapping) else {"value": item} for item in received]
    else:
        fields = module.interface if module.interface is not None else module.expect or ()
        bundles = [made_up(context, fields)]
    return Emit(bundles, transfer=json_size(context.mapper) + json_size(bundles))


def made_up(context: ModuleContext, fields: Fields) -> dict[str, Json]:
    """A made-up bundle with these fields: always the same for an operation of a run."""
    run = context.run
    seed = f"{run.world.seed}:{run.execution_id}:{context.module.id}:{run.budget.operations}"
    return _Maker(_faker(seed), context).collection(fields, 0)


def check_required(context: ModuleContext) -> None:
    """Raise BundleInvalid if fields are missing that the blueprint marks as required, or a ModuleError if the service
    would miss one."""
    missing = sum(
        field.get("required") is True and context.mapper.get(field["name"]) in (None, "")
        for field in context.module.expect or ()
    )
    if missing:
        raise BundleInvalid(missing)
    part, name = _ASKED_FOR.get(context.module.full_name, ("", ""))
    values = context.module.parameters if part == "parameters" else context.mapper
    if name and values.get(name) in (None, ""):
        raise ModuleError("BundleValidationError", f"[400] '{name}' is required")


class _Maker:
    """Makes up values for fields."""

    def __init__(self, faker: Faker, context: ModuleContext) -> None:
        self._faker = faker
        self._random: random.Random = faker.random
        self._context = context

    def collection(self, fields: Json, depth: int) -> dict[str, Json]:
        named = [
            field for field in fields if isinstance(field, Mapping) and isinstance(field.get("name"), str)
        ]
        return {field["name"]: self.value(field, depth + 1) for field in named}

    def value(self, field: Mapping[str, Json], depth: int) -> Json:
        self._context.env.budget.step(30)
        spec = field.get("spec")
        match field.get("type"):
            case "collection":
                return self.collection(spec, depth) if isinstance(spec, list) and depth < _DEPTH else {}
            case "array":
                return [self._item(spec, depth) for _ in range(_ITEMS)] if spec and depth < _DEPTH else []
            case "number":
                return self._random.randint(100, 99_999) / 100
            case "integer" | "uinteger" | "port":
                return self._random.randint(1, 10_000)
            case "boolean" | "checkbox":
                return self._random.random() < 0.5
            case "date" | "timestamp":
                return iso(self._context.run.started - self._random.randrange(30 * DAY))
            case "time":
                return f"{self._random.randrange(24):02d}:{self._random.randrange(60):02d}"
            case "select":
                return self._choice(field)
            case "buffer":
                return self._faker.sentence()
            case "email":
                return self._faker.ascii_safe_email()
            case "url":
                return f"https://example.com/{self._faker.slug()}"
            case "uuid":
                return self._faker.uuid4()
        return self._text(field["name"] if isinstance(field.get("name"), str) else "")

    def _item(self, spec: Json, depth: int) -> Json:
        """An array's specification is one field for every item, or the fields of collections."""
        if isinstance(spec, list):
            return self.collection(spec, depth)
        return self.value(spec, depth + 1) if isinstance(spec, Mapping) else self._faker.word()

    def _choice(self, field: Mapping[str, Json]) -> Json:
        validate = field.get("validate")
        choices = validate.get("enum") if isinstance(validate, Mapping) else field.get("options")
        if not isinstance(choices, list) or not choices:
            return self._faker.word()
        choice = self._random.choice(choices)
        return choice.get("value") if isinstance(choice, Mapping) else choice

    def _text(self, name: str) -> Json:
        plain_name = name.lower().replace("_", "").replace(" ", "").replace("-", "")
        for hint, make in _HINTS:
            if hint in plain_name:
                return make(self._faker)
        return " ".join(self._faker.words(3))


SIMULATED = Kind("*", _simulate, open=True, external=True)
