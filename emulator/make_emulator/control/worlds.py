"""The control API under ``/_emulator``: worlds, tokens, clocks, journals. Not a part of Make.

It serves loopback only, unless a control key is set; then the header ``X-Emulator-Key`` must carry it.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from ..dashboard import pages
from ..http.endpoint import Endpoint, snake_case
from ..http.errors import BadRequestError, ForbiddenError, ResourceNotFoundError
from ..http.openapi import build_document
from ..registry import WorldHandle, WorldNameTakenError, WorldRegistry, WorldSpec
from ..version import __version__
from ..world import connections, organizations
from ..world.clock import format_iso
from ..world.enums import SCOPES
from ..world.models import ConnectionTestResult
from ..world.plans import PLANS
from . import external_services, faults, module_scripts, reports, snapshots
from .params import bad_request, json_response, parse_body


def create_blueprint(tenants: WorldRegistry, endpoints: Sequence[Endpoint], *, key: str | None) -> Blueprint:
    """The routes of the control API over a server's worlds."""
    door = Blueprint("control", __name__, url_prefix="/_emulator")
    door.before_request(lambda: _check_access(key))

    @door.get("/health")
    def health() -> Response:
        """Answers as soon as requests are served."""
        return json_response({"status": "ok", "version": __version__})

    @door.get("/openapi.json")
    def openapi() -> Response:
        """OpenAPI 3.1 of the emulated API."""
        return json_response(build_document(endpoints, request.host_url.rstrip("/") + "/api/v2"))

    @door.get("/worlds")
    def list_worlds() -> Response:
        """Lists the worlds."""
        return json_response({"worlds": [describe_world(tenant) for tenant in tenants]})

    @door.post("/worlds")
    def create_world() -> Response:
        """Makes one; every field is optional: ``{"name"?, "seed"?: a name or an object, "worldSeed"?, "plan"?,
        "zone"?, "now"?, "rateLimit"?}``.
        """
        try:
            tenant = tenants.create(_parse_world_spec(tenants))
        except WorldNameTakenError as taken:
            raise bad_request(f"There is a world named '{taken}' already.") from None
        except ValueError as error:
            # A seed that makes no sense tells each of its faults.
            faults = [str(fault) for fault in getattr(error, "issues", ())]
            reason = str(error).replace("\n", "; ")
            raise BadRequestError(f"The world cannot be made: {reason}.", suberrors=faults) from None
        return json_response({"world": describe_world(tenant)}, 201)

    @door.get("/worlds/<name>")
    def get_world(name: str) -> Response:
        """Its base URL, token, team and organization."""
        return json_response({"world": describe_world(_find_world(tenants, name))})

    @door.delete("/worlds/<name>")
    def delete_world(name: str) -> Response:
        """Ends it, and its tokens."""
        tenants.delete(_find_world(tenants, name))
        return Response(status=204)

    @door.post("/worlds/<name>/reset")
    def reset_world(name: str) -> Response:
        """Takes it back to its seed."""
        tenant = _find_world(tenants, name)
        try:
            tenants.reset(tenant)
        except ValueError as error:
            raise bad_request(f"The world cannot be reset: {error}.") from None
        return json_response({"world": describe_world(tenant)})

    @door.post("/worlds/<name>/tokens")
    def create_token(name: str) -> Response:
        """``{"scopes": […], "userId"?, "label"?}``: a token with just these scopes."""
        tenant = _find_world(tenants, name)
        with tenant.locked():
            return json_response(_create_token(tenant), 201)

    @door.get("/worlds/<name>/clock")
    def get_clock(name: str) -> Response:
        """The world's time."""
        return json_response(_clock_view(_find_world(tenants, name)))

    @door.patch("/worlds/<name>/clock")
    def set_clock(name: str) -> Response:
        """``{"now"?, "frozen"?}``: set it, freeze it, let it run."""
        tenant = _find_world(tenants, name)
        with tenant.locked():
            _set_clock(tenant)
            return json_response(_clock_view(tenant))

    @door.post("/worlds/<name>/clock/advance")
    def advance_clock(name: str) -> Response:
        """``{"seconds": N}``: jump ahead."""
        tenant = _find_world(tenants, name)
        seconds = parse_body({"seconds": (int, float)}).get("seconds")
        if seconds is None:
            raise bad_request("Missing value of required parameter 'seconds'.")
        with tenant.locked():
            try:
                tenant.world.clock.advance(seconds)
            except (ValueError, OverflowError) as error:
                raise bad_request(f"The clock cannot be advanced: {error}.") from None
            return json_response(_clock_view(tenant))

    @door.put("/worlds/<name>/connections/<int:id>")
    def script_connection(name: str, id: int) -> Response:
        """``{"verify": "ok"|"invalid"|"crash"|"timeout", "message"?}``: what a test of the connection, and a run
        with it, comes to; ``ok`` also plays the person who authorizes it.
        """
        tenant = _find_world(tenants, name)
        verdict = _parse_verdict()
        with tenant.locked() as world:
            connection = world.connections.get(id)
            if connection is None:
                raise ResourceNotFoundError(f"There is no connection {id} in that world.")
            return json_response(
                {
                    "connection": connections.serialize_test_result(
                        connections.set_test_result(world, connection, verdict)
                    )
                }
            )

    find = partial(_find_world, tenants)
    pages.add_pages(door, tenants, endpoints, find)
    reports.add_routes(door, endpoints, find)
    faults.add_routes(door, find)
    module_scripts.add_routes(door, find)
    external_services.add_routes(door, find)
    snapshots.add_routes(door, tenants, find, describe_world)
    return door


