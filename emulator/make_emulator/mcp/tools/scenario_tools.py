"""Scenarios as tools: one for each active on-demand scenario, or Tool with a single module, that the caller reaches.

Sources: developers.make.com, "MCP server" (the scenarios, time limits, and what a run answers that outlives them);
integromat/make-mcp-server (the form of results and errors), assumed for the hosted server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from ...engine.scenarios import activation
from ...http.errors import InsufficientRightsError, MakeError, RateLimitError, from_domain_error
from ...http.steps import policy, rate_limit
from ...http.usage_stats import SCENARIO_TOOL_ENDPOINT, SCENARIO_TOOL_SCOPE
from ...json_types import Json
from ...policies.resources import run_access
from ...world import roles
from ...world.exceptions import DomainError, MissingPermissionError, NotFoundError
from ...world.models import Execution, FieldSpecs, Scenario
from ...world.toolboxes import is_callable
from ...world.world import World
from .definition import (
    McpClient,
    ToolAnnotations,
    ToolCall,
    ToolDefinition,
    ToolError,
    ToolResult,
    to_tool_error,
)
from .scenario_schema import input_schema
from .tool_names import id_in_name, tool_name

#: Permission of the role in the team, as for a run by the REST API.
_PERMISSION = "scenario start"

#: Type of a scenario -> prefix of the name of its tool.
_PREFIXES: Mapping[str, str] = {"scenario": "s", "tool": "t"}

_SUCCESS = "Scenario executed successfully."

#: Documented, to the letter.
_STILL_RUNNING = (
    "The Tool execution has started, but did not complete yet. Use a corresponding Tool for getting Execution Results"
    " to check for the result asynchronously."
)

#: The most operations of a run whose progress is reported.
_MAX_PROGRESS = 100


class ScenarioTools:
    """Tools of the scenarios in reach of a client."""

    def list_tools(self, client: McpClient) -> list[ToolDefinition]:
        """Returns the tools, in the order of the ids of their scenarios."""
        if SCENARIO_TOOL_SCOPE not in client.scopes:
            return []
        with client.locked() as world:
            return [_definition(world, scenario, client) for scenario in _scenarios(world, client)]

    def find(self, client: McpClient, name: str) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the client has none."""
        id = next((id for prefix in _PREFIXES.values() if (id := id_in_name(prefix, name)) is not None), None)
        if id is None or SCENARIO_TOOL_SCOPE not in client.scopes:
            return None
        with client.locked() as world:
            try:
                scenario = _find_scenario(world, client, id)
            except (NotFoundError, MakeError):
                return None
            if not client.may_run(world, id):
                return None
            definition = _definition(world, scenario, client)
        return definition if definition.name == name else None


def _scenarios(world: World, client: McpClient) -> Iterator[Scenario]:
    visibility = client.visibility(world)
    reach: dict[int, bool] = {}
    access = client.access
    if access.level == "scenario":
        candidates = [row for id in sorted(access.ids) if (row := world.scenarios.get(id)) is not None]
    else:
        candidates = sorted(world.scenarios, key=lambda row: row.id)
    for scenario in candidates:
        if not is_callable(scenario):
            continue
        team = scenario.team_id
        if team not in reach:
            reach[team] = visibility.can_see_team(team) and _is_in_level(world, team, client)
        if reach[team] and client.may_run(world, scenario.id):
            yield scenario


def _is_in_level(world: World, team_id: int, client: McpClient) -> bool:
    match client.access.level:
        case "team":
            return team_id in client.access.ids
        case "organization":
            return world.teams[team_id].organization_id in client.access.ids
    return True


def _find_scenario(world: World, client: McpClient, id: int) -> Scenario:
    """Returns the scenario of a tool.

    Raises:
        NotFoundError: if it is none, or not in reach.
    """
    scenario: Scenario = client.visibility(world).find("scenario", id)
    access = client.access
    if not is_callable(scenario) or (access.level == "scenario" and id not in access.ids):
        raise NotFoundError("scenario", id)
    if not _is_in_level(world, scenario.team_id, client):
        raise NotFoundError("scenario", id)
    return scenario


