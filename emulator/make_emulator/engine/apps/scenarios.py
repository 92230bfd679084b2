"""The app "Scenarios": where a run's inputs come in and its outputs go out, and how one scenario calls another.

Its operations are not billed. Sources: vendor's notes on subscenarios (same team, active, on demand); exported
blueprints for the parameters of a call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...world.exceptions import InvalidParametersError
from ...world.models import FieldSpecs, Json, Scenario
from ..errors import BundleValidationError, ConversionError, ModuleError
from ..expressions.values import EMPTY_TEXT, Value, as_text, coerce, to_json_value
from ..runtime.inputs import validate_inputs
from ..scheduling import schedule
from .module_api import CallScenario, Emit, ModuleContext, ModuleDefinition, Outcome, ReturnOutputs


def _start(context: ModuleContext) -> Outcome:
    """The bundle that comes out is the run's input."""
    return Emit([context.run.inputs])


def _return(context: ModuleContext) -> Outcome:
    """Ends the run. Only declared outputs leave it; one that is not mapped is null (vendor's notes)."""
    spec = context.run.output_spec
    if not spec:
        return ReturnOutputs(context.mapper)
    faults = 0
    outputs: dict[str, Value] = {}
    for field in spec:
        try:
            outputs[field["name"]] = _coerce_output(field, context.mapper.get(field["name"]), context)
        except ConversionError:
            faults += 1
    if faults:
        raise BundleValidationError(faults)
    return ReturnOutputs(outputs)


def _coerce_output(field: Mapping[str, Json], value: Value, context: ModuleContext) -> Value:
    if value is None or (value == "" and value is not EMPTY_TEXT):
        return None
    if field.get("type") == "dynamicCollection" and isinstance(value, str):
        # The module reads JSON that is mapped to a dynamic collection (Help centre).
        context.env.budget.charge(1 + len(value) // 10)
        try:
            parsed: Value = json.loads(value)
        except (ValueError, RecursionError):
            raise ConversionError() from None
        return parsed
    return coerce(value, str(field.get("type", "any")), context.env.zone)


def _call(context: ModuleContext) -> Outcome:
    """Run another scenario with the mapped inputs; its outputs come back only if it is waited for."""
    wait = context.module.parameters.get("shouldWaitForExecutionEnd")
    return _call_scenario(context, wait=wait is True or wait == "true")


def _call_legacy(context: ModuleContext) -> Outcome:
    """The older module starts another scenario and does not wait for it."""
    return _call_scenario(context, wait=False)


def _call_scenario(context: ModuleContext, *, wait: bool) -> Outcome:
    scenario = _find_scenario(context)
    version = context.run.world.blueprints[scenario.id, scenario.blueprint_version]
    spec = version.input_spec or ()
    try:
        inputs = validate_inputs(spec, _mapped_inputs(context, spec))
    except InvalidParametersError as refusal:
        raise BundleValidationError(len(refusal.issues)) from None
    return CallScenario(scenario, inputs, wait)


def _find_scenario(context: ModuleContext) -> Scenario:
    """The scenario to be called, whose id may be written ``SCN_123``."""
    id = as_text(context.module.parameters.get("scenario")).removeprefix("SCN_")
    world, team_id = context.run.world, context.run.scenario.team_id
    scenario = world.scenarios.get(int(id)) if id.isascii() and id.isdigit() and len(id) < 16 else None
    if scenario is None or scenario.team_id != team_id:
        raise ModuleError("RuntimeError", f"Scenario '{id[:50]}' not found.")
    if not scenario.is_active:
        raise ModuleError("RuntimeError", f"Scenario '{id}' is not active.")
    if not schedule.is_on_demand(scenario.scheduling):
        raise ModuleError("RuntimeError", f"Scenario '{id}' is not scheduled on demand.")
    return scenario


def _mapped_inputs(context: ModuleContext, spec: FieldSpecs) -> Mapping[str, Json]:
    """The mapped inputs: the mapper's fields, or those of its field ``data`` if that is no input itself (seen)."""
    mapper = context.mapper
    data = mapper.get("data")
    if isinstance(data, Mapping) and all(field["name"] != "data" for field in spec):
        mapper = data
    inputs: dict[str, Json] = {}
    kinds = {field["name"]: str(field.get("type", "any")) for field in spec}
    for name, value in mapper.items():
        empty = value is None or (value == "" and value is not EMPTY_TEXT)
        if not empty:
            inputs[name] = to_json_value(coerce(value, kinds.get(name, "any"), context.env.zone))
    return inputs


MODULES = (
    ModuleDefinition("scenario-service:CallSubscenario", _call, billed=False, accepts_any_field=True),
    ModuleDefinition("scenario-service:RunScenario", _call_legacy, billed=False, accepts_any_field=True),
    ModuleDefinition("scenario-service:StartSubscenario", _start, billed=False, accepts_any_field=True),
    ModuleDefinition("scenario-service:ReturnData", _return, billed=False, accepts_any_field=True),
)
