"""The schemas' common ground: strict input, camelCase names, and the fields that Make's objects are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..world.clock import format_iso
from ..world.models import Json
from ..world.world import World

#: Largest id that JavaScript clients can hold exactly.
MAX_ID = 2**53 - 1

#: How deep JSON may be nested: well under what a JSON writer can handle.
MAX_DEPTH = 100

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)

#: Tells where the server was reached by the request at hand, e.g. ``http://127.0.0.1:4747``; asked only for
#: answers with an address in them.
request_origin: ContextVar[Callable[[], str]] = ContextVar("origin", default=lambda: "")

#: The world that derived fields look into while marshmallow itself dumps.
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


class MakeSchema(ma.Schema):
    """Attributes in snake_case, JSON in Make's camelCase (or the ``data_key`` of a field)."""

    #: Whether values arrive as text, as in a query string.
    text_input = False

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = _camel_case(field_name)
        field_obj.error_messages = {
            **field_obj.error_messages,
            # marshmallow formats these texts; `faults` fills in the path that is left over.
            "invalid": f"Parameter '{{{{path}}}}' must be {_type_description(field_obj)}.",
            "required": "Missing value of required parameter '{{path}}'.",
            "null": "Parameter '{{path}}' must not be null.",
        }


class BodySchema(MakeSchema):
    """A JSON body. What it does not name is refused: the stricter reading of a point that nothing settles."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {  # noqa: RUF012
        "unknown": "Unknown parameter '{path}'.",
        "type": "The body must be a JSON object.",
    }


class OpenBodySchema(BodySchema):
    """A body that may hold names besides those it declares: they are gathered in ``own``, for the world to judge."""

    def load(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, dict):
            return super().load(data, **kwargs)
        known = {field.data_key for field in self.load_fields.values()}
        loaded = super().load({name: value for name, value in data.items() if name in known}, **kwargs)
        return {**loaded, "own": {name: value for name, value in data.items() if name not in known}}


class QuerySchema(MakeSchema):
    """A query string. What it does not name is passed over, as real clients rely on."""

    text_input = True

    class Meta:
        unknown = ma.EXCLUDE


class ResponseSchema(MakeSchema):
    """One object of an answer. Fields with ``metadata={"extra": True}`` come only when ``cols[]`` asks."""

    #: JSON names that are left out when their value is null.
    omit_none: tuple[str, ...] = ()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        super().on_bind_field(field_name, field_obj)
        # Never loaded: so two names may show one attribute, as `islinked` and `isActive` do.
        field_obj.dump_only = True

    @ma.post_dump
    def _omit_nulls(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return omit_nulls(data, self.omit_none)

    @classmethod
    @lru_cache
    def columns(cls) -> dict[str, bool]:
        """Column name -> whether it comes by default."""
        return {
            field.data_key or name: not field.metadata.get("extra", False)
            for name, field in cls().fields.items()
        }


class Int(fields.Integer):
    """A whole number: a JSON number in a body, decimal digits in a query."""

    def __init__(self, minimum: int | None = None, maximum: int = MAX_ID, **kwargs: Any) -> None:
        super().__init__(
            strict=True,
            validate=validate.Range(minimum, maximum, error="Parameter '{{path}}' is out of range."),
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str):
            if not getattr(self.root, "text_input", False) or not _WHOLE_NUMBER.fullmatch(value):
                raise ma.ValidationError("Parameter '{path}' must be a whole number.")
            return int(value)
        # JSON has one kind of number: 1.0 is 1, as in JavaScript.
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("Parameter '{path}' must be a whole number.")
        return value


class ResourceId(Int):
    """The id of a resource: looked up through the caller's reach before the handler sees it."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(1, **kwargs)
        self.kind = kind


class Text(fields.String):
    """A string of limited length."""

    def __init__(self, maximum: int = 128, minimum: int = 1, **kwargs: Any) -> None:
        limits = validate.Length(minimum, maximum, error="Parameter '{{path}}' has a wrong length.")
        super().__init__(validate=limits, **kwargs)


class Bool(fields.Boolean):
    """A boolean: JSON's in a body, ``true`` or ``false`` in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if getattr(self.root, "text_input", False) and value in ("true", "false"):
            return bool(value == "true")
        if not isinstance(value, bool):
            raise ma.ValidationError("Parameter '{path}' must be a boolean.")
        return value


class Choice(fields.String):
    """One of a few strings."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        error = f"Parameter '{{path}}' must be one of: {', '.join(choices)}."
        super().__init__(
            validate=validate.OneOf(choices, error=error.replace("{path}", "{{path}}")), **kwargs
        )


class ListField(fields.List[Any]):
    """A list of values; in a query, ``name[]=a&name[]=b``."""

    def __init__(
        self, inner: fields.Field[Any], *, minimum: int = 0, maximum: int = 10_000, **kwargs: Any
    ) -> None:
        limits = validate.Length(minimum, maximum, error="Parameter '{{path}}' has a wrong length.")
        super().__init__(inner, validate=limits, **kwargs)


class Object(fields.Dict):
    """A JSON object with names of the caller's choosing."""


class Timestamp(fields.Field[int]):
    """Milliseconds since the epoch inside, ISO 8601 with ``Z`` outside."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_iso(value)


class Derived(fields.Field[Any]):
    """A value that no row holds: computed from the world whenever it is shown, so never stale."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, compute: Callable[[World, Any], Any], shape: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(dump_only=True, **kwargs)
        self.compute = compute
        self.shape = shape

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.compute(dumping_world.get(), obj)


class Constant(fields.Field[Any]):
    """A value that is the same for every row: something of Make that the emulator has only one kind of."""

    _CHECK_ATTRIBUTE = False

    def __init__(self, value: Any, shape: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(dump_only=True, **kwargs)
        self.value = value
        self.shape = shape

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.value


def user_summary(world: World, user_id: int | None) -> dict[str, object] | None:
    """A user as other things name them; ``None`` for nobody, and for one who is gone."""
    user = world.users.get(user_id) if user_id is not None else None
    return None if user is None else {"id": user.id, "name": user.name, "email": user.email}


def omit_nulls(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Leave out the names whose value is null."""
    for name in names:
        if data.get(name, name) is None:
            del data[name]
    return data


def validation_messages(messages: Any, path: str = "") -> Iterator[str]:
    """Flatten marshmallow's nested messages to one sentence a fault."""
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
    """Whether JSON is nested deeper than ``limit``."""
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
