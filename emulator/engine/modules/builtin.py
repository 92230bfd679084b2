"""The app "Flow control": what directs bundles rather than works on them."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BundleInvalid
from ..iml.values import Value
from .registry import Branch, Directive, Emit, Field, Handler, Kind, ModuleContext, Outcome


def _router(context: ModuleContext) -> Outcome:
    """Every route gets the bundle, one after the other; filters are the routes' own business."""
    return Branch(context.module.routes)


def _feeder(context: ModuleContext) -> Outcome:
    """One bundle an item; an item that is no collection comes under ``value``."""
    items = context.mapper.get("array", ())
    context.env.budget.items(len(items))
    bundles: list[Mapping[str, Value]] = [
        item if isinstance(item, Mapping) else {"value": item} for item in items
    ]
    return Emit(bundles)


def _repeater(context: ModuleContext) -> Outcome:
    start, repeats = context.mapper.get("start", 1), context.mapper.get("repeats", 0)
    if repeats > 10_000:
        raise BundleInvalid()
    return Emit([{"i": start + place * context.mapper.get("step", 1)} for place in range(repeats)])


def _decides(decision: str) -> Handler:
    def decide(context: ModuleContext) -> Outcome:
        return Directive(decision, context.mapper)

    return decide


KINDS = (
    Kind("builtin:BasicRouter", _router, billed=False),
    Kind("builtin:BasicFeeder", _feeder, (Field("array", "array"),)),
    Kind(
        "builtin:BasicRepeater",
        _repeater,
        (Field("start", "number"), Field("repeats", "uinteger", required=True), Field("step", "number")),
    ),
    Kind("builtin:Ignore", _decides("ignore"), billed=False),
    Kind("builtin:Resume", _decides("resume"), billed=False, open=True),
    Kind("builtin:Commit", _decides("commit"), billed=False),
    Kind("builtin:Rollback", _decides("rollback"), billed=False),
)
