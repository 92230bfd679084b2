"""The app "Flow control": what directs bundles rather than works on them.

Sources: vendor's notes on flow control and error handling; Help centre, "If-else and merge" (an operation each,
but no credits).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BundleValidationError, ExpressionError, FatalError, ModuleError
from ..expressions.evaluator import render_deep
from ..expressions.values import FieldMarker, Value
from .module_api import (
    ChooseBranch,
    Emit,
    ErrorDirective,
    Field,
    Handler,
    ModuleContext,
    ModuleDefinition,
    Outcome,
    RunRoutes,
)


def _router(context: ModuleContext) -> Outcome:
    """Every route gets the bundle, one after the other; filters are the routes' own business."""
    return RunRoutes(context.module.routes)


def _feeder(context: ModuleContext) -> Outcome:
    """One bundle an item; an item that is no collection comes under ``value``."""
    items = context.mapper.get("array", ())
    context.env.budget.charge_items(len(items))
    bundles: list[Mapping[str, Value]] = [
        item if isinstance(item, Mapping) else {"value": item} for item in items
    ]
    return Emit(bundles)


def _repeater(context: ModuleContext) -> Outcome:
    start, repeats = context.mapper.get("start", 1), context.mapper.get("repeats", 0)
    if repeats > 10_000:
        raise BundleValidationError()
    return Emit([{"i": start + place * context.mapper.get("step", 1)} for place in range(repeats)])


def _if_else(context: ModuleContext) -> Outcome:
    return ChooseBranch(context.module.branches)


def _merge(context: ModuleContext) -> Outcome:
    """The bundle that came by a branch, or the outputs that are mapped for that branch."""
    module, branch = context.module, context.branch
    if branch is None:
        raise FatalError(
            "BlueprintValidationError", f"Module '{module.full_name}' ({module.id}) follows no if-else."
        )
    if not module.outputs:
        return Emit([context.env.scope.latest_data])
    bundle: dict[str, Value] = {}
    for output in module.outputs:
        raw = output.mappings[branch] if branch < len(output.mappings) else None
        try:
            value = render_deep(raw, context.env)
        except ExpressionError as error:
            raise error.for_field(output.name) from None
        bundle[output.name] = None if isinstance(value, FieldMarker) else value
    return Emit([bundle])


def _throw(context: ModuleContext) -> Outcome:
    raise ModuleError("RuntimeError", context.mapper.get("message", ""))


def _warn(context: ModuleContext) -> Outcome:
    """The run goes on, and ends with a warning."""
    context.run.has_warning = True
    return Emit([{}])


def _name_run(context: ModuleContext) -> Outcome:
    context.run.name = context.mapper["name"]
    return Emit([{}])


def _directive_handler(decision: str) -> Handler:
    def decide(context: ModuleContext) -> Outcome:
        return ErrorDirective(decision, context.mapper)

    return decide


MODULES = (
    ModuleDefinition("builtin:BasicIfElse", _if_else, is_free=True),
    ModuleDefinition("builtin:BasicMerge", _merge, is_free=True),
    ModuleDefinition("builtin:ThrowError", _throw, (Field("message", "text"),), billed=False),
    ModuleDefinition("builtin:ThrowWarning", _warn, (Field("message", "text"),), billed=False),
    ModuleDefinition("builtin:NameARun", _name_run, (Field("name", "text", required=True),), billed=False),
    ModuleDefinition(
        "builtin:Break",
        _directive_handler("break"),
        (Field("retry", "boolean"), Field("count", "uinteger"), Field("interval", "uinteger")),
        billed=False,
    ),
    ModuleDefinition("builtin:BasicRouter", _router, billed=False),
    ModuleDefinition("builtin:BasicFeeder", _feeder, (Field("array", "array"),)),
    ModuleDefinition(
        "builtin:BasicRepeater",
        _repeater,
        (Field("start", "number"), Field("repeats", "uinteger", required=True), Field("step", "number")),
    ),
    ModuleDefinition("builtin:Ignore", _directive_handler("ignore"), billed=False),
    ModuleDefinition("builtin:Resume", _directive_handler("resume"), billed=False, accepts_any_field=True),
    ModuleDefinition("builtin:Commit", _directive_handler("commit"), billed=False),
    ModuleDefinition("builtin:Rollback", _directive_handler("rollback"), billed=False),
)
