"""`WorldMcp`: the MCP server of a world, for clients under test, and calls of its tools without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..client.control import ControlClient
from ..json_types import JsonObject

_DATA = b"data: "


class McpError(RuntimeError):
    """A call that the MCP server rejected; ``code`` is that of JSON-RPC, or the HTTP status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class WorldMcp:
    """MCP server of a world, or one of its toolboxes: its URLs, and the token or key that goes after ``Bearer``."""

    def __init__(self, control: ControlClient, root: str, token: str, path: str = "/mcp") -> None:
        self._control = control
        self._root = root
        self._path = path
        self.token = token

    @property
    def url(self) -> str:
        """URL of the stateless transport, the default of Make's."""
        return f"{self._root}{self._path}/stateless"

    @property
    def stream_url(self) -> str:
        """URL of the streamable HTTP transport with sessions."""
        return f"{self._root}{self._path}/stream"

    @property
    def sse_url(self) -> str:
        """URL of the HTTP+SSE transport of 2024-11-05."""
        return f"{self._root}{self._path}/sse"

    @property
    def token_url(self) -> str:
        """URL of the stateless transport with the token in its path, for clients that send no headers."""
        kind = "u" if self._path == "/mcp" else "t"
        return f"{self._root}{self._path}/{kind}/{self.token}/stateless"

    @property
    def headers(self) -> dict[str, str]:
        """Authorization header with the token."""
        return {"Authorization": f"Bearer {self.token}"}

    def tools(self, **access: Any) -> dict[str, JsonObject]:
        """Returns the tools by name.

        Args:
            access: access control parameters of the URL, e.g. ``teamId=1`` or ``scenarioId=[1, 2]``.

        Raises:
            McpError: if the server rejects the request.
        """
        return {tool["name"]: tool for tool in self.request("tools/list", {}, **access)["tools"]}

    def call(self, name: str, arguments: Mapping[str, Any] | None = None, **access: Any) -> JsonObject:
        """Calls a tool; returns its result, whose ``isError`` is true if the tool failed.

        Raises:
            McpError: if the server rejects the request, e.g. because there is no such tool.
        """
        return self.request("tools/call", {"name": name, "arguments": dict(arguments or {})}, **access)

    def request(self, method: str, params: Mapping[str, Any], **access: Any) -> JsonObject:
        """Sends a request of JSON-RPC to the stateless transport; returns its result.

        Raises:
            McpError: if the server rejects it.
        """
        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)})
        status, response = self._control.mcp(self._path, self.token, body, access)
        events = [line.removeprefix(_DATA) for line in response.splitlines() if line.startswith(_DATA)]
        message = orjson.loads(events[-1] if events else response)
        error = message.get("error")
        if isinstance(error, dict):
            raise McpError(error["code"], error["message"])
        if status >= 400:
            raise McpError(status, str(message.get("error_description") or message.get("detail") or error))
        result: JsonObject = message["result"]
        return result

    def __repr__(self) -> str:
        return f"<WorldMcp at {self.url}>"