#: Identities of a scenario's row and of its inputs, and the length of names -> both, and the tool. Rows never change.
_definitions: dict[tuple[int, int, int], tuple[Scenario, FieldSpecs, ToolDefinition]] = {}
_MAX_DEFINITIONS = 4096


def _definition(world: World, scenario: Scenario, client: McpClient) -> ToolDefinition:
    fields = world.blueprints[scenario.id, scenario.blueprint_version].input_spec
    length = client.access.max_name_length
    key = (id(scenario), id(fields), length)
    known = _definitions.get(key)
    if known is None or known[0] is not scenario or known[1] is not fields:
        name = tool_name(_PREFIXES[scenario.type], scenario.id, scenario.name, length)
        description = scenario.description or scenario.name
        tool = scenario_tool(world, scenario, name, title=scenario.name, description=description)
        if len(_definitions) >= _MAX_DEFINITIONS:
            _definitions.clear()
        _definitions[key] = known = scenario, fields, tool
    return known[2]


def scenario_tool(
    world: World,
    scenario: Scenario,
    name: str,
    *,
    title: str,
    description: str,
    annotations: ToolAnnotations | None = None,
) -> ToolDefinition:
    """Returns the tool that runs a scenario."""
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    return ToolDefinition(
        name=name,
        title=title,
        description=description,
        annotations=annotations,
        input_schema=input_schema(version.input_spec or ()),
        scopes=(SCENARIO_TOOL_SCOPE,),
        handler=partial(run_scenario, scenario_id=scenario.id),
        # The run checks its inputs itself, as the REST API does.
        validates=False,
    )


def run_scenario(call: ToolCall, *, scenario_id: int) -> ToolResult:
    """Runs a scenario and waits for it, in the world's time."""
    client = call.client
    client.entry.endpoint = SCENARIO_TOOL_ENDPOINT
    try:
        with client.locked() as world:
            execution = _run(world, client, scenario_id, dict(call.arguments))
            limit = client.limits.scenario
            world.clock.advance_to(min(execution.ends, execution.started + limit))
    except DomainError as error:
        raise to_tool_error(from_domain_error(error)) from None
    except MakeError as error:
        raise to_tool_error(error) from None
    _report_steps(call, execution)
    return _result(client, execution, limit)


def _run(world: World, client: McpClient, id: int, arguments: dict[str, Json]) -> Execution:
    visibility = client.visibility(world)
    scenario = _find_scenario(world, client, id)
    user, organization = visibility.user, visibility.organization_of(scenario)
    client.entry.organization_id = organization.id
    counted = rate_limit.count_request(world, organization, user)
    if roles.lacks_permission(world, user, _PERMISSION, scenario):
        client.entry.missing = (_PERMISSION,)
        raise InsufficientRightsError(MissingPermissionError(_PERMISSION).detail)
    policy.check_accesses(world, client.caller.token, client.entry, [run_access(id)])
    if counted is not None and counted.exceeded:
        raise RateLimitError
    agent_run = client.agent_run(world)
    try:
        return activation.run_now(
            world, user, scenario, data=arguments or None, responsive=False, agent_run=agent_run
        )
    finally:
        if agent_run is not None:
            policy.record_run(world, client.entry, agent_run)


def _report_steps(call: ToolCall, execution: Execution) -> None:
    steps = execution.steps[:_MAX_PROGRESS]
    for number, step in enumerate(steps, 1):
        call.report_progress(number, len(steps), step.module)


def _result(client: McpClient, execution: Execution, limit: int) -> ToolResult:
    entry = client.entry
    if execution.duration > limit:
        entry.reason = f"execution {execution.id} goes on after the time limit"
        pending: dict[str, Json] = {
            "instruction": _STILL_RUNNING,
            "executionId": execution.id,
            "scenarioId": execution.scenario_id,
        }
        return ToolResult(ToolResult.of(pending).text, pending)
    if execution.error is not None:
        entry.reason = f"execution {execution.id} failed"
        raise ToolError(f"MakeError: {execution.error.message}", decision="served")
    entry.reason = f"execution {execution.id} succeeded"
    if not execution.outputs:
        return ToolResult(_SUCCESS)
    outputs = dict(execution.outputs)
    return ToolResult(ToolResult.of(outputs).text, outputs)
