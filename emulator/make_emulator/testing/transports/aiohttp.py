"""Transport for aiohttp: connections whose other end is the emulator.

All code above the connection is the real one: sessions, redirects, cookies, middlewares, traces, timeouts, parsing,
decompression, the limits of the connector. A connection to the emulator is used once, so that none outlives the interception.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from ...client.wsgi_client import WsgiResponse, wire_file
from ..routing import Route, route_for
from .wire import RequestBuffer, send_bytes

#: The most bytes that the client receives at once.
_MAX_PIECE = 64 * 1024


def patches() -> list[tuple[Any, str, Any]]:
    """Returns the patches of an interception: owner, name and replacement."""
    real_connect = aiohttp.BaseConnector.connect
    real_create = aiohttp.TCPConnector._create_connection

    async def connect(self: aiohttp.BaseConnector, req: Any, *args: Any, **options: Any) -> Any:
        # Connectors to sockets of this machine, and those of the application's own, are left alone.
        if isinstance(self, aiohttp.TCPConnector) and route_for(req.url.host or "") is not None:
            # Those from before the interception lead to the network.
            for protocol, *_ in self._conns.pop(req.connection_key, ()):
                protocol.close()
        return await real_connect(self, req, *args, **options)

    async def create_connection(
        self: aiohttp.TCPConnector, req: Any, *args: Any, **options: Any
    ) -> ResponseHandler:
        route = route_for(req.url.host or "")
        if route is None:
            return await real_create(self, req, *args, **options)
        protocol = self._factory()
        protocol.connection_made(_EmulatorTransport(route, req, protocol))
        protocol.force_close()
        return protocol

    return [
        (aiohttp.BaseConnector, "connect", connect),
        (aiohttp.TCPConnector, "_create_connection", create_connection),
    ]


class _EmulatorTransport(asyncio.Transport):
    """Connection to the emulator for one request: accepts its bytes, and passes those of the response to the client."""

    def __init__(self, route: Route, request: aiohttp.ClientRequest, protocol: ResponseHandler) -> None:
        super().__init__()
        self._route = route
        self._scheme = request.url.scheme
        self._is_head = request.method == "HEAD"
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._sent = RequestBuffer()
        self._has_continued = False
        self._exchange: asyncio.Task[None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        #: Set once the client waits for nothing more, for the application in another thread.
        self._closed = threading.Event()

    # --- what the client does ------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._exchange is not None or self._closed.is_set():
            return
        self._sent.write(data)
        if self._sent.is_complete:
            self._exchange = self._loop.create_task(self._respond(bytes(self._sent)))
        elif self._sent.expects_continue and not self._has_continued:
            self._has_continued = True
            self._loop.call_soon(self._protocol.data_received, b"HTTP/1.1 100 Continue\r\n\r\n")

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Does nothing: the end of a request shows in its bytes."""

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def is_reading(self) -> bool:
        return self._may_read.is_set()

    def is_closing(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    # --- what the emulator does ----------------------------------------------------------------------

    async def _respond(self, sent: bytes) -> None:
        send = partial(send_bytes, self._route.app, self._scheme, sent, closed=self._closed)
        response: WsgiResponse | None = None
        try:
            # In a thread if the response may take its time: other tasks continue, as they would while waiting for the network.
            response = await asyncio.to_thread(send) if self._route.may_delay() else send()
            async for piece in self._pieces(response):
                await self._may_read.wait()
                self._protocol.data_received(piece)
        except TimeoutError:
            self._time_out()
        except OSError as error:
            self._end(error)
        except Exception as error:
            self._protocol.set_exception(error)
        else:
            if response.missing_bytes and not self._is_head:
                self._end(None)
        finally:
            if response is not None and response.stream is not None:
                response.stream.close()

    async def _pieces(self, response: WsgiResponse) -> AsyncIterator[bytes]:
        """Yields the bytes of a response."""
        file = wire_file(response)
        # In a thread while the application produces a piece: other tasks continue.
        read = partial(file.read1 if response.stream is not None else file.read, _MAX_PIECE)
        while piece := (await asyncio.to_thread(read) if response.stream is not None else read()):
            yield piece

    def _time_out(self) -> None:
        """Ends the wait of the client at once, with the error of the timeout that it has."""
        if self._protocol.read_timeout:
            error: Exception = aiohttp.SocketTimeoutError("Timeout on reading data from socket")
        else:
            error = TimeoutError()
        self._protocol.set_exception(error)

    def _end(self, error: Exception | None) -> None:
        """Ends the connection, as the client or the network does."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._loop.is_closed():
            return
        # The exchange itself ends after an error.
        if self._exchange is not None and self._exchange is not asyncio.current_task(self._loop):
            self._exchange.cancel()
        self._loop.call_soon(self._protocol.connection_lost, error)
