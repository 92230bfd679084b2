"""Export of a request log as an HTTP archive (HAR 1.2), which browsers and HTTP tools open.

Source: http://www.softwareishard.com/blog/har-12-spec. A request log has no durations, so every time in an archive is 0. Secrets are masked as in the log; tokens and udids have numbered masks,
by which a replay knows them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from ..http.request_log import BODY_LIMIT, LogEntry
from ..redaction.archives import Pseudonyms
from ..redaction.masking import LOG_REDACTOR, OutputRedactor
from ..version import __version__

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"


_LOG = {"version": "1.2", "creator": {"name": "make-emulator", "version": __version__}, "entries": []}

#: An archive before its first entry, and after the last one: archives are streamed, since a log may have 16 MiB, equal bodies once.
TAIL = b"]}}"
HEAD = orjson.dumps({"log": _LOG}).removesuffix(TAIL)


def iter_entries(entries: Iterable[LogEntry], host_url: str) -> Iterator[dict[str, Any]]:
    """Yields the entries of the archive.

    Args:
        host_url: the URL of the server, e.g. ``http://127.0.0.1:4747``, which the log does not have.
    """
    pseudonyms = Pseudonyms()
    return (_entry(entry, host_url, pseudonyms) for entry in entries)


def _entry(entry: LogEntry, host_url: str, pseudonyms: Pseudonyms) -> dict[str, Any]:
    redactor = LOG_REDACTOR.with_secrets(entry.secrets(), pseudonyms.mask)
    view = entry.to_json(redactor)
    return {
        "startedDateTime": view["at"],
        "time": 0,
        "request": _request(entry, view, host_url, redactor),
        "response": _response(entry, view),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": view["sentence"],
        # Custom fields begin with an underscore.
        "_id": view["id"],
        "_user": view["user"],
        "_tokenLabel": view["tokenLabel"],
        "_decision": view["decision"],
        "_code": view["code"],
    }


def _request(
    entry: LogEntry, view: dict[str, Any], host_url: str, redactor: OutputRedactor
) -> dict[str, Any]:
    query = redactor.mask_parameters(entry.query_string)
    # An entry with its own summary is a request to a hook, not to the API.
    base = host_url if entry.summary else f"{host_url}/api/v2"
    request: dict[str, Any] = {
        "method": entry.method,
        "url": base + quote(view["path"], safe="/*") + (f"?{urlencode(query, safe='[]*')}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(view["requestHeaders"]),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": -1,
        "bodySize": _body_size(entry.request_body),
    }
    if entry.request_body:
        text, kind = _body_text(view["requestBody"])
        # A direct call has none.
        request["headers"] = request["headers"] or [{"name": "Content-Type", "value": kind}]
        request["postData"] = {"mimeType": kind, "text": text, "params": []}
    return request


def _response(entry: LogEntry, view: dict[str, Any]) -> dict[str, Any]:
    text, kind = _body_text(view["responseBody"])
    return {
        "status": entry.status,
        "statusText": _reason_phrase(entry.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(view["responseHeaders"]),
        "content": {"size": len(text.encode()), "mimeType": kind, "text": text},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": _body_size(entry.response_body),
    }


def _headers(shown: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in shown.items()]


def _body_text(body: Any) -> tuple[str, str]:
    """Returns the text of a masked body, and its media type."""
    if body is None:
        return "", _TEXT
    return (body, _TEXT) if isinstance(body, str) else (orjson.dumps(body).decode(), _JSON)


def _body_size(body: bytes) -> int:
    """Returns the size of a body in bytes; -1, unknown, if the log truncated it."""
    return -1 if len(body) == BODY_LIMIT else len(body)


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
