"""The app "Tools": variables, and small helpers of a flow.

Sources: exported blueprints for fields and outputs; recorded runs for what a missing name or scope leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import BundleValidationError
from ..expressions.regex.matcher import compile_regex
from ..expressions.values import Value, as_text, is_array
from .module_api import Emit, Field, ModuleContext, ModuleDefinition, Outcome

#: "One cycle" and "one execution".
_SCOPE_FIELD = Field("scope", "text", required=True, choices=("roundtrip", "execution"))
_NAME_FIELD = Field("name", "text", required=True)


def _set_legacy(context: ModuleContext) -> Outcome:
    value = context.mapper.get("value")
    _store_variables(context, {context.mapper["name"]: value})
    return Emit([{"value": value}])


def _set(context: ModuleContext) -> Outcome:
    variables = {context.mapper["name"]: context.mapper.get("value")}
    _store_variables(context, variables)
    return Emit([variables])


def _store_variables(context: ModuleContext, variables: Mapping[str, Value]) -> None:
    """Set variables until the end of the cycle, or of the run."""
    run = context.run
    run.variables.update(variables)
    if context.mapper["scope"] == "roundtrip":
        run.cycle_variables.update(variables)
    else:
        run.cycle_variables.difference_update(variables)


def _set_many(context: ModuleContext) -> Outcome:
    variables: dict[str, Value] = {}
    for item in context.mapper.get("variables", ()):
        name = item.get("name") if isinstance(item, Mapping) else None
        if name is None or name == "":
            raise BundleValidationError()
        variables[as_text(name)] = item.get("value")
    _store_variables(context, variables)
    return Emit([variables])


def _get_legacy(context: ModuleContext) -> Outcome:
    return Emit([{"value": context.run.variables.get(context.mapper["name"])}])


def _get(context: ModuleContext) -> Outcome:
    """The bundle's one key is the variable's name; a variable that was never set is nothing, and no error."""
    name = context.mapper["name"]
    return Emit([{name: context.run.variables.get(name)}])


def _get_many(context: ModuleContext) -> Outcome:
    names = [as_text(name) for name in context.mapper.get("variables", ())]
    return Emit([{name: context.run.variables.get(name) for name in names}])


def _compose(context: ModuleContext) -> Outcome:
    return Emit([{"value": context.mapper.get("value")}])


def _increment(context: ModuleContext) -> Outcome:
    """Counts its calls: within the cycle, the run, or all runs of the scenario, whatever becomes of them."""
    run, id = context.run, context.module.id
    match context.module.parameters.get("reset"):
        case "run":
            count = run.counters[0][id] = run.counters[0].get(id, 0) + 1
        case "execution":
            count = run.counters[1][id] = run.counters[1].get(id, 0) + 1
        case "scenario":
            key = (run.scenario.id, id)
            count = run.world.increments[key] = run.world.increments.get(key, 0) + 1
        case _:
            raise BundleValidationError()
    return Emit([{"i": count}])


def _sleep(context: ModuleContext) -> Outcome:
    """Takes seconds of the world's time, 1 to 300 (what exports say the field takes)."""
    seconds = context.mapper["duration"]
    if not 1 <= seconds <= 300:
        raise BundleValidationError()
    context.run.stopwatch.sleep(1000 * seconds)
    return Emit([{}])


def _trigger(context: ModuleContext) -> Outcome:
    """One bundle for each entry of ``parameters.values``, made of its names and values."""
    bundles: list[Mapping[str, Value]] = []
    values = context.module.parameters.get("values")
    for entry in _as_sequence(values):
        pairs = entry.get("spec") if isinstance(entry, Mapping) else None
        named = [pair for pair in _as_sequence(pairs) if isinstance(pair, Mapping)]
        bundles.append({as_text(pair.get("name")): pair.get("value") for pair in named})
    return Emit(bundles)


def _as_sequence(value: Value) -> Sequence[Value]:
    return value if is_array(value) else ()


def _switch(context: ModuleContext) -> Outcome:
    """The output of the first case whose pattern equals the input, or is found in it."""
    mapper, budget = context.mapper, context.env.budget
    value = as_text(mapper.get("input"))
    for case in mapper.get("casesTable", ()):
        if not isinstance(case, Mapping):
            continue
        pattern = as_text(case.get("pattern"))
        budget.charge_text(len(pattern) + len(value))
        if mapper.get("useRegExpMatch"):
            matches = compile_regex(pattern).has_match(value, budget)
        else:
            matches = pattern == value
        if matches:
            return Emit([{"output": case.get("output")}])
    return Emit([{"output": mapper.get("elseOutput")}])


MODULES = (
    ModuleDefinition("util:SetVariable", _set_legacy, (_NAME_FIELD, _SCOPE_FIELD, Field("value"))),
    ModuleDefinition("util:SetVariable2", _set, (_NAME_FIELD, _SCOPE_FIELD, Field("value"))),
    ModuleDefinition("util:SetVariables", _set_many, (Field("variables", "array"), _SCOPE_FIELD)),
    ModuleDefinition("util:GetVariable", _get_legacy, (_NAME_FIELD,)),
    ModuleDefinition("util:GetVariable2", _get, (_NAME_FIELD,)),
    ModuleDefinition("util:GetVariables", _get_many, (Field("variables", "array"),)),
    ModuleDefinition("util:ComposeTransformer", _compose, (Field("value", "text"),)),
    ModuleDefinition("util:FunctionIncrement", _increment),
    ModuleDefinition("util:FunctionSleep", _sleep, (Field("duration", "uinteger", required=True),)),
    ModuleDefinition("util:BasicTrigger", _trigger),
    ModuleDefinition(
        "util:Switcher",
        _switch,
        (
            Field("input", "text"),
            Field("useRegExpMatch", "boolean"),
            Field("casesTable", "array"),
            Field("elseOutput"),
        ),
    ),
)
