"""`mock_make`: interception of this process's calls to the hosts of Make, without a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload

from ..api import endpoints
from ..app import DEFAULT_WORLD, registry_of
from ..client.control import ControlClient, LocalTransport
from ..control.worlds import describe_world
from ..json_types import JsonObject
from ..registry import WorldHandle, WorldRegistry
from ..reports import coverage, provenance
from ..world.plans import Plan
from ..world.settings import WorldSettings, from_python
from ..world.zones import PrivateZone, Zone
from . import activity, app_pool, collectors, routing
from .decorators import decorate
from .world import World

_Target = TypeVar("_Target", bound=Callable[..., Any])

_DEFAULT_ZONE = "eu1.make.com"

_lock = threading.Lock()
_patches = ExitStack()


class MockMake:
    """Interception, as a context manager, sync or async, and a decorator; each time it is entered it has a fresh world.

    While one is entered, the clients of the whole process are patched: a call of any thread to a host of Make reaches
    the world that was entered last. Tests that run in parallel threads need a `MakeEmulator` and worlds instead.
    """

    def __init__(
        self,
        *,
        seed: Any = "default",
        plan: Plan | None = None,
        zone: Zone | PrivateZone | None = None,
        now: str | None = None,
        rate_limit: bool = True,
        scopes: Sequence[str] | None = None,
        world_seed: int = 0,
        block_others: bool = False,
        **settings: Unpack[WorldSettings],
    ) -> None:
        self._world_options: dict[str, Any] = {
            "seed": str(seed) if isinstance(seed, Path) else seed,
            "plan": plan,
            "zone": zone,
            "now": now,
            "rate_limit": rate_limit,
            "world_seed": world_seed,
            "settings": from_python(settings),
        }
        self._scopes = scopes
        self._block_others = block_others
        self._active: list[tuple[routing.Route, WorldRegistry, ControlClient]] = []

    def __enter__(self) -> World:
        app = app_pool.acquire(**self._world_options)
        control = ControlClient(LocalTransport(app, "http://localhost"))
        app_pool.release_with(control, app)
        handle = registry_of(app).get(DEFAULT_WORLD)
        assert handle is not None
        team = handle.main_team()
        zone = handle.world.organizations[team.organization_id].zone if team else _DEFAULT_ZONE
        # Not by a call of the control API, which would take as long as a call of the test.
        world = World(control, describe_world(handle, f"https://{zone}"))
        if self._scopes is not None:
            world.token = world.create_token(self._scopes)
        activity.track_local(control, registry_of(app), DEFAULT_WORLD)
        route = routing.Route(app, zone, self._block_others, may_delay=lambda: len(handle.faults) > 0)
        _activate_route(route)
        # The application is used again once nothing refers to the client.
        self._active.append((route, registry_of(app), control))
        return world

    def __exit__(self, *exc: object) -> None:
        route, registry, control = self._active.pop()
        _deactivate_route(route)
        activity.end_server(control)
        # The test may have deleted its world.
        if collectors.is_collecting() and (handle := registry.get(DEFAULT_WORLD)) is not None:
            collectors.collect(_LocalReports(handle))

    async def __aenter__(self) -> World:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)

    def __call__(self, target: _Target) -> _Target:
        decorated: _Target = decorate(target, "world", lambda: self)
        return decorated


class _LocalReports:
    """Reports of a world in this process, without calls of the control API, which take as long as calls of the test."""

    def __init__(self, handle: WorldHandle) -> None:
        self._handle = handle

    def provenance(self) -> JsonObject:
        return provenance.report(self._handle.usage_stats)

    def coverage(self) -> JsonObject:
        return coverage.report(self._handle.usage_stats, endpoints())


def _activate_route(route: routing.Route) -> None:
    # A test that needs only a server must not wait for the HTTP clients to be imported.
    from . import transports

    global _patches
    with _lock:
        if routing.push_route(route):
            try:
                _patches = transports.install()
            except BaseException:
                routing.remove_route(route)
                raise


def _deactivate_route(route: routing.Route) -> None:
    with _lock:
        if routing.remove_route(route):
            _patches.close()


@overload
def mock_make(target: _Target, /) -> _Target: ...


@overload
def mock_make(
    *,
    seed: Any = "default",
    plan: Plan | None = None,
    zone: Zone | PrivateZone | None = None,
    now: str | None = None,
    rate_limit: bool = True,
    scopes: Sequence[str] | None = None,
    world_seed: int = 0,
    block_others: bool = False,
    **settings: Unpack[WorldSettings],
) -> MockMake: ...


def mock_make(target: Any = None, /, **options: Any) -> Any:
    """Routes the calls of this process to Make to an emulator in this process, without a socket.

    Intercepts every zone of Make, the hosts of its hooks, www.make.com and mcp.make.com, for requests, urllib3, httpx (sync and async),
    aiohttp, `urllib.request` and `http.client`. Any other client fails rather than reaching Make.

    Use it in a ``with`` or ``async with`` statement, which yields the `World`, or as a decorator of functions, coroutines, generators
    and classes (their methods named ``test…``): a parameter named ``world`` receives the world. Nested, the innermost
    one applies.

    Args:
        seed: the name of a seed, the path of a seed file, or the seed itself.
        plan: the plan of the organizations, e.g. ``core``.
        zone: the zone of the organizations, e.g. ``us1``; by default the seed's. Other zones do not know its
            tokens, as at Make.
        now: the world's time at the start, ISO 8601; by default the system's.
        rate_limit: whether the world counts requests a minute.
        scopes: the scopes of ``world.token``; by default those of the seed's first token.
        world_seed: the number that determines ids and mock data.
        settings: settings of the world, such as ``api_access=False``; see `make_emulator.world.settings`.
        block_others: whether calls to all other hosts fail with `NetworkBlocked`; loopback stays reachable.
    """
    interception = MockMake(**options)
    return interception if target is None else interception(target)
