"""Test results of connections in the control API."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..registry import WorldRegistry
from ..world import connections
from ..world.models import ConnectionTestResult
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.put("/worlds/<name>/connections/<int:id>")
    def script_connection(name: str, id: int) -> Response:
        """Sets the result of a test of the connection, and of runs with it; ``ok`` also authorizes it.

        ``{"verify": "ok"|"invalid"|"crash"|"timeout", "message"?}``
        """
        handle = find_world(registry, name)
        result = _parse_result()
        with handle.locked(for_change=True) as world:
            connection = world.connections.get(id)
            if connection is None:
                raise ResourceNotFoundError(f"There is no connection {id} in that world.")
            changed = connections.set_test_result(world, connection, result)
            return json_response({"connection": connections.serialize_test_result(changed)})


def _parse_result() -> ConnectionTestResult:
    params = parse_body({"verify": (str,), "message": (str,)})
    if params.get("verify") not in connections.TEST_OUTCOMES:
        raise bad_request(f"Parameter 'verify' must be one of: {', '.join(connections.TEST_OUTCOMES)}.")
    return ConnectionTestResult(params["verify"], params.get("message"))
