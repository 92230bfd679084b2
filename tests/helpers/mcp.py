"""Client of the MCP server without a socket, and scenarios that are tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .api import ADMIN_TOKEN, ApiClient

ACCEPT = "application/json, text/event-stream"

INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}


def frame(method: str, params: Mapping[str, Any] | None = None, *, id: Any = 1) -> dict[str, Any]:
    """A JSON-RPC request, or with ``id=None`` a notification."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        message["id"] = id
    return message if params is None else {**message, "params": dict(params)}


def messages_of(response: TestResponse) -> list[Any]:
    """The JSON-RPC messages of an event stream that has ended."""
    assert response.content_type == "text/event-stream", response.get_data(as_text=True)
    return [
        json.loads(line.removeprefix("data: "))
        for line in response.get_data(as_text=True).splitlines()
        if line.startswith("data: ")
    ]


class McpHarness:
    """Client of the MCP server of an application."""

    def __init__(self, api: ApiClient, path: str = "/mcp/stateless", token: str | None = ADMIN_TOKEN) -> None:
        self.api = api
        self.path = path
        self.token = token
        self.session: str | None = None
        self._client: FlaskClient = api.app.test_client()

    def send(self, method: str, **options: Any) -> TestResponse:
        """A request to the server; headers with the value ``None`` are left out."""
        headers: dict[str, str | None] = {"Accept": ACCEPT}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.session is not None:
            headers["Mcp-Session-Id"] = self.session
        headers |= options.pop("headers", {})
        given = {name: value for name, value in headers.items() if value is not None}
        return self._client.open(options.pop("path", self.path), method=method, headers=given, **options)

    def post(self, message: Any, **options: Any) -> TestResponse:
        """A POST of a message, or of several."""
        return self.send("POST", json=message, **options)

    def request(self, method: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """The last message of the response to a JSON-RPC request."""
        response = self.post(frame(method, params), **options)
        assert response.status_code == 200, response.get_data(as_text=True)
        return messages_of(response)[-1]

    def initialize(self) -> TestResponse:
        """Opens a session, which later requests belong to."""
        response = self.post(frame("initialize", INITIALIZE))
        self.session = response.headers.get("Mcp-Session-Id")
        return response

    def tools(self, **options: Any) -> dict[str, Any]:
        """The tools by name."""
        return {tool["name"]: tool for tool in self.request("tools/list", **options)["result"]["tools"]}

    def call(self, name: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """The result of a tool."""
        params: dict[str, Any] = {"name": name} | ({} if arguments is None else {"arguments": arguments})
        return self.request("tools/call", params, **options)["result"]

    def json(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """The JSON that a tool answers."""
        result = self.call(name, arguments)
        assert "isError" not in result, result
        return json.loads(result["content"][0]["text"])

    def text(self, name: str, arguments: Mapping[str, Any] | None = None) -> str:
        """The text that a tool answers."""
        result = self.call(name, arguments)
        assert "isError" not in result, result
        return str(result["content"][0]["text"])

    def error(self, name: str, arguments: Mapping[str, Any] | None = None) -> str:
        """The text with which a tool fails."""
        result = self.call(name, arguments)
        assert result.get("isError") is True, result
        return str(result["content"][0]["text"])

    def sentences(self) -> list[str]:
        """The sentences of the request log."""
        return [entry.sentence() for entry in self.api.handle.request_log]


def create_tool(
    api: ApiClient,
    *modules: Mapping[str, Any],
    name: str = "Echo",
    input: list[dict[str, Any]] | None = None,
    output: list[dict[str, Any]] | None = None,
    description: str = "",
    team: int = 1,
    is_active: bool = True,
    scheduling: str = "on-demand",
) -> int:
    """A scenario that is a tool; without modules it returns its inputs."""
    fields = input or []
    flow = list(modules) or [
        {
            "id": 1,
            "module": "scenario-service:ReturnData",
            "version": 2,
            "mapper": {field["name"]: f"{{{{var.input.{field['name']}}}}}" for field in fields},
            "metadata": {"expect": fields},
        }
    ]
    blueprint = {"name": name, "flow": flow, "metadata": {}}
    body = {
        "teamId": team,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps({"type": scheduling}),
    }
    response = api.post("/scenarios?confirmed=true", json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    id = int(response.json["scenario"]["id"]) if response.json else 0
    interface = {"input": fields or None, "output": output if output is not None else fields or None}
    assert api.patch(f"/scenarios/{id}/interface", json={"interface": interface}).status_code == 200
    if description:
        api.patch(f"/scenarios/{id}", json={"description": description})
    if is_active:
        response = api.post(f"/scenarios/{id}/start")
        assert response.status_code == 200, response.get_data(as_text=True)
    return id
