"""Checks of a scenario's connections at the start of a run. Source: Help centre, "Types of errors"."""

from __future__ import annotations

from collections.abc import Mapping

from ...json_types import as_mapping
from ...world import blueprint_refs, connections
from ...world.models import ExecutionError, Json, Scenario
from ...world.world import World
from ..blueprints.model import module_label

#: Credentials that a service rejects; no error handler takes this.
ACCOUNT_VALIDATION_ERROR = "AccountValidationError"


def find_connection_error(
    world: World, scenario: Scenario, blueprint: Mapping[str, Json]
) -> ExecutionError | None:
    """Returns the error that prevents a run: a deleted connection, or one that its service rejects; ``None`` if all work."""
    for node in blueprint_refs.iter_modules(blueprint["flow"]):
        for id in sorted(blueprint_refs.find_module_references(node, "connection")):
            connection = world.connections.get(id)
            if connection is None or connection.team_id != scenario.team_id:
                app, _ = blueprint_refs.split_module_name(node)
                return _connection_error("ConnectionError", f"Connection not found '{app}:{id}'.", node)
            if failure := connections.find_failure(world, connection):
                name = ACCOUNT_VALIDATION_ERROR if failure.outcome == "invalid" else "ConnectionError"
                return _connection_error(name, connections.failure_message(failure), node)
    return None


def _connection_error(name: str, message: str, node: Mapping[str, Json]) -> ExecutionError:
    app, module = blueprint_refs.split_module_name(node)
    label = module_label(as_mapping(node.get("metadata")))
    return ExecutionError(name=name, message=message, module_name=label or module, app_name=app)
