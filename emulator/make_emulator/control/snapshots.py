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
        is_redacted = _parse_flag("redact")
        with find_world(registry, name).locked() as world:
            if not world.wait_for_runs(RUN_TIMEOUT):
                raise ServiceUnavailableError(
                    "A scenario is running; a snapshot would hold half of its changes."
                )
            taken = snapshot.take(world)
        if is_redacted:
            taken = snapshot.redact(taken)
        # Without the lock: rows never change, and the client may read slowly.
        return Response(snapshot.iter_dumps(taken), content_type=JSON_CONTENT_TYPE)

    @blueprint.put("/worlds/<name>/snapshot")
    def restore(name: str) -> Response:
        """Restores a snapshot exactly, or rejects it as a whole; ``?copy=true`` gives tokens, hooks and OAuth clients new keys.

        A copy can stand beside the world of the snapshot, also in another worker of a fleet.
        """
        is_copy = _parse_flag("copy")
        handle = find_world(registry, name)
        request.max_content_length = MAX_SNAPSHOT_SIZE
        try:
            world = snapshot.load(request.stream, handle.name)
            registry.replace(handle, snapshot.copy_with_own_keys(world) if is_copy else world)
        except ValueError as error:
            raise bad_request(f"The snapshot cannot be restored: {error}.") from None
        return world_response(handle)


def _parse_flag(name: str) -> bool:
    value = request.args.get(name, "false")
    if value not in ("false", "true"):
        raise bad_request(f"Parameter '{name}' must be true or false.")
    return value == "true"
