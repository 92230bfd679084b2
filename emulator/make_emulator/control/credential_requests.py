"""Credential requests in the control API: what their users would do in a browser."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import Json
from ..registry import WorldRegistry
from ..world import credential_requests
from ..world.models import CredentialRequest
from ..world.world import World
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/credential-requests")
    def list_credential_requests(name: str) -> Response:
        """Lists the credential requests of all teams, each with its credentials."""
        with find_world(registry, name).locked() as world:
            rows = sorted(world.credential_requests, key=lambda row: row.index)
            return json_response({"credentialRequests": [_describe(world, row) for row in rows]})

    @blueprint.post("/worlds/<name>/credential-requests/<id>/approve")
    def approve_credential_request(name: str, id: str) -> Response:
        """Authorizes the pending credentials of a request, which creates its connections and keys.

        ``{"data"?: {credential id: {field: value}}}``: data of the services, as their users would enter them.
        """
        params = parse_body({"data": (dict,)})
        with find_world(registry, name).locked() as world:
            request = world.credential_requests.get(id)
            if request is None:
                raise ResourceNotFoundError(f"There is no credential request '{id}' in that world.")
            waiting = list(credential_requests.pending(world, request))
            data = params.get("data", {})
            if unknown := set(data) - {row.id for row in waiting}:
                raise bad_request(f"No pending credential of the request is {', '.join(sorted(unknown))}.")
            if not all(isinstance(values, dict) for values in data.values()):
                raise bad_request("The data of a credential are an object.")
            credential_requests.authorize_all(world, waiting, data)
            return json_response({"credentialRequest": _describe(world, world.credential_requests[id])})


def _describe(world: World, request: CredentialRequest) -> dict[str, Json]:
    return {
        "id": request.id,
        "name": request.name,
        "teamId": request.team_id,
        "status": credential_requests.status_of(world, request),
        "credentials": [
            {
                "id": row.id,
                "component": row.component,
                "type": row.type,
                "name": row.name,
                "label": row.label,
                "state": credential_requests.state_of(world, row),
                "remoteId": row.remote_id,
            }
            for row in credential_requests.credentials_of(world, request)
        ],
    }
