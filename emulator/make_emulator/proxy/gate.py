"""Gate of the proxy: the requests that may pass to the zone, and why, in plain English.

Without ``--allow-writes`` nothing passes that changes something. With a policy only what is granted to the agent passes; what is not known
to the emulator is refused, as its accesses are not known either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..http.endpoint import PATH_PARAMETER_KINDS, Endpoint
from ..json_types import Json, as_mapping, is_integer
from ..lazy_dataclasses import dataclass
from ..plain_text import printable
from ..policies.decision import can_ever, decide, permitted_ids
from ..policies.resources import (
    READ,
    ROWS,
    WRITE,
    Access,
    Resource,
    endpoint_accesses,
    run_access,
    scope_accesses,
)
from ..policies.statements import (
    StatedDecision,
    describe_grant,
    describe_resource,
    state_all,
    verb_of_request,
)
from ..world.models import Agent
from ..world.world import World
from .accesses import NamedResources, find_accesses
from .mcp_messages import Message, find_tool, read_messages, rest_request
from .request import SAFE_METHODS, ProxyRequest

_MAX_TEXT = 100


class RefusedError(Exception):
    """Request that does not pass; ``reason`` is a clause, ``statement`` the sentence of the policy, empty without one."""

    def __init__(self, reason: str, statement: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.statement = statement


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Filter of a list in a response, of which the agent may read only some resources.

    Attributes:
        envelope: the key of the list.
        key: the key of the ids of its rows.
        is_permitted: true for the ids of those that the agent may read.
    """

    envelope: str
    key: str
    is_permitted: Any

    def apply(self, body: Json) -> dict[str, Json] | None:
        """Returns the body with the rows that may be read; ``None`` if it is no such list."""
        document = dict(as_mapping(body))
        rows = document.get(self.envelope)
        if not isinstance(rows, list):
            return None
        document[self.envelope] = [
            row
            for row in rows
            if isinstance(row, Mapping) and self.key in row and self.is_permitted(str(row[self.key]))
        ]
        return document


@dataclass(frozen=True, slots=True)
class Permission:
    """Permission for a request to pass.

    Attributes:
        decisions: the decisions of the policy; empty without one.
        list_filter: of a list of which only some rows may be read.
        hides_tools: true for a list of tools, from which those are removed that the agent may not use.
    """

    decisions: Sequence[StatedDecision] = ()
    list_filter: ListFilter | None = None
    hides_tools: bool = False


