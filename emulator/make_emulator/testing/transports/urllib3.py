"""Transport for urllib3, and so for requests and other libraries on top of it.

It replaces the method that sends a request over a connection and reads the response. All code above it is the real one:
retries, redirects, cookies, decoding, streaming, sessions and their hooks.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Mapping
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import SKIP_HEADER

from ...client.wsgi_client import WsgiResponse, call_wsgi, wire_file
from ..routing import route_for

_DEFAULT_PORTS = {"http": 80, "https": 443}


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""
    real_request = HTTPConnectionPool._make_request
    real_proxy = HTTPSConnectionPool._prepare_proxy

    def make_request(
        self: HTTPConnectionPool, conn: Any, method: str, url: str, *args: Any, **options: Any
    ) -> Any:
        if "://" in url:
            # The request line to a proxy names the host.
            parts = urlsplit(url)
            host, authority = parts.hostname or "", parts.netloc.rpartition("@")[2]
            target = parts._replace(scheme="", netloc="").geturl()
        else:
            own_port = self.port in (None, _DEFAULT_PORTS[self.scheme])
            host, authority, target = self.host, self.host if own_port else f"{self.host}:{self.port}", url
        route = route_for(host.strip("[]"))
        if route is None:
            return real_request(self, conn, method, url, *args, **options)
        return _send_to_emulator(self, route.app, method, authority, target, *args, **options)

    def prepare_proxy(self: HTTPSConnectionPool, conn: Any) -> None:
        if route_for(self.host.strip("[]")) is None:
            real_proxy(self, conn)

    return [
        (HTTPConnectionPool, "_make_request", make_request),
        (HTTPSConnectionPool, "_prepare_proxy", prepare_proxy),
    ]


class _OriginalResponse:
    """Stub of the `http.client` response below that of urllib3, with what urllib3 and requests use of it."""

    def __init__(self, headers: list[tuple[str, str]], body: io.BytesIO) -> None:
        self._headers = headers
        self._body = body
        self._message: HTTPMessage | None = None

    @property
    def msg(self) -> HTTPMessage:
        if self._message is None:
            self._message = HTTPMessage()
            for name, value in self._headers:
                self._message[name] = value
        return self._message

    def isclosed(self) -> bool:
        return self._body.closed or self._body.tell() == self._body.getbuffer().nbytes

    def close(self) -> None:
        self._body.close()


class _ResponseSocket:
    """Socket from which `http.client` reads one response."""

    def __init__(self, response: WsgiResponse) -> None:
        self._response = response

    def makefile(self, mode: str) -> io.BufferedIOBase:
        return wire_file(self._response)


def _send_to_emulator(
    pool: HTTPConnectionPool,
    app: Any,
    method: str,
    authority: str,
    target: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    retries: Any = None,
    timeout: Any = None,
    chunked: bool = False,
    response_conn: Any = None,
    preload_content: bool = True,
    decode_content: bool = True,
    enforce_content_length: bool = True,
) -> HTTPResponse:
    """Calls the application; the parameters are those of the replaced method."""
    pool.num_requests += 1
    sent = [(name, value) for name, value in (headers or {}).items() if value != SKIP_HEADER]
    limits = pool._get_timeout(timeout)
    limits.start_connect()
    wait = limits.read_timeout
    try:
        response = call_wsgi(
            app,
            method,
            pool.scheme,
            authority,
            target,
            sent,
            body,
            chunked=chunked,
            timeout=wait if isinstance(wait, (float, int)) else None,
        )
    except TimeoutError:
        raise ReadTimeoutError(pool, target, f"Read timed out. (read timeout={wait})") from None
    original: Any
    if response.stream is None:
        body = io.BytesIO(response.body)
        original = _OriginalResponse(response.headers, body)
    else:
        # A real response of http.client, so that chunks reach the caller as they come.
        body = original = http.client.HTTPResponse(_ResponseSocket(response), method=method)  # type: ignore[arg-type]
        original.begin()
    return HTTPResponse(
        body=body,
        headers=HTTPHeaderDict(response.headers),
        status=response.status,
        version=11,
        reason=response.reason,
        preload_content=preload_content,
        decode_content=decode_content,
        original_response=original,
        pool=pool,
        connection=response_conn,
        retries=retries,
        enforce_content_length=enforce_content_length,
        request_method=method,
        request_url=target,
    )
