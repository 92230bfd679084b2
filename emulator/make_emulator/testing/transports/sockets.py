"""Safety net: DNS look-ups of hosts of Make fail, so that clients which are not intercepted cannot call them."""

from __future__ import annotations

import socket
from typing import Any

from ..routing import check_dns_lookup


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        check_dns_lookup(host.decode("latin-1") if isinstance(host, bytes) else host or "")
        return real(host, *args, **options)

    return [(socket, "getaddrinfo", getaddrinfo)]
