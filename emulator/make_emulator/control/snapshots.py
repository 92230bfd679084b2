"""Snapshots of a world in the control API."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..http.errors import ServiceUnavailableError
from ..http.responses import JSON_CONTENT_TYPE
from ..registry import WorldRegistry
from ..world import snapshot
from .params import bad_request
from .worlds import find_world, world_response

#: Maximum size of a snapshot in bytes: as much as the server reads, into a file.
MAX_SNAPSHOT_SIZE = 4_294_967_296

#: The most seconds that a snapshot waits for the end of runs.
RUN_TIMEOUT = 1.0


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Add the routes to the control API."""

    @blueprint.get("/worlds/<name>/snapshot")
    def save(name: str) -> Response:
        """The whole state as one JSON document, secrets included; ``?redact=true`` masks them, and cannot be restored."""
        redacted = request.args.get("redact", "false")
        if redacted not in ("false", "true"):
            raise bad_request("Parameter 'redact' must be true or false.")
        with find_world(registry, name).locked() as world:
            if not world.wait_for_runs(RUN_TIMEOUT):
                raise ServiceUnavailableError(
                    "A scenario is running; a snapshot would hold half of its changes."
                )
            taken = snapshot.take(world)
        if redacted == "true":
            taken = snapshot.redact(taken)
        # Without the lock: rows never change, and the client may read slowly.
        return Response(snapshot.iter_dumps(taken), content_type=JSON_CONTENT_TYPE)

    @blueprint.put("/worlds/<name>/snapshot")
    def restore(name: str) -> Response:
        """Restores a snapshot exactly, or rejects it as a whole."""
        handle = find_world(registry, name)
        request.max_content_length = MAX_SNAPSHOT_SIZE
        try:
            registry.replace(handle, snapshot.load(request.stream, handle.name))
        except ValueError as error:
            raise bad_request(f"The snapshot cannot be restored: {error}.") from None
        return world_response(handle)