class Gate:
    """Decides on requests.

    Args:
        agent: whose grants apply; ``None`` for no policy.
        allow_writes: true to let requests pass that change something.
    """

    def __init__(self, agent: Agent | None, *, allow_writes: bool) -> None:
        self.agent = agent
        self._allow_writes = allow_writes
        #: Without rows: resources of the zone are described by their ids.
        self._world = World("")

    def check(self, request: ProxyRequest) -> Permission:
        """Returns the permission for a request.

        Raises:
            RefusedError: if it may not pass.
        """
        if request.is_ambiguous:
            raise RefusedError("its path has dot segments, or is encoded twice")
        if request.is_mcp:
            return self._check_mcp(request)
        if not self._allow_writes and request.method not in SAFE_METHODS:
            raise RefusedError(f"{request.method} may change something: --allow-writes lets it pass")
        if request.is_hook:
            return self._check_hook(request)
        is_public = request.is_well_known and request.method in SAFE_METHODS
        if self.agent is None or request.method == "OPTIONS" or is_public:
            return Permission()
        endpoint, values = request.endpoint()
        if endpoint is None:
            raise RefusedError(
                "its accesses are not known",
                f"{self.agent.name} tried {request.method} {printable(request.raw_path)[:_MAX_TEXT]}: refused, "
                "the policy knows no such route",
            )
        return self._check_endpoint(
            self.agent, endpoint, NamedResources(endpoint, values, request.query_pairs, request.json())
        )

    def state(self, permission: Permission, status: int) -> str:
        """Returns the sentence about a request that passed; empty without a policy."""
        if self.agent is None or not permission.decisions:
            return ""
        return state_all(self.agent.name, permission.decisions, status)

    # --- routes ------------------------------------------------------------------------------------

    def _check_endpoint(self, agent: Agent, endpoint: Endpoint, named: NamedResources) -> Permission:
        if endpoint.is_public:
            return Permission()
        accesses = find_accesses(named)
        list_filter = None
        if endpoint.lists is not None:
            [(kind, _)] = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
            if can_ever(agent, READ, kind):
                list_filter = self._filter_of(agent, endpoint, kind)
                if list_filter is not None and not decide(agent, READ, Resource(kind)).is_allowed:
                    accesses = ()
        permission = self._decide(agent, endpoint.method, accesses)
        if list_filter is None:
            return permission
        if not accesses:
            return Permission((self._state_partial_list(agent, kind),), list_filter)
        return Permission(permission.decisions, list_filter)

    @staticmethod
    def _filter_of(agent: Agent, endpoint: Endpoint, kind: str) -> ListFilter | None:
        """Returns the filter of a list; ``None`` if the agent may read every row."""
        if not _granted_ids(agent, kind):
            return None
        words = (endpoint.lists or "id").split("_")
        key = words[0] + "".join(map(str.capitalize, words[1:]))
        return ListFilter(next(iter(endpoint.response.fields)), key, permitted_ids(agent, READ, kind))

    def _state_partial_list(self, agent: Agent, kind: str) -> StatedDecision:
        grants = [describe_grant(grant) for grant in agent.grants if grant.resource.startswith(f"{kind}/")]
        subject = describe_resource(self._world, Resource(kind), verb="list")
        return StatedDecision(verb="list", subject=subject, is_allowed=True, grant=", ".join(grants[:5]))

    def _decide(self, agent: Agent, method: str, accesses: Sequence[Access]) -> Permission:
        decisions = []
        for access in accesses:
            decision, verb = decide(agent, access.action, access.resource), verb_of_request(method, access)
            decisions.append(
                StatedDecision(
                    verb=verb,
                    subject=describe_resource(self._world, access.resource, verb=verb),
                    is_allowed=decision.is_allowed,
                    grant=describe_grant(decision.grant),
                )
            )
        if refused := [each for each in decisions if not each.is_allowed]:
            missing = [
                str(access) for access, each in zip(accesses, decisions, strict=True) if not each.is_allowed
            ]
            raise RefusedError(
                f"the agent {agent.name} lacks the grant {', '.join(missing)}",
                state_all(agent.name, refused, 403),
            )
        return Permission(tuple(decisions))

    def _check_hook(self, request: ProxyRequest) -> Permission:
        """A delivery names its hook by an address that the policy does not know: it needs the whole kind."""
        if self.agent is None:
            return Permission()
        return self._decide(self.agent, request.method, [Access(WRITE, Resource("hooks"))])

    # --- MCP ---------------------------------------------------------------------------------------

    def _check_mcp(self, request: ProxyRequest) -> Permission:
        if request.method != "POST":
            # The stream of a session, and its end.
            if request.method in (*SAFE_METHODS, "DELETE"):
                return Permission()
            raise RefusedError(f"{request.method} is no method of the Model Context Protocol")
        if self.agent is None and self._allow_writes:
            return Permission()
        decisions: list[StatedDecision] = []
        hides_tools = False
        for message in read_messages(request.json()):
            if message.method == "tools/list":
                hides_tools = self.agent is not None
            elif message.method == "tools/call":
                decisions += self._check_tool(message).decisions
            elif not message.is_safe:
                raise RefusedError(
                    f"the method {printable(message.method)[:_MAX_TEXT]!r} may change something"
                )
        return Permission(tuple(decisions), hides_tools=hides_tools)

    def _check_tool(self, message: Message) -> Permission:
        tool = find_tool(message.tool)
        name = printable(message.tool)[:_MAX_TEXT]
        if tool is None:
            raise RefusedError(
                f"the tool {name!r} is not known",
                f"{self.agent.name} tried to call the tool {name}: refused, the policy knows no such tool"
                if self.agent is not None
                else "",
            )
        if not self._allow_writes and not tool.is_read_only:
            raise RefusedError(f"the tool {name!r} may change something: --allow-writes lets it pass")
        if self.agent is None:
            return Permission()
        if tool.scenario_id is not None:
            return self._decide(self.agent, "POST", [run_access(tool.scenario_id)])
        if (called := rest_request(message)) is not None:
            endpoint, named = called
            permission = self._check_endpoint(self.agent, endpoint, named)
            if permission.list_filter is not None:
                raise RefusedError(
                    f"the tool {name!r} lists more than the agent {self.agent.name} may read",
                    f"{self.agent.name} tried to call the tool {name}: refused, it lists what is not granted",
                )
            return permission
        agent = self.agent
        accesses = [
            Access(action, resource)
            for kind, action in scope_accesses(tool.scopes)
            for resource in _resources_of(message, agent, kind)
        ]
        return self._decide(agent, "GET" if tool.is_read_only else "POST", accesses)

    def may_use_tool(self, name: str) -> bool:
        """Returns true if the agent may call a tool in some way, so that a list shows it."""
        tool = find_tool(name)
        if tool is None or (not self._allow_writes and not tool.is_read_only):
            return False
        if self.agent is None:
            return True
        if tool.scenario_id is not None:
            access = run_access(tool.scenario_id)
            return decide(self.agent, access.action, access.resource).is_allowed
        agent = self.agent
        if tool.listing is not None:
            [(kind, _)] = endpoint_accesses(tool.listing.method, tool.listing.path, tool.listing.scopes)
            return decide(agent, READ, Resource(kind)).is_allowed and not _granted_ids(agent, kind)
        return all(can_ever(agent, action, kind) for kind, action in scope_accesses(tool.scopes))


def _resources_of(message: Message, agent: Agent, kind: str) -> list[Resource]:
    """Returns the resources of a kind that a tool is about which makes several calls: those that its arguments name.

    Without any, every grant of the kind has to allow the call.
    """
    row = ROWS.get(kind)
    named = [
        Resource(kind, str(value))
        for name, value in (message.arguments or {}).items()
        if row is not None and PATH_PARAMETER_KINDS.get(name) == row and is_integer(value)
    ]
    return named or [Resource(kind), *(Resource(kind, id) for id in _granted_ids(agent, kind))]


def _granted_ids(agent: Agent, kind: str) -> list[str]:
    """Returns the ids of the single resources of a kind for which an agent has grants of their own."""
    prefix = f"{kind}/"
    return [
        grant.resource.removeprefix(prefix) for grant in agent.grants if grant.resource.startswith(prefix)
    ]
