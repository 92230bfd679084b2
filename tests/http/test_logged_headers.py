"""Headers in the request log: as they were sent, without secrets, and counted."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from helpers.api import ADMIN_TOKEN, ApiClient, json_of
from make_emulator import MakeEmulator
from make_emulator.http import kept_headers
from make_emulator.http.request_log import TOTAL_LIMIT, LogEntry, RequestLog


def last_entry(api: ApiClient) -> dict[str, Any]:
    entry: dict[str, Any] = json_of(api.control("GET", "/worlds/default/requests"))["requests"][-1]
    return entry


def test_the_headers_of_both_sides_are_kept(api: ApiClient) -> None:
    api.patch("/scenarios/1", json={"name": "Renamed"}, headers={"X-Trace": "7", "User-Agent": "tests/1"})
    entry = last_entry(api)
    sent = entry["requestHeaders"]
    assert (sent["x-trace"], sent["user-agent"]) == ("7", "tests/1")
    assert sent["content-type"] == "application/json"
    assert sent["authorization"] == "********"
    assert entry["responseHeaders"]["Content-Type"] == "application/json; charset=utf-8"
    assert entry["responseHeaders"]["X-RateLimit-Limit"].isdigit()


def test_a_server_tells_how_they_were_sent() -> None:
    with MakeEmulator() as make:
        headers = {"Authorization": f"Token {ADMIN_TOKEN}", "X-TRACE-id": "7"}
        requests.get(f"{make.base_url}/scenarios/1", headers=headers, timeout=30)
        [entry] = make.world.requests.matching()
    assert entry["requestHeaders"]["X-TRACE-id"] == "7"
    assert entry["requestHeaders"]["Authorization"] == "********"
    assert ADMIN_TOKEN not in str(entry)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("X-Api-Key", "abc", "********"),
        ("Proxy-Authorization", "Basic YTpi", "********"),
        ("Referer", "https://ann:pass@example.com/?token=abc&page=2", "https://********@example.com/?token=********&page=2"),
        ("X-Note", f"my token is {ADMIN_TOKEN}", "my token is ********"),
        ("Accept-Language", "de", "de"),
    ],
)  # fmt: skip
def test_secrets_in_headers_are_masked(api: ApiClient, name: str, value: str, shown: str) -> None:
    api.get("/scenarios/1", headers={name: value})
    assert last_entry(api)["requestHeaders"][name.lower()] == shown


def test_webhooks_oauth_and_the_mcp_server_have_them_too(api: ApiClient) -> None:
    hook = json_of(
        api.post("/hooks", json={"name": "h", "teamId": 1, "typeName": "gateway-webhook", "headers": False, "method": False, "stringify": False})
    )["hook"]  # fmt: skip
    client = api.app.test_client()
    client.post(f"/hook/{hook['udid']}", json={}, headers={"X-Trace": "hook"})
    assert last_entry(api)["requestHeaders"]["x-trace"] == "hook"
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "X-Trace": "mcp", "Accept": "application/json, text/event-stream"}  # fmt: skip
    client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers)
    entry = last_entry(api)
    assert (entry["requestHeaders"]["x-trace"], entry["requestHeaders"]["authorization"]) == (
        "mcp",
        "********",
    )


def test_an_archive_has_them(api: ApiClient) -> None:
    api.get("/scenarios/1", headers={"X-Trace": "7"})
    [entry] = json_of(api.control("GET", "/worlds/default/requests?format=har"))["log"]["entries"]
    assert {"name": "x-trace", "value": "7"} in entry["request"]["headers"]
    assert "X-RateLimit-Limit" in {header["name"] for header in entry["response"]["headers"]}
    assert ADMIN_TOKEN not in str(entry)


def test_the_headers_of_a_head_and_of_an_environment_are_read_alike() -> None:
    environ = {"HTTP_X_A": "1", "CONTENT_TYPE": "text/plain", "PATH_INFO": "/", "HTTPS": "on", "wsgi.version": (1, 0)}  # fmt: skip
    from_environ = kept_headers.keep_request(environ)
    assert kept_headers.read(from_environ) == [("x-a", "1"), ("content-type", "text/plain")]
    lines = kept_headers.keep_request({**environ, kept_headers.KEY: b"X-a:  1 \r\nX-b: c:d\r\n"})
    assert kept_headers.read(lines) == [("X-a", "1"), ("X-b", "c:d")]
    assert kept_headers.read(()) == []


def test_repeated_headers_are_joined(api: ApiClient) -> None:
    log = RequestLog()
    entry = log.begin(LogEntry("GET", "/a"), 0)
    entry.request_headers = b"Accept: a\r\nAccept: b\r\n"
    log.finish(entry, 200, b"")
    assert entry.to_json()["requestHeaders"] == {"Accept": "a, b"}


def test_headers_count_towards_the_bytes_of_a_log() -> None:
    log = RequestLog()
    for number in range(400):
        entry = log.begin(LogEntry("GET", "/a"), 0)
        entry.request_headers = b"X: %d" % number + b"x" * 60_000
        log.finish(entry, 200, b"")
    kept = log.select({})
    assert 200 < len(kept) < 400
    assert sum(kept_headers.size(each.request_headers) for each in kept) <= TOTAL_LIMIT


def test_equal_headers_of_requests_are_kept_once() -> None:
    log = RequestLog()
    for _ in range(400):
        entry = log.begin(LogEntry("GET", "/a"), 0)
        entry.request_headers = b"X: " + b"x" * 60_000
        log.finish(entry, 200, b"")
    kept = log.select({})
    assert len(kept) == 400
    assert len({id(each.request_headers) for each in kept}) == 1
