"""Transport for `http.client`, and so for `urllib.request`: a connection whose socket is the emulator."""

from __future__ import annotations

import http.client
import io
from typing import Any
from wsgiref.types import WSGIApplication

from ...client.wsgi_client import wire_file
from ..routing import route_for
from .wire import send_bytes


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""

    def patched_connect(kind: type[http.client.HTTPConnection], scheme: str) -> Any:
        real = kind.connect

        def connect(self: Any) -> None:
            route = route_for((self._tunnel_host or self.host).strip("[]"))
            if route is None:
                real(self)
            else:
                self.sock = _EmulatorSocket(route.app, scheme, self.timeout)

        return connect

    return [
        (kind, "connect", patched_connect(kind, scheme))
        for kind, scheme in ((http.client.HTTPConnection, "http"), (http.client.HTTPSConnection, "https"))
    ]


class _EmulatorSocket:
    """Socket for `http.client`: accepts the bytes of a request and provides those of the response."""

    def __init__(self, app: WSGIApplication, scheme: str, timeout: Any) -> None:
        self._app = app
        self._scheme = scheme
        self._timeout = timeout
        self._sent = bytearray()

    def sendall(self, data: Any) -> None:
        self._sent += data

    def makefile(self, mode: str, *args: Any, **options: Any) -> io.BufferedIOBase:
        sent, self._sent = bytes(self._sent), bytearray()
        timeout = self._timeout if isinstance(self._timeout, (int, float)) else None
        return wire_file(send_bytes(self._app, self._scheme, sent, timeout=timeout))

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def setsockopt(self, *args: Any) -> None:
        """Ignores socket options."""

    def close(self) -> None:
        """Does nothing: no socket is open."""
