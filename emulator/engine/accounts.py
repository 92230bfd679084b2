"""The connections of a scenario, looked at when a run begins. Source: Help centre, "Types of errors"."""

from __future__ import annotations

from collections.abc import Mapping

from ..world import blueprints, connections
from ..world.models import Connection, ExecutionError, Json, Scenario
from ..world.world import World
from .blueprint import label_of

#: A service turns the credentials down; no error handler takes this.
UNAUTHORIZED = "AccountValidationError"


def fault(world: World, scenario: Scenario, blueprint: Mapping[str, Json]) -> ExecutionError | None:
    """Why the run cannot begin: a module's connection is gone, or is turned down by the service behind it."""
    for node in blueprints.modules(blueprint["flow"]):
        for id in sorted(blueprints.node_references(node, "connection")):
            connection = world.connections.get(id)
            if connection is None or connection.team_id != scenario.team_id:
                app, _ = blueprints.app_and_module(node)
                return _error("ConnectionError", f"Connection not found '{app}:{id}'.", node)
            if verdict := connections.fault(world, connection):
                name = UNAUTHORIZED if verdict.outcome == "invalid" else "ConnectionError"
                return _error(name, connections.words(verdict), node)
    return None


def find(world: World, scenario: Scenario, named: Json) -> Connection | None:
    """The connection that a parameter names, if the scenario's team has it."""
    if isinstance(named, bool) or not isinstance(named, (int, str)):
        return None
    try:
        connection = world.connections.get(int(named))
    except ValueError:
        return None
    return connection if connection and connection.team_id == scenario.team_id else None


def _error(name: str, message: str, node: Mapping[str, Json]) -> ExecutionError:
    app, module = blueprints.app_and_module(node)
    label = label_of(node.get("metadata") or {})
    return ExecutionError(name=name, message=message, module_name=label or module, app_name=app)
