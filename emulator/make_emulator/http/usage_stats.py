"""The tally: how often each token asked for each endpoint, and what became of it. Unlike the journal it forgets nothing."""

from __future__ import annotations

import threading
from typing import NamedTuple

from ..world.models import Token
from .request_log import LogEntry


class UsageKey(NamedTuple):
    """What requests have in common that are counted together."""

    token: str
    endpoint: str
    status: int
    decision: str
    #: The scopes that the token lacked, or the permissions that the user's role lacked.
    missing: tuple[str, ...]


class UsageStats:
    """The requests of a world that were made with a token of its own and met a declared endpoint, counted as they come."""

    def __init__(self) -> None:
        self._counts: dict[UsageKey, int] = {}
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def count(self, token: Token, entry: LogEntry) -> None:
        """Count a request that was answered."""
        if entry.endpoint is None:
            return
        case = UsageKey(token.token, entry.endpoint, entry.status, entry.decision, entry.missing)
        with self._lock:
            self._counts[case] = self._counts.get(case, 0) + 1
            self._tokens[token.token] = token

    def counts(self) -> dict[UsageKey, int]:
        with self._lock:
            return dict(self._counts)

    def tokens(self) -> dict[str, Token]:
        """The tokens that were used, as they were when they last were."""
        with self._lock:
            return dict(self._tokens)

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._tokens.clear()
