"""WSGI application of the proxy: gate, pace, the zone, the recording, the shadow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import orjson

from ..http.faults import InjectedResetError
from ..http.hints import HEADER as HINT_HEADER
from ..json_types import JsonObject
from ..plain_text import escape_control_characters
from ..redaction.masking import LOG_REDACTOR
from ..replay.archive import Exchange
from ..throttle import DEFAULT_LIMIT, SystemTimer, Throttle, Timer
from . import mcp_messages
from .gate import Gate, ListFilter, Permission, RefusedError
from .recorder import BODY_LIMIT, Recorder, decode_body, make_entry
from .request import ProxyRequest, passed_headers, read_request
from .upstream import Upstream, UpstreamError, UpstreamResponse

_JSON = "application/json; charset=utf-8"


class Pace:
    """Throttle of all clients of the proxy together: they share the limit of the organization, which its answers show.

    Args:
        timer: the clock to wait on.
        log: receives a line for each wait of a second or more.
    """

    def __init__(self, timer: Timer | None = None, log: Callable[[str], None] | None = None) -> None:
        self._throttle = Throttle(DEFAULT_LIMIT, timer or SystemTimer(), log=log)
        self._lock = threading.Lock()
        self._is_known = False

    def wait(self) -> None:
        """Waits until one more request is within the limit; those that wait go on in their order."""
        with self._lock:
            self._throttle.acquire()

    def read(self, response: UpstreamResponse) -> None:
        """Reads the limit, and what is left of it, from the headers of a response."""
        headers = {name.title().replace("Ratelimit", "RateLimit"): value for name, value in response.headers}
        limit = headers.get("X-RateLimit-Limit", "")
        # Not behind the lock, which a client that waits holds.
        if limit.isascii() and limit.isdigit() and int(limit) > 0:
            known = self._throttle.limit if self._is_known else None
            self._throttle.limit, self._is_known = min(int(limit), known or int(limit)), True
        if response.status == 429:
            self._throttle.on_rate_limited(headers)
        else:
            self._throttle.read_headers(headers)


class ProxyApp:
    """Application that passes requests to a zone.

    Args:
        record: receives each exchange without secrets, once its response has ended.
        log: receives a line for each request.
        now: the milliseconds since the epoch.
    """

    def __init__(
        self,
        upstream: Upstream,
        gate: Gate,
        pace: Pace,
        recorder: Recorder,
        *,
        record: Callable[[Exchange], None] | None = None,
        log: Callable[[str], None] = lambda line: None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._upstream = upstream
        self._gate = gate
        self._pace = pace
        self._recorder = recorder
        self._record = record
        self._log = log
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        if not (request.is_api or request.is_mcp or request.is_hook or request.is_well_known):
            return self._refuse(request, start_response, 404, "the proxy serves /api/v2, /mcp and /hook only")
        try:
            permission = self._gate.check(request)
        except RefusedError as error:
            self._log_line(error.statement or f"{_name(request)}: refused, {error.reason}")
            return self._refuse(request, start_response, 403, error.reason)
        headers = dict(request.headers)
        is_rewritten = permission.list_filter is not None or permission.hides_tools
        codings = [part.strip() for part in headers.get("accept-encoding", "").split(",")]
        headers["accept-encoding"] = "gzip" if "gzip" in codings and not is_rewritten else "identity"
        if not request.is_hook:
            self._pace.wait()
        started, began = self._now(), time.perf_counter()
        try:
            response = self._upstream.send(request.method, request.target, headers, request.body)
        except UpstreamError as error:
            self._log_line(f"{_name(request)}: no answer, {error}")
            return self._refuse(request, start_response, 502, str(error))
        if not request.is_hook:
            self._pace.read(response)

        def record(body: bytes | None) -> None:
            elapsed = (time.perf_counter() - began) * 1_000
            sentence = self._gate.state(permission, response.status) or _name(request)
            self._log_line(f"{sentence} -> {response.status} ({elapsed:.0f} ms)")
            entry = make_entry(
                started=started,
                elapsed=round(elapsed, 1),
                method=request.method,
                url=self._upstream.url(request.target),
                request_headers=list(headers.items()),
                request_body=request.body,
                status=response.status,
                reason=response.reason,
                response_headers=response.headers,
                response_body=body,
            )
            self._keep(entry)

        if is_rewritten and response.status == 200:
            return self._rewrite(permission, response, start_response, record)
        start_response(response.status_line, passed_headers(response.headers))
        return _Body(response, record, lambda error: self._log_line(f"{_name(request)}: {error}"))

    # --- responses ---------------------------------------------------------------------------------

    def _rewrite(
        self,
        permission: Permission,
        response: UpstreamResponse,
        start_response: StartResponse,
        record: Callable[[bytes | None], None],
    ) -> Iterable[bytes]:
        """Returns a list without the rows, or the tools, that the policy does not grant."""
        try:
            body = b"".join(response.pieces())
        except UpstreamError as error:
            start_response("502 Bad Gateway", [("Content-Type", _JSON)])
            return [_error_body(502, str(error))]
        record(body)
        plain = decode_body(body, response.header("content-encoding"))
        shown = (
            _filter_list(permission.list_filter, plain)
            if permission.list_filter is not None
            else mcp_messages.hide_tools(
                plain,
                response.header("content-type").partition(";")[0].strip().lower(),
                self._gate.may_use_tool,
            )
        )
        if shown is None:
            # Nothing is shown of which it is not known what may be.
            start_response("502 Bad Gateway", [("Content-Type", _JSON)])
            return [
                _error_body(
                    502, "the list of the zone has an unknown form, so that the policy cannot filter it"
                )
            ]
        dropped = ("content-length", "content-encoding", "etag")
        headers = [
            (name, value) for name, value in passed_headers(response.headers) if name.lower() not in dropped
        ]
        headers.append(("Content-Length", str(len(shown))))
        start_response(response.status_line, headers)
        return [shown]

    def _refuse(
        self, request: ProxyRequest, start_response: StartResponse, status: int, reason: str
    ) -> Iterable[bytes]:
        """Returns a response in Make's shape, or as an MCP server answers."""
        hint = (HINT_HEADER, escape_control_characters(reason).encode("ascii", "backslashreplace").decode())
        if request.is_mcp and status == 403:
            body = mcp_messages.error_response(request.json(), reason)
            if body is None:
                start_response("202 Accepted", [hint, ("Content-Length", "0")])
                return []
            start_response(
                "200 OK", [("Content-Type", "application/json"), hint, ("Content-Length", str(len(body)))]
            )
            return [body]
        body = _error_body(status, reason)
        names = {403: "403 Forbidden", 404: "404 Not Found", 502: "502 Bad Gateway"}
        start_response(names[status], [("Content-Type", _JSON), hint, ("Content-Length", str(len(body)))])
        return [body]

    # --- records -----------------------------------------------------------------------------------

    def _keep(self, entry: JsonObject) -> None:
        try:
            exchange = self._recorder.record(entry)
        except OSError as error:
            self._log_line(f"the recording cannot be written: {error.strerror}")
            return
        if self._record is not None:
            self._record(exchange)

    def _log_line(self, text: str) -> None:
        self._log(escape_control_characters(text))


