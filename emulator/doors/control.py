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

from ..endpoint import Endpoint, snake_case
from ..errors import BadRequest, Forbidden, ResourceNotFound
from ..middleware.tenant import NameTaken, Specification, Tenant, Tenants
from ..openapi import document
from ..version import __version__
from ..world import connections, people
from ..world.clock import iso
from ..world.enums import SCOPES
from ..world.models import Verdict
from ..world.plans import PLANS
from . import browsing, faulting, keeping, outgoing, reporting, scripting
from .wishes import answer, body, refuse


def blueprint(tenants: Tenants, endpoints: Sequence[Endpoint], *, key: str | None) -> Blueprint:
    """The routes of the control API over a server's worlds."""
    door = Blueprint("control", __name__, url_prefix="/_emulator")
    door.before_request(lambda: _admit(key))

    @door.get("/health")
    def health() -> Response:
        """Answers as soon as requests are served."""
        return answer({"status": "ok", "version": __version__})

    @door.get("/openapi.json")
    def openapi() -> Response:
        """OpenAPI 3.1 of the emulated API."""
        return answer(document(endpoints, request.host_url.rstrip("/") + "/api/v2"))

    @door.get("/worlds")
    def list_worlds() -> Response:
        """Lists the worlds."""
        return answer({"worlds": [describe(tenant) for tenant in tenants]})

    @door.post("/worlds")
    def create_world() -> Response:
        """Makes one; every field is optional: ``{"name"?, "seed"?: a name or an object, "worldSeed"?, "plan"?,
        "zone"?, "now"?, "rateLimit"?}``.
        """
        try:
            tenant = tenants.create(_specification(tenants))
        except NameTaken as taken:
            raise refuse(f"There is a world named '{taken}' already.") from None
        except ValueError as error:
            # A seed that makes no sense tells each of its faults.
            faults = [str(fault) for fault in getattr(error, "faults", ())]
            reason = str(error).replace("\n", "; ")
            raise BadRequest(f"The world cannot be made: {reason}.", suberrors=faults) from None
        return answer({"world": describe(tenant)}, 201)

    @door.get("/worlds/<name>")
    def get_world(name: str) -> Response:
        """Its base URL, token, team and organization."""
        return answer({"world": describe(_find(tenants, name))})

    @door.delete("/worlds/<name>")
    def delete_world(name: str) -> Response:
        """Ends it, and its tokens."""
        tenants.delete(_find(tenants, name))
        return Response(status=204)

    @door.post("/worlds/<name>/reset")
    def reset_world(name: str) -> Response:
        """Takes it back to its seed."""
        tenant = _find(tenants, name)
        try:
            tenants.reset(tenant)
        except ValueError as error:
            raise refuse(f"The world cannot be reset: {error}.") from None
        return answer({"world": describe(tenant)})

    @door.post("/worlds/<name>/tokens")
    def create_token(name: str) -> Response:
        """``{"scopes": […], "userId"?, "label"?}``: a token with just these scopes."""
        tenant = _find(tenants, name)
        with tenant.hold():
            return answer(_create_token(tenant), 201)

    @door.get("/worlds/<name>/clock")
    def get_clock(name: str) -> Response:
        """The world's time."""
        return answer(_clock(_find(tenants, name)))

    @door.patch("/worlds/<name>/clock")
    def set_clock(name: str) -> Response:
        """``{"now"?, "frozen"?}``: set it, freeze it, let it run."""
        tenant = _find(tenants, name)
        with tenant.hold():
            _set_clock(tenant)
            return answer(_clock(tenant))

    @door.post("/worlds/<name>/clock/advance")
    def advance_clock(name: str) -> Response:
        """``{"seconds": N}``: jump ahead."""
        tenant = _find(tenants, name)
        seconds = body({"seconds": (int, float)}).get("seconds")
        if seconds is None:
            raise refuse("Missing value of required parameter 'seconds'.")
        with tenant.hold():
            try:
                tenant.world.clock.advance(seconds)
            except (ValueError, OverflowError) as error:
                raise refuse(f"The clock cannot be advanced: {error}.") from None
            return answer(_clock(tenant))

    @door.put("/worlds/<name>/connections/<int:id>")
    def script_connection(name: str, id: int) -> Response:
        """``{"verify": "ok"|"invalid"|"crash"|"timeout", "message"?}``: what a test of the connection, and a run
        with it, comes to; ``ok`` also plays the person who authorizes it.
        """
        tenant = _find(tenants, name)
        verdict = _verdict()
        with tenant.hold() as world:
            connection = world.connections.get(id)
            if connection is None:
                raise ResourceNotFound(f"There is no connection {id} in that world.")
            return answer(
                {"connection": connections.described(connections.script(world, connection, verdict))}
            )

    find = partial(_find, tenants)
    browsing.add_pages(door, tenants, endpoints, find)
    reporting.add_calls(door, endpoints, find)
    faulting.add_calls(door, find)
    scripting.add_calls(door, find)
    outgoing.add_calls(door, find)
    keeping.add_calls(door, tenants, find, describe)
    return door


