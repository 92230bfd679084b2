"""App "JSON": parsing and serialization.

Sources: exported blueprints for fields and outputs; "Source is not valid JSON." was observed by practitioners.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..blueprints.model import Module
from ..errors import ModuleError
from ..expressions.constraint import Constraint
from ..expressions.values import EMPTY_TEXT, Value, is_array, normalize_number, to_json_text
from ..formats.xml import dump_xml
from .app import App, Field, Inference
from .context import BundleGroup, Emit, ModuleContext, Outcome
from .simulated import simulate

APP = App("json", is_built_in=True)

_INDENTS: Mapping[str, int | str] = {"tab": "\t", "2": 2, "4": 4}


def _infer_text(module: Module, output: Constraint, inference: Inference) -> Constraint:
    content = Constraint(fields=dict(output.fields))
    content.merge(inference.fields_constraint(module.interface))
    return Constraint(fields={"json": Constraint(kind="json", content=content)})


@APP.module("ParseJSON", Field("json", "text", required=True), computes=True, infer=_infer_text)
def _parse(context: ModuleContext) -> Outcome:
    """Emits one bundle for an object, one an item for an array; other values are under ``value``."""
    value = parse_json(context, context.text("json"))
    items = value if isinstance(value, list) else [value]
    context.env.budget.charge_items(len(items))
    return Emit([item if isinstance(item, Mapping) else {"value": item} for item in items])


def parse_json(context: ModuleContext, text: str) -> Value:
    """Parses JSON, charged to the budget.

    Raises:
        ModuleError: if it is not valid.
    """
    # Nearly every character may be a value of its own.
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


@APP.module("JSONtoXML", Field("json", "text"), accepts_any_field=True, computes=True)
def _convert_to_xml(context: ModuleContext) -> Outcome:
    """Converts JSON to XML, by the rules of the app "XML".

    The names of the fields are assumed: without JSON under that name, the output is mock data.
    """
    if context.mapper.get("json") is None:
        return simulate(context)
    value = parse_json(context, context.text("json"))
    # A document has one root element.
    fields = value if isinstance(value, Mapping) else {"root": {"item": value} if is_array(value) else value}
    return Emit([{context.output_name("xml"): dump_xml(fields, context.env.budget)}])


@APP.module("CreateJSON", accepts_any_field=True, outputs=("json",), computes=True)
def _create(context: ModuleContext) -> Outcome:
    """Serializes the mapped fields, which are those of the data structure; empty ones are left out."""
    fields = {
        name: value
        for name, value in context.mapper.items()
        if value is not None and (value != "" or value is EMPTY_TEXT)
    }
    return Emit([{"json": dump_json(context, fields)}])


@APP.module("TransformToJSON", Field("object"), outputs=("json",), computes=True)
def _transform(context: ModuleContext) -> Outcome:
    """Serializes any value."""
    return Emit([{"json": dump_json(context, context.mapper.get("object"))}])


@APP.aggregator("AggregateToJSON")
def _combine(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    return {"json": dump_json(context, group.items)}


def dump_json(context: ModuleContext, value: Value) -> str:
    """Serializes a value, indented as the module's parameters say."""
    context.env.budget.charge_weight(value)
    text = to_json_text(value, _INDENTS.get(str(context.module.parameters.get("space", ""))))
    context.env.budget.charge_text(len(text))
    return text
