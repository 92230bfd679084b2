"""HTTP client of the contract suite: guarded against unsafe calls, throttled, and recording every response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests

from ..schemas.organizations import LicenseOut
from ..throttle import Throttle
from . import drift
from .declarations import RouteMatch, match_route
from .guard import SAFE_METHODS, Guard
from .results import ResponseRecorder
from .target import TIMEOUT, Target

#: Attempts of a call that is answered 429.
_MAX_ATTEMPTS = 3

#: Error codes of a reached plan limit.
_PLAN_LIMIT_CODES = ("IM003", "IM011")

#: Length of the response excerpt in a failure, in characters.
_EXCERPT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Response of the API; ``body`` is its JSON, ``None`` if it has none."""

    method: str
    path: str
    route: str | None
    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)
    body: Any
    drift: Sequence[drift.Drift] = ()
    #: True if the running test covers the shape of this response.
    checks_shape: bool = True

    def ok(self) -> Any:
        """Returns the body of a response that must be 200; skips the test at a plan limit.

        Raises:
            AssertionError: for another status, with an excerpt of the response.
        """
        __tracebackhide__ = True
        if self.status != 200 and isinstance(self.body, dict) and self.body.get("code") in _PLAN_LIMIT_CODES:
            reason = self.body.get("detail") or self.body.get("message")
            pytest.skip(f"the plan allows no more: {reason}")
        if self.status != 200:
            pytest.fail(f"{self._status_text()}, not 200: {self._body_excerpt()}")
        return self.body

    def fits(self) -> Any:
        """Returns the body of a response that must be 200 and have every documented field in its documented type.

        Only the tests that cover the success of the route fail for its shape, so that one drifting field does not fail all
        others. Drift is reported wherever it is seen.
        """
        __tracebackhide__ = True
        body = self.ok()
        if self.checks_shape and (broken := self._shape_errors()):
            pytest.fail("drift: " + "; ".join(broken))
        return body

    def refused(self, status: int, code: str | None = None) -> Any:
        """Returns the body of a response that must be an error in Make's shape.

        Raises:
            AssertionError: for another status, shape or code, with an excerpt of the response.
        """
        __tracebackhide__ = True
        if self.status != status:
            pytest.fail(f"{self._status_text()}, not {status}: {self._body_excerpt()}")
        if broken := self._shape_errors():
            pytest.fail(f"the error {status} does not have Make's shape: " + "; ".join(broken))
        if code is not None and self.body["code"] != code:
            pytest.fail(
                f"{self._status_text()} with the code {self.body['code']}, not {code}: {self._body_excerpt()}"
            )
        return self.body

    @property
    def error_messages(self) -> list[str]:
        """Messages of the suberrors, one for each invalid parameter."""
        return [suberror["message"] for suberror in self.body.get("suberrors", ())]

    def _shape_errors(self) -> list[str]:
        return [drift.sentence() for drift in self.drift if drift.kind != "unknown"]

    def _status_text(self) -> str:
        return f"{self.route or f'{self.method} {self.path}'} answered {self.status}"

    def _body_excerpt(self) -> str:
        return self.text[:_EXCERPT_LENGTH]


