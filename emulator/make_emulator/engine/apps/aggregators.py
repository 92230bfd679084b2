"""Aggregators: what the bundles between a feeder and an aggregator are combined to.

Sources: the vendor's notes on aggregators for parameters, flags and outputs; exported blueprints for
``array`` with ``__IMTAGGLENGTH__``, and for an aggregation of nothing, which is one bundle all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import BundleValidationError, ConversionError
from ..expressions.values import Value, as_number, as_text, normalize_number
from ..runtime.aggregation import BundleGroup
from .json import dump_json
from .module_api import Combiner, Field, ModuleContext, ModuleDefinition, Outcome
from .simulated import mock_output


def _combine_array(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    return {"array": group.items, "__IMTAGGLENGTH__": len(group.items)}


def _combine_text(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    texts = [as_text(item.get("value")) for item in group.items]
    return {"text": _join(context, texts, _separator(context, "rowSeparator"))}


def _combine_table(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """A row for each bundle, a column for each mapped field."""
    between = _separator(context, "columnSeparator")
    rows = [between.join(as_text(value) for value in item.values()) for item in group.items]
    return {"text": _join(context, rows, _separator(context, "rowSeparator"))}


def _separator(context: ModuleContext, name: str) -> str:
    """A separator as the parameters give it: itself, or ``other`` and another parameter that holds it."""
    parameters = context.module.parameters
    value = parameters.get(name)
    if value == "other":
        value = parameters.get(f"other{name[0].upper()}{name[1:]}")
    return value if isinstance(value, str) else ""


def _join(context: ModuleContext, texts: Sequence[str], separator: str) -> str:
    context.env.budget.charge_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _combine_json(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    return {"json": dump_json(context, group.items)}


#: What a numeric aggregator can compute; of no numbers, only the count and the sum are any.
_NUMERIC_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "max": max,
    "min": min,
}


def _combine_numbers(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """Counting counts bundles, whatever they hold; the other functions pass over what is empty."""
    name = context.module.parameters.get("fn")
    if name == "count":
        return {"result": len(group.items)}
    function = _NUMERIC_FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        raise BundleValidationError()
    values = [item.get("value") for item in group.items]
    numbers = [as_number(value) for value in values if value is not None and value != ""]
    if not numbers and name != "sum":
        return {"result": None}
    return {"result": normalize_number(function(numbers))}


def _refuse_run(context: ModuleContext) -> Outcome:
    raise ConversionError()


def define_aggregator(name: str, combine: Combiner, *fields: Field) -> ModuleDefinition:
    """An aggregator of these fields; of no fields in particular, one that takes all that are mapped."""
    return ModuleDefinition(name, _refuse_run, fields, accepts_any_field=not fields, combine=combine)


_VALUE = Field("value", "text")

MODULES: tuple[ModuleDefinition, ...] = (
    define_aggregator("builtin:BasicAggregator", _combine_array),
    define_aggregator("util:TextAggregator", _combine_text, _VALUE),
    define_aggregator("util:FunctionAggregator", _combine_numbers, Field("value")),
    define_aggregator("util:FunctionAggregator2", _combine_numbers, Field("value")),
    define_aggregator("util:AggregateAggregator", _combine_table),
    define_aggregator("json:AggregateToJSON", _combine_json),
)
"""Every aggregator. Emits nothing itself: the interpreter does, see `ModuleDefinition.combine`."""

#: Of an app that the emulator does not know: what its blueprint says it puts out.
SIMULATED = define_aggregator("*", lambda context, group: mock_output(context))
