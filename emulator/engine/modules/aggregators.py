"""Aggregators: what the bundles between a feeder and an aggregator are combined to.

Sources: the vendor's notes on aggregators for parameters, flags and outputs; exported blueprints for
``array`` with ``__IMTAGGLENGTH__``, and for an aggregation of nothing, which is one bundle all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import BundleInvalid, Misfit
from ..gathering import Group
from ..iml.values import Value, as_number, as_text, number
from .json_app import written
from .registry import Combine, Field, Kind, ModuleContext, Outcome
from .simulated import put_out


def _array(context: ModuleContext, group: Group) -> Mapping[str, Value]:
    return {"array": group.items, "__IMTAGGLENGTH__": len(group.items)}


def _text(context: ModuleContext, group: Group) -> Mapping[str, Value]:
    texts = [as_text(item.get("value")) for item in group.items]
    return {"text": _joined(context, texts, _separator(context, "rowSeparator"))}


def _table(context: ModuleContext, group: Group) -> Mapping[str, Value]:
    """A row for each bundle, a column for each mapped field."""
    between = _separator(context, "columnSeparator")
    rows = [between.join(as_text(value) for value in item.values()) for item in group.items]
    return {"text": _joined(context, rows, _separator(context, "rowSeparator"))}


def _separator(context: ModuleContext, name: str) -> str:
    """A separator as the parameters give it: itself, or ``other`` and another parameter that holds it."""
    parameters = context.module.parameters
    value = parameters.get(name)
    if value == "other":
        value = parameters.get(f"other{name[0].upper()}{name[1:]}")
    return value if isinstance(value, str) else ""


def _joined(context: ModuleContext, texts: Sequence[str], separator: str) -> str:
    context.env.budget.text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _json(context: ModuleContext, group: Group) -> Mapping[str, Value]:
    return {"json": written(context, group.items)}


#: What a numeric aggregator can compute; of no numbers, only the count and the sum are any.
_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "max": max,
    "min": min,
}


def _number(context: ModuleContext, group: Group) -> Mapping[str, Value]:
    """Counting counts bundles, whatever they hold; the other functions pass over what is empty."""
    name = context.module.parameters.get("fn")
    if name == "count":
        return {"result": len(group.items)}
    function = _FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        raise BundleInvalid()
    values = [item.get("value") for item in group.items]
    numbers = [as_number(value) for value in values if value is not None and value != ""]
    if not numbers and name != "sum":
        return {"result": None}
    return {"result": number(function(numbers))}


def _never(context: ModuleContext) -> Outcome:
    raise Misfit()


def aggregator(name: str, combine: Combine, *fields: Field) -> Kind:
    """An aggregator of these fields; of no fields in particular, one that takes all that are mapped."""
    return Kind(name, _never, fields, open=not fields, combine=combine)


_VALUE = Field("value", "text")

KINDS: tuple[Kind, ...] = (
    aggregator("builtin:BasicAggregator", _array),
    aggregator("util:TextAggregator", _text, _VALUE),
    aggregator("util:FunctionAggregator", _number, Field("value")),
    aggregator("util:FunctionAggregator2", _number, Field("value")),
    aggregator("util:AggregateAggregator", _table),
    aggregator("json:AggregateToJSON", _json),
)
"""Every aggregator. Emits nothing itself: the interpreter does, see `Kind.combine`."""

#: Of an app that the emulator does not know: what its blueprint says it puts out.
SIMULATED = aggregator("*", lambda context, group: put_out(context))
