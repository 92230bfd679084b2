"""Embedded WSGI server: cheroot, multi-threaded and pure Python, with a steady throughput from one to many connections.

Chosen by measurement: see ``benchmarks/`` and the figures in CONTRIBUTING.
"""

from __future__ import annotations

import errno
import io
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10 as WsgiGateway
from cheroot.wsgi import Server as WsgiServer

from ..http import faults
from . import connection
from .tls import TlsAdapter, TlsConnection

WsgiApp = Callable[..., Iterable[bytes]]

#: Worker threads. Requests of one world are serialized anyway; more threads only keep connections alive.
THREADS = 16

#: Limits in bytes beyond which cheroot rejects a request without holding it in memory. The application rejects bodies
#: long before, with Make's error.
MAX_HEADER_SIZE = 65_536
MAX_BODY_SIZE = 67_108_864

#: The most idle connections at one time; beyond, connections are closed after each response.
MAX_IDLE_CONNECTIONS = 256

#: The interval of checks for a stop, in seconds.
POLL_INTERVAL = 0.05

#: The most time between two pieces of the body of a rejected request, in seconds.
DRAIN_TIMEOUT = 2

#: The most time that a stop waits for active requests, in seconds.
SHUTDOWN_TIMEOUT = 0.5

#: Wildcard address -> the loopback address by which local clients call a server that listens there.
WILDCARD_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}

log = logging.getLogger("make_emulator.server.wsgi")


class PortInUseError(OSError):
    """Error for an address on which another process listens."""


class _Gateway(WsgiGateway):
    """Gateway that sends the head of a response together with its body, and leaves no unread body on the connection."""

    def write(self, chunk: bytes) -> None:
        if self.req.sent_headers:
            super().write(chunk)
            return
        # Cheroot writes the head separately: one more system call and packet, a third of the time of a GET.
        connection = self.req.conn
        socket_file, connection.wfile = connection.wfile, io.BytesIO()
        try:
            super().write(chunk)
        finally:
            joined, connection.wfile = connection.wfile, socket_file
            socket_file.write(joined.getvalue())

    def respond(self) -> None:
        self.env[faults.CLIENT_GONE_KEY] = partial(connection.is_client_gone, self.req)
        try:
            super().respond()
        except (faults.InjectedResetError, faults.InjectedTimeoutError):
            connection.reset_connection(self.req)
            return
        if self.env.get(faults.TRUNCATED_KEY):
            self.req.close_connection = True
        if self.req.chunked_read or self.req.close_connection:
            self._drain_body()

    def _drain_body(self) -> None:
        """Reads the rest of the body.

        A client that is still sending would receive a reset instead of the response; on a kept connection, the rest would
        be read as the next request.
        """
        request, rest, left = self.req, self.req.rfile, MAX_BODY_SIZE
        request.conn.socket.settimeout(DRAIN_TIMEOUT)
        try:
            while left > 0 and (piece := rest.read(65_536)):
                left -= len(piece)
            if request.chunked_read:
                for _trailer in rest.read_trailer_lines():
                    pass
        except (OSError, ValueError):
            request.close_connection = True
        request.conn.socket.settimeout(request.server.timeout)


class _Request(HTTPRequest):
    """Request with a 400 for a target that cannot be parsed, such as ``//[/``."""

    def read_request_line(self) -> bool:
        try:
            read: bool = super().read_request_line()  # type: ignore[no-untyped-call]
        except ValueError:
            self.simple_response("400 Bad Request", "Malformed Request-URI")
            return False
        return read


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


class _TlsConnection(TlsConnection):
    RequestHandlerClass = _Request


class _CherootServer(WsgiServer):
    """Cheroot with its errors sent to the log, and no socket left open if the address is in use."""

    ConnectionClass: type[HTTPConnection] = _Connection

    def process_conn(self, conn: Any) -> None:
        # A new connection waits among the idle ones for its first request, so that it occupies no thread.
        if conn.last_used is None:
            self.put_conn(conn)
        else:
            super().process_conn(conn)

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: Any) -> socket.socket:
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        log.log(level, msg, exc_info=traceback)


class Server:
    """Server of a WSGI application, in threads of its own.

    Use it as a context manager, or call `start` and `stop`.

    Args:
        tls: the TLS context with the server's certificate; with it, only HTTPS is served.
    """

    def __init__(
        self, app: WsgiApp, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server: Any = _CherootServer(
            (host, port),
            app,
            numthreads=THREADS,
            server_name="make-emulator",
            request_queue_size=128,
            timeout=30,
        )
        self._server.gateway = _Gateway
        self._server.shutdown_timeout = SHUTDOWN_TIMEOUT
        self._server.keep_alive_conn_limit = MAX_IDLE_CONNECTIONS
        self._server.expiration_interval = POLL_INTERVAL
        self._server.max_request_header_size = MAX_HEADER_SIZE
        self._server.max_request_body_size = MAX_BODY_SIZE
        if tls is not None:
            self._server.ssl_adapter = TlsAdapter(tls)
            self._server.ConnectionClass = _TlsConnection
        self._scheme = "http" if tls is None else "https"
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Binds the socket and starts to serve.

        Raises:
            PortInUseError: if another process listens at the address.
            OSError: if the address cannot be bound for another reason.
        """
        try:
            self._server.prepare()
        except OSError as error:
            # Cheroot wraps the system's error in a text of its own.
            if error.errno == errno.EADDRINUSE or "in use" in str(error).lower():
                raise PortInUseError(f"port {self._port} of {self._host} is taken") from None
            raise
        self._thread = threading.Thread(target=self._server.serve, name="make-emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops listening and closes the connections; returns within a second."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join(SHUTDOWN_TIMEOUT)
            self._thread = None

    @property
    def port(self) -> int:
        """Bound port."""
        port: int = self._server.bind_addr[1]
        return port

    @property
    def url(self) -> str:
        """URL for clients on this machine, with the loopback address for a server that listens on all addresses."""
        host = WILDCARD_ADDRESSES.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        return f"{self._scheme}://{host}:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
