"""Names of tools made from scenarios: ``s{id}_{name}``, and ``t{id}_{name}`` in a toolbox.

Sources: names seen in public repositories (lower case, other signs than a-z and 0-9 replaced, never two underscores together);
developers.make.com (names are cropped).
"""

from __future__ import annotations

import re
from functools import lru_cache

_OTHER_SIGNS = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"([st])([0-9]{1,16})(?:_[a-z0-9_]*)?", re.ASCII)


@lru_cache(maxsize=4096)
def tool_name(prefix: str, id: int, name: str, max_length: int) -> str:
    """Returns the name of a tool, cropped."""
    words = _OTHER_SIGNS.sub("_", name.lower()).strip("_")
    return (f"{prefix}{id}_{words}" if words else f"{prefix}{id}")[:max_length]


def id_in_name(prefix: str, name: str) -> int | None:
    """Returns the id in the name of a tool with a prefix; ``None`` for other names."""
    found = _NAME.fullmatch(name)
    return int(found[2]) if found and found[1] == prefix else None
