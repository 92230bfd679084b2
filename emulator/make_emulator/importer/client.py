"""A zone of Make as a pull sees it: GET requests with a token, paced, and errors in one clear line.

That nothing is ever changed is guaranteed at one place: the only way from here to the network is `ReadOnlyAdapter`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from ..throttle import Throttle
from ..version import __version__

API_PATH = "/api/v2"

#: How often a request is tried, and how long to wait after the first failure of the service, in seconds.
MAX_ATTEMPTS = 5
INITIAL_BACKOFF = 2.0
TIMEOUT = 60.0

#: What may be over when it is tried again: no connection, no answer, half an answer.
_TRANSIENT_ERRORS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

_ZONE_PATTERN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)


class ZoneError(Exception):
    """The zone cannot be read; the text is one line and never holds the token."""


class ErrorResponseError(ZoneError):
    """What the zone answered instead of what was asked for; ``told`` is what it says."""

    def __init__(self, where: str, told: str) -> None:
        super().__init__(f"GET {where} answered {told}")
        self.summary = told


class ForbiddenError(ErrorResponseError):
    """403: a scope, a role or the plan does not let the token read this."""


class NotFoundError(ErrorResponseError):
    """404: there is no such thing, or the token may not see it."""


class ListPage(NamedTuple):
    """Some rows of a list, and whether no others follow."""

    rows: list[dict[str, Any]]
    is_last: bool


class ReadOnlyAdapter(HTTPAdapter):
    """Lets nothing out but GET requests."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if request.method != "GET":
            raise RuntimeError(f"a pull only reads: {request.method} is refused")
        return super().send(request, *args, **kwargs)


class _TokenAuth(requests.auth.AuthBase):
    """Sets the token as the last thing before a request leaves: no ``.netrc`` of the machine takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._token}"
        return request


def zone_base_url(zone: str) -> str:
    """The base URL of a zone: ``eu1`` or ``eu1.make.com`` stand for ``https://eu1.make.com/api/v2``.

    Raises:
        ValueError: if it is no name of a zone.
    """
    if not _ZONE_PATTERN.fullmatch(zone):
        raise ValueError(f"{zone!r} is not a zone such as eu1")
    return f"https://{zone if '.' in zone else f'{zone}.make.com'}{API_PATH}"


def normalize_base_url(url: str) -> str:
    """A base URL, with ``/api/v2`` at its end whether it was given or not.

    Raises:
        ValueError: if it is no address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError(f"{url!r} is not the address of a zone such as https://eu1.make.com/api/v2")
    plain = url.rstrip("/")
    return plain if plain.endswith(API_PATH) else plain + API_PATH


class ZoneClient:
    """Reads from one zone with one token.

    Args:
        address: the base URL, ending in ``/api/v2``.
    """

    def __init__(self, address: str, token: str, throttle: Throttle) -> None:
        self.address = address
        self.throttle = throttle
        self.requests = 0
        self._session = requests.Session()
        self._session.adapters.clear()
        self._session.mount("https://", ReadOnlyAdapter())
        self._session.mount("http://", ReadOnlyAdapter())
        self._session.auth = _TokenAuth(token)
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": f"make-emulator/{__version__} (pull)"}
        )

    def get(self, *path: str | int, **query: Any) -> dict[str, Any]:
        """The JSON object at a path; a list in the query becomes ``name[]=…``.

        Raises:
            Denied: 403.  Absent: 404.
            ZoneError: for anything else that is no answer.
        """
        where = "/" + "/".join(quote(str(part), safe="") for part in path)
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            self.throttle.acquire()
            self.requests += 1
            try:
                answer = self._session.get(
                    self.address + where, params=_query_pairs(query), timeout=TIMEOUT, allow_redirects=False
                )
            except requests.exceptions.SSLError as error:
                raise ZoneError(f"no secure connection to {self.address}: {_root_cause(error)}") from None
            except _TRANSIENT_ERRORS as error:
                problem = f"{self.address} cannot be reached: {_root_cause(error)}"
                # What was never reached is most likely misspelt; what was reached before comes back.
                if self.requests == 1:
                    break
                self.throttle.back_off(INITIAL_BACKOFF * 2**attempt)
                continue
            except requests.RequestException as error:
                raise ZoneError(f"{self.address} cannot be asked: {_root_cause(error)}") from None
            if answer.status_code == 429:
                problem = f"GET {where} was refused {MAX_ATTEMPTS} times for the rate limit (429)"
                self.throttle.on_rate_limited(answer.headers)
                continue
            self.throttle.read_headers(answer.headers)
            if answer.status_code >= 500:
                problem = f"GET {where} answered {_error_summary(answer)}"
                self.throttle.back_off(INITIAL_BACKOFF * 2**attempt)
                continue
            return self._read(where, answer)
        raise ZoneError(problem)

    def page(self, key: str, *path: str | int, limit: int, offset: int = 0, **query: Any) -> ListPage:
        """A page of a list. One that holds fewer rows than it was asked for is the last."""
        answer = self.get(*path, **query, **{"pg[limit]": limit, "pg[offset]": offset})
        rows = extract_rows(answer, key)
        page = answer.get("pg")
        # The zone may give less than it was asked for, and says so.
        most = page.get("limit") if isinstance(page, Mapping) else None
        return ListPage(rows, len(rows) < (min(limit, most) if isinstance(most, int) and most > 0 else limit))

    def _read(self, where: str, answer: requests.Response) -> dict[str, Any]:
        match answer.status_code:
            case 200:
                try:
                    body = orjson.loads(answer.content)
                except orjson.JSONDecodeError:
                    body = None
                if isinstance(body, dict):
                    return body
                raise ZoneError(f"GET {where} answered no JSON object: is {self.address} a zone of Make?")
            case 401:
                raise ZoneError(f"{self.address} does not know this token (401)")
            case 403:
                raise ForbiddenError(where, _error_summary(answer))
            case 404:
                raise NotFoundError(where, _error_summary(answer))
            case status if 300 <= status < 400:
                raise ZoneError(
                    f"GET {where} was sent elsewhere ({status}): is {self.address} the right zone?"
                )
        raise ErrorResponseError(where, _error_summary(answer))


def extract_rows(answer: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer.

    Raises:
        ZoneError: if there is no such list.
    """
    rows = answer.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ZoneError(f"an answer has no list {key!r}")
    return rows


def _query_pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, (list, tuple)):
            pairs += [(f"{name}[]", str(item)) for item in value]
        elif value is not None:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def _error_summary(answer: requests.Response) -> str:
    """``403 SC403, Access denied.``: what an error answer says."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return str(answer.status_code)
    text = body.get("detail") or body.get("message") or ""
    return f"{answer.status_code} {body.get('code', '')}, {text}".replace("\n", " ").rstrip(", ")[:300]


def _root_cause(error: BaseException) -> str:
    """The innermost reason of a failure to connect, without the objects that it is wrapped in."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or next(
            (argument for argument in seen.args if isinstance(argument, BaseException)), None
        )
        if not isinstance(inner, BaseException) or inner is seen:
            break
        seen = inner
    text = getattr(seen, "strerror", None) or str(seen).rpartition(": ")[2] or type(seen).__name__
    return " ".join(str(text).split())[:200]
