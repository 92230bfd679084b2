"""What a run is given where nobody says it: made-up inputs, or a made-up bundle that the webhook received."""

from __future__ import annotations

from ..engine.blueprints.parser import parse_blueprint
from ..engine.mock_data.generator import MockDataGenerator
from ..engine.mock_data.infer import ConstraintInference
from ..engine.runtime.budget import Budget
from ..world.clock import parse_iso
from ..world.models import Json
from .blueprint_file import BlueprintExport

_HOOK_TRIGGERS = ("gateway:CustomWebHook", "gateway:CustomMailHook")


def sample_input(export: BlueprintExport, now: str) -> Json:
    """Inputs of the declared types, or a bundle with all that modules map of the webhook's.

    ``None`` for a scenario that takes neither: any other trigger makes up what it found.

    Raises:
        ModuleError: if the blueprint asks for more than a run may use.
    """
    blueprint, budget = parse_blueprint(export.blueprint), Budget()
    if not blueprint.flow:
        return None
    first = blueprint.flow[0]
    maker = MockDataGenerator("survey", parse_iso(now), budget)
    wanted = ConstraintInference(blueprint, export.output_spec, budget).constraint_for(first.id)
    if export.takes_inputs:
        return maker.bundle(export.input_spec, wanted, closed=True)
    if first.full_name in _HOOK_TRIGGERS:
        return maker.bundle(first.interface or (), wanted)
    return None
