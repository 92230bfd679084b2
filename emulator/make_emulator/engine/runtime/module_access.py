"""Accesses of modules in the runs of agents: data stores, calls of scenarios, and calls of services.

An agent whose runs are checked needs a grant for each, as if it had made the change or the call itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...json_types import as_mapping
from ...policies import agents
from ...policies.decision import decide, explain_rejection
from ...policies.grants import describe_levels
from ...policies.resources import APPS, RUN, Access, Resource, run_access
from ...world import blueprint_refs
from ...world.models import Json, ModuleAccess
from ..apps.app import ModuleDefinition
from ..apps.catalog import find_definition, get_trigger
from ..apps.context import ModuleContext
from ..apps.scenarios import CALLING_MODULES, called_scenario_id
from ..blueprints.model import Module
from ..errors import ConversionError, FatalError
from ..run_state import RunState

#: Number of accesses of one run that are kept.
MAX_ACCESSES = 1_000

#: Apps whose modules call any address, whatever connection or key they send.
_CALLING_ANY_ADDRESS = frozenset({"http"})


def check(definition: ModuleDefinition, context: ModuleContext) -> None:
    """Checks an operation of a module before it runs.

    Raises:
        FatalError: if the grants of the agent that started the run do not allow it.
    """
    run, module = context.run, context.module
    # A trigger that got its bundles with the run calls nothing.
    is_given = context.first and run.trigger_bundle is not None and get_trigger(module) is not None
    is_external = definition.external and not is_given
    node: dict[str, Json] = {
        "module": module.full_name,
        "parameters": module.parameters,
        # The ids that it has now, of a field that is mapped.
        "mapper": {name: value for name, value in context.mapper.items() if isinstance(value, (int, str))},
    }
    _require(run, module, list(_accesses_of(definition, node, is_external=is_external)))


def new_accesses(blueprint: Mapping[str, Json], current: Mapping[str, Json] | None = None) -> list[Access]:
    """Returns the accesses that the modules of a blueprint need, and those of the current one do not.

    Those that depend on bundles are not known before a run.
    """
    known = _accesses_of_blueprint(current) if current is not None else set()
    return sorted(_accesses_of_blueprint(blueprint) - known, key=str)


def _accesses_of_blueprint(blueprint: Mapping[str, Json]) -> set[Access]:
    found: set[Access] = set()
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        definition = find_definition(*blueprint_refs.split_module_name(node))
        if definition is not None:
            found.update(_accesses_of(definition, node, is_external=definition.external))
    return found


def _accesses_of(
    definition: ModuleDefinition, node: Mapping[str, Json], *, is_external: bool
) -> Iterator[Access]:
    """Yields the accesses of one module."""
    if definition.records is not None:
        for id in sorted(blueprint_refs.find_module_references(node, "dataStore")):
            yield Access(definition.records, Resource("data-stores", str(id)))
    if definition.name in CALLING_MODULES:
        called = _called_id(node)
        if called is not None:
            yield run_access(called)
    if not is_external:
        return
    connections = sorted(blueprint_refs.find_module_references(node, "connection"))
    app, _ = blueprint_refs.split_module_name(node)
    if not connections or app in _CALLING_ANY_ADDRESS:
        yield Access(RUN, Resource(APPS, app))
    for kind, ids in (
        ("connections", connections),
        ("keys", sorted(blueprint_refs.find_module_references(node, "key"))),
    ):
        for id in ids:
            yield Access(RUN, Resource(kind, str(id)))


def _called_id(node: Mapping[str, Json]) -> int | None:
    try:
        return called_scenario_id(as_mapping(node.get("parameters")))
    except ConversionError:
        return None


def _require(run: RunState, module: Module, accesses: Sequence[Access]) -> None:
    """Records the accesses of a module, and decides on them.

    Raises:
        FatalError: if one is refused.
    """
    assert run.agent_run is not None
    agent = agents.named(run.world, run.agent_run.agent)
    refused = []
    for access in accesses:
        decision = decide(agent, access.action, access.resource)
        grant = decision.grant
        _keep(
            run,
            ModuleAccess(
                scenario_id=run.scenario.id,
                module_id=module.id,
                module=module.full_name,
                access=str(access),
                is_allowed=decision.is_allowed,
                grant=f"{grant.resource}: {describe_levels(grant)}" if grant is not None else None,
            ),
        )
        if not decision.is_allowed:
            refused.append(explain_rejection(agent, access, grant))
    if refused:
        # No handler takes it: a retry, or the next module, must not go on without the grant.
        raise FatalError("RuntimeError", "[403] Access denied.", hint="; ".join(refused))


def _keep(run: RunState, row: ModuleAccess) -> None:
    if len(run.accesses) < MAX_ACCESSES or not row.is_allowed:
        run.accesses[row.module_id, row.access] = row
