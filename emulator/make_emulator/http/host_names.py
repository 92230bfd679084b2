"""Host names of ``Host`` headers and URLs: without their port, and the kinds that need no DNS."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


def host_name(host: str) -> str:
    """Returns the name of a ``Host`` header in lower case, without port, brackets and trailing dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    # More than one colon: an IPv6 address without brackets.
    name = host if host.count(":") > 1 else host.partition(":")[0]
    return name.lower().rstrip(".")


def is_loopback_name(name: str) -> bool:
    """Returns true for a name that always means this machine (RFC 6761)."""
    return name == "localhost" or name.endswith(".localhost")


@lru_cache(maxsize=1024)
def is_address(name: str) -> bool:
    """Returns true for an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback_address(name: str) -> bool:
    """Returns true for an IP address of this machine alone, also for an IPv4 one that is mapped to IPv6."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
