"""Check of the ``Host`` header, in one place for all of the application: protection from DNS rebinding.

A page of the web can let its own name point to this machine, and then call the server as its own origin. Such a request
carries the page's host name.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response

from ..registry import WorldRegistry
from ..world.zones import is_make_host
from .errors import MisdirectedRequestError
from .host_names import host_name, is_address, is_loopback_name
from .routing import request_path

#: Paths that are open under every host name: any page may call webhooks anyway, and services do so through tunnels.
_OPEN_PREFIX = "/hook/"

#: Names that error texts show; others are hardly mistakes of a user.
_PRINTABLE_NAME = re.compile(r"[-.:\w]{1,100}", re.ASCII)


class HostCheck:
    """Check that a request was sent to a name of this server, to be run before each request.

    These are loopback names, all addresses, the hosts of Make, the zones of the worlds, the host name of the machine, and the
    configured ones.

    Args:
        allowed: further host names; ``.example.com`` or ``*.example.com`` allows a domain with its subdomains, ``*``
            every name.

    Raises:
        ValueError: if one is not a host name.
    """

    def __init__(self, registry: WorldRegistry, allowed: Iterable[str] = ()) -> None:
        names = {_parse_pattern(pattern) for pattern in allowed}
        self._registry = registry
        self._allows_all = "*" in names
        self._domains = tuple(name for name in names if name.startswith("."))
        self._names = {"localhost", "127.0.0.1", host_name(socket.gethostname()), *names}

    def check(self, environ: WSGIEnvironment) -> None:
        """Raises MisdirectedRequestError for a host name that is not one of this server."""
        host = environ.get("HTTP_HOST")
        if host and not self.is_allowed(host) and not request_path(environ).startswith(_OPEN_PREFIX):
            name = host_name(host)
            subject = f"The host name {name}" if _PRINTABLE_NAME.fullmatch(name) else "The host name"
            raise MisdirectedRequestError(
                f"{subject} is not one of this server: allow it with --allowed-host or MAKE_EMULATOR_ALLOWED_HOST."
            )

    def is_allowed(self, host: str) -> bool:
        """Returns true if a ``Host`` header, with or without a port, names this server."""
        name = host_name(host)
        return (
            name in self._names
            or self._allows_all
            or is_loopback_name(name)
            or is_address(name)
            or is_make_host(name)
            or f".{name}".endswith(self._domains)
            or self._is_private_zone(name)
        )

    def _is_private_zone(self, name: str) -> bool:
        """Returns true for the zone of a world that is not one of Make's, and for the host of its hooks."""
        zone = name.removeprefix("hook.")
        return any(
            organization.zone == zone
            for handle in self._registry
            for organization in list(handle.world.organizations)
        )


class HostMiddleware:
    """WSGI middleware that refuses requests to the host names of others.

    Args:
        refuse: makes the response of the error.
    """

    def __init__(
        self, app: WSGIApplication, check: HostCheck, refuse: Callable[[MisdirectedRequestError], Response]
    ) -> None:
        self._app = app
        self._check = check
        self._refuse = refuse

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._check.check(environ)
        except MisdirectedRequestError as error:
            return self._refuse(error)(environ, start_response)
        return self._app(environ, start_response)


def _parse_pattern(pattern: str) -> str:
    """Returns a name in lower case, ``.domain`` for a domain with its subdomains, or ``*``."""
    text = pattern.strip()
    if text == "*":
        return text
    rest = text.removeprefix("*")
    name = host_name(rest)
    if not name or any(character in rest for character in "/ @*") or (rest != text and rest[0] != "."):
        raise ValueError(f"{pattern!r} is not a host name, such as make or .example.com")
    return name
