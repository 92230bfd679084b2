"""Calls of the emulated API by the control API, which leave no trace in the request log."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..http.dispatch import ApiDispatcher
from ..registry import WorldRegistry
from .params import bad_request, parse_body
from .worlds import find_world

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_JSON_TYPES = (dict, list, str, int, float, bool)


def add_routes(blueprint: Blueprint, registry: WorldRegistry, dispatcher: ApiDispatcher) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/worlds/<name>/unlogged-calls")
    def call_unlogged(name: str) -> Response:
        """Calls the emulated API as an owner of what the path names, without a trace: no entry in the request log, no count, no rate limit, no fault. ``{"method", "path", "body"?}``; path and response are those of the API."""
        handle = find_world(registry, name)
        params = parse_body({"method": (str,), "path": (str,), "body": _JSON_TYPES})
        method, path = params.get("method"), params.get("path")
        if method not in METHODS:
            raise bad_request(f"Parameter 'method' must be one of: {', '.join(METHODS)}.")
        if path is None or not path.startswith("/"):
            raise bad_request("Parameter 'path' must be a path below /api/v2, such as /scenarios/1.")
        origin = request.host_url.rstrip("/")
        return dispatcher.call_unlogged(handle, method, path, body=params.get("body"), origin=origin)
