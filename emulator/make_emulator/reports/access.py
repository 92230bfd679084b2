"""Access report: for each token the scopes granted, used, never used and missing, and the minimum scopes.

Every request to a declared endpoint counts, whatever its status: a client that expects a 404 needs the scope as much as
one that expects a 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..http.endpoint import Endpoint
from ..http.usage_stats import SCENARIO_TOOL_ENDPOINT, SCENARIO_TOOL_SCOPE, UsageKey
from ..plain_text import printable
from ..registry import WorldHandle
from ..world.models import Token
from ..world.oauth import access_of

DENIED_SCOPE, DENIED_ROLE = "refused: scope", "refused: role"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedEndpoint:
    """Endpoint with 403 responses to a token: the missing scopes or permissions, and the number of responses."""

    endpoint: str
    missing: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccess:
    """Access of one token, without its text, which is a secret."""

    label: str
    user_id: int
    user: str | None
    granted: frozenset[str]
    used: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    calls: int = 0
    denied_for_scope: Sequence[DeniedEndpoint] = ()
    denied_for_role: Sequence[DeniedEndpoint] = ()

    @property
    def never_used(self) -> frozenset[str]:
        """Granted scopes that no served request needed."""
        return self.granted - self.used

    @property
    def missing(self) -> frozenset[str]:
        """Scopes that requests needed and the token lacks."""
        return frozenset(scope for each in self.denied_for_scope for scope in each.missing)

    @property
    def minimum(self) -> frozenset[str]:
        """Fewest scopes with which no request would lack one."""
        return self.required

    def view(self) -> dict[str, Any]:
        """Returns the report of the token as JSON."""
        return {
            "label": self.label,
            "userId": self.user_id,
            "user": self.user,
            "calls": self.calls,
            "granted": sorted(self.granted),
            "used": sorted(self.used),
            "neverUsed": sorted(self.never_used),
            "refused": sorted(self.missing),
            "least": sorted(self.minimum),
            "refusedForScope": [
                {"endpoint": each.endpoint, "scopes": list(each.missing), "times": each.times}
                for each in self.denied_for_scope
            ],
            "refusedForRole": [
                {"endpoint": each.endpoint, "permissions": list(each.missing), "times": each.times}
                for each in self.denied_for_role
            ],
        }


@dataclass(slots=True)
class _TokenUsage:
    """Accumulated usage of one token."""

    used: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    calls: int = 0
    for_scope: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    for_role: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    def add(self, case: UsageKey, count: int, scopes: Iterable[str]) -> None:
        self.calls += count
        self.required.update(scopes)
        if case.decision == "served":
            self.used.update(scopes)
        elif case.decision == DENIED_SCOPE:
            self.for_scope[case.endpoint, case.missing] += count
        elif case.decision == DENIED_ROLE:
            self.for_role[case.endpoint, case.missing] += count


def report(handle: WorldHandle, endpoints: Collection[Endpoint]) -> list[TokenAccess]:
    """Returns the access of every token and every OAuth grant of a world, including deleted ones that were used, in the order of creation."""
    scopes = {f"{endpoint.method} {endpoint.path}": endpoint.scopes for endpoint in endpoints}
    scopes[SCENARIO_TOOL_ENDPOINT] = (SCENARIO_TOOL_SCOPE,)
    usages: dict[str, _TokenUsage] = {}
    for case, count in handle.usage_stats.counts().items():
        usages.setdefault(case.token, _TokenUsage()).add(case, count, scopes.get(case.endpoint, ()))
    with handle.locked() as world:
        tokens = {token.token: token for token in world.tokens}
        tokens |= {access.token: access for access in map(partial(access_of, world), world.oauth_grants)}
        names = {user.id: user.name for user in world.users}
    return [
        _token_access(token, names, usages.get(text, _TokenUsage()))
        for text, token in {**tokens, **handle.usage_stats.tokens()}.items()
    ]


def _token_access(token: Token, names: Mapping[int, str], usage: _TokenUsage) -> TokenAccess:
    return TokenAccess(
        label=token.label,
        user_id=token.user_id,
        user=names.get(token.user_id),
        granted=token.scopes,
        used=frozenset(usage.used),
        required=frozenset(usage.required),
        calls=usage.calls,
        denied_for_scope=_denied_endpoints(usage.for_scope),
        denied_for_role=_denied_endpoints(usage.for_role),
    )


def _denied_endpoints(counts: Mapping[tuple[str, tuple[str, ...]], int]) -> list[DeniedEndpoint]:
    return [
        DeniedEndpoint(endpoint=endpoint, missing=missing, times=times)
        for (endpoint, missing), times in sorted(counts.items())
    ]


def render_text(rows: Sequence[TokenAccess]) -> str:
    """Renders the report as a text table."""
    header = ("token", "calls", "granted", "used", "never used", "missing scopes", "minimum scopes")
    table: list[tuple[str, ...]] = [header]
    for row in rows:
        numbers = (row.calls, len(row.granted), len(row.used), len(row.never_used))
        table.append(
            (
                printable(row.label),
                *map(str, numbers),
                _join_names(row.missing) or "-",
                _join_names(row.minimum) or "-",
            )
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    lines += [
        f"{printable(row.label)}: the role of {printable(row.user or str(row.user_id))} lacks"
        f" {', '.join(each.missing)} for {each.endpoint} ({each.times} times)"
        for row in rows
        for each in row.denied_for_role
    ]
    return "\n".join(lines) + "\n"


def render_markdown(rows: Sequence[TokenAccess]) -> str:
    """Renders the report as a Markdown list, one line a token, for the README of its user."""
    return "".join(f"- {_markdown_line(row)}\n" for row in rows)


def _markdown_line(row: TokenAccess) -> str:
    name = f"**{_escape_markdown(row.label)}**"
    if not row.calls:
        return f"{name} was not used."
    parts = [f"{name} needs {_join_code(row.minimum) or 'no scope'}"]
    if row.missing:
        parts.append(f"lacks {_join_code(row.missing)}")
    if row.denied_for_role:
        permissions = frozenset(permission for each in row.denied_for_role for permission in each.missing)
        parts.append(f"its user's role lacks {_join_code(permissions)}")
    if spare := row.granted - row.required:
        parts.append(f"does not need {len(spare)} of its {len(row.granted)} scopes")
    return "; ".join(parts) + "."


def _join_names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _join_code(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _escape_markdown(text: str) -> str:
    """Escapes a text for the middle of a line, where a hyphen or a full stop has no meaning."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|&~" else c for c in printable(text))
