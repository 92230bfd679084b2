"""Request log of a world: caller, request, decision and response of each request, with a plain sentence.

An entry keeps raw bytes; secrets are masked, and sentences written, when it is read.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

from ..lazy_dataclasses import dataclass
from ..plain_text import escape_control_characters
from ..policies.statements import StatedDecision, state_all
from ..redaction.masking import LOG_REDACTOR, OutputRedactor
from ..redaction.secret_values import NO_SECRETS, SecretValues
from ..world.clock import format_iso

#: Decision of a request that the grants of an agent do not allow.
DENIED_POLICY = "refused: policy"

#: Maximum number of entries of a world, of bytes of each body, and of bytes of all entries together.
MAX_ENTRIES = 10_000
BODY_LIMIT = 16_384
TOTAL_LIMIT = 16 * 1024 * 1024

#: Bytes that an entry takes besides its texts and bodies, about.
_ENTRY_SIZE = 600


@dataclass(slots=True)
class LogEntry:
    """Log entry of one request, filled in by the steps of its pipeline."""

    method: str
    path: str
    query_string: str = ""
    #: Number in the log, and time of the world in milliseconds; set when the log takes the entry up.
    id: int = 0
    at: int = 0
    request_body: bytes = b""
    response_body: bytes = b""
    status: int = 0
    code: str | None = None
    user: str | None = None
    token_label: str | None = None
    #: True if the label is the name of an OAuth client.
    is_client: bool = False
    organization_id: int | None = None
    endpoint: str | None = None
    decision: str = "open"
    reason: str = ""
    #: Missing scopes, permissions or grants.
    missing: tuple[str, ...] = ()
    #: Name of the agent that calls, and the accesses that its grants had to allow, such as ``scenarios/1: run``.
    agent: str | None = None
    accesses: tuple[str, ...] = ()
    #: Accesses that modules of a run lacked, which an agent started whose runs are checked.
    denied_in_run: tuple[str, ...] = ()
    #: The decisions on the accesses, in words.
    decisions: tuple[StatedDecision, ...] = ()
    #: Beginning of the sentence for requests that are not calls of the API.
    summary: str = ""
    streamed: bool = False
    #: Behaviours of the fidelity ledger that the response rests on.
    behaviours: tuple[str, ...] = ()
    #: The present secrets of the world of the request.
    secrets: Callable[[], SecretValues] = field(default=lambda: NO_SECRETS, repr=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes that the entry takes without its bodies; that of a stream counts in full from its start."""
        size = _ENTRY_SIZE + len(self.path) + len(self.query_string) + len(self.reason)
        return size + BODY_LIMIT if self.streamed else size

    @property
    def redactor(self) -> OutputRedactor:
        """The redactor of the entry, which knows the secrets of its world."""
        return LOG_REDACTOR.with_secrets(self.secrets())

    @property
    def caller(self) -> str:
        """User, token or OAuth client, and agent of the request, for a sentence; secrets are not masked."""
        if not self.user:
            return "Unauthenticated caller"
        agent = f", agent {self.agent}" if self.agent else ""
        return f"{self.user} ({'client' if self.is_client else 'token'} {self.token_label}{agent})"

    def to_json(self, redactor: OutputRedactor | None = None) -> dict[str, Any]:
        """Returns the entry as JSON, without secrets."""
        redactor = redactor or self.redactor
        return {
            "id": self.id,
            "at": format_iso(self.at),
            "method": self.method,
            "path": redactor.mask_text(self.path),
            "query": redactor.mask_query(self.query_string),
            "status": self.status,
            "code": self.code,
            "user": self.user and redactor.mask_values(self.user),
            "tokenLabel": self.token_label and redactor.mask_values(self.token_label),
            "organizationId": self.organization_id,
            "agent": self.agent and redactor.mask_values(self.agent),
            "accesses": [redactor.mask_values(access) for access in self.accesses],
            "missing": [redactor.mask_values(text) for text in self.missing],
            "deniedInRun": [redactor.mask_values(text) for text in self.denied_in_run],
            "statement": self.statement(),
            "decision": self.decision,
            "behaviours": list(self.behaviours),
            "sentence": self.sentence(),
            "requestBody": redactor.mask_body(self.request_body, cut=len(self.request_body) == BODY_LIMIT),
            "responseBody": redactor.mask_body(self.response_body, cut=len(self.response_body) == BODY_LIMIT),
        }

    def sentence(self) -> str:
        """Returns caller, request and decision as one line, e.g. ``Ada (token admin): GET /teams/1 in organization 1 -> 200``."""
        redactor = self.redactor
        where = f" in organization {self.organization_id}" if self.organization_id else ""
        query = f"?{redactor.format_query(self.query_string)}" if self.query_string else ""
        what = self.summary or f"{self.caller}: {self.method} {redactor.mask_text(self.path)}{query}{where}"
        why = f": {redactor.mask_text(self.reason).rstrip('.')}" if self.reason else ""
        sentence = redactor.mask_values(f"{what} -> {self.status or 'no response'}{why}")
        # One line, whatever characters the path has: a caller must not be able to forge a line of the log.
        return escape_control_characters(sentence)

    def statement(self) -> str | None:
        """Returns who did what where, and the decision, of a request of an agent; ``None`` for other callers.

        For example ``ops read scenario 1 "Order intake" in team Ops: allowed by scenarios/1: read``.
        """
        if self.agent is None:
            return None
        redactor = self.redactor
        if self.decisions:
            text = state_all(self.agent, self.decisions, self.status)
        else:
            what = f"{self.agent} tried {self.method} {redactor.mask_text(self.path)}"
            text = (
                f"{what}: no grant is needed"
                if self.status < 400
                else f"{what}: answered {self.status}, before any grant was looked at"
            )
        return escape_control_characters(redactor.mask_values(text))


