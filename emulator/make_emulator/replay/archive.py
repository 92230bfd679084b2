"""Reader of HTTP archives (HAR 1.2) as browsers, mitmproxy, the proxy and the request log write them.

Only requests to Make are read. Secrets are masked while reading (`make_emulator.redaction.archives`): what the rest of the replay
sees, compares and writes is masked. Source of the format: http://www.softwareishard.com/blog/har-12-spec.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from ..error_reasons import os_error_reason
from ..http.host_names import is_address, is_loopback_name
from ..json_types import Json, JsonObject, as_mapping, as_mappings
from ..plain_text import printable
from ..redaction.archives import ArchiveRedactor, Pseudonyms
from ..redaction.rules import MASK
from ..schemas.base import is_too_deep
from ..world.clock import format_iso, parse_iso
from ..world.zones import is_make_host, zone_of_host

API_PREFIX = "/api/v2"

#: Paths that are Make's on hosts which are none of Make's, such as that of an emulator.
_PREFIXES = (f"{API_PREFIX}/", "/hook/", "/mcp")

EVENT_STREAM = "text/event-stream"

#: Creator of the archives of the request log, which has no headers: an entry without a user had no token.
_OWN_CREATOR = "make-emulator"

#: Beginning of a body in the request log that is not complete.
_CUT_BODY = "(the first "

#: The mask of a token in the path of an MCP server.
_PATH_TOKEN = re.compile(r"/mcp(?:/[\w.-]+)*?/u/(\*{8}-[0-9]+)(?=[/?]|$)")
PATH_SCHEME = "path"

#: Headers with the credentials of a session of a browser.
_COOKIES = frozenset({"cookie", "set-cookie"})


class ArchiveError(ValueError):
    """File that is no HTTP archive, or has no request to Make; the message is one line."""


def parse_json(text: bytes) -> Json:
    """Returns JSON; ``None`` for what is none, or is nested more deeply than any answer of Make."""
    try:
        parsed: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if is_too_deep(parsed) else parsed


def parse_events(body: bytes) -> Json:
    """Returns the JSON of the events of a stream; ``None`` if one of them has other data."""
    events = [
        parse_json(line.removeprefix(b"data:")) for line in body.splitlines() if line.startswith(b"data:")
    ]
    return None if None in events else events


@dataclass(frozen=True, slots=True)
class Message:
    """Headers, by their names in lower case, and body of a request or a response, without secrets."""

    headers: Mapping[str, str]
    #: ``None`` if the archive does not have it, or not all of it.
    body: bytes | None
    media_type: str = ""

    def json(self) -> Json:
        """Returns the body as JSON, that of a stream of events as a list; ``None`` if it is none."""
        if self.media_type == EVENT_STREAM and self.body is not None:
            return parse_events(self.body)
        return parse_json(self.body or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A recorded request and its response."""

    #: Number of the entry in the archive, from 1.
    number: int
    #: Milliseconds since the epoch.
    started: int
    method: str
    scheme: str
    host: str
    path: str
    query: str
    request: Message
    status: int
    response: Message
    #: Scheme and mask of the credentials, such as ``("Token", "********-1")``; ``None`` if the request has none.
    credentials: tuple[str, str] | None = None
    #: False if the archive does not show whether the request had credentials.
    shows_credentials: bool = True

    @property
    def api_path(self) -> str | None:
        """The path below ``/api/v2``; ``None`` for a request that is none to the REST API."""
        return self.path.removeprefix(API_PREFIX) if self.path.startswith(f"{API_PREFIX}/") else None

    @property
    def name(self) -> str:
        """Method and path, as reports show them; a webhook under a host of its own is named with that."""
        path = f"{self.host}{self.path}" if self.host.startswith("hook.") else self.path
        return f"{self.method} {self.api_path or path}"


@dataclass(frozen=True, slots=True)
class Archive:
    """Requests to Make of an archive, in the order in which they were sent."""

    exchanges: list[Exchange]
    #: The archive without secrets and without requests to others.
    document: JsonObject = field(repr=False)
    #: Number of entries that are no requests to Make.
    others: int = 0

    @property
    def hosts(self) -> list[str]:
        """The hosts that were called, the most frequent first."""
        names = [exchange.host for exchange in self.exchanges]
        return sorted(dict.fromkeys(names), key=lambda name: -names.count(name))

    @property
    def zone(self) -> str | None:
        """The zone that was called, such as ``eu1.make.com``; ``None`` for another server."""
        return next((zone for host in self.hosts if (zone := zone_of_host(host)) is not None), None)


