"""Usage statistics: requests counted by token, endpoint and outcome. Unlike the request log they are never evicted."""

from __future__ import annotations

import threading
from typing import NamedTuple

from ..policies.resources import parse_access
from ..world.models import Token
from .request_log import DENIED_POLICY, LogEntry

#: Endpoint of the calls of scenario tools, and the scope that they need.
SCENARIO_TOOL_ENDPOINT = "MCP scenario tool"
SCENARIO_TOOL_SCOPE = "mcp:use"


#: Accesses of one token that are kept one by one.
MAX_ACCESSES = 5_000


class UsageKey(NamedTuple):
    """Key of requests that are counted together."""

    token: str
    endpoint: str
    status: int
    decision: str
    #: Missing scopes of the token, or missing permissions of the user's role.
    missing: tuple[str, ...]


class UsageStats:
    """Counts of the requests to a world that have a known token and a declared endpoint."""

    def __init__(self) -> None:
        self._counts: dict[UsageKey, int] = {}
        self._tokens: dict[str, Token] = {}
        self._behaviours: dict[tuple[str, ...], int] = {}
        #: Token -> the accesses of its requests that no policy refused.
        self._accesses: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def count(self, token: Token, entry: LogEntry) -> None:
        """Counts a finished request."""
        if entry.accesses and entry.decision != DENIED_POLICY:
            self._record_accesses(token, entry.accesses)
        if entry.endpoint is None:
            return
        key = UsageKey(token.token, entry.endpoint, entry.status, entry.decision, entry.missing)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            self._tokens[token.token] = token
            if entry.behaviours:
                self._behaviours[entry.behaviours] = self._behaviours.get(entry.behaviours, 0) + 1

    def _record_accesses(self, token: Token, accesses: tuple[str, ...]) -> None:
        known = self._accesses.get(token.token)
        if known is not None and known.issuperset(accesses):
            return
        with self._lock:
            self._tokens[token.token] = token
            known = self._accesses.setdefault(token.token, set())
            if len(known) < MAX_ACCESSES or known.issuperset(accesses):
                known.update(accesses)
            else:
                # Of so many resources a policy names the kinds.
                known.update(str(parse_access(text).of_kind()) for text in accesses)

    def accesses(self) -> dict[str, frozenset[str]]:
        """Returns the accesses of each token, such as ``scenarios/1: run``, but those of requests that a policy refused."""
        with self._lock:
            return {token: frozenset(known) for token, known in self._accesses.items()}

    def counts(self) -> dict[UsageKey, int]:
        with self._lock:
            return dict(self._counts)

    def tokens(self) -> dict[str, Token]:
        """Returns the tokens that were used, in the state of their last use."""
        with self._lock:
            return dict(self._tokens)

    def behaviours(self) -> dict[str, int]:
        """Returns the number of responses that rest on each behaviour of the fidelity ledger."""
        with self._lock:
            counts = dict(self._behaviours)
        totals: dict[str, int] = {}
        for ids, count in counts.items():
            for id in ids:
                totals[id] = totals.get(id, 0) + count
        return totals

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._tokens.clear()
            self._behaviours.clear()
            self._accesses.clear()
