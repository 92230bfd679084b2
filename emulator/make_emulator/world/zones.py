"""Zones of Make and their host names. An organization belongs to one, and so do the tokens of its users.

Source: API documentation, "Make API structure" (the zones, and those of Celonis; a token fails in another zone).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NewType, TypeAlias

Zone: TypeAlias = Literal[
    "eu1",
    "eu2",
    "us1",
    "us2",
    "eu1.make.com",
    "eu2.make.com",
    "us1.make.com",
    "us2.make.com",
    "eu1.make.celonis.com",
    "us1.make.celonis.com",
]
"""Public zone of Make, by its short name or its host."""

PrivateZone = NewType("PrivateZone", str)
"""Host of a private zone; type checkers want it to be marked: ``PrivateZone("make.example.com")``."""

#: Host of the MCP server.
MCP_HOST = "mcp.make.com"

#: Hosts of Make that serve no zone: the authorization server and the web app, and the MCP server.
SERVICE_HOSTS = frozenset(["www.make.com", MCP_HOST])

_HOST_PATTERN = re.compile(r"(?:hook\.)?([a-z]{2}[0-9]+\.make\.com|[a-z0-9-]+\.make\.celonis\.com)")


#: A zone by its short name, or the host of a private one.
ZONE_PATTERN = re.compile(r"(?:[a-z]{2}[0-9]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def zone_host(zone: str) -> str:
    """The host of a zone: ``eu1.make.com`` for ``eu1``; a host, that of a private zone, is returned as it is.

    Raises:
        ValueError: if it is neither.
    """
    if not ZONE_PATTERN.fullmatch(zone):
        raise ValueError(f"there is no zone {zone!r}: it is a name such as eu1, or a host")
    return zone if "." in zone else f"{zone}.make.com"


@lru_cache(maxsize=64)
def zone_of_host(host: str) -> str | None:
    """The zone of a host, also of one that serves its hooks; ``None`` for a host that is not Make's. A port is ignored."""
    name = host.partition(":")[0].lower().rstrip(".")
    found = _HOST_PATTERN.fullmatch(name)
    return found[1] if found else None


def is_make_host(host: str) -> bool:
    """Returns true for a host of Make: a zone, its hooks, or one of `SERVICE_HOSTS`. A port is ignored."""
    return zone_of_host(host) is not None or host.partition(":")[0].lower().rstrip(".") in SERVICE_HOSTS
