"""The app "JSON": from text to bundles and back.

Sources: exported blueprints for fields and outputs; "Source is not valid JSON." was seen by practitioners.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from ..errors import ModuleError
from ..expressions.values import EMPTY_TEXT, Value, is_array, normalize_number, to_json_value
from .module_api import Emit, Field, ModuleContext, ModuleDefinition, Outcome

_INDENTS: Mapping[str, int | str] = {"tab": "\t", "2": 2, "4": 4}


def _parse(context: ModuleContext) -> Outcome:
    """An object is one bundle, an array one bundle an item; what is no object comes under ``value``."""
    value = parse_json(context, context.mapper["json"])
    items = value if isinstance(value, list) else [value]
    context.env.budget.charge_items(len(items))
    return Emit([item if isinstance(item, Mapping) else {"value": item} for item in items])


def parse_json(context: ModuleContext, text: str) -> Value:
    """The value that a text of JSON says.

    Raises:
        ModuleError: if it is none.
    """
    # Nearly every character may become a value of its own.
    context.env.budget.charge(1 + len(text) // 10)
    try:
        parsed: Value = json.loads(
            text,
            parse_int=_parse_number,
            parse_float=lambda digits: normalize_number(float(digits)),
            parse_constant=_reject_constant,
        )
    except (ValueError, RecursionError):
        raise ModuleError("DataError", "Source is not valid JSON.") from None
    return parsed


def _parse_number(digits: str) -> int | float:
    return normalize_number(int(digits) if len(digits) < 20 else float(digits))


def _reject_constant(name: str) -> Value:
    raise ValueError(f"JSON has no {name}")


def _create(context: ModuleContext) -> Outcome:
    """The mapped fields, which are those of the data structure, as JSON; what is empty is left out."""
    fields = {
        name: value
        for name, value in context.mapper.items()
        if value is not None and (value != "" or value is EMPTY_TEXT)
    }
    return Emit([{"json": dump_json(context, fields)}])


def _transform(context: ModuleContext) -> Outcome:
    """Any value as JSON; a text becomes a quoted one."""
    return Emit([{"json": dump_json(context, context.mapper.get("object"))}])


def dump_json(context: ModuleContext, value: Value) -> str:
    """A value as JSON, indented as the module's parameters say."""
    context.env.budget.charge_weight(value)
    indent = _INDENTS.get(str(context.module.parameters.get("space", "")))
    tight = (",", ":") if indent is None else None
    text = json.dumps(
        _drop_zero_fractions(to_json_value(value)), ensure_ascii=False, indent=indent, separators=tight
    )
    context.env.budget.charge_text(len(text))
    return text


def _drop_zero_fractions(value: Value) -> Value:
    """Floats without a fraction are written without one, as JavaScript does."""
    if isinstance(value, float):
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, Mapping):
        return {name: _drop_zero_fractions(item) for name, item in value.items()}
    if is_array(value):
        return [_drop_zero_fractions(item) for item in value]
    return value


MODULES = (
    ModuleDefinition("json:ParseJSON", _parse, (Field("json", "text", required=True),)),
    ModuleDefinition("json:CreateJSON", _create, accepts_any_field=True),
    ModuleDefinition("json:TransformToJSON", _transform, (Field("object"),)),
)
