"""Routing of hooks under their own host: ``https://hook.<zone>/<udid>``. Source: recorded hooks."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_HOOK_PREFIX = "/hook"


def is_hook_host(host: str) -> bool:
    """Returns true if a ``Host`` header names the hooks of a zone, of Make or of a seed."""
    return host[:5].lower() == "hook."


def delivery_url(host: str, url: str) -> str:
    """Returns the URL of a delivery as its caller wrote it."""
    return url.replace(_HOOK_PREFIX + "/", "/", 1) if is_hook_host(host) else url


class HookHostMiddleware:
    """WSGI middleware that routes ``/<udid>`` on the host of a zone's hooks to the webhook gateway."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if is_hook_host(environ.get("HTTP_HOST", "")):
            environ["PATH_INFO"] = _HOOK_PREFIX + environ["PATH_INFO"]
        return self._app(environ, start_response)
