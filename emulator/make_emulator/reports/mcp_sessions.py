"""MCP sessions of a world, put together from its request log: who was connected with which client, and the tools that it called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from ..http import kept_headers
from ..http.request_log import LogEntry
from ..json_types import Json, JsonObject
from ..world.clock import format_iso

#: Endpoint of the entries of the MCP server.
ENDPOINT = "MCP"

_SESSION_HEADER = "mcp-session-id"

#: Beginning of the first event of a stream of HTTP+SSE, which has the id of its session.
_ENDPOINT_EVENT = b"event: endpoint"


def list_sessions(entries: Iterable[LogEntry]) -> list[JsonObject]:
    """Returns the sessions, the latest first, as JSON without secrets.

    Requests to the stateless transport belong to no session: those of one caller with one token are listed together, without an
    id and a state. What the log has evicted is not counted.
    """
    sessions: dict[tuple[Any, ...], _Session] = {}
    for entry in entries:
        if entry.endpoint != ENDPOINT or entry.user is None:
            continue
        id = _session_id(entry)
        key = (id,) if id is not None else (None, entry.user, entry.token_label, entry.agent)
        sessions.setdefault(key, _Session(id, entry)).add(entry)
    return [session.to_json() for session in sorted(sessions.values(), key=lambda each: -each.last.id)]


class _Session:
    """Session, or the requests of one caller without one."""

    def __init__(self, id: str | None, first: LogEntry) -> None:
        self._id = id
        self._first = first
        self._client: Json = None
        self._protocol_version: Json = None
        self._is_ended = False
        self._requests: list[Json] = []
        self._calls: list[Json] = []
        self.last = first

    def add(self, entry: LogEntry) -> None:
        self.last = entry
        self._requests.append(entry.id)
        self._is_ended |= entry.method == "DELETE" and entry.status < 300
        if not _may_be_read(entry):
            return
        row = entry.to_json()
        message = _as_object(row["requestBody"])
        params = _as_object(message.get("params"))
        match message.get("method"):
            case "initialize":
                self._client = _as_object(params.get("clientInfo")) or None
                self._protocol_version = params.get("protocolVersion")
            case "tools/call":
                self._calls.append(_call(row, params))

    def to_json(self) -> JsonObject:
        redactor = self._first.redactor
        return {
            "id": self._id,
            "client": self._client,
            "protocolVersion": self._protocol_version,
            "user": self._first.user and redactor.mask_values(self._first.user),
            "tokenLabel": self._first.token_label and redactor.mask_values(self._first.token_label),
            "agent": self._first.agent and redactor.mask_values(self._first.agent),
            "startedAt": format_iso(self._first.at),
            "lastAt": format_iso(self.last.at),
            "state": None if self._id is None else "ended" if self._is_ended else "open",
            "requests": self._requests,
            "calls": self._calls,
        }


def _may_be_read(entry: LogEntry) -> bool:
    """Returns whether the body is needed: lists of tools are long, and masking them takes longer than all else."""
    what = entry.summary.removeprefix(f"{entry.caller}: MCP ")
    return what == entry.summary or what.startswith(("initialize", "tools/call "))


def _call(row: Mapping[str, Any], params: JsonObject) -> JsonObject:
    response = _as_object(row["responseBody"])
    is_error = row["decision"] != "served" or _as_object(response.get("result")).get("isError") is True
    return {
        "tool": params.get("name"),
        "isError": is_error or "error" in response,
        "at": row["at"],
        "request": row["id"],
    }


def _session_id(entry: LogEntry) -> str | None:
    """Returns the session of an entry: a client sends its id, the response to its first request has it, or an event of its stream."""
    for headers in (entry.request_headers, entry.response_headers):
        for name, value in kept_headers.read(headers):
            if name.lower() == _SESSION_HEADER:
                return value
    if entry.query_string.startswith("sessionId="):
        return parse_qs(entry.query_string)["sessionId"][0]
    if entry.method == "GET" and entry.response_body.startswith(_ENDPOINT_EVENT):
        return entry.response_body.partition(b"sessionId=")[2].split(maxsplit=1)[0].decode("ascii", "replace")
    return None


def _as_object(value: Any) -> JsonObject:
    if isinstance(value, str):
        # An event stream of one message.
        value = _parse_event(value)
    return value if isinstance(value, dict) else {}


def _parse_event(text: str) -> Any:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    try:
        return orjson.loads(data[-1]) if data else None
    except ValueError:
        return None
