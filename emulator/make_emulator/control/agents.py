"""Agents in the control API: their tokens or OAuth clients, and their grants."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError, from_domain_error
from ..http.responses import json_response
from ..json_types import Json, JsonObject
from ..policies import agents
from ..policies.grants import InvalidGrantsError, parse_grants, write_grants
from ..registry import WorldHandle, WorldRegistry
from ..world.exceptions import DomainError
from ..world.models import Agent, OAuthClient, Token
from ..world.world import World
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/agents")
    def list_agents(name: str) -> Response:
        """Agents with their grants, without their tokens."""
        with find_world(registry, name).locked() as world:
            return json_response({"agents": [view(row) for row in world.agents]})

    @blueprint.get("/worlds/<name>/agents/<agent>")
    def get_agent(name: str, agent: str) -> Response:
        """An agent with its token and its grants."""
        with find_world(registry, name).locked() as world:
            return json_response({"agent": _view_with_token(_find(world, agent))})

    @blueprint.put("/worlds/<name>/agents/<agent>")
    def put_agent(name: str, agent: str) -> Response:
        """Creates an agent, or replaces its grants: ``{"allow": {resource: grant}, "runs"?, "token"?, "oauthClient"?, "userId"?}``.

        With ``runs`` set to ``check`` the modules of the runs that it starts need its grants too, with ``trust`` they need none.

        ``token`` is the text or the label of a token of the world, ``oauthClient`` the id or the name of a client. A new agent
        without either gets a token of its own, with every scope, of the first user or the one of ``userId``.
        """
        handle = find_world(registry, name)
        params = parse_body(
            {"allow": (dict,), "runs": (str,), "token": (str,), "oauthClient": (str,), "userId": (int,)}
        )
        if not 0 < len(agent) <= agents.MAX_NAME_LENGTH:
            raise bad_request(f"The name of an agent has 1 to {agents.MAX_NAME_LENGTH} characters.")
        with handle.locked() as world:
            is_new = agent not in world.agents
            row = _put(handle, world, agent, params)
            return json_response({"agent": _view_with_token(row)}, 201 if is_new else 200)

    @blueprint.delete("/worlds/<name>/agents/<agent>")
    def delete_agent(name: str, agent: str) -> Response:
        """Deletes an agent with the tokens that it made; its own token stays, without limits."""
        with find_world(registry, name).locked() as world:
            agents.remove(world, _find(world, agent))
            return Response(status=204)


def _find(world: World, name: str) -> Agent:
    agent = world.agents.get(name)
    if agent is None:
        raise ResourceNotFoundError(f"There is no agent '{name}' in that world.")
    return agent


def _put(handle: WorldHandle, world: World, name: str, params: JsonObject) -> Agent:
    if "allow" not in params:
        raise bad_request("Missing value of required parameter 'allow'.")
    try:
        grants = parse_grants(params["allow"])
    except InvalidGrantsError as error:
        raise bad_request(f"Invalid value of parameter 'allow': {error}.") from None
    runs = params.get("runs")
    if runs is not None and runs not in agents.RUN_CHECKS:
        raise bad_request(f"Parameter 'runs' must be one of: {', '.join(agents.RUN_CHECKS)}.")
    user_id = params.get("userId")
    user = handle.main_user() if user_id is None else world.users.get(user_id)
    if user is None:
        raise bad_request("There is no such user.")
    try:
        return agents.put(
            world,
            name,
            grants,
            user=user,
            token=_token(world, params),
            client=_client(world, params),
            runs=runs,
        )
    except DomainError as error:
        raise from_domain_error(error) from None


def _token(world: World, params: JsonObject) -> Token | None:
    if "token" not in params:
        return None
    for row in world.tokens:
        if params["token"] in (row.token, row.label):
            return row
    raise bad_request("There is no such token.")


def _client(world: World, params: JsonObject) -> OAuthClient | None:
    if "oauthClient" not in params:
        return None
    for row in world.oauth_clients:
        if params["oauthClient"] in (row.id, row.name):
            return row
    raise bad_request("There is no such OAuth client.")


def view(agent: Agent) -> dict[str, Json]:
    """Returns an agent as JSON, without its token, which is a secret."""
    return {
        "name": agent.name,
        "oauthClient": agent.client_id,
        "runs": agent.runs,
        "allow": write_grants(agent.grants),
    }


def _view_with_token(agent: Agent) -> dict[str, Json]:
    return {**view(agent), "token": agent.token}
