"""The journal: what was asked of a world, by whom, and what became of it, in one plain sentence.

An entry keeps the bytes as they came and went; secrets are masked, and sentences written, when it is read.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ..world.clock import iso

#: How many entries a world remembers, how many bytes of each body, and how many of all bodies together.
CAPACITY = 10_000
BODY_LIMIT = 16_384
BODIES_LIMIT = 64 * 1024 * 1024

MASK = "********"
_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?$|secret|token|api_?key|private_?key|credential|authorization|cookie|bearer|signature",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b|\bbearer\s+[^\s\"']+|\btoken\s+[^\s\"']{16,}",
    re.IGNORECASE,
)
#: In JSON that was cut off: a name and its value, plain or inside of a string that itself holds JSON.
_PAIRS = (
    re.compile(r'(?P<name>"(?:[^"\\]|\\.){0,100}"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)'),
    re.compile(r'(?P<name>\\"[^"\\]{0,100}\\"\s*:\s*)(?:\\"(?:[^"]|(?<=\\\\\\)")*"?|-?[0-9][0-9.eE+-]*)'),
)
#: What the cut may have left of a secret.
_LAST_WORD = re.compile(r"[^\s\"',:{}\[\]]{1,64}\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(slots=True)
class Entry:
    """One request. It is filled in as the request passes through the house."""

    id: int
    at: int
    method: str
    path: str
    query_string: str = ""
    request_body: bytes = b""
    response_body: bytes = b""
    status: int = 0
    code: str | None = None
    user: str | None = None
    token_label: str | None = None
    organization_id: int | None = None
    endpoint: str | None = None
    decision: str = "open"
    reason: str = ""
    #: The beginning of the sentence, where it was no caller of the API who came.
    story: str = ""

    @property
    def weight(self) -> int:
        """How many bytes of bodies the entry keeps."""
        return len(self.request_body) + len(self.response_body)

    def view(self) -> dict[str, Any]:
        """The entry as JSON, without secrets."""
        return {
            "id": self.id,
            "at": iso(self.at),
            "method": self.method,
            "path": mask_text(self.path),
            "query": mask(dict(parse_qsl(self.query_string, keep_blank_values=True))),
            "status": self.status,
            "code": self.code,
            "user": self.user,
            "tokenLabel": self.token_label,
            "organizationId": self.organization_id,
            "decision": self.decision,
            "sentence": self.sentence(),
            "requestBody": _body_view(self.request_body),
            "responseBody": _body_view(self.response_body),
        }

    def sentence(self) -> str:
        """Who asked for what, and what was decided."""
        who = f"{self.user} (token {self.token_label})" if self.user else "Somebody without a valid token"
        where = f" in organization {self.organization_id}" if self.organization_id else ""
        what = self.story or f"{who} asked for {self.method} {mask_text(self.path)}{where}"
        why = f": {mask_text(self.reason).rstrip('.')}" if self.reason else ""
        sentence = f"{what} and got {self.status}{why}."
        # One line, whatever the caller put into the path: nobody writes a line of the log of his own.
        return _UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", sentence)


class Journal:
    """The last requests of a world, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._bytes = 0
        self._numbers = itertools.count(1)

    def open(self, at: int, method: str, path: str, query_string: str) -> Entry:
        return Entry(next(self._numbers), at, method, path, query_string)

    @staticmethod
    def clip(body: bytes) -> bytes:
        """As much of a body as an entry keeps."""
        return body[:BODY_LIMIT]

    def close(self, entry: Entry, status: int, body: bytes) -> None:
        entry.status = status
        entry.response_body = self.clip(body)
        with self._lock:
            self._entries.append(entry)
            self._bytes += entry.weight
            while len(self._entries) > CAPACITY or self._bytes > BODIES_LIMIT:
                self._bytes -= self._entries.popleft().weight

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0


def names_of(body: bytes) -> bytes:
    """A body of which only the names of its fields may be kept: as JSON, with every value blotted out."""
    try:
        held = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(dict.fromkeys(held, MASK)) if isinstance(held, dict) else b""


def mask(value: Any) -> Any:
    """A copy of JSON in which what looks like a secret, by its name or its form, is blotted out."""
    if isinstance(value, Mapping):
        return {
            name: _blot(item) if _SECRET_NAME.search(str(name)) else mask(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [mask(item) for item in value]
    return _mask_string(value) if isinstance(value, str) else value


def _blot(value: Any) -> Any:
    """What stands under the name of a secret, or is a list of such."""
    if isinstance(value, list):
        return [_blot(item) for item in value]
    return MASK if _is_text(value) else mask(value)


def _mask_string(text: str) -> str:
    """A string may hold JSON, as blueprints do."""
    if text[:1] in ("{", "["):
        try:
            held = orjson.loads(text)
        except orjson.JSONDecodeError:
            return mask_text(text)
        masked = mask(held)
        return text if masked == held else orjson.dumps(masked).decode()
    return mask_text(text)


def mask_text(text: str) -> str:
    return _SECRET_TEXT.sub(MASK, text)


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _mask_pair(pair: re.Match[str]) -> str:
    return pair["name"] + MASK if _SECRET_NAME.search(pair["name"].rstrip(': \t\r\n\\"')) else pair[0]


def _body_view(body: bytes) -> Any:
    if not body:
        return None
    if len(body) == BODY_LIMIT:
        text = _LAST_WORD.sub("", body.decode(errors="replace"))
        for pairs in _PAIRS:
            text = pairs.sub(_mask_pair, text)
        return f"(the first {BODY_LIMIT} bytes) " + mask_text(text)
    try:
        return mask(orjson.loads(body))
    except orjson.JSONDecodeError:
        return mask_text(body.decode(errors="replace"))