def describe_world(tenant: WorldHandle) -> dict[str, Any]:
    """What a client needs to know of a world; null for a team or an organization that was deleted."""
    with tenant.locked():
        team = tenant.main_team()
        organization = tenant.world.organizations[team.organization_id] if team else None
    return {
        "name": tenant.name,
        "baseUrl": request.host_url.rstrip("/") + "/api/v2",
        "token": tenant.main_token().token,
        "organizationId": organization.id if organization else None,
        "teamId": team.id if team else None,
        "userId": tenant.main_user().id,
        "zone": organization.zone if organization else None,
        "plan": organization.plan if organization else None,
    }


def _check_access(key: str | None) -> Response | None:
    """Let in who holds the key; without a key, who calls from this machine. Health is for everybody."""
    if request.path == "/_emulator/health":
        return None
    if key is not None:
        if page := pages.key_page_response():
            return page
        if not hmac.compare_digest(request.headers.get("X-Emulator-Key", "").encode(), key.encode()):
            raise ForbiddenError("The control API needs its key in the header X-Emulator-Key.")
    elif not _is_loopback(request.remote_addr):
        raise ForbiddenError("The control API serves loopback only, unless the server has a control key.")
    elif not all(_is_local_url(url) for url in (request.host_url, request.headers.get("Origin")) if url):
        # A page of the web that a browser on this machine shows, perhaps under a name that it made point here.
        raise ForbiddenError("The control API serves no other site, unless the server has a control key.")
    return None


def _is_loopback(address: str | None) -> bool:
    # In-process calls have no address.
    if not address:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def _is_local_url(url: str) -> bool:
    """Whether the host of a URL is a name of this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or host.endswith(".localhost") or (bool(host) and _is_loopback(host))


def _find_world(tenants: WorldRegistry, name: str) -> WorldHandle:
    tenant = tenants.get(name)
    if tenant is None:
        raise ResourceNotFoundError(f"There is no world named '{name}'.")
    return tenant


def _parse_world_spec(tenants: WorldRegistry) -> WorldSpec:
    given = parse_body(
        {
            "name": (str,),
            "seed": (str, dict),
            "worldSeed": (int,),
            "plan": (str,),
            "zone": (str,),
            "now": (str,),
            "rateLimit": (bool,),
        }
    )
    values = {snake_case(name): value for name, value in given.items()}
    if "/" in values.get("name", ""):
        raise bad_request("The name of a world has no slash.")
    if isinstance(values.get("seed"), str) and values["seed"] not in tenants.seed_names:
        # Files are read by who starts the server, or by the client: a caller must not make the server read them.
        raise bad_request(f"Parameter 'seed' must be one of: {', '.join(tenants.seed_names)}; or an object.")
    if values.get("plan", "free") not in PLANS:
        raise bad_request(f"Parameter 'plan' must be one of: {', '.join(PLANS)}.")
    name = values.pop("name", "") or tenants.free_name()
    return WorldSpec(name=name, **values)


def _create_token(tenant: WorldHandle) -> dict[str, Any]:
    given = parse_body({"scopes": (list,), "userId": (int,), "label": (str,)})
    scopes = given.get("scopes")
    if scopes is None or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise bad_request("Parameter 'scopes' must be a list of Make's scopes.")
    user = tenant.world.users.get(given["userId"]) if "userId" in given else tenant.main_user()
    if user is None:
        raise bad_request("There is no such user.")
    label = given.get("label") or f"token-{len(tenant.world.tokens) + 1}"
    token = organizations.create_token(tenant.world, user, scopes, label=label)
    return {"token": token.token, "scopes": sorted(token.scopes), "userId": user.id}


def _parse_verdict() -> ConnectionTestResult:
    """What a test of a connection shall come to: ``{"verify", "message"?}``."""
    given = parse_body({"verify": (str,), "message": (str,)})
    if given.get("verify") not in connections.TEST_OUTCOMES:
        raise bad_request(f"Parameter 'verify' must be one of: {', '.join(connections.TEST_OUTCOMES)}.")
    return ConnectionTestResult(given["verify"], given.get("message"))


def _clock_view(tenant: WorldHandle) -> dict[str, Any]:
    clock = tenant.world.clock
    return {"now": format_iso(clock.now()), "frozen": clock.frozen}


def _set_clock(tenant: WorldHandle) -> None:
    given = parse_body({"now": (str,), "frozen": (bool,)})
    clock, now, frozen = tenant.world.clock, given.get("now"), given.get("frozen")
    try:
        if frozen is True:
            clock.freeze(now)
        elif now is not None:
            clock.set(now)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"Invalid value of parameter 'now': {error}.") from None
    if frozen is False:
        clock.unfreeze()
