"""The calls of the control API that save the whole state of a world, and bring it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, request

from ..middleware.masking import mask
from ..middleware.tenant import Tenant, Tenants
from ..world import snapshot
from .wishes import answer, refuse

#: The largest document that is taken, in bytes: as much as the server reads.
LARGEST = 67_108_864


def add_calls(
    door: Blueprint,
    tenants: Tenants,
    find: Callable[[str], Tenant],
    describe: Callable[[Tenant], dict[str, Any]],
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
        with find(name).hold() as world:
            taken = snapshot.take(world)
        match request.args.get("redact", "false"):
            case "false":
                document = snapshot.dumps(taken)
            case "true":
                document = orjson.dumps(mask(snapshot.redacted(taken)))
            case _:
                raise refuse("Parameter 'redact' must be true or false.")
        return Response(document, content_type="application/json; charset=utf-8")

    @door.put("/worlds/<name>/snapshot")
    def restore(name: str) -> Response:
        """Restores one exactly, or refuses it whole."""
        tenant = find(name)
        request.max_content_length = LARGEST
        try:
            tenants.replace(tenant, snapshot.loads(request.get_data(cache=False), tenant.name))
        except ValueError as error:
            raise refuse(f"The snapshot cannot be restored: {error}.") from None
        return answer({"world": describe(tenant)})
