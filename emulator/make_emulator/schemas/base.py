"""Base classes of the schemas: strict input, camelCase names, and the fields of Make's objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from marshmallow.schema import SchemaMeta

from ..lazy_dataclasses import dataclass
from ..world.clock import format_iso
from ..world.models import Json, User
from ..world.world import World

#: Largest id that JavaScript clients can hold exactly.
MAX_ID = 2**53 - 1

#: Maximum nesting of JSON: well below the limit of the JSON writer.
MAX_DEPTH = 100

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)

#: Scheme and host of the current request, e.g. ``http://127.0.0.1:4747``; a callable, since few responses need it.
request_origin: ContextVar[Callable[[], str]] = ContextVar("origin", default=lambda: "")

#: World of the derived fields while marshmallow itself dumps.
dumping_world: ContextVar[World] = ContextVar("dumping_world")


def _camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _type_description(field: fields.Field[Any]) -> str:
    match field:
        case fields.String():
            return "a string"
        case fields.List():
            return "an array"
        case fields.Dict() | fields.Nested():
            return "an object"
    return "of another type"


@lru_cache(maxsize=512)
def _hooked_names(cls: type) -> tuple[str, ...]:
    """Names of the functions of a class itself that one of marshmallow's decorators marks."""
    return tuple(name for name, value in vars(cls).items() if hasattr(value, "__marshmallow_hook__"))


class _FastSchemaMeta(SchemaMeta):
    """Metaclass that finds the hooks of a schema among few attributes, where marshmallow looks at each of all base classes: half a millisecond."""

    def resolve_hooks(cls) -> dict[str, list[tuple[str, bool, dict[Any, Any]]]]:  # noqa: N805 - a metaclass
        hooks: defaultdict[str, list[tuple[str, bool, dict[Any, Any]]]] = defaultdict(list)
        for name in sorted({name for parent in cls.__mro__ for name in _hooked_names(parent)}):
            attribute = next(vars(parent)[name] for parent in cls.__mro__ if name in vars(parent))
            for tag, configurations in getattr(attribute, "__marshmallow_hook__", {}).items():
                hooks[tag].extend((name, many, arguments) for many, arguments in configurations)
        return hooks


class MakeSchema(ma.Schema, metaclass=_FastSchemaMeta):
    """Schema with attributes in snake_case and JSON in Make's camelCase (or the ``data_key`` of a field)."""

    #: True if values arrive as text, as in a query string.
    text_input = False

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = _camel_case(field_name)
        field_obj.error_messages = {
            **field_obj.error_messages,
            # marshmallow formats these texts; `validation_messages` fills in the path.
            "invalid": f"Parameter '{{{{path}}}}' must be {_type_description(field_obj)}.",
            "required": "Missing value of required parameter '{{path}}'.",
            "null": "Parameter '{{path}}' must not be null.",
        }


class BodySchema(MakeSchema):
    """JSON body. Unknown names are rejected: the stricter reading of a point that no source settles."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {  # noqa: RUF012
        "unknown": "Unknown parameter '{path}'.",
        "type": "The body must be a JSON object.",
    }


class OpenBodySchema(BodySchema):
    """JSON body with additional names: they are collected in ``own``, and validated by the world."""

    def load(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, dict):
            return super().load(data, **kwargs)
        known = {field.data_key for field in self.load_fields.values()}
        loaded = super().load({name: value for name, value in data.items() if name in known}, **kwargs)
        return {**loaded, "own": {name: value for name, value in data.items() if name not in known}}


class QuerySchema(MakeSchema):
    """Query string. Unknown names are ignored, which real clients rely on."""

    text_input = True

    class Meta:
        unknown = ma.EXCLUDE


class ResponseSchema(MakeSchema):
    """Object of a response. Fields with ``metadata={"extra": True}`` are included only if ``cols[]`` names them."""

    #: JSON names that are omitted when their value is null.
    omit_none: tuple[str, ...] = ()

    #: True if lists reuse the JSON text of a row: worth its memory where lists show the same rows repeatedly. All default
    #: columns then are constants, or depend on nothing but the row and its relations.
    reuse_fragments = False

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        super().on_bind_field(field_name, field_obj)
        # Never loaded: so two names may show one attribute, as `islinked` and `isActive` do.
        field_obj.dump_only = True

    @ma.post_dump
    def _omit_nulls(self, data: dict[str, Json], **kwargs: Any) -> dict[str, Json]:
        return omit_nulls(data, self.omit_none)

    @classmethod
    @lru_cache
    def columns(cls) -> dict[str, bool]:
        """Returns column name -> true if it is included by default."""
        return {
            field.data_key or name: not field.metadata.get("extra", False)
            for name, field in cls().fields.items()
        }


class Int(fields.Integer):
    """Whole number: a JSON number in a body, decimal digits in a query."""

    #: True if a body may have it as text, too.
    accepts_text = False

    def __init__(self, minimum: int | None = None, maximum: int = MAX_ID, **kwargs: Any) -> None:
        super().__init__(
            strict=True,
            validate=validate.Range(minimum, maximum, error="Parameter '{{path}}' is out of range."),
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str):
            is_text = self.accepts_text or getattr(self.root, "text_input", False)
            if not is_text or not _WHOLE_NUMBER.fullmatch(value):
                raise ma.ValidationError("Parameter '{path}' must be a whole number.")
            return int(value)
        # JSON has one kind of number: 1.0 is 1, as in JavaScript.
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("Parameter '{path}' must be a whole number.")
        return value


class ResourceId(Int):
    """Id of a resource, looked up through the caller's visibility before the handler runs."""

    def __init__(self, kind: str, *, accepts_text: bool = False, **kwargs: Any) -> None:
        super().__init__(1, **kwargs)
        self.kind = kind
        self.accepts_text = accepts_text


