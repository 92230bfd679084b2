"""Request log of a world: caller, request, decision and response of each request, with a plain sentence.

An entry keeps raw bytes; secrets are masked, and sentences written, when it is read.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from heapq import merge
from operator import attrgetter
from typing import Any, TypeVar

from ..lazy_dataclasses import dataclass
from ..plain_text import escape_control_characters
from ..policies.statements import StatedDecision, state_all
from ..redaction.masking import LOG_REDACTOR, OutputRedactor
from ..redaction.secret_values import NO_SECRETS, SecretValues
from ..world.clock import format_iso
from . import kept_headers
from .kept_headers import KeptHeaders

SharedT = TypeVar("SharedT", bytes, KeptHeaders)

#: Decision of a request that the grants of an agent do not allow.
DENIED_POLICY = "refused: policy"

#: Maximum number of entries of a world, of bytes of each body, and of bytes of all entries together.
MAX_ENTRIES = 10_000
BODY_LIMIT = 16_384
TOTAL_LIMIT = 16 * 1024 * 1024

_WILDCARD = re.compile(r"[*?[]")

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
    #: The number of entries that the log had ever kept when it took the entry up, and before it kept this one.
    begun_at: int = 0
    position: int = 0
    request_body: bytes = b""
    response_body: bytes = b""
    request_headers: KeptHeaders = ()
    response_headers: KeptHeaders = ()
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
        texts = len(self.path) + len(self.query_string) + len(self.reason)
        size = _ENTRY_SIZE + texts + kept_headers.size(self.response_headers)
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
            "requestHeaders": _show_headers(self.request_headers, redactor),
            "responseHeaders": _show_headers(self.response_headers, redactor),
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


def _show_headers(kept: KeptHeaders, redactor: OutputRedactor) -> dict[str, str]:
    """Returns headers by their names, without secrets; the values of repeated ones are joined."""
    found: dict[str, str] = {}
    for name, value in redactor.redact_headers(kept_headers.read(kept)):
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


class _FieldIndex:
    """Index of the entries of a log by the values of the fields that queries name, each oldest first.

    What is indexed does not change once an entry is kept.
    """

    __slots__ = ("_entries",)

    #: Name -> value of an entry.
    FIELDS: Mapping[str, Callable[[LogEntry], Hashable]] = {
        "method": attrgetter("method"),
        "path": attrgetter("path"),
        "status": attrgetter("status"),
        "user": attrgetter("user"),
        "agent": attrgetter("agent"),
    }

    def __init__(self, entries: Iterable[LogEntry]) -> None:
        #: Field -> value -> position -> entry.
        self._entries: dict[str, dict[Hashable, dict[int, LogEntry]]] = {name: {} for name in self.FIELDS}
        for entry in entries:
            self.add(entry)

    def add(self, entry: LogEntry) -> None:
        for name, value_of in self.FIELDS.items():
            self._entries[name].setdefault(value_of(entry), {})[entry.position] = entry

    def remove(self, entry: LogEntry) -> None:
        for name, value_of in self.FIELDS.items():
            by_value, value = self._entries[name], value_of(entry)
            if len(by_value[value]) > 1:
                del by_value[value][entry.position]
            else:
                del by_value[value]

    def values(self, name: str) -> list[Any]:
        """The values of a field."""
        return list(self._entries[name])

    def newest_first(self, wanted: Mapping[str, Iterable[Any]]) -> Iterator[LogEntry] | None:
        """The entries with one of the values of that field of ``wanted`` that fewest have; ``None`` if there is no field."""
        least: list[dict[int, LogEntry]] | None = None
        for name, values in wanted.items():
            by_value = self._entries[name]
            some = [entries for value in values if (entries := by_value.get(value)) is not None]
            if least is None or sum(map(len, some)) < sum(map(len, least)):
                least = some
        if least is None:
            return None
        if len(least) == 1:
            return reversed(least[0].values())
        return merge(*(reversed(each.values()) for each in least), key=attrgetter("position"), reverse=True)


class RequestLog:
    """Log of the last requests of a world, oldest first, bounded in entries and in bytes.

    Equal bodies, and equal headers of requests, are kept once: clients read the same again and again. The first query makes an index, so that a world
    whose log no client reads does without.
    """

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        #: Body, or headers of a request -> itself, and the number of entries that have it.
        self._shared: dict[Any, tuple[Any, int]] = {}
        self._lock = threading.Lock()
        self._bytes = 0
        self._numbers = itertools.count(1)
        #: Number of the last entry, kept or not; 0 before the first.
        self.last_id = 0
        #: The number of entries that were ever kept.
        self._kept = 0
        self._index: _FieldIndex | None = None
        #: Paths as they are shown, masked with these secrets.
        self._shown_paths: tuple[SecretValues, dict[str, str]] = NO_SECRETS, {}

    def begin(self, entry: LogEntry, at: int) -> LogEntry:
        """Numbers and dates an entry."""
        # Before the number is taken: entries with a higher one are kept at this position or later.
        entry.begun_at = self._kept
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
            # Clients send the same with each request; responses have a number of their own.
            entry.request_headers = self._share(entry.request_headers)
            if not entry.streamed:
                entry.response_body = self._share(entry.response_body)
            entry.position = self._kept
            self._kept += 1
            self._entries.append(entry)
            if self._index is not None:
                self._index.add(entry)
            self._bytes += entry.size
            while len(self._entries) > MAX_ENTRIES or self._bytes > TOTAL_LIMIT:
                self._evict(self._entries.popleft())

    def _share(self, value: SharedT) -> SharedT:
        """Returns the kept body, or headers, that equals one, and counts it once more."""
        if not value:
            return value
        known, count = self._shared.get(value) or (value, 0)
        if not count:
            self._bytes += kept_headers.size(value)
        self._shared[known] = known, count + 1
        return known

    def _evict(self, entry: LogEntry) -> None:
        if self._index is not None:
            self._index.remove(entry)
        self._bytes -= entry.size
        shared = (entry.request_headers, entry.request_body, b"" if entry.streamed else entry.response_body)
        for value in shared:
            if not value:
                continue
            known, count = self._shared.pop(value)
            if count > 1:
                self._shared[known] = known, count - 1
            else:
                self._bytes -= kept_headers.size(known)

    def values(self, field: str) -> list[Any]:
        """The values of a field that queries name: method, path, status, user or agent."""
        with self._lock:
            return self._indexed().values(field)

    def select(
        self,
        wanted: Mapping[str, Collection[Any]],
        *,
        since: int = 0,
        limit: int | None = None,
        matches: Callable[[LogEntry], bool] = lambda _: True,
    ) -> list[LogEntry]:
        """Returns the entries that match, oldest first; it takes as long as there are some with one of the wanted values.

        Args:
            wanted: field, as for `values` -> the values that it may have.
            since: the id of the entry before the first one.
            limit: the number of the latest entries to return.
            matches: a further condition.
        """
        if limit == 0:
            return []
        conditions = [(_FieldIndex.FIELDS[name], frozenset(values)) for name, values in wanted.items()]
        found: list[LogEntry] = []
        oldest = 0
        with self._lock:
            candidates = self._indexed().newest_first(wanted) if wanted else None
            for entry in reversed(self._entries) if candidates is None else candidates:
                if entry.position < oldest:
                    break
                if entry.id <= since:
                    oldest = max(oldest, entry.begun_at)
                elif all(value_of(entry) in values for value_of, values in conditions) and matches(entry):
                    found.append(entry)
                    if len(found) == limit:
                        break
        found.reverse()
        return found

    def find_paths(self, glob: str) -> Collection[str]:
        """Returns the paths that match a glob, as they came or as they are shown, with a mask in the place of each secret."""
        if (wildcard := _WILDCARD.search(glob)) is None:
            # A mask is made of asterisks.
            return (glob,)
        # A mask changes nothing before it.
        prefix = glob[: wildcard.start()]
        paths = [path for path in self.values("path") if path.startswith(prefix)]
        return [path for path in paths if fnmatchcase(path, glob)] + self._find_shown(
            [path for path in paths if not fnmatchcase(path, glob)], glob
        )

    def _find_shown(self, paths: Iterable[str], glob: str) -> list[str]:
        newest = next(reversed(self._entries), None)
        if newest is None:
            return []
        secrets, shown = newest.secrets(), self._shown_paths
        if secrets is not shown[0] or len(shown[1]) > MAX_ENTRIES:
            self._shown_paths = shown = secrets, {}
        redactor, known = LOG_REDACTOR.with_secrets(secrets), shown[1]
        found = []
        for path in paths:
            if (text := known.get(path)) is None:
                text = known[path] = redactor.mask_text(path)
            if text != path and fnmatchcase(text, glob):
                found.append(path)
        return found

    def _indexed(self) -> _FieldIndex:
        if self._index is None:
            self._index = _FieldIndex(self._entries)
        return self._index

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._shared.clear()
            self._bytes = 0
            self._index = None