def read_archive(path: Path) -> Archive:
    """Returns the requests to Make of a file, without secrets.

    Raises:
        ArchiveError: if it cannot be read, is no archive, or has no request to Make.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {os_error_reason(error)}") from None
    try:
        # Browsers on Windows write a byte order mark.
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ArchiveError(f"{path} is not an HTTP archive: {error}") from None
    try:
        return parse_archive(document)
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}") from None


def parse_archive(document: Json) -> Archive:
    """Returns the requests to Make of an archive, without secrets.

    Raises:
        ArchiveError: if it is no archive, or has no request to Make.
    """
    log = as_mapping(document).get("log")
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(log, Mapping) or not isinstance(entries, list):
        raise ArchiveError("not an HTTP archive (HAR): it has no log with entries")
    is_own = as_mapping(log.get("creator")).get("name") == _OWN_CREATOR
    found = [
        (number, _check_entry(number, entry), is_own)
        for number, entry in enumerate(entries, 1)
        if _is_of_make(number, entry, is_own=is_own)
    ]
    if not found:
        raise ArchiveError(f"none of its {len(entries)} requests is one to Make, such as to eu1.make.com")
    try:
        pseudonyms = Pseudonyms(orjson.dumps(document).decode())
    except TypeError:
        raise ArchiveError("nested more deeply than an HTTP archive") from None
    # Twice: what an answer shows as a secret may stand, under a harmless name, in a request before it.
    for _ in range(2):
        masked = [mask_entry(entry, pseudonyms) for _, entry, _ in found]
    shows_credentials = is_own or any(_credentials(entry) for entry in masked)
    exchanges = [
        parse_exchange(number, entry, shows_credentials=shows_credentials)
        for (number, _, _), entry in zip(found, masked, strict=True)
    ]
    exchanges.sort(key=lambda exchange: exchange.started)
    creator = {
        "name": str(as_mapping(log.get("creator")).get("name", "")),
        "version": str(as_mapping(log.get("creator")).get("version", "")),
    }
    comment = "Redacted by make-emulator: secrets are numbered masks; requests to others are left out."
    redacted: JsonObject = {
        "log": {"version": "1.2", "creator": creator, "entries": masked, "comment": comment}
    }
    return Archive(exchanges, redacted, others=len(entries) - len(found))


# --- entries -------------------------------------------------------------------------------------


def _check_entry(number: int, entry: Any) -> Mapping[str, Any]:
    request, response = (
        as_mapping(as_mapping(entry).get("request")),
        as_mapping(as_mapping(entry).get("response")),
    )
    if not isinstance(request.get("method"), str):
        raise ArchiveError(f"entry {number} has no request with a method")
    if not isinstance(response.get("status"), int):
        raise ArchiveError(f"entry {number} has no response with a status")
    try:
        parse_iso(entry["startedDateTime"])
    except (KeyError, TypeError, ValueError):
        raise ArchiveError(f"entry {number} has no startedDateTime in ISO 8601") from None
    checked: Mapping[str, Any] = entry
    return checked


def _is_of_make(number: int, entry: Any, *, is_own: bool) -> bool:
    url = as_mapping(as_mapping(entry).get("request")).get("url")
    if not isinstance(url, str):
        raise ArchiveError(f"entry {number} has no request with a url")
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
    except ValueError:
        raise ArchiveError(f"entry {number}: {printable(url[:80])!r} is not a URL") from None
    if parts.scheme not in ("http", "https"):
        return False
    if is_make_host(name):
        return name.startswith("hook.") or parts.path.startswith(_PREFIXES)
    is_local = is_own or is_loopback_name(name) or is_address(name) or "." not in name
    return is_local and parts.path.startswith(_PREFIXES)


def mask_entry(entry: Mapping[str, Any], pseudonyms: Pseudonyms) -> JsonObject:
    """Returns the parts of an entry that a replay needs, without secrets.

    Args:
        entry: an entry with method, URL, status and moment.
    """
    redactor = ArchiveRedactor(pseudonyms)
    request, response = entry["request"], entry["response"]
    url = redactor.redact_text(request["url"])
    masked: JsonObject = {
        "startedDateTime": format_iso(parse_iso(entry["startedDateTime"])),
        "time": entry.get("time") if isinstance(entry.get("time"), (int, float)) else 0,
        "request": {
            "method": request["method"].upper(),
            "url": url,
            "httpVersion": str(request.get("httpVersion", "HTTP/1.1")),
            "cookies": [],
            "headers": _mask_headers(redactor, request.get("headers")),
            "queryString": [],
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": response["status"],
            "statusText": redactor.redact_text(str(response.get("statusText", ""))),
            "httpVersion": str(response.get("httpVersion", "HTTP/1.1")),
            "cookies": [],
            "headers": _mask_headers(redactor, response.get("headers")),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }
    post_data = as_mapping(request.get("postData"))
    if (text := _posted_text(post_data)) is not None:
        kind = str(post_data.get("mimeType", ""))
        masked["request"]["postData"] = {"mimeType": kind, "text": redactor.redact_text(text), "params": []}
    content = as_mapping(response.get("content"))
    held = _content_text(content)
    masked["response"]["content"] = {
        "size": content.get("size") if isinstance(content.get("size"), int) else -1,
        "mimeType": str(content.get("mimeType", "")),
        **({} if held is None else {"text": redactor.redact_text(held)}),
    }
    for name in ("_user", "_tokenLabel"):
        if name in entry:
            masked[name] = entry[name] if entry[name] is None else redactor.redact_text(str(entry[name]))
    if "_fromCache" in entry:
        masked["_fromCache"] = str(entry["_fromCache"])
    return masked


def _mask_headers(redactor: ArchiveRedactor, headers: Any) -> list[Mapping[str, str]]:
    plain: list[Mapping[str, str]] = []
    for row in as_mappings(headers):
        name, value = row.get("name"), row.get("value")
        if isinstance(name, str) and isinstance(value, str):
            plain.append({"name": name, "value": MASK if name.lower() in _COOKIES else value})
    return redactor.redact_headers(plain)


def _posted_text(data: Mapping[str, Any]) -> str | None:
    if isinstance(text := data.get("text"), str) and text:
        return text
    fields = [
        (str(row["name"]), str(row.get("value", "")))
        for row in as_mappings(data.get("params"))
        if "name" in row
    ]
    return urlencode(fields) if fields else None


def _content_text(content: Mapping[str, Any]) -> str | None:
    """Returns the text of a response; ``None`` if the archive has none, or it is no text."""
    text = content.get("text")
    if not isinstance(text, str):
        return "" if content.get("size") == 0 else None
    if content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def parse_exchange(number: int, entry: JsonObject, *, shows_credentials: bool) -> Exchange:
    """Returns the exchange of an entry without secrets.

    Args:
        shows_credentials: true if entries without credentials are requests without them.
    """
    request, response = entry["request"], entry["response"]
    parts = urlsplit(request["url"])
    post_data = request.get("postData", {})
    return Exchange(
        number=number,
        started=parse_iso(entry["startedDateTime"]),
        method=request["method"],
        scheme=parts.scheme,
        host=parts.netloc.rpartition("@")[2],
        path=parts.path or "/",
        query=parts.query,
        request=_parse_message(request["headers"], post_data.get("text", ""), post_data.get("mimeType", "")),
        status=response["status"],
        response=_parse_message(
            response["headers"], response["content"].get("text"), response["content"]["mimeType"]
        ),
        credentials=_credentials(entry),
        shows_credentials=shows_credentials,
    )


def _parse_message(headers: list[Mapping[str, str]], text: str | None, media_type: str) -> Message:
    # Chrome lists the pseudo-headers of HTTP/2.
    named = {row["name"].lower(): row["value"] for row in headers if not row["name"].startswith(":")}
    is_whole = text is not None and not text.startswith(_CUT_BODY)
    return Message(named, (text or "").encode() if is_whole else None, media_type.partition(";")[0].strip())


def _credentials(entry: JsonObject) -> tuple[str, str] | None:
    """Returns scheme and mask of the credentials of a request; those in the path of an MCP server have the scheme ``path``."""
    if (in_path := _PATH_TOKEN.search(entry["request"]["url"])) is not None:
        return PATH_SCHEME, in_path[1]
    for row in entry["request"]["headers"]:
        name, value = row["name"].lower(), row["value"]
        if name == "authorization" and value:
            scheme, _, rest = value.rpartition(" ")
            return scheme or "Token", rest
        if name == "cookie":
            return "Cookie", "cookie"
    label = entry.get("_tokenLabel") or entry.get("_user")
    return ("Token", f"token {label}") if isinstance(label, str) else None
