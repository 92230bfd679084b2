"""Control API under ``/_emulator``: worlds, tokens, clocks, request logs, faults. It is not a part of Make."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, Response, request

from ..http.dispatch import ApiDispatcher
from ..http.endpoint import Endpoint
from ..http.openapi import build_document
from ..http.responses import json_response
from ..oauth.authorization_server import AuthorizationServer
from ..registry import WorldRegistry
from ..version import __version__
from . import (
    agents,
    checkpoints,
    clock,
    connections,
    credential_requests,
    custom_modules,
    drawings,
    external_services,
    faults,
    imports,
    lint,
    mailhooks,
    mend,
    module_catalogue,
    module_scripts,
    oauth,
    reports,
    scenarios,
    snapshots,
    stored_data,
    toolboxes,
    unlogged_calls,
    worlds,
)
from .access import AccessControl
from .mailhooks import MailDelivery
from .readiness import Readiness, add_readiness_route


def create_blueprint(
    registry: WorldRegistry,
    endpoints: Collection[Endpoint],
    dispatcher: ApiDispatcher,
    access: AccessControl,
    authorization_server: AuthorizationServer,
    readiness: Readiness,
    deliver_mail: MailDelivery,
) -> Blueprint:
    """Returns the routes of the control API.

    Args:
        endpoints: the endpoints of the emulated API, for OpenAPI and reports.
        dispatcher: calls them.
        access: the rules of access.
        authorization_server: the clients that registered themselves, and the requests that wait for consent.
        readiness: the readiness of the server.
        deliver_mail: the delivery of a mail to the mailhook of a udid.
    """
    blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
    blueprint.before_request(access.check)
    blueprint.after_request(access.add_headers)

    @blueprint.get("/health")
    def health() -> Response:
        """Answers 200 as soon as requests are served."""
        return json_response({"status": "ok", "version": __version__})

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        """OpenAPI 3.1 of the emulated API."""
        return json_response(build_document(endpoints, request.host_url.rstrip("/") + "/api/v2"))

    add_readiness_route(blueprint, readiness)
    worlds.add_routes(blueprint, registry)
    checkpoints.add_routes(blueprint, registry)
    agents.add_routes(blueprint, registry)
    clock.add_routes(blueprint, registry)
    connections.add_routes(blueprint, registry)
    credential_requests.add_routes(blueprint, registry)
    drawings.add_routes(blueprint, registry)
    reports.add_routes(blueprint, registry, endpoints)
    faults.add_routes(blueprint, registry)
    imports.add_routes(blueprint, registry)
    lint.add_routes(blueprint, registry)
    mailhooks.add_routes(blueprint, registry, deliver_mail)
    mend.add_routes(blueprint, registry)
    module_catalogue.add_routes(blueprint, registry)
    custom_modules.add_routes(blueprint, registry)
    module_scripts.add_routes(blueprint, registry)
    external_services.add_routes(blueprint, registry)
    oauth.add_routes(blueprint, authorization_server)
    scenarios.add_routes(blueprint, registry)
    snapshots.add_routes(blueprint, registry)
    stored_data.add_routes(blueprint, registry)
    toolboxes.add_routes(blueprint, registry)
    unlogged_calls.add_routes(blueprint, registry, dispatcher)
    return blueprint
