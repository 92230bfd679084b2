"""Routing of this process's calls while interception is on: to the emulator, to the network, or blocked."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from wsgiref.types import WSGIApplication

from ..http_client import is_calling_out
from ..world.zones import is_make_host


class NetworkBlocked(RuntimeError):
    """A call that must not reach the network while interception is on.

    It is not an `OSError`: code that handles a failing network must not mistake it for one.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One interception: the application that serves the zones of Make, and whether other hosts may be called."""

    app: WSGIApplication
    zone: str
    block_others: bool
    #: Whether a response may be delayed, because the world has faults.
    may_delay: Callable[[], bool]


_lock = threading.Lock()
_routes: list[Route] = []


def push_route(route: Route) -> bool:
    """Activates a route above the active ones; returns whether it is the only one."""
    with _lock:
        _routes.append(route)
        return len(_routes) == 1


def remove_route(route: Route) -> bool:
    """Deactivates a route; returns whether none is left."""
    with _lock:
        _routes.remove(route)
        return not _routes


def route_for(host: str) -> Route | None:
    """Returns the route that serves a host; ``None`` for the network.

    Raises:
        NetworkBlocked: if calls to other hosts are blocked.
    """
    route = _active_route()
    if route is None:
        return None
    if _is_make_host(route, host):
        return route
    _check_other_host(route, host)
    return None


def check_dns_lookup(host: str) -> None:
    """Checks that a host may be looked up.

    Raises:
        NetworkBlocked: for a zone of Make, since an intercepted client looks up none, and for other hosts if calls to
            them are blocked.
    """
    route = _active_route()
    if route is None:
        return
    if _is_make_host(route, host):
        raise NetworkBlocked(
            f"something is about to call {host} itself: mock_make() intercepts requests, urllib3, httpx, aiohttp "
            "and http.client; for other clients use MakeEmulator, a server"
        )
    _check_other_host(route, host)


def _active_route() -> Route | None:
    if is_calling_out.get():
        # An emulator in this process makes a call of a scenario, not the code under test.
        return None
    try:
        return _routes[-1]
    except IndexError:
        return None


def _is_make_host(route: Route, host: str) -> bool:
    return is_make_host(host) or host in (route.zone, f"hook.{route.zone}")


def _check_other_host(route: Route, host: str) -> None:
    if route.block_others and not is_loopback_host(host):
        raise NetworkBlocked(f"mock_make(block_others=True) keeps this process from calling {host}")


@lru_cache(maxsize=1024)
def is_loopback_host(host: str) -> bool:
    """Returns whether a host is a loopback name or address, or the unspecified address."""
    name = host.strip("[]").lower()
    if not name or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
