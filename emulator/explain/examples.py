"""What a run is given where nobody says it: made-up inputs, or a made-up bundle that the webhook received."""

from __future__ import annotations

from ..engine.blueprint import parse
from ..engine.budget import Budget
from ..engine.expectations import Expectations
from ..engine.modules.making import Maker
from ..world.clock import moment_of
from ..world.models import Json
from .reading import Export

_HOOKS = ("gateway:CustomWebHook", "gateway:CustomMailHook")


def example_of(export: Export, now: str) -> Json:
    """Inputs of the declared types, or a bundle with all that modules map of the webhook's.

    ``None`` for a scenario that takes neither: any other trigger makes up what it found.

    Raises:
        ModuleError: if the blueprint asks for more than a run may use.
    """
    blueprint, budget = parse(export.blueprint), Budget()
    if not blueprint.flow:
        return None
    first = blueprint.flow[0]
    maker = Maker("survey", moment_of(now), budget)
    wanted = Expectations(blueprint, export.output_spec, budget).of(first.id)
    if export.takes_inputs:
        return maker.bundle(export.input_spec, wanted, closed=True)
    if first.full_name in _HOOKS:
        return maker.bundle(first.interface or (), wanted)
    return None
