"""The hosts of the service: which names are Make's, and hooks that are called under their own host.

Sources: API documentation (the zones, and those of Celonis); recorded hooks (``https://hook.<zone>/<udid>``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

_ZONE = re.compile(r"(?:hook\.)?(?:[a-z]{2}[0-9]+\.make\.com|[a-z0-9-]+\.make\.celonis\.com)")

_UNDER_HOOK = "/hook"


@lru_cache(maxsize=1024)
def is_zone(host: str) -> bool:
    """Whether a host, without a port, is a zone of Make's or the host of a zone's hooks."""
    return _ZONE.fullmatch(host.lower().rstrip(".")) is not None


def is_hook_host(host: str) -> bool:
    """Whether a ``Host`` header names the hooks of a zone, be it one of Make's or a seed's own."""
    return host[:5].lower() == "hook."


def url_under(host: str, url: str) -> str:
    """The URL of a delivery as its caller knows it."""
    return url.replace(_UNDER_HOOK + "/", "/", 1) if is_hook_host(host) else url


class HookHosts:
    """Takes ``/<udid>`` on the host of a zone's hooks to the webhook gateway."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if is_hook_host(environ.get("HTTP_HOST", "")):
            environ["PATH_INFO"] = _UNDER_HOOK + environ["PATH_INFO"]
        return self._app(environ, start_response)
