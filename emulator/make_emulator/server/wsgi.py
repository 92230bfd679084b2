"""Embedded WSGI server: cheroot, multi-threaded and pure Python, with a steady throughput from one to many connections.

Chosen by measurement: see ``benchmarks/`` and the figures in CONTRIBUTING.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import cached_property, lru_cache, partial
from typing import Any
from wsgiref.types import WSGIApplication

import orjson
from cheroot.connections import ConnectionManager
from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10 as WsgiGateway
from cheroot.wsgi import Server as WsgiServer

from ..fleet import ROUTED_KEY
from ..http import faults, kept_headers
from . import connection, framing, request_head
from .request_head import FieldReader, Fields, HeadError, RequestLine
from .socket_stream import SocketReader, open_stream
from .thread_pool import ThreadPool
from .tls import TlsAdapter, TlsConnection

#: Size limit of a body: beyond it the server refuses by itself. The application refuses bodies long before, in
#: Make's words; only a snapshot may be that large.
MAX_BODY_SIZE = 4_294_967_296

#: Larger bodies are read once the application wants them, so that only callers with access make the server store them.
MAX_UNCHECKED_SIZE = 67_108_864

#: Connections that may wait for their next request at one time; beyond, they are closed after each response.
MAX_IDLE_CONNECTIONS = 256

#: Statuses of responses that have no body.
_WITHOUT_BODY = frozenset(["100", "101", "102", "103", "204", "205", "304"])

#: The most connections that wait to be accepted.
BACKLOG = 1024

#: The interval of checks for a stop, in seconds.
POLL_INTERVAL = 0.05

#: How long and how many bytes of a refused request are read before the connection is closed: a client that is still
#: sending would otherwise see a reset instead of the response.
DRAIN_SECONDS = 1.0
MAX_DRAINED = 8_388_608

#: The interval of checks whether the loop has ended that accepts connections, in seconds.
STOP_POLL_INTERVAL = 0.001

#: The most time that a stop waits for active requests, in seconds.
SHUTDOWN_TIMEOUT = 0.5

#: The time after which a thread that computes yields to others, in seconds, for processes that only serve. A request changes
#: threads and enters the system several times, and waits as long each time while a scenario of another world computes.
THREAD_SWITCH_INTERVAL = 0.0001

#: How long no connection is accepted where the process has no file descriptor left, in seconds.
ACCEPT_PAUSE = 0.05

#: Addresses that stand for all of a machine's, and by which a client on it calls a server that listens there.
WILDCARD_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}

log = logging.getLogger("make_emulator.server")


class PortInUseError(OSError):
    """Error for an address on which another process listens."""


class _Gateway(WsgiGateway):
    """Reads a request's body before the application is called, and sends the head of a response with its body."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        request = self.req
        line: RequestLine = request.line
        environ: dict[str, Any] = request.conn.environ.copy()
        environ |= request.fields.variables
        environ["REQUEST_METHOD"] = line.method.decode("ascii")
        environ["REQUEST_URI"] = line.target.decode("ascii")
        environ["PATH_INFO"] = line.path.decode("latin-1")
        environ["QUERY_STRING"] = line.query.decode("ascii")
        environ["SERVER_PROTOCOL"] = line.protocol.decode("ascii")
        environ["wsgi.errors"] = sys.stderr
        environ[kept_headers.KEY] = request.fields.lines
        return environ

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if self.started_response and not exc_info:
            raise RuntimeError("start_response was called a second time without an exception")
        self.started_response = True
        if self.req.sent_headers:
            raise exc_info[1]
        self.req.status, self.req.outheaders = status, list(headers)
        return self.write

    def write(self, chunk: bytes) -> None:
        if not self.started_response:
            raise RuntimeError("write was called before start_response")
        self.req.send(chunk)

    def respond(self) -> None:
        request, environ = self.req, self.env
        try:
            body = self._read_body()
        except framing.FramingError as error:
            request.refuse("400 Bad Request", str(error))
            return
        except framing.IncompleteBodyError:
            request.close_connection = request.sent_headers = True
            return
        environ["wsgi.input"] = body
        environ[faults.CLIENT_GONE_KEY] = partial(connection.is_client_gone, request)
        environ[ROUTED_KEY] = request.is_routed
        try:
            super().respond()
            if isinstance(body, framing.PostponedBody) and not body.is_read:
                _drain(request.conn.socket)
        except (faults.InjectedResetError, faults.InjectedTimeoutError):
            connection.reset_connection(request)
            return
        finally:
            body.close()
        if environ.get(faults.TRUNCATED_KEY):
            request.close_connection = True

    def _read_body(self) -> Any:
        """The whole body, so that one that is cut off never reaches the application; see also `framing.PostponedBody`."""
        request, environ = self.req, self.env
        stream = request.conn.rfile
        if request.chunked_read:
            body, length = framing.read_chunked_body(stream, MAX_UNCHECKED_SIZE)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["CONTENT_LENGTH"] = str(length)
            return body
        length = request.fields.length
        if length > MAX_UNCHECKED_SIZE:
            request.close_connection = True
            return framing.PostponedBody(stream, length)
        return framing.read_body(stream, length)


