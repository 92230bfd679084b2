"""HTTP client for real calls to external services, for servers that were started with ``--allow-network``.

One request and one response at a time, with limits of time and size: no proxies from the environment, no redirects, no
cookies, no retries, so that nothing is sent but the request of a scenario. The interception of this process
(`mock_make`) does not apply to these calls.

A call has a thread of its own. Its caller gives up at the time-out, or when it is interrupted, wherever the call is: in the look-up
of a name, in a handshake, or at a header that arrives byte by byte.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .public_addresses import PrivateAddressError, resolve
from .world.transport import HttpResponse, NoResponseError, OutgoingRequest

if TYPE_CHECKING:
    import socket

    from urllib3 import BaseHTTPResponse, PoolManager
    from urllib3.connection import HTTPConnection

#: The largest accepted response in bytes, decompressed: the limit of a text in a run.
MAX_RESPONSE_SIZE = 5_000_000

#: Bytes to read between two checks of the deadline.
_CHUNK_SIZE = 65_536

#: Whether this thread makes a call of a scenario, which must not be intercepted.
is_calling_out: ContextVar[bool] = ContextVar("is_calling_out", default=False)


#: Seconds between two looks at an interruption.
_POLL_INTERVAL = 0.05

#: The call that this thread makes.
_current_call: ContextVar[_Call | None] = ContextVar("current_call", default=None)


class _Call:
    """Call in a thread of its own, which its caller can give up."""

    def __init__(self, send: Callable[[], HttpResponse]) -> None:
        self._send = send
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_given_up = False
        self._response: HttpResponse | None = None
        self._error: BaseException | None = None

    def wait(self, timeout: float, interruption: threading.Event | None) -> HttpResponse:
        """Makes the call and returns its response.

        Raises:
            NoResponseError: if there is none in time.
        """
        started = time.monotonic()
        threading.Thread(target=self._run, name="make-emulator-call", daemon=True).start()
        while not self._done.is_set():
            left = started + timeout - time.monotonic()
            if left <= 0:
                self._give_up()
                raise NoResponseError("timeout", "The operation timed out.", _elapsed_ms(started))
            if interruption is not None and interruption.is_set():
                self._give_up()
                raise NoResponseError("connection", "The request was interrupted.", _elapsed_ms(started))
            self._done.wait(min(left, _POLL_INTERVAL) if interruption is not None else left)
        if self._error is not None:
            raise self._error
        assert self._response is not None
        return self._response

    def track(self, connected: socket.socket) -> None:
        """Notes the socket of the call, to shut down once it is given up."""
        with self._lock:
            self._socket = connected
            if self._is_given_up:
                _shut_down(connected)

    def _run(self) -> None:
        _current_call.set(self)
        try:
            self._response = self._send()
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                # The connection goes back to its pool, for other calls.
                self._socket = None
            self._done.set()

    def _give_up(self) -> None:
        with self._lock:
            self._is_given_up = True
            if self._socket is not None:
                _shut_down(self._socket)


def _track_socket(connected: Any) -> None:
    call = _current_call.get()
    if call is not None and connected is not None:
        call.track(connected)


def _shut_down(connected: socket.socket) -> None:
    """Shuts down a socket below TLS, which wakes up the thread that waits for it."""
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


class HttpClient:
    """Client that sends requests of scenarios. Nothing is imported or opened before the first one.

    Args:
        allow_private: true to connect to addresses that are not public, too.
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self._pools: dict[tuple[bool, str | None], PoolManager] = {}

    def __call__(self, request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
        """Sends a request and reads the whole response.

        Args:
            interruption: an event that ends the call early.

        Raises:
            NoResponseError: if the response is not complete in time, or is too large, or the call was interrupted.
        """
        call = _Call(lambda: self._send(request))
        return call.wait(request.timeout / 1_000, interruption)

    def _send(self, request: OutgoingRequest) -> HttpResponse:
        # Imported on use: only servers with --allow-network need urllib3, once a scenario calls.
        from urllib3 import exceptions

        started = time.monotonic()
        deadline = started + request.timeout / 1_000
        mark = is_calling_out.set(True)
        try:
            response = self._open(request)
            try:
                body = _read_body(response, deadline)
            finally:
                response.close()
            return HttpResponse(
                status=response.status,
                headers=tuple(response.headers.items()),
                body=body,
                elapsed=_elapsed_ms(started),
            )
        except PrivateAddressError as error:
            raise NoResponseError("connection", str(error), _elapsed_ms(started)) from None
        except exceptions.NewConnectionError as error:
            # urllib3 derives it from its timeout error.
            raise NoResponseError(
                "connection", _error_message(request, error), _elapsed_ms(started)
            ) from None
        except (TimeoutError, exceptions.TimeoutError):
            raise NoResponseError("timeout", "The operation timed out.", _elapsed_ms(started)) from None
        except OverflowError:
            text = f"The response is larger than {MAX_RESPONSE_SIZE} bytes."
            raise NoResponseError("size", text, _elapsed_ms(started)) from None
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise NoResponseError(
                "connection", _error_message(request, error), _elapsed_ms(started)
            ) from None
        finally:
            is_calling_out.reset(mark)

    def _open(self, request: OutgoingRequest) -> BaseHTTPResponse:
        from urllib3 import Timeout
        from urllib3.util import SKIP_HEADER

        present = {name.lower() for name, _ in request.headers}
        # urllib3 would add its own otherwise.
        added = {
            name: SKIP_HEADER for name in ("User-Agent", "Accept-Encoding") if name.lower() not in present
        }
        return self._pool(request).request(
            request.method,
            request.url,
            body=request.body or None,
            headers={**added, **dict(request.headers)},
            timeout=Timeout(total=request.timeout / 1_000),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _pool(self, request: OutgoingRequest) -> PoolManager:
        key = (request.verify_tls, request.ca_certificate)
        if key not in self._pools:
            if len(self._pools) > 16:
                self._pools.clear()
            self._pools[key] = _build_pool(*key, allow_private=self._allow_private)
        return self._pools[key]


def _build_pool(verified: bool, ca_certificate: str | None, *, allow_private: bool) -> PoolManager:
    """Returns a pool of connections with the TLS settings of a request."""
    import ssl

    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class PlainConnection(HTTPConnection):
        """Connection whose socket the current call can shut down."""

        def _new_conn(self) -> socket.socket:
            return super()._new_conn() if allow_private else _connect_publicly(self, super()._new_conn)

        def request(self, *args: Any, **options: Any) -> None:
            if self.sock is None:
                self.connect()
            _track_socket(self.sock)
            super().request(*args, **options)

    class TlsConnection(HTTPSConnection):
        """Connection with TLS whose socket the current call can shut down."""

        def _new_conn(self) -> socket.socket:
            return super()._new_conn() if allow_private else _connect_publicly(self, super()._new_conn)

        def request(self, *args: Any, **options: Any) -> None:
            _track_socket(self.sock)
            super().request(*args, **options)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        """Pool without warnings about unverified certificates, which the module accepts."""

        ConnectionCls = TlsConnection

        def _validate_conn(self, conn: Any) -> None:
            if conn.is_closed:
                conn.connect()

    context = ssl.create_default_context()
    if ca_certificate:
        context.load_verify_locations(cadata=ca_certificate)
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    pool = PoolManager(num_pools=8, maxsize=4, ssl_context=context)
    pool.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return pool


def _connect_publicly(connection: HTTPConnection, open_socket: Callable[[], socket.socket]) -> socket.socket:
    """Returns the socket of a connection to a public address of its host.

    The address that was checked is the one that is connected to: the name is not resolved again.
    """
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    name = connection.host
    try:
        addresses = resolve(name, connection.port)
    except socket.gaierror as error:
        raise NameResolutionError(name, connection, error) from None
    for position, address in enumerate(addresses, 1):
        # The certificate is checked after this, for the name.
        connection.host = address
        try:
            return open_socket()
        except NewConnectionError:
            if position == len(addresses):
                raise
        finally:
            connection.host = name
    raise AssertionError("a host has at least one address")


def _read_body(response: BaseHTTPResponse, deadline: float) -> bytes:
    """Reads the whole body.

    Raises:
        TimeoutError: if it is not complete in time.
        OverflowError: if it is too large.
    """
    pieces, size = [], 0
    for piece in response.stream(_CHUNK_SIZE):
        size += len(piece)
        if size > MAX_RESPONSE_SIZE:
            raise OverflowError
        if time.monotonic() > deadline:
            raise TimeoutError
        pieces.append(piece)
    return b"".join(pieces)


def _error_message(request: OutgoingRequest, error: Exception) -> str:
    """Returns the reason of a failure without headers and URL, which may hold secrets."""
    import ssl

    from urllib3 import exceptions
    from urllib3.util import parse_url

    address = parse_url(request.url)
    host, port = address.host or "", address.port or {"https": 443}.get(address.scheme or "", 80)
    inner = getattr(error, "reason", None)
    reason = inner if isinstance(inner, Exception) else error
    match reason:
        case exceptions.NameResolutionError():
            return f"getaddrinfo ENOTFOUND {host}"
        case exceptions.SSLError() | ssl.SSLError():
            return f"The certificate of {host} cannot be verified."
        case exceptions.NewConnectionError():
            return f"connect ECONNREFUSED {host}:{port}"
    return f"The request to {host} failed: {type(reason).__name__}."


def _elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1_000)
