"""State of one request on its way through a pipeline, independent of the protocol that carried it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import field
from typing import NamedTuple, Protocol
from wsgiref.types import WSGIEnvironment

from flask import Request, Response
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..lazy_dataclasses import dataclass
from ..registry import WorldHandle, WorldRegistry
from ..world.models import Token, User
from ..world.world import World
from . import kept_headers
from .content_coding import check_chunked_length, decode_content, has_body, plain_length, read_exactly
from .endpoint import ApiCall, Endpoint, ParsedParameters
from .errors import BadRequestError, UnauthorizedError
from .faults import FaultRule
from .kept_headers import KeptHeaders
from .request_log import LogEntry


class Caller(NamedTuple):
    """Owner of a token, and the world in which the token is known."""

    handle: WorldHandle
    user: User
    token: Token


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """Remainder of a rate-limit window after a request was counted; ``reset`` in Unix seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(self.reset)),
        ]


class RequestInput(Protocol):
    """Input of a request, read only when a step needs it."""

    @property
    def authorization(self) -> str | None:
        """Value of the ``Authorization`` header."""

    @property
    def host(self) -> str:
        """Host that was called, with its port; empty without HTTP."""

    @property
    def origin(self) -> str:
        """Scheme and host for URLs in responses, e.g. ``https://eu1.make.com``."""

    @property
    def query(self) -> MultiDict[str, str]:
        """Query parameters."""

    @property
    def environ(self) -> WSGIEnvironment:
        """WSGI environment; empty without HTTP."""

    @property
    def headers(self) -> KeptHeaders:
        """Headers, as the request log keeps them; none without HTTP."""

    def read_body(self, limit: int) -> bytes:
        """Returns the body, decoded.

        Raises:
            RequestEntityTooLarge: if it is longer than ``limit`` bytes.
            MakeError: if its content coding is not accepted, or it is malformed.
        """

    def check_json(self, body: bytes) -> None:
        """Raises BadRequestError unless a body with content is declared as JSON."""


#: The query of requests without parameters.
_NO_ARGUMENTS: MultiDict[str, str] = ImmutableMultiDict()


class HttpInput:
    """Input of an HTTP request.

    It reads the environment itself where it can: Flask's request, and each access through its proxy, cost as much as a step of
    the pipeline.

    Args:
        request: the request of the environment, if there is one already.
    """

    __slots__ = ("_request", "environ")

    def __init__(self, environ: WSGIEnvironment, request: Request | None = None) -> None:
        self.environ = environ
        self._request = request

    @property
    def request(self) -> Request:
        """The request, made on first use; it works outside of Flask's contexts."""
        if self._request is None:
            # Without a reference back to it: what a request holds is free at its end, and no work for the garbage collector.
            self._request = Request(self.environ, populate_request=False)
        return self._request

    @property
    def authorization(self) -> str | None:
        return self.environ.get("HTTP_AUTHORIZATION")

    @property
    def host(self) -> str:
        return self.environ.get("HTTP_HOST") or self.request.host

    @property
    def origin(self) -> str:
        return self.request.host_url.rstrip("/")

    @property
    def headers(self) -> KeptHeaders:
        return kept_headers.keep_request(self.environ)

    @property
    def query(self) -> MultiDict[str, str]:
        # Most requests have none; parsing it costs as much as five steps of the pipeline.
        return self.request.args if self.environ.get("QUERY_STRING") else _NO_ARGUMENTS

    def read_body(self, limit: int) -> bytes:
        if not has_body(self.environ):
            return b""
        if (length := plain_length(self.environ)) is not None:
            return read_exactly(self.environ["wsgi.input"], length, limit)
        request = self.request
        request.max_content_length = limit
        decode_content(request, limit)
        body = request.get_data(cache=False)
        check_chunked_length(request, body, limit)
        return body

    def check_json(self, body: bytes) -> None:
        if self.environ.get("CONTENT_TYPE") == "application/json":
            return
        if body.strip() and self.request.mimetype != "application/json":
            raise BadRequestError("The body must be JSON, with content type application/json.", suberrors=[])


@dataclass(frozen=True, slots=True)
class DirectInput:
    """Input of a call within this process, without HTTP."""

    query: MultiDict[str, str] = field(default_factory=MultiDict)
    body: bytes = b""
    origin: str = ""
    authorization: str | None = None
    host: str = ""
    environ: WSGIEnvironment = field(default_factory=dict)
    headers: KeptHeaders = ()

    def read_body(self, limit: int) -> bytes:
        if len(self.body) > limit:
            raise RequestEntityTooLarge
        return self.body

    def check_json(self, body: bytes) -> None:
        """The body of a direct call is always JSON."""


@dataclass(slots=True)
class RequestContext:
    """One request: what came in, and what the steps found out about it so far."""

    registry: WorldRegistry
    input: RequestInput
    entry: LogEntry
    endpoint: Endpoint | None = None
    #: Werkzeug's error, if no endpoint matched.
    routing_error: HTTPException | None = None
    #: Values of the path parameters, as text.
    path: Mapping[str, str] = field(default_factory=dict)
    #: The declared routes, such as ``GET /scenarios/{scenarioId}``.
    routes: Collection[str] = ()
    #: The world that the request belongs to; ``None`` until a step found it.
    handle: WorldHandle | None = None
    #: The state that the request has locked; its handle may have got another one since.
    locked_world: World | None = None
    caller: Caller | None = None
    #: Set by authentication, raised after fault injection: faults come before a token is looked at.
    authentication_error: UnauthorizedError | None = None
    fault: FaultRule | None = None
    body: bytes | None = None
    parsed: ParsedParameters | None = None
    call: ApiCall | None = None
    rate_limit_status: RateLimitStatus | None = None
    response: Response | None = None
    #: Body for the log, where the response wraps it, e.g. in events.
    logged_body: bytes | None = None
    #: Released when the request steps are over, before the response steps: the lock of the world.
    resources: ExitStack = field(default_factory=ExitStack)

    @property
    def fault_path(self) -> str:
        """Path that fault rules are matched with."""
        return self.entry.path

    @property
    def is_read(self) -> bool:
        """True for a call of the API that reads only."""
        return self.endpoint is not None and self.endpoint.method == "GET"

    def require_handle(self) -> WorldHandle:
        """The world of the request, for steps that come after the one that finds it."""
        assert self.handle is not None
        return self.handle

    def require_caller(self) -> Caller:
        """The caller, for steps that come after authentication."""
        assert self.caller is not None
        return self.caller

    def require_call(self) -> ApiCall:
        """The resolved call, for steps that come after resolution."""
        assert self.call is not None
        return self.call

    def require_endpoint(self) -> Endpoint:
        """The endpoint, for steps that come after routing."""
        assert self.endpoint is not None
        return self.endpoint

    @property
    def world(self) -> World:
        """The world of the request: the locked one, or before that step the present one."""
        return self.locked_world or self.require_handle().world
