"""Transports for httpx, sync and async, instead of those that open connections.

All code above them is the real one: clients, authentication, redirects, cookies, event hooks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio.to_thread
import httpx

from ...client.wsgi_client import WsgiResponse, call_wsgi
from ..routing import route_for


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""
    real = httpx.HTTPTransport.handle_request
    real_async = httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        route = route_for(request.url.host)
        if route is None:
            return real(self, request)
        assert isinstance(request.stream, httpx.SyncByteStream)
        return _send_to_emulator(route.app, request, b"".join(request.stream))

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        route = route_for(request.url.host)
        if route is None:
            return await real_async(self, request)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        body = b"".join([chunk async for chunk in request.stream])
        if route.may_delay():
            # In a thread: other tasks continue, as they would while waiting for the network.
            return await anyio.to_thread.run_sync(_send_to_emulator, route.app, request, body)
        return _send_to_emulator(route.app, request, body)

    return [
        (httpx.HTTPTransport, "handle_request", handle_request),
        (httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ]


class _ResponseStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Body of a response; a truncated one ends as a broken connection does."""

    def __init__(self, response: WsgiResponse, request: httpx.Request) -> None:
        self._request = request
        self._stream = response.stream
        self._content = response.body
        self._missing = 0 if request.method == "HEAD" else response.missing_bytes

    def __iter__(self) -> Iterator[bytes]:
        if self._stream is not None:
            while piece := self._next_piece():
                yield piece
        if self._content:
            yield self._content
        if self._missing:
            expected = len(self._content) + self._missing
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {len(self._content)} bytes, expected {expected})"
            )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._stream is not None:
            # In a thread: other tasks continue while the application produces the next piece.
            while piece := await anyio.to_thread.run_sync(self._next_piece, abandon_on_cancel=True):
                yield piece
            return
        for piece in self:
            yield piece

    def _next_piece(self) -> bytes:
        """Returns the next piece of a streamed body, empty at its end."""
        assert self._stream is not None
        try:
            return next(self._stream, b"")
        except OSError as error:
            raise httpx.ReadError(str(error), request=self._request) from error

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def aclose(self) -> None:
        self.close()


def _send_to_emulator(app: Any, request: httpx.Request, body: bytes) -> httpx.Response:
    url = request.url
    try:
        response = call_wsgi(
            app,
            request.method,
            url.scheme,
            url.netloc.decode("ascii"),
            url.raw_path.decode("ascii"),
            request.headers.raw,
            body,
            timeout=request.extensions.get("timeout", {}).get("read"),
        )
    except TimeoutError:
        raise httpx.ReadTimeout("The read operation timed out", request=request) from None
    except OSError as error:
        # The error of httpx for a connection that breaks after the request was sent.
        raise httpx.ReadError(str(error), request=request) from error
    return httpx.Response(
        response.status,
        headers=response.headers,
        stream=_ResponseStream(response, request),
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": response.reason.encode("latin-1")},
        request=request,
    )
