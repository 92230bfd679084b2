"""Access control of everything under ``/_emulator``.

It serves loopback only, unless the server has a control key; then the header ``X-Emulator-Key`` must carry it.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import request

from ..http.errors import ForbiddenError

HEALTH = "/_emulator/health"


def check_access(key: str | None) -> None:
    """Raise ForbiddenError unless the request may use the control API; the health check is open to all."""
    if request.path == HEALTH:
        return
    if key is not None:
        if not hmac.compare_digest(request.headers.get("X-Emulator-Key", "").encode(), key.encode()):
            raise ForbiddenError("The control API needs its key in the header X-Emulator-Key.")
    elif not _is_loopback(request.remote_addr):
        raise ForbiddenError("The control API serves loopback only, unless the server has a control key.")
    elif not all(_is_local_url(url) for url in (request.host_url, request.headers.get("Origin")) if url):
        # A page of the web in a browser on this machine, perhaps under a name that its owner made point here.
        raise ForbiddenError("The control API serves no other site, unless the server has a control key.")


def _is_loopback(address: str | None) -> bool:
    # In-process calls have no address.
    if not address:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _is_local_url(url: str) -> bool:
    """Returns true if the host of a URL is a name of this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or host.endswith(".localhost") or (bool(host) and _is_loopback(host))
