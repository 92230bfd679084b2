"""Provenance: the entries of the fidelity ledger that a response rests on."""

from __future__ import annotations

from ...world import blueprint_refs
from ...world.world import World
from ..context import RequestContext
from ..provenance import provenance_index

HEADER = "X-Emulator-Fidelity"
#: Endpoints whose responses follow from the modules of the scenario in their path.
_RUNS = frozenset({"POST /scenarios/{scenarioId}/run"})


def add(context: RequestContext) -> None:
    """Adds the weakest status of what the response rests on as a header, and the behaviours to the log entry."""
    response, entry = context.response, context.entry
    # An injected fault is not what Make answers.
    if response is None or context.fault is not None:
        return
    route = entry.endpoint or ""
    provenance = provenance_index().find(
        route,
        response.status_code,
        entry.code,
        context.input.query if entry.query_string else (),
        _used_modules(context) if route in _RUNS else (),
    )
    if provenance.weakest is not None:
        response.headers.add(HEADER, provenance.weakest)
        entry.behaviours = provenance.behaviours


def _used_modules(context: RequestContext) -> tuple[str, ...]:
    """Returns the full names of the modules of the scenario in the path."""
    world: World | None = context.locked_world
    id = context.path.get("scenarioId", "")
    if world is None or not (id.isascii() and id.isdigit()) or len(id) > 15:
        return ()
    scenario = world.scenarios.get(int(id))
    if scenario is None:
        return ()
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    return tuple(
        f"{used['packageName']}:{used['moduleName']}" for used in blueprint_refs.used_modules(blueprint)
    )
