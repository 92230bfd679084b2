"""Worlds and their tokens in the control API."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from ..http.endpoint import snake_case
from ..http.errors import BadRequestError, ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import Json
from ..registry import WorldHandle, WorldNameTakenError, WorldRegistry, WorldSpec
from ..world import organizations, settings
from ..world.enums import SCOPES
from ..world.models import Token
from ..world.plans import PLANS
from ..world.settings import SETTINGS
from ..world.world import World
from .params import bad_request, parse_body

_SETTING_TYPES = {name: (type(setting.default),) for name, setting in SETTINGS.items()}


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds")
    def list_worlds() -> Response:
        """Lists the worlds."""
        return json_response({"worlds": [describe_world(handle, request.host_url) for handle in registry]})

    @blueprint.post("/worlds")
    def create_world() -> Response:
        """Creates a world; every field is optional.

        ``{"name"?, "seed"?: a name or an object, "worldSeed"?, "plan"?,
        "zone"?, "now"?, "rateLimit"?}``, and the settings that ``PATCH`` changes.
        """
        try:
            handle = registry.create(_parse_world_spec(registry))
        except WorldNameTakenError as error:
            raise bad_request(f"There is a world named '{error}' already.") from None
        except ValueError as error:
            # An invalid seed has a list of issues.
            issues = [str(issue) for issue in getattr(error, "issues", ())]
            reason = str(error).replace("\n", "; ")
            raise BadRequestError(f"The world cannot be created: {reason}.", suberrors=issues) from None
        return world_response(handle, 201)

    @blueprint.get("/worlds/<name>")
    def get_world(name: str) -> Response:
        """Base URL, token, team and organization of a world."""
        return world_response(find_world(registry, name))

    @blueprint.patch("/worlds/<name>")
    def change_world(name: str) -> Response:
        """Changes settings of a world; those that are not sent stay, and a reset returns to those of its creation.

        ``{"rateLimit"?, "apiAccess"?, "blueprintChangeStops"?, "filteredUserAgents"?, "inactiveHooks"?, "runInactive"?,
        "unknownModules"?, "unmatched"?}``.
        """
        handle = find_world(registry, name)
        values = parse_body({"rateLimit": (bool,), **_SETTING_TYPES})
        limited = values.pop("rateLimit", None)
        with handle.locked(for_change=True) as world:
            _apply_settings(world, values)
            if limited is not None:
                world.rate_limited = limited
        return world_response(handle)

    @blueprint.delete("/worlds/<name>")
    def delete_world(name: str) -> Response:
        """Deletes a world with its tokens."""
        registry.delete(find_world(registry, name))
        return Response(status=204)

    @blueprint.post("/worlds/<name>/reset")
    def reset_world(name: str) -> Response:
        """Resets a world to its seed."""
        handle = find_world(registry, name)
        try:
            registry.reset(handle)
        except ValueError as error:
            raise bad_request(f"The world cannot be reset: {error}.") from None
        return world_response(handle)

    @blueprint.get("/worlds/<name>/tokens")
    def list_tokens(name: str) -> Response:
        """Tokens of a world with their scopes, those of agents among them."""
        with find_world(registry, name).locked() as world:
            tokens = [_describe_token(token) for token in world.tokens]
        return json_response({"tokens": tokens})

    @blueprint.post("/worlds/<name>/tokens")
    def create_token(name: str) -> Response:
        """``{"scopes": […], "userId"?, "label"?}``: creates a token with exactly these scopes."""
        handle = find_world(registry, name)
        with handle.locked(for_change=True):
            return json_response(_create_token(handle), 201)


def find_world(registry: WorldRegistry, name: str) -> WorldHandle:
    """Returns the world of that name.

    Raises:
        ResourceNotFoundError: if there is none.
    """
    handle = registry.get(name)
    if handle is None:
        raise ResourceNotFoundError(f"There is no world named '{name}'.")
    return handle


def describe_world(handle: WorldHandle, url: str) -> dict[str, Json]:
    """Returns a world, on the server of a URL, as JSON; null for a team or an organization that was deleted."""
    with handle.locked():
        team = handle.main_team()
        organization = handle.world.organizations[team.organization_id] if team else None
    return {
        "name": handle.name,
        "baseUrl": url.rstrip("/") + "/api/v2",
        "token": handle.main_token().token,
        "organizationId": organization.id if organization else None,
        "teamId": team.id if team else None,
        "userId": handle.main_user().id,
        "zone": organization.zone if organization else None,
        "plan": organization.plan if organization else None,
    }


def world_response(handle: WorldHandle, status: int = 200) -> Response:
    """Returns a world with its settings."""
    values = {"rateLimit": handle.world.rate_limited, **settings.values_of(handle.world)}
    return json_response({"world": describe_world(handle, request.host_url), "settings": values}, status)


def _apply_settings(world: World, values: Mapping[str, Json]) -> None:
    try:
        settings.apply(world, values)
    except settings.InvalidSettingError as error:
        raise bad_request(str(error)) from None


def _parse_world_spec(registry: WorldRegistry) -> WorldSpec:
    params = parse_body(
        {
            "name": (str,),
            "seed": (str, dict),
            "worldSeed": (int,),
            "plan": (str,),
            "zone": (str,),
            "now": (str,),
            "rateLimit": (bool,),
            **_SETTING_TYPES,
        }
    )
    own = {name: params.pop(name) for name in SETTINGS if name in params}
    try:
        settings.check(own)
    except settings.InvalidSettingError as error:
        raise bad_request(str(error)) from None
    values = {snake_case(name): value for name, value in params.items()}
    if "/" in values.get("name", ""):
        raise bad_request("The name of a world has no slash.")
    if isinstance(values.get("seed"), str) and values["seed"] not in registry.seed_names:
        # A caller must not make the server read files: clients read them, or the process that starts the server.
        raise bad_request(f"Parameter 'seed' must be one of: {', '.join(registry.seed_names)}; or an object.")
    if values.get("plan", "free") not in PLANS:
        raise bad_request(f"Parameter 'plan' must be one of: {', '.join(PLANS)}.")
    name = values.pop("name", "") or registry.free_name()
    return WorldSpec(name=name, settings=own, **values)


def _create_token(handle: WorldHandle) -> dict[str, Json]:
    params = parse_body({"scopes": (list,), "userId": (int,), "label": (str,)})
    scopes = params.get("scopes")
    if scopes is None or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise bad_request("Parameter 'scopes' must be a list of Make's scopes.")
    user = handle.world.users.get(params["userId"]) if "userId" in params else handle.main_user()
    if user is None:
        raise bad_request("There is no such user.")
    label = params.get("label") or f"token-{len(handle.world.tokens) + 1}"
    token = organizations.create_token(handle.world, user, scopes, label=label)
    return _describe_token(token)


def _describe_token(token: Token) -> dict[str, Json]:
    return {
        "token": token.token,
        "label": token.label,
        "scopes": sorted(token.scopes),
        "userId": token.user_id,
    }
