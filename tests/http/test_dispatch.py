"""Direct calls of declared endpoints, compared with the same requests over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from helpers.api import ADMIN_TOKEN, OUTSIDER_TOKEN, READER_TOKEN, ApiClient, token_of_role
from make_emulator.api import ENDPOINTS, endpoints
from make_emulator.app import registry_of
from make_emulator.http.dispatch import ApiDispatcher, InvocationResult
from make_emulator.http.endpoint import Endpoint
from make_emulator.http.faults import InjectedResetError, InjectedTimeoutError
from make_emulator.http.pipeline import API_PIPELINE
from make_emulator.http.routing import RouteMatcher
from make_emulator.http.steps.authentication import authenticate


@pytest.fixture
def invoke(api: ApiClient) -> Invoke:
    return Invoke(api)


class Invoke:
    """Calls an endpoint directly, by its route."""

    def __init__(self, api: ApiClient) -> None:
        registry = registry_of(api.app)
        self._dispatcher = ApiDispatcher(registry, ENDPOINTS, RouteMatcher(ENDPOINTS), API_PIPELINE)
        self._registry = registry

    def __call__(self, route: str, token: str = ADMIN_TOKEN, **options: Any) -> InvocationResult:
        caller = authenticate(self._registry, f"Token {token}")
        return self._dispatcher.invoke(ENDPOINTS[route], caller, **options)

    def anonymously(self, route: str, header: str | None) -> InvocationResult:
        return self._dispatcher.invoke(ENDPOINTS[route], authorization=header)


def log_entries(api: ApiClient) -> list[dict[str, Any]]:
    """The log without what no two requests have in common, and without the headers, which a direct call does not have."""
    return [
        {
            name: value
            for name, value in entry.to_json().items()
            if name not in ("id", "at", "requestHeaders", "responseHeaders")
        }
        for entry in api.handle.request_log
    ]


Case = tuple[str, str, Mapping[str, Any], Mapping[str, str | Sequence[str]], Any]

CASES: dict[str, tuple[int, Case]] = {
    "served": (200, ("GET /scenarios/{scenarioId}", ADMIN_TOKEN, {"scenarioId": 1}, {}, None)),
    "a page with columns": (
        200,
        (
            "GET /scenarios",
            ADMIN_TOKEN,
            {},
            {"teamId": "1", "pg[limit]": "2", "cols[]": ["id", "name"]},
            None,
        ),
    ),
    "a body": (
        200,
        ("POST /scenarios/{scenarioId}/run", ADMIN_TOKEN, {"scenarioId": 1}, {}, {"data": {"name": "Z"}}),
    ),
    "no scope": (403, ("DELETE /scenarios/{scenarioId}", READER_TOKEN, {"scenarioId": 1}, {}, None)),
    "not visible": (404, ("GET /scenarios/{scenarioId}", OUTSIDER_TOKEN, {"scenarioId": 1}, {}, None)),
    "no such id": (404, ("GET /scenarios/{scenarioId}", ADMIN_TOKEN, {"scenarioId": 999}, {}, None)),
    "not a number": (400, ("GET /scenarios/{scenarioId}", ADMIN_TOKEN, {"scenarioId": "x"}, {}, None)),
    "wrong query": (400, ("GET /scenarios", ADMIN_TOKEN, {}, {"teamId": "many"}, None)),
    "wrong body": (400, ("POST /data-stores", ADMIN_TOKEN, {}, {}, {"name": 7})),
    "no object": (400, ("POST /data-stores", ADMIN_TOKEN, {}, {}, [1])),
    "not confirmed": (406, ("DELETE /teams/{teamId}", ADMIN_TOKEN, {"teamId": 1}, {}, None)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_direct_call_is_answered_and_logged_as_over_http(api: ApiClient, invoke: Invoke, name: str) -> None:
    status, (route, token, path, query, body) = CASES[name]
    snapshot = api.control("GET", "/worlds/default/snapshot").data
    direct = invoke(route, token, path=path, query=query, body=body, origin="http://localhost")
    [entry] = log_entries(api)

    api.control("PUT", "/worlds/default/snapshot", data=snapshot)
    api.control("DELETE", "/worlds/default/requests")
    endpoint: Endpoint = ENDPOINTS[route]
    target = endpoint.fill_path({key: str(value) for key, value in path.items()})
    options = {} if body is None else {"json": body}
    over_http = api.call(endpoint.method, target, token=token, query_string=query, **options)

    assert direct.status == over_http.status_code == status
    assert direct.json() == over_http.json
    for header in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "authtype"):
        assert direct.headers.get(header) == over_http.headers.get(header)
    assert [entry] == log_entries(api)


def test_a_direct_call_counts_against_the_rate_limit(api: ApiClient, invoke: Invoke) -> None:
    for _ in range(60):
        assert invoke("GET /data-stores", OUTSIDER_TOKEN, query={"teamId": "2"}).status == 200
    refused = invoke("GET /data-stores", OUTSIDER_TOKEN, query={"teamId": "2"})
    over_http = api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN)
    assert (refused.status, refused.json()) == (429, over_http.json)
    assert refused.headers["X-RateLimit-Remaining"] == over_http.headers["X-RateLimit-Remaining"] == "0"
    assert log_entries(api)[-1] == log_entries(api)[-2]


def test_the_plan_is_checked_for_a_direct_call(api: ApiClient, invoke: Invoke) -> None:
    route = next(
        endpoint.route
        for endpoint in endpoints()
        if endpoint.plan == "custom_functions" and not endpoint.path_types
    )
    direct = invoke(
        route, OUTSIDER_TOKEN, query={"teamId": "2"}, body=None if route.startswith("GET") else {}
    )
    over_http = api.call(*route.split(" "), token=OUTSIDER_TOKEN, query_string={"teamId": "2"})
    assert (direct.status, direct.json()) == (over_http.status_code, over_http.json)
    assert direct.status == 403


def test_the_role_is_checked_for_a_direct_call(api: ApiClient, invoke: Invoke) -> None:
    token = token_of_role(api, "monitoring")
    direct = invoke("POST /scenarios/{scenarioId}/stop", token, path={"scenarioId": 1})
    over_http = api.post("/scenarios/1/stop", token=token)
    assert (direct.status, direct.json()) == (over_http.status_code, over_http.json)
    assert (direct.status, direct.json()["code"]) == (403, "IM002")
    assert log_entries(api)[0] == log_entries(api)[1]
    assert log_entries(api)[0]["decision"] == "refused: role"


def test_faults_are_injected_into_direct_calls(api: ApiClient, invoke: Invoke) -> None:
    api.control("POST", "/worlds/default/faults", json={"path": "/scenarios/*", "status": 503, "times": 2})
    direct = invoke("GET /scenarios/{scenarioId}", path={"scenarioId": 1})
    over_http = api.get("/scenarios/1")
    assert (direct.status, direct.json()) == (503, over_http.json)
    assert log_entries(api)[0] == log_entries(api)[1]
    assert invoke("GET /scenarios/{scenarioId}", path={"scenarioId": 1}).status == 200


@pytest.mark.parametrize(
    ("action", "error"), [("reset", InjectedResetError), ("timeout", InjectedTimeoutError)]
)
def test_a_fault_without_a_response_raises(
    api: ApiClient, invoke: Invoke, action: str, error: type[Exception]
) -> None:
    api.control("POST", "/worlds/default/faults", json={"action": action})
    with pytest.raises(error):
        invoke("GET /users/me")
    [entry] = api.handle.request_log
    assert (entry.status, entry.decision) == (0, "fault")


def test_a_truncated_response_is_half_of_it(api: ApiClient, invoke: Invoke) -> None:
    whole = invoke("GET /users/me").content
    api.control("POST", "/worlds/default/faults", json={"action": "truncate"})
    truncated = invoke("GET /users/me")
    assert truncated.content == whole[: len(whole) // 2]
    with pytest.raises(orjson.JSONDecodeError):
        truncated.json()


@pytest.mark.parametrize("header", [None, "Token 44444444-4444-4444-8444-444444444444"])
def test_without_a_known_token_a_direct_call_is_401(
    api: ApiClient, invoke: Invoke, header: str | None
) -> None:
    direct = invoke.anonymously("GET /users/me", header)
    over_http = api.get("/users/me", token=None, headers={"Authorization": header} if header else {})
    assert (direct.status, direct.json()) == (401, over_http.json)
    assert log_entries(api)[0] == log_entries(api)[1]


def test_a_header_authenticates_a_direct_call(invoke: Invoke) -> None:
    direct = invoke.anonymously("GET /users/me", f"Token {READER_TOKEN}")
    assert (direct.status, direct.json()["authUser"]["name"]) == (200, "Ada Maker")


def test_a_direct_call_counts_in_the_usage_statistics(api: ApiClient, invoke: Invoke) -> None:
    invoke("GET /scenarios/{scenarioId}", path={"scenarioId": 1})
    [key] = api.handle.usage_stats.counts()
    assert (key.token, key.endpoint, key.status) == (ADMIN_TOKEN, "GET /scenarios/{scenarioId}", 200)


def test_a_missing_path_parameter_is_an_error_of_the_program(invoke: Invoke) -> None:
    with pytest.raises(KeyError, match="scenarioId"):
        invoke("GET /scenarios/{scenarioId}")
