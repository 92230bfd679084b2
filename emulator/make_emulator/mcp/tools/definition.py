"""Definition of a tool, its calls and its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from ...engine.run_state import AgentRun
from ...http import hints
from ...http.context import Caller, DirectInput, RequestContext
from ...http.dispatch import ApiDispatcher
from ...http.errors import (
    InsufficientRightsError,
    MakeError,
    PolicyError,
    RateLimitError,
    RequestValidationError,
)
from ...http.faults import InjectedResetError, InjectedTimeoutError
from ...http.request_log import DENIED_POLICY, LogEntry
from ...http.steps import world_lock
from ...http.steps.authentication import reload_user
from ...json_types import Json, JsonObject, as_mapping, as_mappings
from ...policies import agents
from ...policies.decision import can_ever, is_allowed
from ...policies.resources import run_access, scope_accesses
from ...registry import WorldRegistry
from ...world.clock import SECOND
from ...world.models import Agent
from ...world.visibility import Visibility
from ...world.world import World
from ..access_parameters import AccessParameters
from ..servers import TimeLimits


class ToolError(Exception):
    """Failure of a tool, which its result shows with ``isError``.

    Args:
        hint: what the text leaves out, for the request log and the header ``X-Emulator-Why``.
    """

    def __init__(self, text: str, *, decision: str = "refused: tool", hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.decision = decision
        self.hint = hint


def to_tool_error(error: MakeError) -> ToolError:
    """Returns the failure of a tool for an error of Make, worded as the vendor's local server does."""
    lines = [f"MakeError: {error.detail or error.message}", *(f" - {text}" for text in error.suberrors or ())]
    decision = next((text for kind, text in _DECISIONS if isinstance(error, kind)), "refused: tool")
    return ToolError("\n".join(lines), decision=decision, hint=error.hint)


#: Kind of error -> decision in the log entry.
_DECISIONS: tuple[tuple[type[MakeError], str], ...] = (
    (InsufficientRightsError, "refused: role"),
    (PolicyError, DENIED_POLICY),
    (RateLimitError, "refused: rate limit"),
    (RequestValidationError, "refused: parameters"),
)


