"""App "Tools": variables, aggregators of text, numbers and tables, and small helpers of a flow.

Sources: exported blueprints for fields and outputs; recorded runs for the errors of a missing name or scope; the vendor's
notes on aggregators for parameters, flags and outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...world.models import Json
from ..blueprints.model import Module, is_literal
from ..errors import BundleValidationError, invalid_parameter, missing_parameter, parameter_not_in_options
from ..expressions.constraint import Constraint
from ..expressions.regex.matcher import compile_regex
from ..expressions.values import Value, as_number, as_text, is_array, normalize_number
from .app import App, Field, Inference
from .context import BundleGroup, Emit, ModuleContext, Outcome, convert_field

APP = App("util", is_built_in=True)
APP.simulated("TransformEncoding")

#: "One cycle" and "one execution".
_SCOPE_FIELD = Field("scope", "text", required=True, choices=("roundtrip", "execution"))
_NAME_FIELD = Field("name", "text", required=True)


# --- variables -----------------------------------------------------------------------------------


def _infer_legacy_variable(module: Module, output: Constraint, inference: Inference) -> Constraint:
    """The value has the constraint on the output, and on the modules that get the variable."""
    value = inference.variable_constraint(module.mapper.get("name"), output.fields.get("value"))
    return Constraint(fields={"value": value})


def _infer_variable(module: Module, output: Constraint, inference: Inference) -> Constraint:
    name = module.mapper.get("name")
    value = inference.variable_constraint(name, output.fields.get(str(name)))
    return Constraint(fields={"value": value})


def _infer_variables(module: Module, output: Constraint, inference: Inference) -> Constraint:
    variables = module.mapper.get("variables")
    for item in variables if isinstance(variables, list) else ():
        if isinstance(item, Mapping):
            name = item.get("name")
            constraint = inference.variable_constraint(name, output.fields.get(str(name)))
            inference.infer_value(item.get("value"), constraint)
    return Constraint()


def _infer_legacy_reading(module: Module, output: Constraint, inference: Inference) -> Constraint:
    inference.variable_constraint(module.mapper.get("name"), output.fields.get("value"))
    return Constraint()


def _infer_reading(module: Module, output: Constraint, inference: Inference) -> Constraint:
    for name, constraint in output.fields.items():
        inference.variable_constraint(name, constraint)
    return Constraint()


@APP.module(
    "SetVariable", _NAME_FIELD, _SCOPE_FIELD, Field("value"), outputs=("value",), infer=_infer_legacy_variable
)
def _set_legacy(context: ModuleContext) -> Outcome:
    value = context.mapper.get("value")
    _store_variables(context, {context.text("name"): value})
    return Emit([{"value": value}])


@APP.module("SetVariable2", _NAME_FIELD, _SCOPE_FIELD, Field("value"), infer=_infer_variable)
def _set(context: ModuleContext) -> Outcome:
    variables = {context.text("name"): context.mapper.get("value")}
    _store_variables(context, variables)
    return Emit([variables])


def _store_variables(context: ModuleContext, variables: Mapping[str, Value]) -> None:
    """Sets variables until the end of the cycle, or of the run."""
    run = context.run
    run.variables.update(variables)
    if context.text("scope") == "roundtrip":
        run.cycle_variables.update(variables)
    else:
        run.cycle_variables.difference_update(variables)


@APP.module("SetVariables", Field("variables", "array"), _SCOPE_FIELD, infer=_infer_variables)
def _set_many(context: ModuleContext) -> Outcome:
    variables: dict[str, Value] = {}
    for item in context.array("variables"):
        if not isinstance(item, Mapping) or item.get("name") in (None, ""):
            raise BundleValidationError(missing_parameter("name"))
        variables[convert_field("name", "text", as_text, item["name"])] = item.get("value")
    _store_variables(context, variables)
    return Emit([variables])


@APP.module("GetVariable", _NAME_FIELD, outputs=("value",), infer=_infer_legacy_reading)
def _get_legacy(context: ModuleContext) -> Outcome:
    return Emit([{"value": context.run.variables.get(context.text("name"))}])


@APP.module("GetVariable2", _NAME_FIELD, infer=_infer_reading)
def _get(context: ModuleContext) -> Outcome:
    """Emits the variable under its name; a variable that was never set is null, and not an error."""
    name = context.text("name")
    return Emit([{name: context.run.variables.get(name)}])


@APP.module("GetVariables", Field("variables", "array"), infer=_infer_reading)
def _get_many(context: ModuleContext) -> Outcome:
    names = [convert_field("variables", "text", as_text, name) for name in context.array("variables")]
    return Emit([{name: context.run.variables.get(name) for name in names}])


# --- helpers -------------------------------------------------------------------------------------


def _infer_value(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return Constraint(fields={"value": output.descend(["value"])})


@APP.module("ComposeTransformer", Field("value", "text"), outputs=("value",), infer=_infer_value)
def _compose(context: ModuleContext) -> Outcome:
    return Emit([{"value": context.mapper.get("value")}])


@APP.module("FunctionIncrement", outputs=("i",))
def _increment(context: ModuleContext) -> Outcome:
    """Counts its calls within the cycle, the run, or all runs of the scenario, failed ones included."""
    run, id = context.run, context.module.id
    match context.module.parameters.get("reset"):
        case "run":
            count = run.counters[0][id] = run.counters[0].get(id, 0) + 1
        case "execution":
            count = run.counters[1][id] = run.counters[1].get(id, 0) + 1
        case "scenario":
            key = (run.scenario.id, id)
            count = run.world.increments[key] = run.world.increments.get(key, 0) + 1
        case reset:
            raise BundleValidationError(
                parameter_not_in_options("reset") if reset else missing_parameter("reset"),
                hint="The parameter 'reset' is one of: run, execution, scenario.",
            )
    return Emit([{"i": count}])


@APP.module("FunctionSleep", Field("duration", "uinteger", required=True), outputs=())
def _sleep(context: ModuleContext) -> Outcome:
    """Advances the run by 1 to 300 seconds of the world's time (the range is in exported blueprints)."""
    seconds = context.integer("duration")
    if not 1 <= seconds <= 300:
        hint = "'duration' is from 1 to 300 seconds."
        raise BundleValidationError(invalid_parameter("duration"), hint=hint)
    context.run.stopwatch.sleep(1000 * seconds)
    return Emit([{}])


