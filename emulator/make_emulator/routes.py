"""Routes outside of the API: control API, dashboard and studio, authorization server, webhooks, MCP server."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from flask import Flask, Response, request

from .control import blueprint as control_api
from .control.access import AccessControl, add_json_headers
from .control.readiness import Readiness
from .dashboard import consent, pages
from .dashboard.error_pages import render_error_page
from .http.dispatch import ApiDispatcher
from .http.endpoint import Endpoint
from .http.responses import error_response, to_make_error
from .mcp import routes as mcp_routes
from .oauth import routes as oauth_routes
from .oauth.authorization_server import AuthorizationServer
from .oauth.pipeline import register_routes
from .registry import WorldRegistry
from .webhooks import gateway


def register(
    app: Flask,
    registry: WorldRegistry,
    endpoints: Collection[Endpoint],
    dispatcher: ApiDispatcher,
    access: AccessControl,
    readiness: Readiness,
) -> None:
    """Add the routes to an application, and its handler of errors.

    Args:
        endpoints: the endpoints of the emulated API, for OpenAPI and reports.
        dispatcher: calls the API for tools of the MCP server.
    """
    authorization_server = AuthorizationServer(registry)
    register_routes(app, authorization_server, oauth_routes.ROUTES)
    consent.register(app, authorization_server, access)
    app.register_blueprint(
        control_api.create_blueprint(
            registry,
            endpoints,
            dispatcher,
            access,
            authorization_server,
            readiness,
            partial(_deliver_mail, registry),
        )
    )
    app.register_blueprint(pages.create_blueprint(registry, endpoints, access))
    app.register_blueprint(gateway.create_blueprint(registry))
    mcp_routes.register(app, registry, dispatcher)
    app.register_error_handler(Exception, _error_response)


def _deliver_mail(registry: WorldRegistry, udid: str, content: bytes) -> str:
    # Imported here: few servers are sent mails, and asyncio takes a while to import.
    from .webhooks.mail import deliver_content

    return deliver_content(registry, [udid], content)


def _error_response(error: Exception) -> Response:
    """Error of a request outside of the pipelines, such as one to the control API; browsers get a page."""
    known = to_make_error(error, request.method, request.path)
    return render_error_page(known, request) or add_json_headers(error_response(known))
