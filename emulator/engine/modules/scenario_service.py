"""The app "Scenarios": where a run's inputs come in and its outputs go out. Its operations are not billed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from emulator.world.models import Json

from ..errors import BundleInvalid, Misfit
from ..iml.values import EMPTY_TEXT, Value, as_text, coerce
from .registry import Emit, Kind, ModuleContext, Outcome, Return


def _start(context: ModuleContext) -> Outcome:
    """The bundle that comes out is the run's input."""
    return Emit([context.run.inputs])


def _return(context: ModuleContext) -> Outcome:
    """Ends the run. Only declared outputs leave it; one that is not mapped is null (vendor's notes)."""
    spec = context.run.output_spec
    if not spec:
        return Return(context.mapper)
    faults = 0
    outputs: dict[str, Value] = {}
    for field in spec:
        try:
            outputs[field["name"]] = _output(field, context.mapper.get(field["name"]), context)
        except Misfit:
            faults += 1
    if faults:
        raise BundleInvalid(faults)
    return Return(outputs)


def _output(field: Mapping[str, Json], value: Value, context: ModuleContext) -> Value:
    if value is None or (value == "" and value is not EMPTY_TEXT):
        return None
    if field.get("type") == "dynamicCollection" and isinstance(value, str):
        # The module reads JSON that is mapped to a dynamic collection (Help centre).
        context.env.budget.step(1 + len(value) // 10)
        try:
            return json.loads(as_text(value))
        except (ValueError, RecursionError):
            raise Misfit() from None
    return coerce(value, str(field.get("type", "any")))


KINDS = (
    Kind("scenario-service:StartSubscenario", _start, billed=False, open=True),
    Kind("scenario-service:ReturnData", _return, billed=False, open=True),
)
