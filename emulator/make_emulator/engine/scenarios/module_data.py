"""Data that modules of a scenario keep between its runs, of which clients learn only that they exist.

Source: the vendor's OpenAPI document.
"""

from __future__ import annotations

import re

from ...world import blueprint_refs, module_logs
from ...world.exceptions import NotFoundError
from ...world.models import Execution, Scenario
from ...world.world import World
from ..apps import catalog
from ..blueprints.parser import parse_blueprint

_MODULE_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


def find_module(world: World, scenario: Scenario, text: str) -> int:
    """Returns the id of a module of a scenario, as a path names it.

    Raises:
        NotFoundError: if the scenario has no such module.
    """
    if not _MODULE_ID.fullmatch(text):
        raise NotFoundError("module", text)
    module_logs.find_module(world, scenario, int(text))
    return int(text)


def has_data(world: World, scenario: Scenario, module_id: int) -> bool:
    """Returns true if a module counts, or is a trigger that polls and has read at least once."""
    if (scenario.id, module_id) in world.increments:
        return True
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    if blueprint_refs.first_module(blueprint["flow"]).get("id") != module_id:
        return False
    return catalog.get_trigger(parse_blueprint(blueprint).flow[0]) == "polling" and any(
        isinstance(entry, Execution) for entry in world.logs.where(scenario=scenario.id)
    )
