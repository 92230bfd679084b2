"""URL rules of the MCP server, which is loaded with its tools on the first request to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Request, Response, request

from ..http.dispatch import ApiDispatcher
from ..registry import WorldRegistry
from .servers import ServerUrl, server_urls

if TYPE_CHECKING:
    from .http_transport import McpServer

_METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS")


def register(app: Flask, registry: WorldRegistry, dispatcher: ApiDispatcher) -> None:
    """Add the URL rules of the MCP server to an application.

    Args:
        dispatcher: calls the REST API for management tools.
    """
    servers = _LazyServer(registry, dispatcher)
    blueprint = Blueprint("mcp", __name__)
    for url in server_urls():
        blueprint.add_url_rule(
            url.rule,
            endpoint=url.rule.replace(".", "-"),
            view_func=_view(servers, url),
            methods=_METHODS,
            provide_automatic_options=False,
        )
    app.register_blueprint(blueprint)


class _LazyServer:
    """The server, created once it is called."""

    def __init__(self, registry: WorldRegistry, dispatcher: ApiDispatcher) -> None:
        self._registry = registry
        self._dispatcher = dispatcher
        self._lock = threading.Lock()
        self._server: McpServer | None = None

    def get(self) -> McpServer:
        if self._server is None:
            # Imported on use: protocol and tools are a tenth of the start-up time, and few runs of a server need them.
            from .http_transport import create_server

            with self._lock:
                if self._server is None:
                    self._server = create_server(self._registry, self._dispatcher)
        return self._server


def _view(servers: _LazyServer, url: ServerUrl) -> Callable[..., Response]:
    def serve(token: str | None = None, toolbox: str | None = None) -> Response:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        return servers.get().serve(this, url, token, toolbox)

    return serve
