"""Application factory: wires registry, API, webhooks, control API and dashboard into one WSGI application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication

from flask import Flask, Response, request

from . import api, seeds
from .control import blueprint as control_api
from .control.access import AccessControl, add_json_headers
from .control.readiness import Readiness
from .dashboard import consent, pages
from .dashboard.error_pages import render_error_page
from .http.dispatch import ApiDispatcher
from .http.errors import BODY_LIMIT, MakeError
from .http.hosts import HostCheck, HostMiddleware
from .http.pipeline import API_PIPELINE
from .http.responses import error_response, to_make_error
from .http.routing import API_PREFIX, EncodedSlashMiddleware, MatchOnlyRule, SharedMap
from .http_client import HttpClient
from .json_types import Json
from .mcp import routes as mcp_routes
from .mcp.host_routing import McpHostMiddleware
from .oauth import routes as oauth_routes
from .oauth.authorization_server import AuthorizationServer
from .oauth.pipeline import register_routes
from .registry import DEFAULT_WORLD, WorldHandle, WorldRegistry, WorldSpec
from .webhooks import gateway
from .webhooks.host_routing import HookHostMiddleware
from .world.slots import WHOLE, Shard
from .world.transport import Transport
from .world.world import DEFAULT_RUN_TIME_LIMIT

if TYPE_CHECKING:
    from .telemetry.recorder import Telemetry


def create_app(
    *,
    seed: Any = "default",
    world_seed: int = 0,
    plan: str | None = None,
    zone: str | None = None,
    now: str | None = None,
    rate_limit: bool = True,
    scopes: Iterable[str] | None = None,
    control_key: str | None = None,
    control_serves_loopback: bool = False,
    allow_network: bool = False,
    allow_private_network: bool = False,
    allowed_hosts: Iterable[str] = (),
    allowed_origins: Iterable[str] = (),
    run_time_limit: float = DEFAULT_RUN_TIME_LIMIT,
    hints: bool = True,
    settings: Mapping[str, Json] | None = None,
    shard: Shard = WHOLE,
    readiness: Readiness | None = None,
    telemetry: Telemetry | None = None,
) -> Flask:
    """Build the emulator as a WSGI application with one world named ``default``.

    Args:
        seed: the name of a seed in ``fixtures/worlds``, or the seed itself.
        world_seed: the number from which ids and mock data follow.
        plan: the plan of the organizations; by default the seed's.
        zone: the zone of the organizations, e.g. ``us1``; by default the seed's.
        now: the initial time of the world, ISO 8601; by default the system's.
        rate_limit: true to count requests a minute.
        scopes: the scopes of the first token of the world; by default the seed's.
        control_key: the key of the control API; without one it serves loopback only.
        control_serves_loopback: true to serve loopback without the key, too.
        allow_network: true to let HTTP modules of scenarios call the network where no rule matches.
        allow_private_network: true to let them call loopback, private and other addresses that are not public, too.
        allowed_hosts: further host names under which the server is called, e.g. ``make`` or ``.example.com``.
        allowed_origins: origins whose pages may use the control API, e.g. ``http://localhost:5173``.
        run_time_limit: the seconds that the computation of a run, or of all runs of a seed, may take.
        settings: the settings of the world by name, see `make_emulator.world.settings`.
        hints: true to explain errors in the header ``X-Emulator-Why``.
        shard: the slots of a worker of a fleet; only one of the workers has the default world.
        readiness: the readiness of the server, which ``/_emulator/ready`` shows; by default it is ready at once.
        telemetry: the recorder of spans of requests and runs.

    Raises:
        ValueError: if the seed, or another argument, is invalid.
    """
    if allow_private_network and not allow_network:
        raise ValueError("calls to private addresses need network access: allow that, too")
    access = AccessControl(control_key, allowed_origins, serves_loopback=control_serves_loopback)
    app = Flask("make_emulator", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, TRAP_HTTP_EXCEPTIONS=False)
    app.url_rule_class = MatchOnlyRule
    app.url_map = SharedMap()

    transport: Transport | None = HttpClient(allow_private=allow_private_network) if allow_network else None
    if transport is not None and telemetry is not None:
        transport = telemetry.wrap_transport(transport)
    registry = WorldRegistry(
        seeds.build,
        seeds.list_seeds(),
        transport=transport,
        telemetry=telemetry,
        run_time_limit=run_time_limit,
        has_hints=hints,
        shard=shard,
    )
    if shard.has_name(DEFAULT_WORLD):
        registry.create(
            WorldSpec(
                name=DEFAULT_WORLD,
                seed=seed,
                world_seed=world_seed,
                plan=plan,
                zone=zone,
                now=now,
                rate_limit=rate_limit,
                scopes=None if scopes is None else tuple(scopes),
                settings=settings or {},
            )
        )
    app.extensions["make-emulator"] = registry

    endpoints = api.ENDPOINTS.values()
    dispatcher = ApiDispatcher(registry, api.ENDPOINTS, api.MATCHER, API_PIPELINE)
    dispatcher.register(app)
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
            readiness or Readiness(),
            partial(_deliver_mail, registry),
        )
    )
    app.register_blueprint(pages.create_blueprint(registry, endpoints, access))
    app.register_blueprint(gateway.create_blueprint(registry))
    mcp_routes.register(app, registry, dispatcher)

    app.register_error_handler(Exception, _error_response)
    checked: WSGIApplication = HostMiddleware(app.wsgi_app, HostCheck(registry, allowed_hosts), _refusal)
    if telemetry is not None:
        # Where all paths are those of one host: another has the key of a hook as its path.
        checked = telemetry.wrap_app(checked)
    app.wsgi_app = EncodedSlashMiddleware(HookHostMiddleware(McpHostMiddleware(checked)))  # type: ignore[method-assign]
    return app


def registry_of(app: Flask) -> WorldRegistry:
    """Returns the registry of an application's worlds."""
    registry: WorldRegistry = app.extensions["make-emulator"]
    return registry


def _deliver_mail(registry: WorldRegistry, udid: str, content: bytes) -> str:
    # Imported here: few servers are sent mails, and asyncio takes a while to import.
    from .webhooks.mail import deliver_content

    return deliver_content(registry, [udid], content)


def _error_response(error: Exception) -> Response:
    """Error of a request outside of the pipelines, such as one to the control API; browsers get a page."""
    known = to_make_error(error, request.method, request.path)
    return render_error_page(known, request) or _refusal(known)


def _refusal(error: MakeError) -> Response:
    return add_json_headers(error_response(error))


__all__ = ["API_PREFIX", "BODY_LIMIT", "DEFAULT_WORLD", "WorldHandle", "create_app", "registry_of"]
