"""Application factory: wires registry, API and the other routes into one WSGI application."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response
from werkzeug.routing import Map

from . import api, seeds
from .control.access import AccessControl, add_json_headers
from .control.readiness import Readiness
from .http.dispatch import ApiDispatcher
from .http.errors import BODY_LIMIT, MakeError
from .http.hosts import HostCheck, HostMiddleware
from .http.pipeline import API_PIPELINE
from .http.responses import error_response
from .http.routing import API_PREFIX, EncodedSlashMiddleware, MatchOnlyRule, SharedMap
from .http_client import HttpClient
from .json_types import Json
from .mcp.host_routing import McpHostMiddleware
from .registry import DEFAULT_WORLD, WorldHandle, WorldRegistry, WorldSpec
from .webhooks.host_routing import HookHostMiddleware
from .world.slots import WHOLE, Shard
from .world.transport import Transport
from .world.world import DEFAULT_RUN_TIME_LIMIT

if TYPE_CHECKING:
    from .telemetry.recorder import Telemetry


class _Application(Flask):
    """Application whose routes outside of the API are imported and added when a request, or somebody else, asks for one of them.

    Most test runs and many servers are called by the API alone, and those routes would take a tenth of their start.
    """

    url_rule_class = MatchOnlyRule

    def __init__(self, name: str, *, register: Callable[[], None]) -> None:
        self._register = register
        self._is_registered = self._is_registering = False
        self._lock = threading.RLock()
        super().__init__(name, static_folder=None)
        self.url_map = SharedMap()

    @property
    def url_map(self) -> Map:
        """The URL rules of all routes outside of the API."""
        self._register_routes()
        return self._url_map

    @url_map.setter
    def url_map(self, url_map: Map) -> None:
        self._url_map = url_map

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._register_routes()
        return super().wsgi_app(environ, start_response)

    def _register_routes(self) -> None:
        if self._is_registered:
            return
        with self._lock:
            # True in a call by the registration itself, too.
            if not self._is_registering:
                self._is_registering = True
                self._register()
                self._is_registered = True


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
    dispatcher = ApiDispatcher(registry, api.ENDPOINTS, api.MATCHER, API_PIPELINE)

    def register_others() -> None:
        # Imported on use: see `_Application`.
        from . import routes

        routes.register(app, registry, api.ENDPOINTS.values(), dispatcher, access, readiness or Readiness())

    app = _Application("make_emulator", register=register_others)
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, TRAP_HTTP_EXCEPTIONS=False)
    app.extensions["make-emulator"] = registry
    dispatcher.register(app)
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


def _refusal(error: MakeError) -> Response:
    return add_json_headers(error_response(error))


__all__ = ["API_PREFIX", "BODY_LIMIT", "DEFAULT_WORLD", "WorldHandle", "create_app", "registry_of"]
