"""Safety net for uvloop, which looks hosts up past `socket.getaddrinfo`."""

from __future__ import annotations

from typing import Any

import uvloop

from ..routing import check_dns_lookup


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""
    real_connection = uvloop.Loop.create_connection
    real_getaddrinfo = uvloop.Loop.getaddrinfo

    async def create_connection(
        self: uvloop.Loop, protocol_factory: Any, host: Any = None, *args: Any, **options: Any
    ) -> Any:
        _check(host)
        return await real_connection(self, protocol_factory, host, *args, **options)

    async def getaddrinfo(self: uvloop.Loop, host: Any, *args: Any, **options: Any) -> Any:
        _check(host)
        return await real_getaddrinfo(self, host, *args, **options)

    return [
        (uvloop.Loop, "create_connection", create_connection),
        (uvloop.Loop, "getaddrinfo", getaddrinfo),
    ]


def _check(host: Any) -> None:
    check_dns_lookup(host.decode("latin-1") if isinstance(host, bytes) else host or "")
