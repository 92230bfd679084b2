"""The safety net: whoever is not intercepted does not find out where a host of Make is."""

from __future__ import annotations

import socket
from typing import Any

from ..routing import check_dns_lookup


def patches() -> list[tuple[Any, str, Any]]:
    """What is patched while interception is on."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        check_dns_lookup(host.decode("latin-1") if isinstance(host, bytes) else host or "")
        return real(host, *args, **options)

    return [(socket, "getaddrinfo", getaddrinfo)]
