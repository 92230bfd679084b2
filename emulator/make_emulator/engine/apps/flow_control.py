"""App "Flow control": routers, iterators, aggregators and error handlers.

Sources: vendor's notes on flow control and error handling; Help centre, "If-else and merge" (an operation each,
but no credits).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..blueprints.model import Module
from ..errors import BundleValidationError, ExpressionError, FatalError, ModuleError, invalid_parameter
from ..expressions.constraint import Constraint
from ..expressions.evaluator import render_deep
from ..expressions.values import FieldMarker, Value
from .app import App, Field, Handler, Inference
from .context import BundleGroup, ChooseBranch, Emit, ErrorDirective, ModuleContext, Outcome, RunRoutes

# Its modules only direct the bundles of others.
APP = App("builtin", is_built_in=True, has_output=False)


@APP.module("BasicRouter", billed=False, outputs=())
def _router(context: ModuleContext) -> Outcome:
    """Runs every route with the bundle, one after the other; each route has its own filter."""
    return RunRoutes(context.module.routes)


def _infer_array(module: Module, output: Constraint, inference: Inference) -> Constraint:
    # An item that is not a collection is emitted under "value".
    item = output.fields["value"] if output.fields.keys() == {"value"} else output
    return Constraint(fields={"array": Constraint(kind="array", item=item)})


@APP.module("BasicFeeder", Field("array", "array"), infer=_infer_array)
def _feeder(context: ModuleContext) -> Outcome:
    """Emits one bundle an item; an item that is not a collection is under ``value``."""
    items = context.array("array")
    context.env.budget.charge_items(len(items))
    bundles: list[Mapping[str, Value]] = [
        item if isinstance(item, Mapping) else {"value": item} for item in items
    ]
    return Emit(bundles)


def _infer_repeats(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return Constraint(fields={"repeats": Constraint(kind="uinteger", choices=[1, 2, 3])})


@APP.module(
    "BasicRepeater",
    Field("start", "number"),
    Field("repeats", "uinteger", required=True),
    Field("step", "number"),
    outputs=("i",),
    infer=_infer_repeats,
)
def _repeater(context: ModuleContext) -> Outcome:
    start, repeats, step = context.number("start", 1), context.integer("repeats"), context.number("step", 1)
    if repeats > 10_000:
        raise BundleValidationError(invalid_parameter("repeats"), hint="'repeats' is at most 10000.")
    return Emit([{"i": start + place * step} for place in range(repeats)])


def _infer_items(module: Module, output: Constraint, inference: Inference) -> Constraint:
    constraint, array = Constraint(), output.fields.get("array")
    if array is not None and array.item is not None:
        constraint.merge(array.item)
    return constraint


@APP.aggregator("BasicAggregator", outputs=("array",), infer=_infer_items)
def _aggregate(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """Combines the bundles to an array; exported blueprints have ``__IMTAGGLENGTH__``."""
    return {"array": group.items, "__IMTAGGLENGTH__": len(group.items)}


@APP.module("BasicIfElse", is_free=True, outputs=())
def _if_else(context: ModuleContext) -> Outcome:
    return ChooseBranch(context.module.branches)


@APP.module("BasicMerge", is_free=True)
def _merge(context: ModuleContext) -> Outcome:
    """Emits the bundle that took a branch, or the outputs that are mapped for that branch."""
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


@APP.module("ThrowError", Field("message", "text"), billed=False, outputs=())
def _throw(context: ModuleContext) -> Outcome:
    raise ModuleError("RuntimeError", context.text("message"))


@APP.module("ThrowWarning", Field("message", "text"), billed=False, outputs=())
def _warn(context: ModuleContext) -> Outcome:
    """Continues the run, which ends with a warning."""
    context.run.has_warning = True
    return Emit([{}])


@APP.module("NameARun", Field("name", "text", required=True), billed=False, outputs=())
def _name_run(context: ModuleContext) -> Outcome:
    context.run.name = context.text("name")
    return Emit([{}])


def _directive_handler(decision: str) -> Handler:
    def decide(context: ModuleContext) -> Outcome:
        return ErrorDirective(decision, context.mapper)

    return decide


APP.module(
    "Break",
    Field("retry", "boolean"),
    Field("count", "uinteger"),
    Field("interval", "uinteger"),
    billed=False,
)(_directive_handler("break"))
APP.module("Resume", billed=False, accepts_any_field=True)(_directive_handler("resume"))
for _name in ("Commit", "Ignore", "Rollback"):
    APP.module(_name, billed=False)(_directive_handler(_name.lower()))