class ContractClient:
    """Client of a target's API.

    Args:
        scopes: the scopes of the token; the test of a route that needs others is skipped.
        license: the licence of the organization, as far as it is known; a test of an excluded feature is skipped.
        read_only: skip the tests that change something.
    """

    def __init__(
        self,
        target: Target,
        guard: Guard,
        throttle: Throttle,
        recorder: ResponseRecorder,
        *,
        scopes: frozenset[str],
        license: Mapping[str, Any] | None = None,
        read_only: bool = False,
    ) -> None:
        self.target = target
        self.guard = guard
        self.recorder = recorder
        self.throttle = throttle
        self.scopes = scopes
        self.license = license or {}
        self.read_only = read_only

    @property
    def prefix(self) -> str:
        """Prefix of the names of all resources of this run."""
        return self.guard.prefix

    def get(self, path: str, **query: Any) -> ApiResponse:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **query: Any) -> ApiResponse:
        return self.call("POST", path, query=query, body=body)

    def patch(self, path: str, body: Any, **query: Any) -> ApiResponse:
        return self.call("PATCH", path, query=query, body=body)

    def put(self, path: str, body: Any) -> ApiResponse:
        return self.call("PUT", path, body=body)

    def delete(self, path: str, body: Any = None, **query: Any) -> ApiResponse:
        return self.call("DELETE", path, query=query, body=body)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        data: bytes | None = None,
        any_scope: bool = False,
        in_plan: bool = True,
        raw: bool = False,
    ) -> ApiResponse:
        """Calls a path below ``/api/v2``.

        Args:
            query: a list is sent once for each of its values.
            body: sent as JSON.
            token: another token than the run's.
            headers: additional headers; ``None`` omits one.
            data: sent instead of JSON.
            any_scope: call also if the token lacks a scope.
            in_plan: skip the test if the plan excludes the route.
            raw: do not percent-encode the brackets in query names.
        """
        __tracebackhide__ = True
        found = match_route(method, path)
        if self.read_only and method not in SAFE_METHODS:
            pytest.skip("--read-only: the test changes resources")
        if found is not None and not any_scope and token is None:
            self.require_scopes(*found.endpoint.scopes)
            if in_plan and self._is_excluded(found.endpoint.plan):
                pytest.skip(f"the plan does not include this ({found.endpoint.plan})")
        self.guard.check(method, path, query, body if data is None else _parse_json(data))
        sent: dict[str, str | None] = {
            "Authorization": f"Token {token or self.target.token}",
            "Content-Type": "application/json" if body is not None or data is not None else None,
            **(headers or {}),
        }
        if body is not None:
            data = json.dumps(body).encode()
        url = (
            self.target.base_url
            + path
            + (f"?{_encode_query(query, safe='[]' if raw else '')}" if query else "")
        )
        response = self._send(method, url, sent, data, found)
        return self._build_response(method, path, query, body, found, response)

    def require_scopes(self, *scopes: str) -> None:
        """Skips the test unless the token has all of the scopes."""
        __tracebackhide__ = True
        if lacking := [scope for scope in scopes if scope not in self.scopes]:
            pytest.skip(f"the token lacks {', '.join(lacking)}")

    def _is_excluded(self, plan: str | None) -> bool:
        # A feature that the licence does not show may be included.
        feature = LicenseOut().fields.get(plan) if plan else None
        name = feature.data_key if feature else None
        return name is not None and self.license.get(name) is False

    def post_to_hook(self, url: str, payload: Any) -> requests.Response:
        """Sends JSON to the address of a hook that this run created."""
        return self.send_to_hook("POST", url, json=payload)

    def send_to_hook(self, method: str, url: str, **request: Any) -> requests.Response:
        """Sends any request to the address of a hook that this run created."""
        __tracebackhide__ = True
        if self.read_only:
            pytest.skip("--read-only: the test changes resources")
        self.guard.check_hook_url(url)
        return self.target.session.request(method, url, timeout=TIMEOUT, allow_redirects=False, **request)

    def poll_until(
        self, call: Callable[[], ApiResponse], until: Callable[[ApiResponse], bool]
    ) -> ApiResponse:
        """Repeats a call each second of the target's time, at most 30 times, until the condition holds for its response."""
        for _ in range(30):
            response = call()
            if until(response):
                return response
            self.throttle.wait(1)
        return response

    # --- sending ---------------------------------------------------------------------------------

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | None],
        data: bytes | None,
        found: RouteMatch | None,
    ) -> requests.Response:
        counted = found is None or found.endpoint.rate_limited
        for _ in range(_MAX_ATTEMPTS):
            if counted:
                self.throttle.acquire()
            response = self.target.session.request(
                method,
                url,
                headers={name: value for name, value in headers.items() if value is not None},
                data=data,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            # IM310 is another matter: the organization has no operations left.
            if response.status_code != 429 or "IM310" in response.text or self.throttle.limit is None:
                break
            self.throttle.wait_full_window()
        return response

    def _build_response(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        sent: Any,
        found: RouteMatch | None,
        response: requests.Response,
    ) -> ApiResponse:
        body = _parse_json(response.content)
        status, route = response.status_code, found.route if found else None
        found_drift: list[drift.Drift] = []
        if found is not None and route is not None:
            if status == 200:
                self.guard.record_parts(found, query or {}, sent, body)
                found_drift = drift.find_drift(route, body, columns=_requested_columns(query))
                if (
                    method == "POST"
                    and self.guard.record_created(route, body)
                    and "url" in body.get("hook", {})
                ):
                    self.guard.allow_hook_url(body["hook"]["url"])
            elif 400 <= status < 500:
                found_drift = drift.find_error_drift(route, body)
            self.recorder.record_response(route, status, found_drift)
        checks_shape = route in self.recorder.tested_routes
        return ApiResponse(
            method, path, route, status, response.headers, response.text, body, found_drift, checks_shape
        )


def _parse_json(data: bytes) -> Any:
    """Returns the parsed JSON, or ``None`` for invalid JSON."""
    try:
        return json.loads(data)
    except ValueError:
        return None


def _requested_columns(query: Mapping[str, Any] | None) -> list[str] | None:
    columns = [value for name, value in (query or {}).items() if name.startswith("cols[")]
    return [column for value in columns for column in (value if isinstance(value, list) else [value])] or None


def _encode_query(query: Mapping[str, Any], *, safe: str) -> str:
    present = {name: value for name, value in query.items() if value is not None}
    return urlencode(present, doseq=True, quote_via=quote, safe=safe)
