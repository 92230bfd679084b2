"""Requests to the proxy, read from their WSGI environment, and the endpoints that they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import WSGIEnvironment

import orjson

from .. import api
from ..http.endpoint import ENCODED_SLASH, Endpoint
from ..http.routing import API_PREFIX
from ..json_types import Json
from ..lazy_dataclasses import dataclass

MCP_PREFIX = "/mcp"
HOOK_PREFIX = "/hook/"

#: Methods that change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Headers of one connection (RFC 9110, 7.6.1), and those that the client of the zone sets itself.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Headers by which some services take another method than that of the request: a GET must stay one.
_METHOD_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """Request of a client."""

    method: str
    #: Path and query as they were sent.
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def raw_path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def segments(self) -> Sequence[str]:
        """The decoded segments of the path."""
        return [unquote(part) for part in self.raw_path.split("/")[1:]]

    @property
    def is_ambiguous(self) -> bool:
        """True if the path may mean another one to the service: with dot segments, or with separators that are encoded twice."""
        return any(
            part in (".", "..") or "\\" in part or "%" in part or "\x00" in part for part in self.segments
        )

    @property
    def is_api(self) -> bool:
        return self.raw_path.startswith(f"{API_PREFIX}/")

    @property
    def is_mcp(self) -> bool:
        return self.raw_path == MCP_PREFIX or self.raw_path.startswith(f"{MCP_PREFIX}/")

    @property
    def is_hook(self) -> bool:
        return self.raw_path.startswith(HOOK_PREFIX)

    @property
    def is_well_known(self) -> bool:
        """True for public documents, by which clients of the MCP server find the authorization server."""
        return self.raw_path.startswith("/.well-known/")

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def json(self) -> Json:
        """Returns the body as JSON; ``None`` if it is none."""
        try:
            parsed: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return parsed

    def endpoint(self) -> tuple[Endpoint | None, Mapping[str, str]]:
        """Returns the declared endpoint, with the values of the parameters of its path."""
        path = "/" + "/".join(part.replace("/", ENCODED_SLASH) for part in self.segments)
        found = api.MATCHER.match(self.method, path)
        return (api.ENDPOINTS[found.route], found.values) if found.route else (None, {})


def read_request(environ: WSGIEnvironment) -> ProxyRequest:
    """Returns the request of a WSGI environment."""
    headers: dict[str, Any] = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    dropped = _HOP_BY_HOP | _METHOD_OVERRIDES
    dropped |= {name.strip().lower() for name in str(headers.get("connection", "")).split(",")}
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return ProxyRequest(
        method=environ["REQUEST_METHOD"],
        target=environ.get("REQUEST_URI") or "/",
        headers={name: str(value) for name, value in headers.items() if name not in dropped},
        body=environ["wsgi.input"].read(length) if length else b"",
    )


def passed_headers(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Returns the headers of a response without those of its connection; a length stays."""
    dropped = _HOP_BY_HOP - {"content-length"}
    dropped |= {
        part.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for part in value.split(",")
    }
    return [(name, value) for name, value in headers if name.lower() not in dropped]
