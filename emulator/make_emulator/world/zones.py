"""The zones of Make: which host names are theirs. An organization lives in one, and so does every token of its users.

Source: API documentation, "Make API structure" (the zones, and those of Celonis; a token fails in another zone).
"""

from __future__ import annotations

import re
from functools import lru_cache

_HOST_PATTERN = re.compile(r"(?:hook\.)?([a-z]{2}[0-9]+\.make\.com|[a-z0-9-]+\.make\.celonis\.com)")


#: A zone as people name it, or the host of one of one's own.
ZONE_PATTERN = re.compile(r"(?:[a-z]{2}[0-9]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def zone_host(zone: str) -> str:
    """The host of a zone: that of ``eu1`` is ``eu1.make.com``; a host is one already, for zones under names of their own.

    Raises:
        ValueError: if it is neither.
    """
    if not ZONE_PATTERN.fullmatch(zone):
        raise ValueError(f"there is no zone {zone!r}: it is a name such as eu1, or a host")
    return zone if "." in zone else f"{zone}.make.com"


@lru_cache(maxsize=1024)
def zone_of_host(host: str) -> str | None:
    """The zone that a host is, or whose hooks it serves; ``None`` for a host that is not Make's. A port is passed over."""
    name = host.partition(":")[0].lower().rstrip(".")
    found = _HOST_PATTERN.fullmatch(name)
    return found[1] if found else None
