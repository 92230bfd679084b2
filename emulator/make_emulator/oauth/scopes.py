"""Scopes: their words are those of API tokens, and ``openid``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..world.enums import SCOPES
from ..world.oauth import OPENID

#: The scopes that a client of the API may be registered with.
CLIENT_SCOPES = SCOPES | {OPENID}

#: The scopes that a client which registered itself may get: none of an administrator.
DYNAMIC_SCOPES = frozenset(scope for scope in SCOPES if not scope.startswith("admin:"))

_SEPARATORS = re.compile(r"[\s,]+")

#: Area of scopes -> its name in sentences, where it is not the area itself.
_AREA_NAMES = {
    "admin": "the administration of the instance",
    "analytics": "analytics",
    "apps": "apps",
    "custom-property-structures": "custom properties",
    "datastores": "data stores",
    "dlqs": "incomplete executions",
    "functions": "custom functions",
    "hooks": "webhooks",
    "organization-variables": "variables of the organization",
    "scenarios-shared": "your shared scenarios",
    "sdk-apps": "custom apps",
    "team-variables": "variables of teams",
    "udts": "data structures",
    "user": "your profile",
}


def split_scopes(text: str) -> tuple[str, ...]:
    """Returns the words of a ``scope`` parameter in order, separated by spaces or commas (API documentation)."""
    return tuple(dict.fromkeys(word for word in _SEPARATORS.split(text) if word))


def join_scopes(scopes: Iterable[str]) -> str:
    """Returns scopes as a ``scope`` parameter."""
    return " ".join(sorted(scopes))


def describe_scopes(scopes: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Returns what scopes allow, as sentences to the user, each with its scopes.

    "Run your scenarios" and "View and modify …" are the documented words of Make's consent page.
    """
    remaining = set(scopes)
    sentences: list[tuple[str, tuple[str, ...]]] = []
    for scope, sentence in (
        (OPENID, "Know who you are"),
        ("mcp:use", "Use your scenarios as tools"),
        ("scenarios:run", "Run your scenarios"),
    ):
        if scope in remaining:
            remaining.discard(scope)
            sentences.append((sentence, (scope,)))
    for area in sorted({scope.partition(":")[0] for scope in remaining}):
        found = tuple(sorted(scope for scope in remaining if scope.partition(":")[0] == area))
        verbs = [{"read": "view", "write": "modify"}.get(scope.partition(":")[2], scope) for scope in found]
        name = _AREA_NAMES.get(area, f"your {area.replace('-', ' ')}")
        sentences.append((f"{' and '.join(verbs).capitalize()} {name}", found))
    return sentences
