"""App "Scenarios": inputs and outputs of a run, and calls of other scenarios.

Its operations are not billed. Sources: vendor's notes on subscenarios (same team, active, on demand); exported
blueprints for the parameters of a call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...json_types import as_mapping
from ...world import scenarios
from ...world.exceptions import InvalidParametersError
from ...world.field_specs import field_name, field_type
from ...world.models import FieldSpecs, Json, Scenario
from ..blueprints.model import Module
from ..errors import BundleValidationError, ConversionError, ModuleError, invalid_parameter
from ..expressions.constraint import Constraint
from ..expressions.values import EMPTY_TEXT, Value, as_text, coerce, to_json_value
from ..inputs import validate_inputs
from ..run_state import ScenarioCall
from .app import App, Inference
from .context import Emit, ModuleContext, Outcome, ReturnOutputs

APP = App("scenario-service", is_built_in=True)

#: Trigger that emits the inputs of a run, and modules that call other scenarios.
START_MODULE = f"{APP.name}:StartSubscenario"
RETURN_MODULE = f"{APP.name}:ReturnData"
CALLING_MODULES = (f"{APP.name}:CallSubscenario", f"{APP.name}:RunScenario")

#: Prefix of the ids of scenarios in calls, which may be left out.
SCENARIO_PREFIX = "SCN_"

_VERSIONS = (1, 2)


def find_called_scenario(node: Mapping[str, Json]) -> int | None:
    """Returns the id of the scenario that a module of a blueprint calls, if it is a module of that kind and has one."""
    parameters = as_mapping(node.get("parameters"))
    if node.get("module") not in CALLING_MODULES or not isinstance(parameters.get("scenario"), (str, int)):
        return None
    return called_scenario_id(parameters)


@APP.module("StartSubscenario", versions=_VERSIONS, billed=False, accepts_any_field=True, trigger="inputs")
def _start(context: ModuleContext) -> Outcome:
    """Emits the inputs of the run."""
    return Emit([context.run.inputs])


def _infer_outputs(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return inference.fields_constraint(inference.outputs)


@APP.module(
    "ReturnData",
    versions=_VERSIONS,
    billed=False,
    accepts_any_field=True,
    has_output=False,
    infer=_infer_outputs,
)
def _return(context: ModuleContext) -> Outcome:
    """Ends the run with its declared outputs; one that is not mapped is null (vendor's notes)."""
    spec = context.run.output_spec
    if not spec:
        return ReturnOutputs(context.mapper)
    issues: list[str] = []
    outputs: dict[str, Value] = {}
    for field in spec:
        name = field_name(field)
        try:
            outputs[name] = _coerce_output(field, context.mapper.get(name), context)
        except ConversionError:
            issues.append(invalid_parameter(name, field_type(field)))
    if issues:
        raise BundleValidationError(*issues)
    return ReturnOutputs(outputs)


def _coerce_output(field: Mapping[str, Json], value: Value, context: ModuleContext) -> Value:
    if value is None or (value == "" and value is not EMPTY_TEXT):
        return None
    if field.get("type") == "dynamicCollection" and isinstance(value, str):
        # The module parses JSON that is mapped to a dynamic collection (Help centre).
        context.env.budget.charge(1 + len(value) // 10)
        try:
            parsed: Value = json.loads(value)
        except (ValueError, RecursionError):
            raise ConversionError() from None
        return parsed
    return coerce(value, field_type(field), context.env.zone)


@APP.module("CallSubscenario", versions=_VERSIONS, billed=False, accepts_any_field=True)
def _call(context: ModuleContext) -> Outcome:
    """Calls another scenario with the mapped inputs; only a call that waits returns its outputs."""
    wait = context.module.parameters.get("shouldWaitForExecutionEnd")
    return _call_scenario(context, wait=wait is True or wait == "true")


@APP.module("RunScenario", versions=_VERSIONS, billed=False, accepts_any_field=True)
def _call_legacy(context: ModuleContext) -> Outcome:
    """Legacy module, which does not wait."""
    return _call_scenario(context, wait=False)


def _call_scenario(context: ModuleContext, *, wait: bool) -> Outcome:
    scenario = _find_scenario(context)
    version = context.run.world.blueprints[scenario.id, scenario.blueprint_version]
    spec = version.input_spec or ()
    try:
        inputs = validate_inputs(spec, _mapped_inputs(context, spec))
    except InvalidParametersError as error:
        raise BundleValidationError(*error.issues) from None
    return ScenarioCall(scenario, inputs, wait)


def called_scenario_id(parameters: Mapping[str, Json]) -> int | None:
    """Returns the id of the scenario that a calling module names; ``None`` if it is no number."""
    id = _scenario_text(parameters)
    return int(id) if id.isascii() and id.isdigit() and len(id) < 16 else None


def _scenario_text(parameters: Mapping[str, Json]) -> str:
    return as_text(parameters.get("scenario")).removeprefix(SCENARIO_PREFIX)


def _find_scenario(context: ModuleContext) -> Scenario:
    """Returns the scenario to call, whose id may be written ``SCN_123``."""
    parameters = context.module.parameters
    id, number = _scenario_text(parameters), called_scenario_id(parameters)
    world, team_id = context.run.world, context.run.scenario.team_id
    scenario = world.scenarios.get(number) if number is not None else None
    if scenario is None or scenario.team_id != team_id:
        raise ModuleError("RuntimeError", f"Scenario '{id[:50]}' not found.")
    if not scenario.is_active:
        raise ModuleError("RuntimeError", f"Scenario '{id}' is not active.")
    if not scenarios.is_on_demand(scenario.scheduling):
        raise ModuleError("RuntimeError", f"Scenario '{id}' is not scheduled on demand.")
    return scenario


def _mapped_inputs(context: ModuleContext, spec: FieldSpecs) -> Mapping[str, Json]:
    """Returns the mapped inputs: the mapper's fields, or those of its field ``data`` if that is not an input (observed)."""
    mapper = context.mapper
    data = mapper.get("data")
    if isinstance(data, Mapping) and all(field_name(field) != "data" for field in spec):
        mapper = data
    inputs: dict[str, Json] = {}
    kinds = {field_name(field): field_type(field) for field in spec}
    for name, value in mapper.items():
        empty = value is None or (value == "" and value is not EMPTY_TEXT)
        if not empty:
            inputs[name] = to_json_value(coerce(value, kinds.get(name, "any"), context.env.zone))
    return inputs
