"""Methods of the Model Context Protocol: initialization, ping, and tools.

Sources: MCP specification, versions 2024-10-07 to 2025-11-25; the official TypeScript SDK (the versions that it accepts); the
vendor's local servers (name, version and capabilities).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..json_types import Json, JsonObject
from .json_rpc import INVALID_PARAMS, METHOD_NOT_FOUND, JsonRpcError, Request, notification
from .tools.definition import McpClient, ToolCall
from .tools.toolset import Toolset, call_tool

#: Versions of the protocol that are accepted, the preferred one first.
PROTOCOL_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07")

SERVER_INFO: JsonObject = {"name": "Make", "version": "0.1.0"}

INITIALIZE = "initialize"

#: Sends a notification to the client before the response.
Send = Callable[[JsonObject], None]


class ProtocolHandler:
    """Handler of the requests of one kind of server, which has a toolset."""

    def __init__(self, toolset: Toolset) -> None:
        self._toolset = toolset
        self._methods: Mapping[str, Callable[[Request, McpClient, Send], JsonObject]] = {
            INITIALIZE: _initialize,
            "ping": lambda _request, _client, _send: {},
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
        }

    def handle(self, request: Request, client: McpClient, send: Send) -> JsonObject:
        """Returns the result of a request.

        Raises:
            JsonRpcError: if the method is unknown, or its parameters are wrong.
        """
        method = self._methods.get(request.method)
        if method is None:
            raise JsonRpcError(METHOD_NOT_FOUND, "Method not found")
        return method(request, client, send)

    def _list_tools(self, request: Request, client: McpClient, _send: Send) -> JsonObject:
        if not isinstance(request.params.get("cursor", ""), str):
            raise _invalid_params("cursor must be a string")
        tools = self._toolset.list_tools(client)
        client.entry.reason = f"{len(tools)} tools"
        return {"tools": [tool.encode() for tool in tools]}

    def _call_tool(self, request: Request, client: McpClient, send: Send) -> JsonObject:
        name, arguments = request.params.get("name"), request.params.get("arguments", {})
        if not isinstance(name, str):
            raise _invalid_params("name must be a string")
        if not isinstance(arguments, Mapping):
            raise _invalid_params("arguments must be an object")
        tool = self._toolset.find(client, name)
        if tool is None:
            client.entry.decision = "refused: tool"
            raise JsonRpcError(INVALID_PARAMS, f"Tool {name} not found")
        return call_tool(tool, ToolCall(client, arguments, _progress_reporter(request, send))).to_json()


def _initialize(request: Request, _client: McpClient, _send: Send) -> JsonObject:
    params = request.params
    version, info = params.get("protocolVersion"), params.get("clientInfo")
    if not isinstance(version, str):
        raise _invalid_params("protocolVersion must be a string")
    if not isinstance(params.get("capabilities"), Mapping):
        raise _invalid_params("capabilities must be an object")
    if not isinstance(info, Mapping) or not all(
        isinstance(info.get(key), str) for key in ("name", "version")
    ):
        raise _invalid_params("clientInfo must have a name and a version")
    return {
        "protocolVersion": version if version in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": SERVER_INFO,
    }


def _invalid_params(text: str) -> JsonRpcError:
    return JsonRpcError(INVALID_PARAMS, f"Invalid params: {text}")


def _progress_reporter(request: Request, send: Send) -> Callable[[int, int, str], None]:
    """Returns the function that sends the progress of a request, if the client wants it."""
    meta = request.params.get("_meta")
    token: Json = meta.get("progressToken") if isinstance(meta, Mapping) else None
    if token is None:
        return lambda _done, _total, _text: None
    return lambda done, total, text: send(
        notification(
            "notifications/progress",
            {"progressToken": token, "progress": done, "total": total, "message": text},
        )
    )