class RequestLog:
    """Log of the last requests of a world, oldest first, bounded in entries and in bytes.

    Equal bodies are kept once: clients read the same again and again.
    """

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        #: Body -> itself, and the number of entries that have it.
        self._bodies: dict[bytes, tuple[bytes, int]] = {}
        self._lock = threading.Lock()
        self._bytes = 0
        self._numbers = itertools.count(1)
        #: Number of the last entry, kept or not; 0 before the first.
        self.last_id = 0

    def begin(self, entry: LogEntry, at: int) -> LogEntry:
        """Numbers and dates an entry."""
        entry.id = self.last_id = next(self._numbers)
        entry.at = at
        return entry

    @staticmethod
    def truncate_body(body: bytes) -> bytes:
        """Returns as much of a body as an entry keeps."""
        return body[:BODY_LIMIT]

    def finish(self, entry: LogEntry, status: int, body: bytes) -> None:
        """Completes an entry with its response, and keeps it."""
        entry.status = status
        entry.response_body = self.truncate_body(body)
        self._keep(entry)

    def finish_streamed(self, entry: LogEntry, status: int) -> None:
        """Keeps an entry whose response starts now; `record_piece` adds the beginning of the body as it flows."""
        entry.status = status
        entry.streamed = True
        self._keep(entry)

    @staticmethod
    def record_piece(entry: LogEntry, piece: bytes) -> None:
        """Adds a piece of a streamed body to its entry, up to the limit."""
        if (left := BODY_LIMIT - len(entry.response_body)) > 0:
            entry.response_body += piece[:left]

    def _keep(self, entry: LogEntry) -> None:
        with self._lock:
            entry.request_body = self._share(entry.request_body)
            if not entry.streamed:
                entry.response_body = self._share(entry.response_body)
            self._entries.append(entry)
            self._bytes += entry.size
            while len(self._entries) > MAX_ENTRIES or self._bytes > TOTAL_LIMIT:
                self._evict(self._entries.popleft())

    def _share(self, body: bytes) -> bytes:
        """Returns the kept body that equals one, and counts it once more."""
        if not body:
            return body
        known, count = self._bodies.get(body) or (body, 0)
        if not count:
            self._bytes += len(body)
        self._bodies[known] = known, count + 1
        return known

    def _evict(self, entry: LogEntry) -> None:
        self._bytes -= entry.size
        for body in (entry.request_body, b"" if entry.streamed else entry.response_body):
            if not body:
                continue
            known, count = self._bodies.pop(body)
            if count > 1:
                self._bodies[known] = known, count - 1
            else:
                self._bytes -= len(known)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bodies.clear()
            self._bytes = 0
