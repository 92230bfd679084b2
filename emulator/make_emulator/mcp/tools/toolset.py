"""Toolset of a server: providers of tools, asked in order, and the calls of their tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...http.errors import MakeError, from_domain_error
from ...http.steps import policy
from ...plain_text import join_sentences
from ...world.exceptions import DomainError
from .arguments import find_issues
from .definition import McpClient, ToolCall, ToolDefinition, ToolError, ToolResult, to_tool_error


class ToolProvider(Protocol):
    """Source of tools of one kind."""

    def list_tools(self, client: McpClient, /) -> list[ToolDefinition]:
        """Returns the tools that the client may use."""

    def find(self, client: McpClient, name: str, /) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the client may use none."""


class Toolset:
    """Tools of all providers; of two tools with one name the first counts."""

    def __init__(self, providers: Sequence[ToolProvider]) -> None:
        self._providers = providers

    def list_tools(self, client: McpClient) -> list[ToolDefinition]:
        """Returns the tools that the client may use."""
        found: dict[str, ToolDefinition] = {}
        for provider in self._providers:
            for tool in provider.list_tools(client):
                found.setdefault(tool.name, tool)
        return list(found.values())

    def find(self, client: McpClient, name: str) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the client may use none."""
        for provider in self._providers:
            if (tool := provider.find(client, name)) is not None:
                return tool
        return None


def call_tool(tool: ToolDefinition, call: ToolCall) -> ToolResult:
    """Runs a tool; a failure is a result too, and the log entry says why."""
    entry = call.client.entry
    entry.decision = "served"
    try:
        if tool.validates and (issues := find_issues(tool.input_schema, call.arguments)):
            raise ToolError(
                f"Input validation error: Invalid arguments for tool {tool.name}: {'; '.join(issues)}",
                decision="refused: parameters",
            )
        result = tool.handler(call)
        if not call.has_called_api:
            policy.record_tool(call.client.entry, call.client.agent(), tool.scopes)
        return result
    except ToolError as error:
        failure = error
    except MakeError as error:
        failure = to_tool_error(error)
    except DomainError as error:
        failure = to_tool_error(from_domain_error(error))
    entry.decision = failure.decision
    entry.reason = entry.reason or join_sentences([*failure.text.splitlines(), failure.hint or ""])
    return ToolResult(failure.text, is_error=True)