def describe(tenant: Tenant) -> dict[str, Any]:
    """What a client needs to know of a world; null for a team or an organization that was deleted."""
    with tenant.hold():
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


def _admit(key: str | None) -> Response | None:
    """Let in who holds the key; without a key, who calls from this machine. Health is for everybody."""
    if request.path == "/_emulator/health":
        return None
    if key is not None:
        if page := browsing.ask_for_key():
            return page
        if not hmac.compare_digest(request.headers.get("X-Emulator-Key", "").encode(), key.encode()):
            raise Forbidden("The control API needs its key in the header X-Emulator-Key.")
    elif not _is_loopback(request.remote_addr):
        raise Forbidden("The control API serves loopback only, unless the server has a control key.")
    elif not all(_is_local_name(url) for url in (request.host_url, request.headers.get("Origin")) if url):
        # A page of the web that a browser on this machine shows, perhaps under a name that it made point here.
        raise Forbidden("The control API serves no other site, unless the server has a control key.")
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


def _is_local_name(url: str) -> bool:
    """Whether the host of a URL is a name of this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or host.endswith(".localhost") or (bool(host) and _is_loopback(host))


def _find(tenants: Tenants, name: str) -> Tenant:
    tenant = tenants.get(name)
    if tenant is None:
        raise ResourceNotFound(f"There is no world named '{name}'.")
    return tenant


def _specification(tenants: Tenants) -> Specification:
    given = body(
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
        raise refuse("The name of a world has no slash.")
    if isinstance(values.get("seed"), str) and values["seed"] not in tenants.seed_names:
        # Files are read by who starts the server, or by the client: a caller must not make the server read them.
        raise refuse(f"Parameter 'seed' must be one of: {', '.join(tenants.seed_names)}; or an object.")
    if values.get("plan", "free") not in PLANS:
        raise refuse(f"Parameter 'plan' must be one of: {', '.join(PLANS)}.")
    name = values.pop("name", "") or tenants.free_name()
    return Specification(name=name, **values)


def _create_token(tenant: Tenant) -> dict[str, Any]:
    given = body({"scopes": (list,), "userId": (int,), "label": (str,)})
    scopes = given.get("scopes")
    if scopes is None or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise refuse("Parameter 'scopes' must be a list of Make's scopes.")
    user = tenant.world.users.get(given["userId"]) if "userId" in given else tenant.main_user()
    if user is None:
        raise refuse("There is no such user.")
    label = given.get("label") or f"token-{len(tenant.world.tokens) + 1}"
    token = people.create_token(tenant.world, user, scopes, label=label)
    return {"token": token.token, "scopes": sorted(token.scopes), "userId": user.id}


def _verdict() -> Verdict:
    """What a test of a connection shall come to: ``{"verify", "message"?}``."""
    given = body({"verify": (str,), "message": (str,)})
    if given.get("verify") not in connections.OUTCOMES:
        raise refuse(f"Parameter 'verify' must be one of: {', '.join(connections.OUTCOMES)}.")
    return Verdict(given["verify"], given.get("message"))


def _clock(tenant: Tenant) -> dict[str, Any]:
    clock = tenant.world.clock
    return {"now": iso(clock.now()), "frozen": clock.frozen}


def _set_clock(tenant: Tenant) -> None:
    given = body({"now": (str,), "frozen": (bool,)})
    clock, now, frozen = tenant.world.clock, given.get("now"), given.get("frozen")
    try:
        if frozen is True:
            clock.freeze(now)
        elif now is not None:
            clock.set(now)
    except (ValueError, OverflowError) as error:
        raise refuse(f"Invalid value of parameter 'now': {error}.") from None
    if frozen is False:
        clock.unfreeze()
