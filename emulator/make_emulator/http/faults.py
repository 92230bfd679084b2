"""Fault rules: error responses, delays and broken connections for matching requests, to test clients with.

Faults are the emulator's own, not a part of Make. They are injected before authentication and change nothing: a
request with a fault never reaches the world, unless only its response is delayed or truncated.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import islice
from typing import Any, Literal, NoReturn, TypeAlias, get_args
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Response

from ..lazy_dataclasses import dataclass
from ..world.models import Token
from . import errors

#: Maximum delay, and duration for which a request without a response is held, in milliseconds.
MAX_DELAY_MS = 60_000

#: Intervals at which a delayed request checks that its client is still connected, in seconds: the first, doubled each
#: time up to the last. Hundreds of requests that wait must not keep the interpreter busy.
POLL_INTERVALS = (0.05, 0.8)

FaultAction: TypeAlias = Literal["reset", "timeout", "truncate"]
"""Reset of the connection, no response until the client gives up, or half of the response."""

ACTIONS: tuple[FaultAction, ...] = get_args(FaultAction)

FaultName: TypeAlias = Literal["rate-limit", "unavailable", "failed-dependency", "run-timeout"]
"""Name of a fault with defaults."""

#: Named faults: defaults of the fields of such a rule.
PRESETS: Mapping[FaultName, Mapping[str, Any]] = {
    "rate-limit": {"status": 429},
    "unavailable": {"status": 503},
    "failed-dependency": {"status": 424},
    "run-timeout": {"status": 424, "method": "POST", "path": "/scenarios/*/run"},
}

#: Beginnings of the paths of webhooks and of the MCP server: rules match them only if their glob begins with it too.
SEPARATE_PREFIXES = ("/hook/", "/mcp")

#: Keys of the WSGI environment. The server sets a callable that returns true once the client, or the server, is gone;
#: a truncated response sets a flag for the server, since the connection cannot be used any more.
CLIENT_GONE_KEY = "make-emulator.gone"
TRUNCATED_KEY = "make-emulator.cut"

#: Key of the WSGI environment under which a client in this process has a callable that returns true once it closed the body, or
#: waits for the response no longer.
STREAM_CLOSED_KEY = "make-emulator.closed"

_ERROR_BY_STATUS: Mapping[int, type[errors.MakeError]] = {
    kind.status: kind
    for kind in (
        errors.BadRequestError,
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.ResourceNotFoundError,
        errors.ConfirmationRequiredError,
        errors.ConflictError,
        errors.PayloadTooLargeError,
        errors.BlockedByDependencyError,
        errors.FailedDependencyError,
        errors.RateLimitError,
        errors.InternalServerError,
        errors.ServiceUnavailableError,
    )
}

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class InjectedResetError(ConnectionResetError):
    """Connection that ends without a response. A server resets it; in-process it is raised to the caller."""


class InjectedTimeoutError(TimeoutError):
    """Response that never came. A server waits until the client has gone; in-process it is raised at once."""


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """Rule for the requests that get a fault, and for the kind of fault. Without status and action it only delays.

    ``path`` is a glob relative to ``/api/v2``, which it may begin with; ``token`` a label or a token; ``times`` the maximum and ``hits`` the
    current number of matches. With a ``probability``, ``seed`` decides which of the requests match.
    """

    id: int = 0
    name: FaultName | None = None
    method: str | None = None
    path: str | None = None
    token: str | None = None
    status: int | None = None
    action: FaultAction | None = None
    delay_ms: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    hits: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(f"fault:{self.seed}")
        for name, value in (PRESETS[self.name] if self.name else {}).items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        if self.path is not None:
            # The whole path is what a client sends, and what its author may have copied.
            self.path = "/" + self.path.lstrip("/").removeprefix("api/v2").lstrip("/")

    def matches(self, method: str, path: str, token: Token | None) -> bool:
        """Returns true if the rule matches a request, and counts the match."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method is not None and self.method != method:
            return False
        if self.path is not None and not fnmatchcase(path, self.path):
            return False
        if any(
            path.startswith(prefix) > (self.path or "").startswith(prefix) for prefix in SEPARATE_PREFIXES
        ):
            return False
        if self.token is not None and (token is None or self.token not in (token.label, token.token)):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def describe(self) -> str:
        """Returns the effect of the rule, for the request log."""
        if self.action is not None:
            effects = {"reset": "reset the connection", "timeout": "timed out"}
            return f"fault {self.id} {effects.get(self.action, 'truncated the response')}"
        if self.status is not None:
            return f"fault {self.id} responded"
        return f"fault {self.id} delayed it by {self.delay_ms} ms"