@APP.module("BasicTrigger")
def _trigger(context: ModuleContext) -> Outcome:
    """Emits one bundle for each entry of ``parameters.values``, built from its names and values."""
    bundles: list[Mapping[str, Value]] = []
    values = context.module.parameters.get("values")
    for entry in _as_sequence(values):
        pairs = entry.get("spec") if isinstance(entry, Mapping) else None
        named = [pair for pair in _as_sequence(pairs) if isinstance(pair, Mapping)]
        bundles.append({as_text(pair.get("name")): pair.get("value") for pair in named})
    return Emit(bundles)


def _as_sequence(value: Value) -> Sequence[Value]:
    return value if is_array(value) else ()


def _infer_input(module: Module, output: Constraint, inference: Inference) -> Constraint:
    if module.mapper.get("useRegExpMatch"):
        return Constraint()
    return Constraint(
        fields={"input": Constraint(choices=_literal_patterns(module.mapper.get("casesTable")))}
    )


def _literal_patterns(cases: Json) -> list[Value]:
    return [
        case["pattern"]
        for case in (cases if isinstance(cases, list) else ())
        if isinstance(case, Mapping) and is_literal(case.get("pattern"))
    ]


@APP.module(
    "Switcher",
    Field("input", "text"),
    Field("useRegExpMatch", "boolean"),
    Field("casesTable", "array"),
    Field("elseOutput"),
    outputs=("output",),
    computes=True,
    infer=_infer_input,
)
def _switch(context: ModuleContext) -> Outcome:
    """Emits the output of the first case whose pattern equals the input, or matches it."""
    value, budget = context.text("input"), context.env.budget
    for case in context.array("casesTable"):
        if not isinstance(case, Mapping):
            continue
        pattern = convert_field("pattern", "text", as_text, case.get("pattern"))
        budget.charge_text(len(pattern) + len(value))
        if context.boolean("useRegExpMatch"):
            matches = compile_regex(pattern).has_match(value, budget)
        else:
            matches = pattern == value
        if matches:
            return Emit([{"output": case.get("output")}])
    return Emit([{"output": context.mapper.get("elseOutput")}])


# --- aggregators ---------------------------------------------------------------------------------


def _infer_text(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return Constraint(fields={"value": Constraint(content=output.descend(["text"]).content)})


@APP.aggregator("TextAggregator", Field("value", "text"), outputs=("text",), infer=_infer_text)
def _combine_text(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    texts = [as_text(item.get("value")) for item in group.items]
    return {"text": _join(context, texts, _separator(context, "rowSeparator"))}


@APP.aggregator("AggregateAggregator", outputs=("text",))
def _combine_table(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """Combines to a table: a row for each bundle, a column for each mapped field."""
    between = _separator(context, "columnSeparator")
    rows = [
        between.join(convert_field(name, "text", as_text, value) for name, value in item.items())
        for item in group.items
    ]
    return {"text": _join(context, rows, _separator(context, "rowSeparator"))}


def _separator(context: ModuleContext, name: str) -> str:
    """Returns a separator of the parameters: a parameter, or if it is ``other``, the one that has the text."""
    parameters = context.module.parameters
    value = parameters.get(name)
    if value == "other":
        value = parameters.get(f"other{name[0].upper()}{name[1:]}")
    return value if isinstance(value, str) else ""


def _join(context: ModuleContext, texts: Sequence[str], separator: str) -> str:
    context.env.budget.charge_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


#: Functions of the numeric aggregator; without numbers only the count and the sum have a value.
_NUMERIC_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "max": max,
    "min": min,
}


@APP.aggregator("FunctionAggregator", Field("value"), outputs=("result",))
@APP.aggregator("FunctionAggregator2", Field("value"), outputs=("result",))
def _combine_numbers(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """Computes a function of the numbers; ``count`` counts all bundles, the other functions skip empty values."""
    name = context.module.parameters.get("fn")
    if name == "count":
        return {"result": len(group.items)}
    function = _NUMERIC_FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        raise BundleValidationError(
            parameter_not_in_options("fn") if name else missing_parameter("fn"),
            hint=f"The parameter 'fn' is one of: count, {', '.join(_NUMERIC_FUNCTIONS)}.",
        )
    values = [item.get("value") for item in group.items]
    numbers = [
        convert_field("value", "number", as_number, value)
        for value in values
        if value is not None and value != ""
    ]
    if not numbers and name != "sum":
        return {"result": None}
    return {"result": normalize_number(function(numbers))}
