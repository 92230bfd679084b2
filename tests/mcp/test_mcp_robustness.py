"""Frames of any form: the server answers all of them, never with a 5xx."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ADMIN_TOKEN, frozen_api
from helpers.mcp import McpHarness, frame, messages_of
from make_emulator.mcp.tools.management import GROUPS
from make_emulator.mcp.tools.second_generation import second_generation_tools

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_methods = st.sampled_from(
    [
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "notifications/cancelled",
        "notifications/initialized",
        "",
    ]
)
_names = st.sampled_from(["s1_greeting", "s1", "s99", "teams_list", "teams_get", "scenarios_run", "nothing"])
_params = st.fixed_dictionaries(
    {},
    optional={
        "name": _names | _values,
        "arguments": st.dictionaries(
            st.sampled_from(["name", "teamId", "organizationId", "scenarioId", "data", "responsive"]), _values
        )
        | _values,
        "cursor": _values,
        "requestId": _values,
        "protocolVersion": _values,
        "capabilities": _values,
        "clientInfo": _values,
        "_meta": st.fixed_dictionaries({}, optional={"progressToken": _values}) | _values,
    },
)
_messages = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | _values},
    optional={"id": st.integers(0, 9) | _values, "method": _methods | _values, "params": _params | _values},
)


@cache
def _server() -> McpHarness:
    api = frozen_api()
    api.world.rate_limited = False
    return McpHarness(api)


@given(message=_messages | st.lists(_messages, max_size=4) | _values)
def test_every_frame_is_answered(message: Any) -> None:
    response = _server().send("POST", data=json.dumps(message), content_type="application/json")
    assert response.status_code in (200, 202, 400)
    if response.status_code == 200:
        for each in messages_of(response):
            assert each["jsonrpc"] == "2.0"
            assert each.get("error", {}).get("code", 0) != -32603
    elif response.status_code == 400:
        assert response.json is not None
        assert response.json["error"]["code"] in (-32700, -32600, -32000)


_DEEP_TEXT = '{"a":' * 900 + "1" + "}" * 900
_HOSTILE_VALUES: dict[str, list[Any]] = {
    "number": [0, -1, 1.5, 1e308, 2**53, 2**64 - 1, 10**30],
    "string": ["", "\u00b2", "1" * 30, "1" * 5000, "../../x", "a/b", "\0", "{}", '{"flow": 5}', _DEEP_TEXT],
    "object": [
        {},
        {"": ""},
        {"input": [5]},
        {"type": []},
        {"flow": [5]},
        {"module": "x", "version": "\u00b2"},
    ],
    "array": [[], [{}], [[]], [5], [{"name": 5, "type": 5}], [{"op": "module_config_set", "moduleId": []}]],
    "boolean": [False],
}
_ANY = [each for values in _HOSTILE_VALUES.values() for each in values]
_VALID_VALUES = {"number": 1, "string": "json", "object": {}, "array": [], "boolean": True}
_TOOLS = {
    **{("/mcp/stateless", tool.name): tool for group in GROUPS for tool in group.tools},
    **{("/mcp/v2", tool.name): tool for tool in second_generation_tools()},
}


def _types(schema: Any) -> list[str]:
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


@pytest.mark.parametrize(("path", "name"), _TOOLS)
def test_every_argument_of_a_tool_is_answered(path: str, name: str) -> None:
    server, schema = _server(), _TOOLS[path, name].input_schema
    valid = {
        key: _VALID_VALUES[next(iter(_types(schema["properties"][key])), "string")]
        for key in schema["required"]
    }
    for key, inner in schema["properties"].items():
        types = _types(inner)
        for value in [each for type in types for each in _HOSTILE_VALUES[type]] if types else _ANY:
            arguments = {**valid, key: value}
            body = json.dumps(frame("tools/call", {"name": name, "arguments": arguments}))
            response = server.send("POST", path=path, data=body, content_type="application/json")
            assert response.status_code == 200, (key, str(value)[:100])
            assert "result" in messages_of(response)[-1], (key, str(value)[:100])


@given(body=st.binary(max_size=200))
def test_every_body_is_answered(body: bytes) -> None:
    response = _server().send("POST", data=body, content_type="application/json")
    assert response.status_code in (202, 400)


@given(
    query=st.lists(
        st.tuples(
            st.sampled_from(["teamId", "scenarioId[]", "organizationId", "maxToolNameLength", "x"]),
            st.text(max_size=20),
        ),
        max_size=3,
    )
)
def test_every_query_is_answered(query: list[tuple[str, str]]) -> None:
    server = _server()
    response = server.send(
        "POST", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, query_string=query
    )
    assert response.status_code in (200, 400)


_fragments = st.sampled_from(
    [
        "u",
        "t",
        "server",
        "stream",
        "sse",
        "message",
        "stateless",
        "api",
        "v1",
        ADMIN_TOKEN,
        "%00",
        "..",
        "%2F",
        "é",
        "",
    ]
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        "Mcp-Session-Id": st.sampled_from(["", "x", "a" * 5000]),
        "MCP-Protocol-Version": st.sampled_from(["", "2025-11-25", "\xff"]),
        "Authorization": st.sampled_from(
            ["Bearer ", "Bearer a.b.c", "Basic x", f"bearer {ADMIN_TOKEN}", "Bearer \xe9"]
        ),
        "Accept": st.sampled_from(["text/event-stream", "", "*/*"]),
        "Host": st.sampled_from(["mcp.make.com", "MCP.make.com:99", "eu1.make.com"]),
    },
)


@given(
    prefix=st.sampled_from(["/mcp", "/mcp.make.com", "/mcp/u", "/mcp/server", "/stream"]),
    fragments=st.lists(_fragments, max_size=4),
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD"]),
    headers=_headers,
    query=st.sampled_from(
        ["", "?sessionId=x", "?teamId=1", "?teamId[]=%ff", "?scenarioId=99999999999999999999"]
    ),
)
def test_every_request_is_answered(
    prefix: str, fragments: list[str], method: str, headers: dict[str, str], query: str
) -> None:
    path = "/".join([prefix, *fragments]) + query
    body = None if method == "GET" else {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    response = _server().send(method, path=path, headers=headers, json=body)
    assert response.status_code < 500
    response.close()