class Text(fields.String):
    """String of limited length."""

    def __init__(self, maximum: int = 128, minimum: int = 1, **kwargs: Any) -> None:
        limits = validate.Length(minimum, maximum, error="Parameter '{{path}}' has a wrong length.")
        super().__init__(validate=limits, **kwargs)


class Bool(fields.Boolean):
    """Boolean: JSON's in a body, ``true`` or ``false`` in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if getattr(self.root, "text_input", False) and value in ("true", "false"):
            return bool(value == "true")
        if not isinstance(value, bool):
            raise ma.ValidationError("Parameter '{path}' must be a boolean.")
        return value


class Choice(fields.String):
    """String out of a list of choices."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        error = f"Parameter '{{path}}' must be one of: {', '.join(choices)}."
        super().__init__(
            validate=validate.OneOf(choices, error=error.replace("{path}", "{{path}}")), **kwargs
        )


class ListField(fields.List[Any]):
    """List of values; in a query, ``name[]=a&name[]=b``."""

    def __init__(
        self, inner: fields.Field[Any], *, minimum: int = 0, maximum: int = 10_000, **kwargs: Any
    ) -> None:
        limits = validate.Length(minimum, maximum, error="Parameter '{{path}}' has a wrong length.")
        super().__init__(inner, validate=limits, **kwargs)


class Object(fields.Dict):
    """JSON object with names of the caller's choosing."""


class Timestamp(fields.Field[int]):
    """Timestamp: milliseconds since the epoch in rows, ISO 8601 with ``Z`` in JSON."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_iso(value)


class Derived(fields.Field[Any]):
    """Field that no row contains: computed from the world whenever it is serialized, so never stale."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, compute: Callable[[World, Any], Any], shape: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(dump_only=True, **kwargs)
        self.compute = compute
        self.shape = shape

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.compute(dumping_world.get(), obj)


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Immutable value that a row is related to, such as the user who created it.

    Args:
        prepare: makes the function from a key to the value; called once a list.
        key: name of the row's attribute that is the key.
    """

    prepare: Callable[[World], Callable[[Any], Any]]
    key: str


class Related(Derived):
    """Field that depends on nothing but a related value, which is looked up once for all fields of a row."""

    def __init__(
        self, relation: Relation, show: Callable[[Any], Any], shape: fields.Field[Any], **kwargs: Any
    ) -> None:
        super().__init__(
            lambda world, row: show(relation.prepare(world)(getattr(row, relation.key))), shape, **kwargs
        )
        self.relation = relation
        self.show = show


class Constant(fields.Field[Any]):
    """Field with the same value for every row: a feature of Make that the emulator has only one kind of."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, value: Any, shape: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(dump_only=True, **kwargs)
        self.value = value
        self.shape = shape

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.value


def user_summary(user: User | None) -> dict[str, object] | None:
    """Returns a user as other resources refer to it; ``None`` for no user, and for a deleted one."""
    return None if user is None else {"id": user.id, "name": user.name, "email": user.email}


def omit_nulls(data: dict[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    """Removes the names whose value is null."""
    for name in names:
        if data.get(name, name) is None:
            del data[name]
    return data


def validation_messages(messages: Any, path: str = "") -> Iterator[str]:
    """Returns marshmallow's nested messages as one sentence an issue."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = "" if key == "_schema" else str(key)
            yield from validation_messages(inner, f"{path}.{name}" if path and name else path or name)
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        for inner in messages:
            yield from validation_messages(inner, path)
    else:
        yield str(messages).replace("{path}", path)


def is_too_deep(value: Json, limit: int = MAX_DEPTH) -> bool:
    """Returns true if JSON is nested deeper than ``limit``."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
