"""Management tools of Tools: scenarios of a single module, which agents call as ``t{id}_{name}``.

Sources: lists of tools that clients of the hosted server published (names and keys); that a Tool is active at once, and the form of
the answers, is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....engine.runtime import module_access
from ....engine.scenarios import activation, crud, module_checks
from ....http.errors import InsufficientRightsError, RateLimitError
from ....http.steps import policy, rate_limit
from ....json_types import Json, as_mapping
from ....policies.resources import READ, Access, Resource
from ....policies.resources import WRITE as WRITE_ACTION
from ....schemas.base import BodySchema, Text
from ....schemas.data_structures import SpecField
from ....world import roles
from ....world.exceptions import DomainError, MissingPermissionError, NotFoundError
from ....world.models import FieldSpecs, Scenario, Team, User
from ....world.world import World
from ..definition import McpClient, ToolCall
from .group import (
    READ_ONLY,
    REPLACE,
    WRITE,
    Input,
    ToolGroup,
    array,
    check_fields,
    json_object,
    number,
    parse_json_object,
    text,
)

tools = ToolGroup("tools")

_TOOL_ID = number("The Tool ID", required=True)
_SCHEDULING = {"type": "on-demand"}


class _ToolFields(BodySchema):
    """Fields of a Tool with the limits that those of scenarios have."""

    name = Text(120)
    description = Text(240, 0)
    inputs = SpecField()


_FIELDS = _ToolFields()


def _inputs(*, required: bool) -> Mapping[str, Input]:
    return {
        "name": text("The name", required=required),
        "description": text("What the Tool does, for the agent", required=required),
        "inputs": array(
            "The inputs: name, type, required, help", required=required, items={"type": "object"}
        ),
        "module": json_object("The module: module, version, parameters, mapper", required=required),
    }


@tools.tool(
    "create",
    "Create tool",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"teamId": number("The team ID", required=True), **_inputs(required=True)},
)
def create_tool(call: ToolCall) -> Json:
    """Creates a Tool of one module, which agents can call at once."""
    client = call.client
    check_fields(_FIELDS, {name: call.arguments[name] for name in _FIELDS.fields if name in call.arguments})
    with client.locked() as world:
        visibility = client.visibility(world)
        team = visibility.find("team", call.argument("teamId"))
        accesses = [
            Access(WRITE_ACTION, Resource("scenarios")),
            *_uses_of(client, world, _blueprint(call.arguments)),
        ]
        user = _admit(client, world, team, accesses, "scenario add", "scenario start")
        scenario = crud.create(
            world,
            user,
            team,
            blueprint=_blueprint(call.arguments),
            scheduling=_SCHEDULING,
            input_spec=_fields(call.arguments),
            output_spec=(),
            confirmed=True,
            is_tool=True,
        )
        try:
            scenario = crud.update(world, user, scenario, description=str(call.argument("description")))
            _log_warnings(client, world, scenario)
            return _describe(world, activation.start(world, user, scenario))
        except DomainError:
            # Nothing stays of a Tool that cannot be active, e.g. as its module lacks a connection.
            crud.delete(world, scenario)
            raise


@tools.tool("get", "Get tool", scopes=["scenarios:read"], annotations=READ_ONLY, inputs={"toolId": _TOOL_ID})
def get_tool(call: ToolCall) -> Json:
    """Returns a Tool with its inputs and its module."""
    client = call.client
    with client.locked() as world:
        tool = _find_tool(call, world)
        policy.check_accesses(world, client.caller.token, client.entry, [_access(tool, READ)])
        return _describe(world, tool)


@tools.tool(
    "update",
    "Update tool",
    scopes=["scenarios:write"],
    annotations=REPLACE,
    inputs={"toolId": _TOOL_ID, **_inputs(required=False)},
)
def update_tool(call: ToolCall) -> Json:
    """Changes a Tool."""
    client = call.client
    check_fields(_FIELDS, {name: call.arguments[name] for name in _FIELDS.fields if name in call.arguments})
    with client.locked() as world:
        tool = _find_tool(call, world)
        known = _describe(world, tool)
        current = {**known, **call.arguments}
        uses = _uses_of(client, world, _blueprint(current), _blueprint(known))
        user = _admit(client, world, tool, [_access(tool, WRITE_ACTION), *uses], "scenario edit")
        changed = crud.update(
            world,
            user,
            tool,
            blueprint=_blueprint(current),
            metadata={"input_spec": _fields(current), "output_spec": ()},
            name=str(current["name"]),
            description=str(current["description"]),
            confirmed=True,
        )
        _log_warnings(client, world, changed)
        return _describe(world, changed)


def _log_warnings(client: McpClient, world: World, scenario: Scenario) -> None:
    """Adds to the request log that the module of a Tool is not known."""
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    client.entry.reason = "; ".join(module_checks.find_warnings(world, blueprint))


def _access(tool: Scenario, action: str) -> Access:
    return Access(action, Resource("scenarios", str(tool.id)))


def _uses_of(
    client: McpClient,
    world: World,
    blueprint: Mapping[str, Json],
    current: Mapping[str, Json] | None = None,
) -> list[Access]:
    """Returns the accesses of the modules of a new blueprint, of an agent whose runs are checked."""
    is_checked = client.agent_run(world) is not None
    return module_access.new_accesses(blueprint, current) if is_checked else []


def _admit(
    client: McpClient, world: World, owner: Team | Scenario, accesses: Sequence[Access], *permissions: str
) -> User:
    """Counts the call, and returns the user if role and policy allow it, as the REST API does.

    Raises:
        InsufficientRightsError: if the role lacks a permission.
        PolicyError: if the client is an agent without the grant.
        RateLimitError: if the organization made more calls than its plan allows.
    """
    visibility = client.visibility(world)
    organization = visibility.organization_of(owner)
    client.entry.organization_id = organization.id
    counted = rate_limit.count_request(world, organization, visibility.user)
    for permission in permissions:
        if roles.lacks_permission(world, visibility.user, permission, owner):
            client.entry.missing = (permission,)
            raise InsufficientRightsError(MissingPermissionError(permission).detail)
    policy.check_accesses(world, client.caller.token, client.entry, accesses)
    if counted is not None and counted.exceeded:
        raise RateLimitError
    return visibility.user


def _find_tool(call: ToolCall, world: World) -> Scenario:
    """Returns the Tool that a call names.

    Raises:
        NotFoundError: if it is a scenario, or not visible.
    """
    id = call.argument("toolId")
    scenario: Scenario = call.client.visibility(world).find("scenario", id)
    if scenario.type != "tool":
        raise NotFoundError("Tool", id)
    return scenario


def _blueprint(values: Mapping[str, Json]) -> Mapping[str, Json]:
    module = as_mapping(parse_json_object("module", values.get("module")))
    node = {"id": 1, "version": 1, "parameters": {}, "mapper": {}, "metadata": {}, **module}
    return {"name": str(values.get("name")), "flow": [node], "metadata": {"version": 1}}


def _fields(values: Mapping[str, Json]) -> FieldSpecs:
    fields: Any = values["inputs"]
    return tuple(fields)


def _describe(world: World, tool: Scenario) -> dict[str, Json]:
    version = world.blueprints[tool.id, tool.blueprint_version]
    flow: Any = version.blueprint["flow"]
    return {
        "id": tool.id,
        "teamId": tool.team_id,
        "name": tool.name,
        "description": tool.description,
        "inputs": list(version.input_spec or ()),
        "module": flow[0],
    }
