"""The app "Flow control": what directs bundles rather than works on them.

Sources: vendor's notes on flow control and error handling; Help centre, "If-else and merge" (an operation each,
but no credits).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BundleInvalid, ExpressionError, Fatal, ModuleError
from ..iml.evaluate import fill_deep
from ..iml.values import Mark, Value
from .registry import Branch, Choose, Directive, Emit, Field, Handler, Kind, ModuleContext, Outcome


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


def _if_else(context: ModuleContext) -> Outcome:
    return Choose(context.module.branches)


def _merge(context: ModuleContext) -> Outcome:
    """The bundle that came by a branch, or the outputs that are mapped for that branch."""
    module, branch = context.module, context.branch
    if branch is None:
        raise Fatal(
            "BlueprintValidationError", f"Module '{module.full_name}' ({module.id}) follows no if-else."
        )
    if not module.outputs:
        return Emit([context.env.scope.latest])
    bundle: dict[str, Value] = {}
    for output in module.outputs:
        raw = output.mappings[branch] if branch < len(output.mappings) else None
        try:
            value = fill_deep(raw, context.env)
        except ExpressionError as error:
            raise error.mapping(output.name) from None
        bundle[output.name] = None if isinstance(value, Mark) else value
    return Emit([bundle])


def _throw(context: ModuleContext) -> Outcome:
    raise ModuleError("RuntimeError", context.mapper.get("message", ""))


def _warn(context: ModuleContext) -> Outcome:
    """The run goes on, and ends with a warning."""
    context.run.warned = True
    return Emit([{}])


def _name_run(context: ModuleContext) -> Outcome:
    context.run.name = context.mapper["name"]
    return Emit([{}])


def _decides(decision: str) -> Handler:
    def decide(context: ModuleContext) -> Outcome:
        return Directive(decision, context.mapper)

    return decide


KINDS = (
    Kind("builtin:BasicIfElse", _if_else, free=True),
    Kind("builtin:BasicMerge", _merge, free=True),
    Kind("builtin:ThrowError", _throw, (Field("message", "text"),), billed=False),
    Kind("builtin:ThrowWarning", _warn, (Field("message", "text"),), billed=False),
    Kind("builtin:NameARun", _name_run, (Field("name", "text", required=True),), billed=False),
    Kind(
        "builtin:Break",
        _decides("break"),
        (Field("retry", "boolean"), Field("count", "uinteger"), Field("interval", "uinteger")),
        billed=False,
    ),
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