class _Body:
    """Body of a response, passed on as it arrives, and recorded at its end."""

    def __init__(
        self,
        response: UpstreamResponse,
        record: Callable[[bytes | None], None],
        on_error: Callable[[UpstreamError], None],
    ) -> None:
        self._response = response
        self._record = record
        self._on_error = on_error
        self._pieces = response.pieces()
        self._kept: list[bytes] | None = []
        self._size = 0
        self._is_recorded = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._finish()
            raise
        except UpstreamError as error:
            self._on_error(error)
            self._kept = None
            self._finish()
            # The server drops the connection, so that the client does not take the beginning for the whole.
            raise InjectedResetError from None
        self._size += len(piece)
        if self._size > BODY_LIMIT:
            self._kept = None
        if self._kept is not None:
            self._kept.append(piece)
        return piece

    def close(self) -> None:
        """Ends the response; what came of it so far is recorded."""
        self._response.close()
        self._finish()

    def _finish(self) -> None:
        if not self._is_recorded:
            self._is_recorded = True
            self._record(None if self._kept is None else b"".join(self._kept))


def _name(request: ProxyRequest) -> str:
    """Returns method and address of a request for the log, without secrets."""
    return f"{request.method} {LOG_REDACTOR.mask_url(request.target)}"


def _filter_list(list_filter: ListFilter, body: bytes) -> bytes | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    filtered = list_filter.apply(document)
    return None if filtered is None else orjson.dumps(filtered)


def _error_body(status: int, reason: str) -> bytes:
    messages = {403: "Access denied", 404: "Not found", 502: "Bad Gateway"}
    detail = f"Refused by the proxy: {reason}." if status == 403 else f"{reason[:1].upper()}{reason[1:]}."
    return orjson.dumps({"detail": detail, "message": messages[status], "code": f"SC{status}"})
