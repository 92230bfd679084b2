"""The calls of the control API that save the whole state of a world, and bring it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, request

from ..redaction.masking import mask
from ..registry import WorldHandle, WorldRegistry
from ..world import snapshot
from .params import bad_request, json_response

#: The largest document that is taken, in bytes: as much as the server reads.
MAX_SNAPSHOT_SIZE = 67_108_864


def add_routes(
    door: Blueprint,
    tenants: WorldRegistry,
    find: Callable[[str], WorldHandle],
    describe: Callable[[WorldHandle], dict[str, Any]],
) -> None:
    """Add the calls to the control API.

    Args:
        find: finds a world by its name, or raises.
        describe: what a client needs to know of a world.
    """

    @door.get("/worlds/<name>/snapshot")
    def save(name: str) -> Response:
        """The whole state as one JSON document, secrets included; ``?redact=true`` for one to show around, which
        cannot be restored.
        """
        with find(name).locked() as world:
            taken = snapshot.take(world)
        match request.args.get("redact", "false"):
            case "false":
                document = snapshot.dumps(taken)
            case "true":
                document = orjson.dumps(mask(snapshot.redact(taken)))
            case _:
                raise bad_request("Parameter 'redact' must be true or false.")
        return Response(document, content_type="application/json; charset=utf-8")

    @door.put("/worlds/<name>/snapshot")
    def restore(name: str) -> Response:
        """Restores one exactly, or refuses it whole."""
        tenant = find(name)
        request.max_content_length = MAX_SNAPSHOT_SIZE
        try:
            tenants.replace(tenant, snapshot.loads(request.get_data(cache=False), tenant.name))
        except ValueError as error:
            raise bad_request(f"The snapshot cannot be restored: {error}.") from None
        return json_response({"world": describe(tenant)})
