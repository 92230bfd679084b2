"""Read-only client of a zone of Make: throttled GET requests with a token, and errors of one line.

`ReadOnlyAdapter`, the only access to the network, guarantees that nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from ..error_reasons import connection_error_reason
from ..json_types import JsonObject
from ..throttle import Throttle
from ..version import __version__

API_PATH = "/api/v2"

#: The most attempts of a request, and the wait after the first failure of the service, in seconds.
MAX_ATTEMPTS = 5
INITIAL_BACKOFF = 2.0
TIMEOUT = 60.0

#: Failures after which a request is retried: no connection, no response, a truncated response.
_TRANSIENT_ERRORS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

_ZONE_PATTERN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)


class ZoneError(Exception):
    """A zone that cannot be read; the text is one line without the token."""


class ErrorResponseError(ZoneError):
    """Error response of the zone; ``summary`` is its status, code and text."""

    def __init__(self, path: str, summary: str) -> None:
        super().__init__(f"GET {path} answered {summary}")
        self.summary = summary


class ForbiddenError(ErrorResponseError):
    """403: a scope, the role or the plan forbids the token to read this."""


class NotFoundError(ErrorResponseError):
    """404: there is no such resource, or it is not visible to the token."""


class ListPage(NamedTuple):
    """Page of a list; ``is_last`` if no other page follows."""

    rows: list[JsonObject]
    is_last: bool


class ReadOnlyAdapter(HTTPAdapter):
    """Adapter that sends GET requests only."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if request.method != "GET":
            raise RuntimeError(f"a pull only reads: {request.method} is refused")
        return super().send(request, *args, **kwargs)


class _TokenAuth(requests.auth.AuthBase):
    """Authentication that sets the token last, so that no ``.netrc`` of the machine replaces it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._token}"
        return request


def zone_base_url(zone: str) -> str:
    """Returns the base URL of a zone: of ``eu1`` or ``eu1.make.com`` it is ``https://eu1.make.com/api/v2``.

    Raises:
        ValueError: if it is not the name of a zone.
    """
    if not _ZONE_PATTERN.fullmatch(zone):
        raise ValueError(f"{zone!r} is not a zone such as eu1")
    return f"https://{zone if '.' in zone else f'{zone}.make.com'}{API_PATH}"


def normalize_base_url(url: str) -> str:
    """Returns a base URL with ``/api/v2`` at its end.

    Raises:
        ValueError: if it is not the URL of a zone.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError(f"{url!r} is not the address of a zone such as https://eu1.make.com/api/v2")
    plain = url.rstrip("/")
    return plain if plain.endswith(API_PATH) else plain + API_PATH


class ZoneClient:
    """Client of one zone with one token.

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

    def get(self, *path: str | int, **query: Any) -> JsonObject:
        """Returns the JSON object at a path; a list in the query becomes ``name[]=…``.

        Raises:
            ForbiddenError: for a 403.
            NotFoundError: for a 404.
            ZoneError: for any other failure.
        """
        path_text = "/" + "/".join(quote(str(part), safe="") for part in path)
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            self.throttle.acquire()
            self.requests += 1
            try:
                response = self._session.get(
                    self.address + path_text,
                    params=_query_pairs(query),
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                raise ZoneError(
                    f"no secure connection to {self.address}: {connection_error_reason(error)}"
                ) from None
            except _TRANSIENT_ERRORS as error:
                problem = f"{self.address} cannot be reached: {connection_error_reason(error)}"
                # An address that never responded is most likely misspelt; one that did will respond again.
                if self.requests == 1:
                    break
                self.throttle.back_off(INITIAL_BACKOFF * 2**attempt)
                continue
            except requests.RequestException as error:
                raise ZoneError(
                    f"{self.address} cannot be called: {connection_error_reason(error)}"
                ) from None
            if response.status_code == 429:
                problem = f"GET {path_text} was refused {MAX_ATTEMPTS} times for the rate limit (429)"
                self.throttle.on_rate_limited(response.headers)
                continue
            self.throttle.read_headers(response.headers)
            if response.status_code >= 500:
                problem = f"GET {path_text} answered {_error_summary(response)}"
                self.throttle.back_off(INITIAL_BACKOFF * 2**attempt)
                continue
            return self._parse(path_text, response)
        raise ZoneError(problem)

    def page(self, key: str, *path: str | int, limit: int, offset: int = 0, **query: Any) -> ListPage:
        """Returns a page of a list. One with fewer rows than the limit is the last."""
        response = self.get(*path, **query, **{"pg[limit]": limit, "pg[offset]": offset})
        rows = extract_rows(response, key)
        paging = response.get("pg")
        # The zone may lower the limit, and says so.
        lowered = paging.get("limit") if isinstance(paging, Mapping) else None
        if isinstance(lowered, int) and lowered > 0:
            limit = min(limit, lowered)
        return ListPage(rows, len(rows) < limit)

    def _parse(self, path: str, response: requests.Response) -> JsonObject:
        match response.status_code:
            case 200:
                try:
                    body = orjson.loads(response.content)
                except orjson.JSONDecodeError:
                    body = None
                if isinstance(body, dict):
                    return body
                raise ZoneError(f"GET {path} answered no JSON object: is {self.address} a zone of Make?")
            case 401:
                raise ZoneError(f"{self.address} does not know this token (401)")
            case 403:
                raise ForbiddenError(path, _error_summary(response))
            case 404:
                raise NotFoundError(path, _error_summary(response))
            case status if 300 <= status < 400:
                raise ZoneError(f"GET {path} was redirected ({status}): is {self.address} the right zone?")
        raise ErrorResponseError(path, _error_summary(response))


def extract_rows(response: Mapping[str, Any], key: str) -> list[JsonObject]:
    """Returns the objects of a list in a response.

    Raises:
        ZoneError: if there is no such list.
    """
    rows = response.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ZoneError(f"a response has no list {key!r}")
    return rows


def _query_pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, (list, tuple)):
            pairs += [(f"{name}[]", str(item)) for item in value]
        elif value is not None:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def _error_summary(response: requests.Response) -> str:
    """Returns status, code and text of an error response, such as ``403 SC403, Access denied``."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return str(response.status_code)
    text = body.get("detail") or body.get("message") or ""
    return f"{response.status_code} {body.get('code', '')}, {text}".replace("\n", " ").rstrip(", ")[:300]
