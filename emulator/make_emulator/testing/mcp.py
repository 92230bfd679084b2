"""`WorldMcp`: the MCP server of a world, for clients under test, and calls of its tools without one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import orjson

from ..client.control import ControlClient, WorldClient
from ..client.responses import McpSessionRow, RequestRow
from ..json_types import JsonObject
from ..plain_text import pluralize
from .requests import MAX_REQUESTS_SHOWN, json_includes

_DATA = b"data: "
#: The name of a tool in the sentence of the request log, which has it although the log may cut the body.
_TOOL_NAME = re.compile(r": MCP tools/call (\S+)")


class McpError(RuntimeError):
    """A call that the MCP server rejected; ``code`` is that of JSON-RPC, or the HTTP status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class ToolCall:
    """Call of a tool that the MCP server received; secrets are masked.

    Attributes:
        arguments: empty if the request log has only the start of a very long body.
        is_error: the tool failed, or was refused.
        text: the text of the result; empty if the log has only its start.
        sentence: the call in one sentence, with its decision.
        id: the id of its request in the log.
    """

    name: str
    arguments: JsonObject
    is_error: bool
    text: str
    sentence: str
    id: int


class WorldMcp:
    """MCP server of a world, or one of its toolboxes: its URLs, and the token or key that goes after ``Bearer``."""

    def __init__(
        self, control: ControlClient, world: WorldClient, root: str, token: str, path: str = "/mcp"
    ) -> None:
        self._control = control
        self._world = world
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

    def calls(self, tool: str = "*", arguments: Mapping[str, Any] | None = None) -> list[ToolCall]:
        """Returns the calls of tools that the server received by HTTP, oldest first; of a toolbox its own only.

        Args:
            tool: a glob such as ``scenarios_*``.
            arguments: the part that the arguments must include: some fields of objects, at any depth; lists in full.
        """
        rows: list[RequestRow] = self._world.call("GET", "requests", query={"method": "POST"})["requests"]
        of_toolbox = self._path != "/mcp"
        calls = (_parse_call(row) for row in rows if not of_toolbox or row["path"].startswith(self._path))
        return [
            call
            for call in calls
            if call is not None
            and fnmatchcase(call.name, tool)
            and (arguments is None or json_includes(call.arguments, arguments))
        ]

    def sessions(self) -> list[McpSessionRow]:
        """Returns the sessions in the request log of the world, the latest first, with their clients, callers and calls of tools."""
        rows: list[McpSessionRow] = self._world.call("GET", "mcp-sessions")["sessions"]
        return rows

    def assert_called(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        times: int | None = None,
        is_error: bool | None = None,
    ) -> None:
        """Asserts that a tool was called, or a number of times exactly; see `calls`.

        Args:
            is_error: count only calls that failed, or only those that did not.

        Raises:
            AssertionError: with the calls that were received.
        """
        __tracebackhide__ = True
        calls = [call for call in self.calls(tool, arguments) if is_error in (None, call.is_error)]
        if len(calls) == times or (times is None and calls):
            return
        kind = {None: "a call", True: "a failed call", False: "a successful call"}[is_error]
        expected = "at least once" if times is None else pluralize(times, "time")
        raise AssertionError(
            f"expected {kind} of {_describe(tool, arguments)} {expected}, but it was received "
            f"{pluralize(len(calls), 'time')}; {_list_calls(self.calls(), arguments is not None)}"
        )

    def assert_not_called(self, tool: str = "*", arguments: Mapping[str, Any] | None = None) -> None:
        """Asserts that no tool of that name was called; see `calls`.

        Raises:
            AssertionError: with the calls that were received.
        """
        __tracebackhide__ = True
        calls = self.calls(tool, arguments)
        if calls:
            raise AssertionError(
                f"expected no call of {_describe(tool, arguments)}, but it was received "
                f"{pluralize(len(calls), 'time')}; {_list_calls(calls, arguments is not None)}"
            )

    def __repr__(self) -> str:
        return f"<WorldMcp at {self.url}>"


def _parse_call(row: RequestRow) -> ToolCall | None:
    """Returns the call of a tool that a request was; ``None`` for any other one."""
    found = _TOOL_NAME.search(row["sentence"])
    if found is None:
        return None
    request, response = row["requestBody"], row["responseBody"]
    arguments = request.get("params", {}).get("arguments") if isinstance(request, dict) else None
    result = response.get("result") if isinstance(response, dict) else None
    content = result.get("content", ()) if isinstance(result, dict) else ()
    return ToolCall(
        name=found[1],
        arguments=arguments if isinstance(arguments, dict) else {},
        is_error=row["decision"] != "served" or (isinstance(result, dict) and result.get("isError") is True),
        text="\n".join(str(part["text"]) for part in content if "text" in part),
        sentence=row["sentence"],
        id=row["id"],
    )


def _describe(tool: str, arguments: Mapping[str, Any] | None) -> str:
    return tool if arguments is None else f"{tool} with arguments like {orjson.dumps(arguments).decode()}"


def _list_calls(calls: list[ToolCall], with_arguments: bool) -> str:
    if not calls:
        return "no tool was called"
    shown = calls[-MAX_REQUESTS_SHOWN:]
    heading = "received" if len(shown) == len(calls) else f"the last of the {len(calls)} that were received"
    lines = []
    for call in shown:
        lines.append(f"  {call.sentence}")
        if with_arguments:
            lines.append(f"    with the arguments {orjson.dumps(call.arguments).decode()}")
    return f"{heading}:\n" + "\n".join(lines)
