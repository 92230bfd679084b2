"""Access control parameters of a server URL: the scenario tools that it offers, and the length of their names.

Source: developers.make.com, "MCP server > Access control" (the parameters; levels exclude each other).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from ..schemas.base import MAX_ID

#: Length to which the names of scenario tools are cropped, and the lengths that a URL may set.
DEFAULT_NAME_LENGTH = 56
NAME_LENGTHS = range(32, 161)

_LEVELS: Mapping[str, str] = {
    "organizationId": "organization",
    "teamId": "team",
    "scenarioId": "scenario",
}
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)


class InvalidAccessParametersError(ValueError):
    """Access control parameters that contradict each other, or have invalid values."""


@dataclass(frozen=True, slots=True)
class AccessParameters:
    """Restriction of the scenario tools; management tools depend on scopes alone.

    Args:
        level: ``organization``, ``team`` or ``scenario``; empty for no restriction.
        ids: the ids of that level.
    """

    level: str = ""
    ids: frozenset[int] = field(default_factory=frozenset)
    max_name_length: int = DEFAULT_NAME_LENGTH


def parse_access_parameters(query: MultiDict[str, str]) -> AccessParameters:
    """Returns the access control parameters of a query; others are ignored.

    Raises:
        InvalidAccessParametersError: if there are several levels, or invalid values.
    """
    levels = {}
    for name, level in _LEVELS.items():
        if values := [*query.getlist(name), *query.getlist(f"{name}[]")]:
            levels[level] = frozenset(_parse_id(name, text) for text in values)
    if len(levels) > 1:
        raise InvalidAccessParametersError("organizationId, teamId and scenarioId cannot be combined.")
    length = DEFAULT_NAME_LENGTH
    if (text := query.get("maxToolNameLength")) is not None:
        if not _NUMBER.fullmatch(text) or int(text) not in NAME_LENGTHS:
            raise InvalidAccessParametersError("maxToolNameLength must be a number from 32 to 160.")
        length = int(text)
    for level, ids in levels.items():
        return AccessParameters(level, ids, length)
    return AccessParameters(max_name_length=length)


def _parse_id(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 0 < int(text) <= MAX_ID:
        raise InvalidAccessParametersError(f"{name} must be an id.")
    return int(text)