@dataclass(frozen=True, slots=True)
class ToolAnnotations:
    """Hints about the behaviour of a tool."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool | None = None
    open_world: bool = False

    def to_json(self) -> JsonObject:
        annotations: JsonObject = {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "openWorldHint": self.open_world,
        }
        return annotations if self.idempotent is None else {**annotations, "idempotentHint": self.idempotent}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """Result of a tool: a text, and the same as a JSON object where it is one."""

    text: str
    structured: JsonObject | None = None
    is_error: bool = False

    @classmethod
    def of(cls, value: Json) -> ToolResult:
        """Returns the result for a JSON value: a text as it is, anything else as JSON that is indented by two."""
        if isinstance(value, str):
            return cls(value)
        return cls(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())

    def to_json(self) -> JsonObject:
        result: JsonObject = {"content": [{"type": "text", "text": self.text}]}
        if self.structured is not None:
            result["structuredContent"] = self.structured
        if self.is_error:
            result["isError"] = True
        return result


@dataclass(slots=True)
class McpClient:
    """Client of the MCP server during one request: its caller, and what its URL says."""

    registry: WorldRegistry
    dispatcher: ApiDispatcher
    caller: Caller
    access: AccessParameters
    limits: TimeLimits
    entry: LogEntry
    #: Scheme and host of the call, for URLs in results.
    origin: str = ""

    @property
    def scopes(self) -> frozenset[str]:
        return self.caller.token.scopes

    def visibility(self, world: World) -> Visibility:
        """Returns the view of the caller on the world as it is now.

        Raises:
            UnauthorizedError: if the token is gone.
        """
        token = self.caller.token
        return Visibility(world, reload_user(world, token), token.only_organization_id)

    def may_use(self, tool: ToolDefinition) -> bool:
        """Returns True unless the client is an agent whose grants allow no call of the tool.

        The routes that the call of a management tool needs check the resources that it names.
        """
        agent = self.agent()
        return agent is None or all(
            can_ever(agent, action, kind) for kind, action in scope_accesses(tool.scopes)
        )

    def agent(self) -> Agent | None:
        """Returns the agent that the client is; ``None`` if it is none."""
        return agents.find(self.caller.handle.world, self.caller.token)

    def may_run(self, world: World, scenario_id: int) -> bool:
        """Returns True unless the client is an agent whose grants do not allow it to run the scenario."""
        agent = agents.find(world, self.caller.token)
        return agent is None or is_allowed(agent, run_access(scenario_id))

    def agent_run(self, world: World) -> AgentRun | None:
        """Returns the run that the client is about to start, if it is an agent whose runs are checked."""
        agent = agents.find(world, self.caller.token)
        return AgentRun(agent.name) if agent is not None and agent.runs == agents.CHECK else None

    @contextmanager
    def locked(self) -> Iterator[World]:
        """The world of the client, locked, after all that fell due in it."""
        context = RequestContext(
            self.registry, DirectInput(), self.entry, handle=self.caller.handle, caller=self.caller
        )
        with context.resources:
            world_lock.lock_world(context)
            yield context.world


@dataclass(slots=True)
class ToolCall:
    """Call of a tool with arguments that fit its input schema."""

    client: McpClient
    arguments: Mapping[str, Json]
    #: True once it has called a route of the REST API, which has its own entry in the request log.
    has_called_api: bool = field(default=False, init=False)
    #: Sends the progress of the call, if the client wants it: the number done, the total, and a text.
    report_progress: Callable[[int, int, str], None] = field(default=lambda _done, _total, _text: None)

    def argument(self, name: str) -> Any:
        """Returns an argument; ``None`` if it is missing."""
        return self.arguments.get(name)

    def api(
        self,
        route: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Json = None,
    ) -> Any:
        """Calls a route of the REST API, such as ``GET /teams/{teamId}``, with the same checks as over HTTP; returns its JSON.

        Query parameters that are ``None`` are left out.

        Raises:
            ToolError: if the response is an error, or comes after the time limit of the server; what was done stays done.
        """
        self.has_called_api = True
        given = {name: value for name, value in (query or {}).items() if value is not None}
        started = self.client.caller.handle.world.now()
        try:
            response = self.client.dispatcher.invoke(
                self.client.dispatcher.endpoint(route),
                self.client.caller,
                path=path,
                query={name: _query_value(value) for name, value in given.items()},
                body=body,
                origin=self.client.origin,
            )
            data = response.json()
        except (InjectedResetError, InjectedTimeoutError, orjson.JSONDecodeError):
            raise ToolError("MakeError: The connection to the Make API was lost.", decision="fault") from None
        if response.status >= 400:
            raise _response_error(data, response.headers.get(hints.HEADER))
        limit = self.client.limits.management
        if self.client.caller.handle.world.now() - started > limit:
            # The call has waited for a run, in the world's time.
            raise ToolError(f"MakeError: The tool did not complete within {limit // SECOND} seconds.")
        return data


def _query_value(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _response_error(data: Json, hint: str | None) -> ToolError:
    body = as_mapping(data)
    lines = [f"MakeError: {body.get('detail') or body.get('message')}"]
    lines += [f" - {suberror.get('message')}" for suberror in as_mappings(body.get("suberrors"))]
    return ToolError("\n".join(lines), hint=hint)


Handler = Callable[[ToolCall], ToolResult]


# Not frozen: a list creates hundreds, which would take three times as long.
@dataclass(slots=True, kw_only=True)
class ToolDefinition:
    """A tool: what a list shows of it, what it requires, and what it does.

    Args:
        scopes: all the scopes that the caller needs; without them it is not listed.
        validates: true if arguments are checked against the input schema before the handler runs.
        has_secrets: true if the arguments have credentials: the request log keeps only the names of the arguments.
    """

    name: str
    handler: Handler
    title: str | None = None
    description: str = ""
    input_schema: JsonObject = field(default_factory=lambda: {"type": "object", "properties": {}})
    annotations: ToolAnnotations | None = None
    scopes: tuple[str, ...] = ()
    validates: bool = True
    has_secrets: bool = False
    _encoded: orjson.Fragment | None = field(default=None, init=False, repr=False)

    def encode(self) -> orjson.Fragment:
        """Returns the tool as JSON that is serialized already, the same for each list."""
        if self._encoded is None:
            self._encoded = orjson.Fragment(orjson.dumps(self.to_json()))
        return self._encoded

    def to_json(self) -> JsonObject:
        """Returns the tool as ``tools/list`` shows it."""
        tool: JsonObject = {"name": self.name}
        if self.title:
            tool["title"] = self.title
        if self.description:
            tool["description"] = self.description
        tool["inputSchema"] = self.input_schema
        if self.annotations is not None:
            tool["annotations"] = self.annotations.to_json()
        return tool
