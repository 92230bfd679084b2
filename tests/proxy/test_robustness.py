"""Requests of any form: the proxy answers each, and passes none that it should not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from make_emulator.policies.grants import parse_grants
from make_emulator.proxy.app import Pace, ProxyApp
from make_emulator.proxy.gate import Gate
from make_emulator.proxy.recorder import Recorder
from make_emulator.replay.archive import Exchange
from make_emulator.world.models import Agent

from .conftest import FakeTimer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SEGMENTS = st.sampled_from(
    [
        "scenarios",
        "1",
        "2",
        "run",
        "..",
        ".",
        "%2e%2e",
        "%2F",
        "%252e",
        "%5C",
        "",
        "Scenarios",
        "users",
        "me",
        "hooks",
        "0001",
        "1 ",
        "%00",
    ]
)
TARGETS = st.lists(SEGMENTS, max_size=5).map(lambda parts: "/api/v2/" + "/".join(parts)) | st.sampled_from(
    [
        "/mcp",
        "/mcp/stateless",
        "/mcp/x/../y",
        "/hook/abc",
        "*",
        "http://evil/api/v2/users/me",
        "/api/v2",
        "/mcpx",
        "/",
    ]
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers() | st.none() | st.text(max_size=3)},
    optional={
        "method": st.sampled_from(["tools/call", "tools/list", "ping", "initialize", "x"]) | JSON,
        "params": st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["scenarios_get", "scenarios_list", "s1_x", "s2_x", "scenarios_run"])
                | JSON,
                "arguments": st.dictionaries(
                    st.sampled_from(["scenarioId", "teamId", "ids"]), JSON, max_size=2
                )
                | JSON,
            },
        )
        | JSON,
    },
)
BODIES = (
    JSON.map(json.dumps)
    | MESSAGES.map(json.dumps)
    | st.lists(MESSAGES, max_size=2).map(json.dumps)
    | st.sampled_from(["", "{", "[" * 500 + "]" * 500])
)


class FakeResponse:
    status = 200
    reason = ""
    status_line = "200 OK"
    headers = (("Content-Type", "application/json"), ("X-RateLimit-Limit", "²"))

    def header(self, name: str) -> str:
        return {key.lower(): value for key, value in self.headers}.get(name, "")

    def pieces(self) -> Iterator[bytes]:
        yield b'{"scenarios": [{"id": 1}, {"id": 2}, 5, {}]}'

    def close(self) -> None:
        """Nothing to close."""


class FakeUpstream:
    """Zone that keeps what reaches it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, bytes]] = []

    def url(self, target: str) -> str:
        return f"https://eu1.make.com{target}"

    def send(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        self.sent.append((method, target, body))
        return FakeResponse()


def call(
    method: str, target: str, body: str, *, allow: dict[str, Any] | None, allow_writes: bool
) -> tuple[str, FakeUpstream, list[Exchange]]:
    upstream, exchanges = FakeUpstream(), list[Exchange]()
    agent = None if allow is None else Agent(name="ops", grants=parse_grants(allow), created=0)
    app = ProxyApp(
        upstream,  # type: ignore[arg-type]
        Gate(agent, allow_writes=allow_writes),
        Pace(FakeTimer()),
        Recorder(None),
        record=exchanges.append,
    )
    started: list[str] = []
    data = body.encode()
    environ = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": target,
        "PATH_INFO": target,
        "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": "Token x",
        "wsgi.input": io.BytesIO(data),
    }
    b"".join(app(environ, lambda status, headers, exc_info=None: started.append(status)))  # type: ignore[arg-type]
    [status] = started
    return status, upstream, exchanges


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "PURGE", "get"]), TARGETS, BODIES)
@example(
    "POST",
    "/mcp",
    json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "scenarios_run"}}),
)
def test_nothing_that_writes_passes_by_default(method: str, target: str, body: str) -> None:
    status, upstream, exchanges = call(method, target, body, allow=None, allow_writes=False)
    assert status[:3] in {"200", "202", "403", "404", "502"}
    assert len(exchanges) == len(upstream.sent)
    for sent, where, data in upstream.sent:
        if sent not in ("GET", "HEAD", "OPTIONS"):
            assert where.startswith("/mcp")
            assert sent in ("POST", "DELETE")
            if sent == "DELETE":
                continue
            assert b"scenarios_run" not in data
            assert b"s1_x" not in data


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["GET", "POST", "PATCH", "DELETE"]), TARGETS, BODIES)
def test_nothing_passes_that_is_not_granted(method: str, target: str, body: str) -> None:
    _, upstream, _ = call(method, target, body, allow={"scenarios/1": "read"}, allow_writes=True)
    for sent, where, data in upstream.sent:
        if where.startswith("/mcp"):
            # The body of another method is no message.
            assert sent != "POST" or (b"s2_x" not in data and b"scenarios_list" not in data)
            continue
        assert sent == "GET"
        parts = [unquote(part) for part in where.removeprefix("/api/v2/").split("/")]
        assert ".." not in parts
        assert parts[0] == "scenarios"
        assert len(parts) == 1 or parts[1].lstrip("0") == "1"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_session_of_mcp_may_be_read_and_ended(method: str) -> None:
    status, upstream, _ = call(method, "/mcp/stream", "", allow={"hooks": "read"}, allow_writes=False)
    assert status == "200 OK"
    assert [sent for sent, _, _ in upstream.sent] == [method]
