"""Routing of the server under its own host: ``https://mcp.make.com``, whose root is the stateless transport."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ..http.host_names import host_name
from ..world.zones import MCP_HOST
from .servers import HOSTED_PREFIX

#: Paths of the host that are no part of the MCP server: the metadata that OAuth clients look for, and the control API.
_OTHER_PATHS = ("/.well-known/", "/oauth/", "/_emulator", HOSTED_PREFIX)


class McpHostMiddleware:
    """WSGI middleware that routes the paths of ``mcp.make.com`` to the MCP server."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        # The comparison of most requests, which go to another host, costs nothing.
        if host[:4].lower() == "mcp." and host_name(host) == MCP_HOST:
            path = environ["PATH_INFO"]
            if not path.startswith(_OTHER_PATHS):
                environ["PATH_INFO"] = HOSTED_PREFIX + ("" if path == "/" else path)
        return self._app(environ, start_response)


def public_path(host: str, path: str) -> str:
    """Returns a path as clients of a host see it."""
    return path.removeprefix(HOSTED_PREFIX) if host_name(host) == MCP_HOST else path
