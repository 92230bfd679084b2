"""The zones of Make: which host names are theirs. An organization lives in one, and so does every token of its users.

Source: API documentation, "Make API structure" (the zones, and those of Celonis; a token fails in another zone).
"""

from __future__ import annotations

import re
from functools import lru_cache

_ZONE = re.compile(r"(?:hook\.)?([a-z]{2}[0-9]+\.make\.com|[a-z0-9-]+\.make\.celonis\.com)")


@lru_cache(maxsize=1024)
def zone_at(host: str) -> str | None:
    """The zone that a host is, or whose hooks it serves; ``None`` for a host that is not Make's. A port is passed over."""
    name = host.partition(":")[0].lower().rstrip(".")
    found = _ZONE.fullmatch(name)
    return found[1] if found else None
