"""MCP toolboxes in the control API: at Make they are made in the web app, by no route of its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from ..http.errors import MakeError, ResourceNotFoundError, from_domain_error
from ..http.responses import json_response
from ..json_types import Json, is_integer
from ..registry import WorldHandle, WorldRegistry
from ..world import toolboxes
from ..world.exceptions import DomainError
from ..world.models import Toolbox
from ..world.world import World
from .params import bad_request, parse_body
from .worlds import find_world

_TOOL_FIELDS: Mapping[str, type] = {"scenarioId": int, "label": str, "description": str, "readOnly": bool}


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/toolboxes")
    def list_toolboxes(name: str) -> Response:
        """MCP toolboxes with their tools and keys."""
        with find_world(registry, name).locked() as world:
            return json_response({"toolboxes": [_view(world, row) for row in world.toolboxes]})

    @blueprint.post("/worlds/<name>/toolboxes")
    def create_toolbox(name: str) -> Response:
        """Creates an MCP toolbox with its first key, as the first user of the world.

        ``{"name", "tools": [{"scenarioId", "label"?, "description"?, "readOnly"?} or an id], "teamId"?}``
        """
        handle = find_world(registry, name)
        params = parse_body({"name": (str,), "tools": (list,), "teamId": (int,)})
        if not params.get("name"):
            raise bad_request("Missing value of required parameter 'name'.")
        tools = [_parse_tool(each) for each in params.get("tools", [])]
        with handle.locked() as world:
            return json_response({"toolbox": _view(world, _create(handle, world, params, tools))}, 201)

    @blueprint.post("/worlds/<name>/toolboxes/<int:id>/keys")
    def create_toolbox_key(name: str, id: int) -> Response:
        """Creates another key of a toolbox. ``{"label"?}``."""
        handle = find_world(registry, name)
        label = parse_body({"label": (str,)}).get("label")
        with handle.locked() as world:
            toolbox = _find(world, id)
            number = sum(1 for _ in world.toolbox_keys.where(toolbox=id)) + 1
            row = toolboxes.create_key(world, toolbox, label=label or f"key-{number}")
            return json_response({"key": {"label": row.label, "key": row.key}}, 201)

    @blueprint.delete("/worlds/<name>/toolboxes/<int:id>")
    def delete_toolbox(name: str, id: int) -> Response:
        """Deletes a toolbox with its keys."""
        with find_world(registry, name).locked() as world:
            world.toolboxes.remove(_find(world, id).id)
            return Response(status=204)


def _find(world: World, id: int) -> Toolbox:
    toolbox = world.toolboxes.get(id)
    if toolbox is None:
        raise ResourceNotFoundError(f"There is no toolbox {id} in that world.")
    return toolbox


def _parse_tool(value: Json) -> dict[str, Any]:
    fields = {"scenarioId": value} if is_integer(value) else value
    if not isinstance(fields, Mapping) or "scenarioId" not in fields:
        raise bad_request("A tool must be the id of a scenario, or an object with 'scenarioId'.")
    for name, each in fields.items():
        if name not in _TOOL_FIELDS:
            raise bad_request(f"Unknown parameter 'tools.{name}'.")
        if type(each) is not _TOOL_FIELDS[name]:
            raise bad_request(f"Invalid value of parameter 'tools.{name}'.")
    return dict(fields)


def _create(
    handle: WorldHandle, world: World, params: Mapping[str, Any], tools: list[dict[str, Any]]
) -> Toolbox:
    main_team = handle.main_team()
    team = world.teams.get(params["teamId"]) if "teamId" in params else main_team
    if team is None:
        raise bad_request("There is no such team.")
    scenarios = [world.scenarios.get(tool["scenarioId"]) for tool in tools]
    toolbox = toolboxes.create(world, team, handle.main_user(), name=params["name"])
    try:
        for tool, scenario in zip(tools, scenarios, strict=True):
            if scenario is None:
                raise bad_request(f"There is no scenario {tool['scenarioId']}.")
            toolboxes.add_tool(
                world,
                toolbox,
                scenario,
                label=tool.get("label", ""),
                description=tool.get("description", ""),
                is_read_only=tool.get("readOnly", False),
            )
    except (MakeError, DomainError) as error:
        world.toolboxes.remove(toolbox.id)
        raise (from_domain_error(error) if isinstance(error, DomainError) else error) from None
    toolboxes.create_key(world, toolbox, label="key-1")
    return toolbox


def _view(world: World, toolbox: Toolbox) -> dict[str, Json]:
    return {
        "id": toolbox.id,
        "uuid": toolbox.uuid,
        "name": toolbox.name,
        "teamId": toolbox.team_id,
        "path": f"/mcp/server/{toolbox.uuid}",
        "tools": [
            {
                "id": row.id,
                "scenarioId": row.scenario_id,
                "label": row.label,
                "description": row.description,
                "readOnly": row.is_read_only,
            }
            for row in world.toolbox_tools.where(toolbox=toolbox.id)
        ],
        "keys": [
            {"label": row.label, "key": row.key} for row in world.toolbox_keys.where(toolbox=toolbox.id)
        ],
    }