class _Request(HTTPRequest):
    """A request with strict framing, and with errors in Make's shape."""

    #: True for a request that is known to belong to this worker of a fleet.
    is_routed = False

    #: Set by `parse_request`.
    line: RequestLine
    fields: Fields

    def parse_request(self) -> None:
        """Reads the head, and refuses one that is malformed."""
        try:
            line, lines = request_head.read_head(self.conn.rfile)
            if not line:
                return
            self._take_head(line, lines)
        except HeadError as error:
            self.refuse(error.status, str(error))
            return
        if self.inheaders.get(b"Expect", b"").lower() == b"100-continue":
            self.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.ready = (pass_on := self.server.pass_on) is None or not pass_on(self)

    def _take_head(self, request_line: bytes, lines: bytes) -> None:
        line = self.line = request_head.parse_request_line(request_line)
        fields = self.fields = self.conn.field_reader.read(lines, line.protocol, line.authority)
        if fields.length > MAX_BODY_SIZE:
            raise HeadError("The body is too large.", "413 Request Entity Too Large")
        if line.protocol == b"HTTP/1.1":
            self.close_connection = b"close" in fields.options
        else:
            self.close_connection = b"keep-alive" not in fields.options
        self.chunked_read = fields.is_chunked
        self.inheaders = fields.values
        self.response_protocol = line.protocol.decode("ascii")

    def respond(self) -> None:
        self.server.gateway(self).respond()
        if self.ready:
            self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def ensure_headers_sent(self) -> None:
        if not self.sent_headers:
            self.send(b"")

    def send(self, chunk: bytes) -> None:
        """Sends a part of the body, the first one with the head: one system call and packet less."""
        head = b"" if self.sent_headers else self._response_head()
        self.sent_headers = True
        if self.chunked_write and chunk:
            chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        self.conn.wfile.write(head + chunk)

    def _response_head(self) -> bytes:
        """Returns the head of the response, with what a server adds; it settles whether the connection stays open."""
        headers: list[tuple[str, str]] = self.outheaders
        names = {name.lower() for name, _ in headers}
        is_current = self.response_protocol == "HTTP/1.1"
        lines = [f"HTTP/1.1 {self.status}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self.status.startswith("413"):
            # What is left of the body would be taken for the next request.
            self.close_connection = True
        elif "content-length" not in names and self.status[:3] not in _WITHOUT_BODY:
            if is_current and self.line.method != b"HEAD":
                self.chunked_write = True
                lines.append("Transfer-Encoding: chunked")
            else:
                self.close_connection = True
        if not self.close_connection and not self.server.can_add_keepalive_connection:
            self.close_connection = True
        if "connection" not in names:
            if self.close_connection:
                lines.append("Connection: close")
            elif not is_current:
                lines += ["Connection: Keep-Alive", f"Keep-Alive: timeout={self.server.timeout}"]
        if "date" not in names:
            lines.append(f"Date: {_http_date(int(time.time()))}")
        if "server" not in names:
            lines.append(f"Server: {self.server.server_name}")
        lines.append("\r\n")
        return "\r\n".join(lines).encode("latin-1")

    def simple_response(self, status: object, msg: str = "") -> None:
        """The response to a request that does not reach the application."""
        self.refuse(str(status), msg)

    def refuse(self, status: str, detail: str = "") -> None:
        """Answers in Make's shape, and closes the connection."""
        code, _, reason = status.partition(" ")
        body = orjson.dumps({"detail": detail or reason, "message": reason, "code": f"SC{code}"})
        self.close_connection = self.sent_headers = True
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            self.conn.wfile.write(head.encode("ascii") + body)
            _drain(self.conn.socket)
        except (OSError, ValueError):
            pass


@lru_cache(maxsize=1)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _drain(peer: Any) -> None:
    """Reads what a client still sends, for a moment, so that it sees the response rather than a reset."""
    deadline, left = time.monotonic() + DRAIN_SECONDS, MAX_DRAINED
    if not isinstance(peer, ssl.SSLSocket):
        peer.shutdown(socket.SHUT_WR)
    while left > 0 and (wait := deadline - time.monotonic()) > 0:
        peer.settimeout(wait)
        piece = peer.recv(65_536)
        if not piece:
            return
        left -= len(piece)


class _EnvironMixin:
    """Reader of fields and environment that the requests of a connection share."""

    server: Any
    remote_addr: str | None
    remote_port: int | None
    ssl_env: Mapping[str, Any] | None

    @cached_property
    def field_reader(self) -> FieldReader:
        """The reader of the fields of its heads."""
        return FieldReader()

    @cached_property
    def environ(self) -> dict[str, Any]:
        """The variables of WSGI that do not change from request to request."""
        server = self.server
        return {
            "ACTUAL_SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.remote_addr or "",
            "REMOTE_PORT": str(self.remote_port or ""),
            "SCRIPT_NAME": "",
            "SERVER_NAME": server.server_name,
            "SERVER_PORT": str(server.bind_addr[1]),
            "SERVER_SOFTWARE": server.software,
            "wsgi.multiprocess": False,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            **(self.ssl_env or {}),
        }


class _Connection(_EnvironMixin, HTTPConnection):
    RequestHandlerClass = _Request

    #: True until the first request of a connection that another worker handed over.
    is_handed_over = False

    def __init__(self, server: Any, peer: socket.socket, data: bytes = b"") -> None:
        super().__init__(server, peer, lambda peer, mode, _: open_stream(peer, mode, server.timeout, data))


class _TlsConnection(_EnvironMixin, TlsConnection):
    RequestHandlerClass = _Request

    is_handed_over = False


class _ConnectionManager(ConnectionManager):
    """Idle connections; where the process has no file descriptor left, they are closed to make room for new ones."""

    _last_warning = float("-inf")

    def _from_server_socket(self, server_socket: socket.socket) -> Any:
        try:
            if self.server.ssl_adapter is not None:
                return super()._from_server_socket(server_socket)  # type: ignore[misc]
            return self._accept(server_socket)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                raise
            now = time.monotonic()
            if now - self._last_warning > 60:
                self._last_warning = now
                log.warning("no file descriptor is left (%s): idle connections are closed", error.strerror)
            if not self._close_idle():
                # Nothing to close: the listening socket stays readable, so wait instead of spinning.
                time.sleep(ACCEPT_PAUSE)
            return None

    def _accept(self, server_socket: socket.socket) -> Any:
        """The next connection; ``None`` if its client has gone."""
        try:
            peer, address = server_socket.accept()
        except (BlockingIOError, ConnectionError):
            return None
        conn = self.server.ConnectionClass(self.server, peer)
        conn.remote_addr, conn.remote_port = address[:2]
        conn.ssl_env = {}
        return conn

    def stop(self) -> None:
        """Ends the loop at once, where cheroot waits until it looks by itself."""
        loop: Any = self
        server: Any = self.server
        loop._stop_requested = True
        if server.release is None and server.ssl_adapter is None:
            # A connection wakes it; no other process accepts from this listening socket.
            with (
                suppress(OSError),
                socket.create_connection(server.socket.getsockname()[:2], timeout=1) as peer,
            ):
                # Reset, so that nothing of it is left that would keep a server from this port.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        while loop._serving:
            time.sleep(STOP_POLL_INTERVAL)

    def close(self) -> None:
        selector: Any = self._selector  # type: ignore[attr-defined]
        if self.server.release is not None:
            for _, conn in selector.connections:
                if conn is not self.server:
                    self.server.release(conn)
        super().close()

    def _close_idle(self) -> int:
        """Closes the half of the idle connections that was used least recently; returns how many."""
        selector: Any = self._selector  # type: ignore[attr-defined]
        idle = [(conn.last_used, fd, conn) for fd, conn in selector.connections if conn is not self.server]
        idle.sort(key=lambda each: each[0])
        closed = idle[: (len(idle) + 1) // 2]
        for _, descriptor, conn in closed:
            selector.unregister(descriptor)
            conn.close()
        return len(closed)


class _CherootServer(WsgiServer):
    """Cheroot with a pool that grows, its errors sent to the log, and no socket left open by an address that is taken."""

    ConnectionClass: type[HTTPConnection] = _Connection

    #: Socket that listens already; ``None`` to bind one.
    listener: socket.socket | None = None
    #: Hands the connection of a parsed request over to another process; false if it stays.
    pass_on: Callable[[Any], bool] | None = None
    #: Hands a connection without a request over to another process, when the server stops; false if it has to be closed.
    release: Callable[[Any], bool] | None = None

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        if self.listener is None:
            bound: socket.socket = super().bind(family, type, proto)
            return bound
        self.socket = self.listener
        self.bind_addr = self.resolve_real_bind_addr(self.listener)  # type: ignore[no-untyped-call]
        return self.listener

    def prepare(self) -> None:
        super().prepare()
        self.socket.setblocking(False)
        self._connections.close()  # type: ignore[has-type]
        self._connections = _ConnectionManager(self)

    def put_conn(self, conn: Any) -> None:
        if self.ready or self.release is None or not self.release(conn):
            super().put_conn(conn)
        else:
            conn.close()

    def process_conn(self, conn: Any) -> None:
        # A new connection without a request waits among the idle ones, so that it occupies no thread.
        if conn.last_used is None and not _has_request(conn):
            self.put_conn(conn)
        else:
            self.requests.put(conn)

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


def _has_request(conn: Any) -> bool:
    """Reads the beginning of a new connection's first request, if it is there; true also for one that failed."""
    if not isinstance(conn.rfile, SocketReader):  # TLS: the handshake comes first
        return False
    try:
        return conn.rfile.fill()
    except OSError:
        return True


@contextmanager
def _bind_errors(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Cheroot wraps the system's error in a text of its own.
        if error.errno == errno.EADDRINUSE or "in use" in str(error).lower():
            raise PortInUseError(f"port {port} of {host} is taken") from None
        raise


def open_listener(host: str, port: int) -> socket.socket:
    """Returns a listening socket for several servers, each in a process of its own.

    Raises:
        PortInUseError: if another process listens at the address.
        OSError: if the address cannot be bound for another reason.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    failure = OSError(errno.EADDRNOTAVAIL, "there is no such address")
    for family, kind, protocol, _, _ in found:
        try:
            with _bind_errors(host, port):
                listener: socket.socket = _CherootServer.prepare_socket(
                    (host, port), family, kind, protocol, nodelay=True, ssl_adapter=None
                )
                _CherootServer.bind_socket(listener, (host, port))
                listener.listen(BACKLOG)
                return listener
        except OSError as error:
            failure = error
    raise failure


class Server:
    """Server of a WSGI application, in threads of its own.

    Use it as a context manager, or call `start` and `stop`.

    Args:
        tls: the TLS context with the server's certificate; with it, only HTTPS is served.
        listener: a socket that listens at the address already, see `open_listener`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self._server: Any = _CherootServer(
            (host, port),
            app,
            numthreads=1,
            server_name="make-emulator",
            request_queue_size=BACKLOG,
            timeout=30,
        )
        self._server.listener = listener
        self._server.gateway = _Gateway
        self._server.requests = ThreadPool(self._server)
        self._server.shutdown_timeout = SHUTDOWN_TIMEOUT
        self._server.keep_alive_conn_limit = MAX_IDLE_CONNECTIONS
        self._server.expiration_interval = POLL_INTERVAL
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
        with _bind_errors(self._host, self._port):
            self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="make-emulator", daemon=True)
        self._thread.start()

    def route_connections(self, pass_on: Callable[[Any], bool]) -> None:
        """Calls a function with each parsed request; if it returns true, it has handed the connection over."""
        self._server.pass_on = pass_on

    def release_connections(self, release: Callable[[Any], bool]) -> None:
        """Calls a function with each connection that waits for a request when the server stops; if it returns true, it has it."""
        self._server.release = release

    def adopt(self, peer: socket.socket, address: tuple[str, int], data: bytes, *, stays: bool) -> None:
        """Serves a connection that another process handed over.

        Args:
            data: what that process read of it.
            stays: true if the first request is not handed over again.
        """
        conn = _Connection(self._server, peer, data)
        conn.remote_addr, conn.remote_port = address[:2]
        conn.ssl_env = {}
        conn.is_handed_over = stays
        if data:
            self._server.requests.put(conn)
        else:
            self._server.put_conn(conn)

    def stop(self, timeout: float = SHUTDOWN_TIMEOUT) -> None:
        """Stops listening and closes the connections; returns within a second.

        Args:
            timeout: the most seconds to wait for requests under way.
        """
        self._server.shutdown_timeout = timeout
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
