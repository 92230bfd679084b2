"""Real calls to services outside, for servers that were started with ``--allow-network``.

One request and one answer at a time, with a budget for both: no proxies from the environment, no redirects, no
cookies, no retries, so that nothing leaves but what a scenario asked for. What this process intercepts for tests
(`mock_make`) leaves these calls alone.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .world.transport import HttpResponse, NoResponseError, OutgoingRequest

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

#: The largest answer that is taken, in bytes, unpacked: as long as a text in a run may be.
MAX_RESPONSE_SIZE = 5_000_000

#: How many bytes are read at a time, between two looks at the clock.
_CHUNK_SIZE = 65_536

#: Whether this thread is making a call of a scenario, which must reach the network itself.
is_calling_out: ContextVar[bool] = ContextVar("under_way", default=False)


class HttpClient:
    """Sends requests of scenarios where they are addressed to. Nothing is imported or opened before the first."""

    def __init__(self) -> None:
        self._pools: dict[tuple[bool, str | None], PoolManager] = {}

    def __call__(self, request: OutgoingRequest) -> HttpResponse:
        """Send a request and read its answer whole.

        Raises:
            Unanswered: if nobody answers in time, or more than is taken.
        """
        # Only who lets scenarios call needs it, and not before one does.
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
        except exceptions.NewConnectionError as error:
            # To urllib3 this is a time-out too.
            raise NoResponseError(
                "connection", _error_message(request, error), _elapsed_ms(started)
            ) from None
        except (TimeoutError, exceptions.TimeoutError):
            raise NoResponseError("timeout", "The operation timed out.", _elapsed_ms(started)) from None
        except OverflowError:
            text = f"The answer is larger than {MAX_RESPONSE_SIZE} bytes."
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

        given = {name.lower() for name, _ in request.headers}
        # Else urllib3 would add its own.
        added = {name: SKIP_HEADER for name in ("User-Agent", "Accept-Encoding") if name.lower() not in given}
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
        wanted = (request.verify_tls, request.ca_certificate)
        if wanted not in self._pools:
            if len(self._pools) > 16:
                self._pools.clear()
            self._pools[wanted] = _build_pool(*wanted)
        return self._pools[wanted]


def _build_pool(verified: bool, authority: str | None) -> PoolManager:
    """Connections that trust whom a request trusts."""
    import ssl

    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager

    class Pool(HTTPSConnectionPool):
        """Does not warn of a server that nobody vouches for: the module was told to take it."""

        def _validate_conn(self, conn: Any) -> None:
            if conn.is_closed:
                conn.connect()

    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cadata=authority)
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    pool = PoolManager(num_pools=8, maxsize=4, ssl_context=context)
    pool.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": Pool}
    return pool


def _read_body(response: BaseHTTPResponse, deadline: float) -> bytes:
    """The whole body.

    Raises:
        TimeoutError: if it does not come in time.
        OverflowError: if it is larger than is taken.
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
    """What went wrong, without what was sent: headers and addresses may hold secrets."""
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