class FaultRules:
    """Fault rules of one world, in the order in which they were added; the first that matches counts."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._lock = threading.Lock()
        self._number = 0
        self._cleared = threading.Event()

    def __iter__(self) -> Iterator[FaultRule]:
        return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rule: FaultRule) -> FaultRule:
        with self._lock:
            self._number += 1
            rule.id = self._number
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Deletes all rules; delayed requests continue."""
        with self._lock:
            self._rules.clear()
            self._number = 0
            self._cleared.set()
            self._cleared = threading.Event()

    def find_match(self, method: str, path: str, token: Token | None) -> FaultRule | None:
        """Returns the first rule that matches a request, if any."""
        if not self._rules:
            return None
        with self._lock:
            return next((rule for rule in self._rules if rule.matches(method, path, token)), None)

    def delay(self, milliseconds: int, environ: WSGIEnvironment) -> None:
        """Waits in real time, at most until the faults are cleared or the client is gone. It holds no lock meanwhile."""
        gone: Callable[[], bool] = (
            environ.get(CLIENT_GONE_KEY) or environ.get(STREAM_CLOSED_KEY) or (lambda: False)
        )
        cleared, left = self._cleared, milliseconds / 1000
        interval, longest = POLL_INTERVALS
        while left > 0 and not cleared.wait(min(left, interval)) and not gone():
            left -= interval
            interval = min(2 * interval, longest)


def build_error(rule: FaultRule) -> errors.MakeError:
    """Returns the error of a rule with a status: Make's error of that status, or one of the same shape."""
    assert rule.status is not None
    if rule.name == "run-timeout":
        return errors.FailedDependencyError("The scenario is still running.")
    if kind := _ERROR_BY_STATUS.get(rule.status):
        return kind()
    error = errors.MakeError(_PHRASES.get(rule.status, "Error"))
    error.status, error.code, error.message = rule.status, f"SC{rule.status}", error.detail
    return error


class DroppedConnection(Response):
    """Response that never comes; sending it raises `InjectedResetError` or `InjectedTimeoutError`."""

    def __init__(self, faults: FaultRules, rule: FaultRule) -> None:
        super().__init__(status=0)
        self._faults = faults
        self._rule = rule

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> NoReturn:
        self.drop(environ)

    def drop(self, environ: WSGIEnvironment) -> NoReturn:
        """Raises the error of the rule, a timeout after the client has gone."""
        if self._rule.action == "reset":
            raise InjectedResetError(self._rule.describe())
        if CLIENT_GONE_KEY in environ:
            self._faults.delay(MAX_DELAY_MS, environ)
        raise InjectedTimeoutError(self._rule.describe())


class TruncatedResponse(Response):
    """First half of a response, under the headers of the whole; the request log keeps the whole."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.get_data(), status=whole.status, headers=whole.headers)

    @property
    def sent_data(self) -> bytes:
        """The part of the body that reaches the client."""
        body = self.get_data()
        return body[: len(body) // 2]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[TRUNCATED_KEY] = True
        start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list())
        return [self.sent_data]


class TruncatedStream(Response):
    """First piece of a streamed response; then the connection is reset."""

    def __init__(self, whole: Response) -> None:
        super().__init__(self._first_piece(whole), status=whole.status, headers=whole.headers)
        self.call_on_close(whole.close)

    @staticmethod
    def _first_piece(whole: Response) -> Iterator[bytes]:
        yield from islice(whole.iter_encoded(), 1)
        raise InjectedResetError("fault: the stream was truncated")
