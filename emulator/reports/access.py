"""The access report: what each token may do, what it did, what it was refused, and the least that would do for it.

Every request that met a declared endpoint counts, whatever became of it: a client that waits for a 404 needs the scope
as much as one that waits for a 200.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..endpoint import Endpoint
from ..middleware.tally import Case
from ..middleware.tenant import Tenant
from ..world.models import Token

SCOPE, ROLE = "refused: scope", "refused: role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An endpoint that a token was refused, what was lacking, and how often."""

    endpoint: str
    lacks: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one token was granted and made use of. Its text, a secret, is not a part of it."""

    label: str
    user_id: int
    user: str | None
    granted: frozenset[str]
    used: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    calls: int = 0
    refused_for_scope: Sequence[Refused] = ()
    refused_for_role: Sequence[Refused] = ()

    @property
    def never_used(self) -> frozenset[str]:
        """The scopes that no served request needed."""
        return self.granted - self.used

    @property
    def refused(self) -> frozenset[str]:
        """The scopes for want of which requests were refused."""
        return frozenset(scope for each in self.refused_for_scope for scope in each.lacks)

    @property
    def least(self) -> frozenset[str]:
        """The fewest scopes with which no request would have been refused for want of one."""
        return self.asked

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
            "refused": sorted(self.refused),
            "least": sorted(self.least),
            "refusedForScope": [
                {"endpoint": each.endpoint, "scopes": list(each.lacks), "times": each.times}
                for each in self.refused_for_scope
            ],
            "refusedForRole": [
                {"endpoint": each.endpoint, "permissions": list(each.lacks), "times": each.times}
                for each in self.refused_for_role
            ],
        }


@dataclass(slots=True)
class _Deeds:
    """What is gathered of one token."""

    used: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    calls: int = 0
    for_scope: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    for_role: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    def add(self, case: Case, count: int, scopes: Iterable[str]) -> None:
        self.calls += count
        self.asked.update(scopes)
        if case.decision == "served":
            self.used.update(scopes)
        elif case.decision == SCOPE:
            self.for_scope[case.endpoint, case.lacks] += count
        elif case.decision == ROLE:
            self.for_role[case.endpoint, case.lacks] += count


def report(tenant: Tenant, endpoints: Sequence[Endpoint]) -> list[Access]:
    """The access of every token of a world, and of those that were used and are gone; in the order of their making."""
    scopes = {f"{endpoint.method} {endpoint.path}": endpoint.scopes for endpoint in endpoints}
    deeds: dict[str, _Deeds] = {}
    for case, count in tenant.tally.counts().items():
        deeds.setdefault(case.token, _Deeds()).add(case, count, scopes.get(case.endpoint, ()))
    with tenant.hold() as world:
        tokens = {token.token: token for token in world.tokens}
        names = {user.id: user.name for user in world.users}
    return [
        _access(token, names, deeds.get(text, _Deeds()))
        for text, token in {**tokens, **tenant.tally.tokens()}.items()
    ]


def _access(token: Token, names: Mapping[int, str], deeds: _Deeds) -> Access:
    return Access(
        label=token.label,
        user_id=token.user_id,
        user=names.get(token.user_id),
        granted=token.scopes,
        used=frozenset(deeds.used),
        asked=frozenset(deeds.asked),
        calls=deeds.calls,
        refused_for_scope=_refusals(deeds.for_scope),
        refused_for_role=_refusals(deeds.for_role),
    )


def _refusals(counts: Mapping[tuple[str, tuple[str, ...]], int]) -> list[Refused]:
    return [
        Refused(endpoint=endpoint, lacks=lacks, times=times)
        for (endpoint, lacks), times in sorted(counts.items())
    ]


def as_text(rows: Sequence[Access]) -> str:
    """The report as a table for people."""
    header = ("token", "calls", "granted", "used", "never used", "refused", "the least that would do")
    table: list[tuple[str, ...]] = [header]
    for row in rows:
        numbers = (row.calls, len(row.granted), len(row.used), len(row.never_used))
        table.append(
            (_plain(row.label), *map(str, numbers), _list(row.refused) or "-", _list(row.least) or "-")
        )
    widths = [max(len(line[column]) for line in table) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    for row in rows:
        for each in row.refused_for_role:
            lines.append(
                f"{_plain(row.label)}: the role of {_plain(row.user or str(row.user_id))} lacks"
                f" {', '.join(each.lacks)} for {each.endpoint} ({each.times} times)"
            )
    return "\n".join(lines) + "\n"


def as_markdown(rows: Sequence[Access]) -> str:
    """The report as a list, one line a token, for the README of what uses it."""
    return "".join(f"- {_markdown(row)}\n" for row in rows)


def _markdown(row: Access) -> str:
    name = f"**{_escaped(row.label)}**"
    if not row.calls:
        return f"{name} was not used."
    parts = [f"{name} needs {_code(row.least) or 'no scope'}"]
    if row.refused:
        parts.append(f"was refused for want of {_code(row.refused)}")
    if row.refused_for_role:
        lacks = frozenset(permission for each in row.refused_for_role for permission in each.lacks)
        parts.append(f"its user's role lacks {_code(lacks)}")
    if spare := row.granted - row.asked:
        parts.append(f"could do without {len(spare)} of its {len(row.granted)} scopes")
    return "; ".join(parts) + "."


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _code(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _plain(text: str) -> str:
    """One line, whatever a caller named the token."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _escaped(text: str) -> str:
    """For the middle of a line, where a hyphen or a full stop means nothing."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|&~" else c for c in _plain(text))
