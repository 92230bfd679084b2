"""The access report: what each token may do, what it did, what it was refused, and the least that would do for it.

Every request that met a declared endpoint counts, whatever became of it: a client that waits for a 404 needs the scope
as much as one that waits for a 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..http.endpoint import Endpoint
from ..http.usage_stats import UsageKey
from ..registry import WorldHandle
from ..world.models import Token

REFUSED_SCOPE, REFUSED_ROLE = "refused: scope", "refused: role"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEndpoint:
    """An endpoint that a token was refused, what was lacking, and how often."""

    endpoint: str
    missing: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccess:
    """What one token was granted and made use of. Its text, a secret, is not a part of it."""

    label: str
    user_id: int
    user: str | None
    granted: frozenset[str]
    used: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    calls: int = 0
    refused_for_scope: Sequence[RefusedEndpoint] = ()
    refused_for_role: Sequence[RefusedEndpoint] = ()

    @property
    def never_used(self) -> frozenset[str]:
        """The scopes that no served request needed."""
        return self.granted - self.used

    @property
    def missing(self) -> frozenset[str]:
        """The scopes for want of which requests were refused."""
        return frozenset(scope for each in self.refused_for_scope for scope in each.missing)

    @property
    def minimum(self) -> frozenset[str]:
        """The fewest scopes with which no request would have been refused for want of one."""
        return self.required

    def view(self) -> dict[str, Any]:
        """The report of the token as JSON."""
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
                for each in self.refused_for_scope
            ],
            "refusedForRole": [
                {"endpoint": each.endpoint, "permissions": list(each.missing), "times": each.times}
                for each in self.refused_for_role
            ],
        }


@dataclass(slots=True)
class _TokenUsage:
    """What is gathered of one token."""

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
        elif case.decision == REFUSED_SCOPE:
            self.for_scope[case.endpoint, case.missing] += count
        elif case.decision == REFUSED_ROLE:
            self.for_role[case.endpoint, case.missing] += count


def report(tenant: WorldHandle, endpoints: Sequence[Endpoint]) -> list[TokenAccess]:
    """The access of every token of a world, and of those that were used and are gone; in the order of their making."""
    scopes = {f"{endpoint.method} {endpoint.path}": endpoint.scopes for endpoint in endpoints}
    deeds: dict[str, _TokenUsage] = {}
    for case, count in tenant.usage_stats.counts().items():
        deeds.setdefault(case.token, _TokenUsage()).add(case, count, scopes.get(case.endpoint, ()))
    with tenant.locked() as world:
        tokens = {token.token: token for token in world.tokens}
        names = {user.id: user.name for user in world.users}
    return [
        _token_access(token, names, deeds.get(text, _TokenUsage()))
        for text, token in {**tokens, **tenant.usage_stats.tokens()}.items()
    ]


def _token_access(token: Token, names: Mapping[int, str], deeds: _TokenUsage) -> TokenAccess:
    return TokenAccess(
        label=token.label,
        user_id=token.user_id,
        user=names.get(token.user_id),
        granted=token.scopes,
        used=frozenset(deeds.used),
        required=frozenset(deeds.required),
        calls=deeds.calls,
        refused_for_scope=_refused_endpoints(deeds.for_scope),
        refused_for_role=_refused_endpoints(deeds.for_role),
    )


def _refused_endpoints(counts: Mapping[tuple[str, tuple[str, ...]], int]) -> list[RefusedEndpoint]:
    return [
        RefusedEndpoint(endpoint=endpoint, missing=lacks, times=times)
        for (endpoint, lacks), times in sorted(counts.items())
    ]


def render_text(rows: Sequence[TokenAccess]) -> str:
    """The report as a table for people."""
    header = ("token", "calls", "granted", "used", "never used", "refused", "the least that would do")
    table: list[tuple[str, ...]] = [header]
    for row in rows:
        numbers = (row.calls, len(row.granted), len(row.used), len(row.never_used))
        table.append(
            (
                _printable(row.label),
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
    for row in rows:
        for each in row.refused_for_role:
            lines.append(
                f"{_printable(row.label)}: the role of {_printable(row.user or str(row.user_id))} lacks"
                f" {', '.join(each.missing)} for {each.endpoint} ({each.times} times)"
            )
    return "\n".join(lines) + "\n"


def render_markdown(rows: Sequence[TokenAccess]) -> str:
    """The report as a list, one line a token, for the README of what uses it."""
    return "".join(f"- {_markdown_line(row)}\n" for row in rows)


def _markdown_line(row: TokenAccess) -> str:
    name = f"**{_escape_markdown(row.label)}**"
    if not row.calls:
        return f"{name} was not used."
    parts = [f"{name} needs {_join_code(row.minimum) or 'no scope'}"]
    if row.missing:
        parts.append(f"was refused for want of {_join_code(row.missing)}")
    if row.refused_for_role:
        lacks = frozenset(permission for each in row.refused_for_role for permission in each.missing)
        parts.append(f"its user's role lacks {_join_code(lacks)}")
    if spare := row.granted - row.required:
        parts.append(f"could do without {len(spare)} of its {len(row.granted)} scopes")
    return "; ".join(parts) + "."


def _join_names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _join_code(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _printable(text: str) -> str:
    """One line, whatever a caller named the token."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _escape_markdown(text: str) -> str:
    """For the middle of a line, where a hyphen or a full stop means nothing."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|&~" else c for c in _printable(text))
