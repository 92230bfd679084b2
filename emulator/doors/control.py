"""The control API under ``/_emulator``: worlds, tokens, clocks, journals. Not a part of Make.

It serves loopback only, unless a control key is set; then the header ``X-Emulator-Key`` must carry it.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, request

from ..endpoint import Endpoint, parse_json
from ..errors import BadRequest, Forbidden, ResourceNotFound
from ..middleware.tenant import NameTaken, Specification, Tenant, Tenants
from ..openapi import document
from ..version import __version__
from ..world import connections, people
from ..world.clock import iso
from ..world.enums import SCOPES
from ..world.models import Verdict
from ..world.plans import PLANS

JSON = "application/json; charset=utf-8"


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, content_type=JSON)


def blueprint(tenants: Tenants, endpoints: Sequence[Endpoint], *, key: str | None) -> Blueprint:
    """The routes of the control API over a server's worlds."""
    door = Blueprint("control", __name__, url_prefix="/_emulator")
    door.before_request(lambda: _admit(key))

    @door.get("/health")
    def health() -> Response:
        return _json({"status": "ok", "version": __version__})

    @door.get("/openapi.json")
    def openapi() -> Response:
        return _json(document(endpoints, request.host_url.rstrip("/") + "/api/v2"))

    @door.get("/worlds")
    def list_worlds() -> Response:
        return _json({"worlds": [describe(tenant) for tenant in tenants]})

    @door.post("/worlds")
    def create_world() -> Response:
        try:
            tenant = tenants.create(_specification(tenants, _body()))
        except NameTaken as taken:
            raise BadRequest(f"There is a world named '{taken}' already.", suberrors=[]) from None
        except ValueError as error:
            # A seed that makes no sense tells each of its faults.
            faults = [str(fault) for fault in getattr(error, "faults", ())]
            reason = str(error).replace("\n", "; ")
            raise BadRequest(f"The world cannot be made: {reason}.", suberrors=faults) from None
        return _json({"world": describe(tenant)}, 201)

    @door.get("/worlds/<name>")
    def get_world(name: str) -> Response:
        return _json({"world": describe(_find(tenants, name))})

    @door.delete("/worlds/<name>")
    def delete_world(name: str) -> Response:
        tenants.delete(_find(tenants, name))
        return Response(status=204)

    @door.post("/worlds/<name>/reset")
    def reset_world(name: str) -> Response:
        tenant = _find(tenants, name)
        tenants.reset(tenant)
        return _json({"world": describe(tenant)})

    @door.post("/worlds/<name>/tokens")
    def create_token(name: str) -> Response:
        tenant = _find(tenants, name)
        with tenant.world.lock:
            return _json(_create_token(tenant, _body()), 201)

    @door.get("/worlds/<name>/clock")
    def get_clock(name: str) -> Response:
        return _json(_clock(_find(tenants, name)))

    @door.patch("/worlds/<name>/clock")
    def set_clock(name: str) -> Response:
        tenant = _find(tenants, name)
        with tenant.world.lock:
            _set_clock(tenant, _body())
            return _json(_clock(tenant))

    @door.post("/worlds/<name>/clock/advance")
    def advance_clock(name: str) -> Response:
        tenant = _find(tenants, name)
        seconds = _body().get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise BadRequest("Parameter 'seconds' must be a number.", suberrors=[])
        with tenant.world.lock:
            try:
                tenant.world.clock.advance(seconds)
            except (ValueError, OverflowError) as error:
                raise BadRequest(f"The clock cannot be advanced: {error}.", suberrors=[]) from None
            return _json(_clock(tenant))

    @door.put("/worlds/<name>/connections/<int:id>")
    def script_connection(name: str, id: int) -> Response:
        world = _find(tenants, name).world
        verdict = _verdict(_body())
        with world.lock:
            connection = world.connections.get(id)
            if connection is None:
                raise ResourceNotFound(f"There is no connection {id} in that world.")
            return _json(
                {"connection": connections.described(connections.script(world, connection, verdict))}
            )

    @door.get("/worlds/<name>/requests")
    def list_requests(name: str) -> Response:
        return _json({"requests": [entry.view() for entry in _find(tenants, name).journal]})

    @door.delete("/worlds/<name>/requests")
    def clear_requests(name: str) -> Response:
        _find(tenants, name).journal.clear()
        return Response(status=204)

    return door


def describe(tenant: Tenant) -> dict[str, Any]:
    """What a client needs to know of a world; null for a team or an organization that was deleted."""
    with tenant.world.lock:
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


def _admit(key: str | None) -> None:
    """Let in who holds the key; without a key, who calls from this machine. Health is for everybody."""
    if request.path == "/_emulator/health":
        return
    if key is not None:
        if not hmac.compare_digest(request.headers.get("X-Emulator-Key", "").encode(), key.encode()):
            raise Forbidden("The control API needs its key in the header X-Emulator-Key.")
    elif not _is_loopback(request.remote_addr):
        raise Forbidden("The control API serves loopback only, unless the server has a control key.")
    elif not all(_is_local_name(url) for url in (request.host_url, request.headers.get("Origin")) if url):
        # A page of the web that a browser on this machine shows, perhaps under a name that it made point here.
        raise Forbidden("The control API serves no other site, unless the server has a control key.")


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


def _body() -> dict[str, Any]:
    data = parse_json(request.get_data() or b"{}")
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.", suberrors=[])
    return data


_WORLD_FIELDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "name": ("name", (str,)),
    "seed": ("seed", (str, dict)),
    "worldSeed": ("world_seed", (int,)),
    "plan": ("plan", (str,)),
    "zone": ("zone", (str,)),
    "now": ("now", (str,)),
    "rateLimit": ("rate_limit", (bool,)),
}


def _specification(tenants: Tenants, body: dict[str, Any]) -> Specification:
    values: dict[str, Any] = {}
    for field, value in body.items():
        if field not in _WORLD_FIELDS:
            raise BadRequest(f"Unknown parameter '{field}'.", suberrors=[])
        name, types = _WORLD_FIELDS[field]
        if value is None:
            continue
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise BadRequest(f"Invalid value of parameter '{field}'.", suberrors=[])
        values[name] = value
    if "/" in values.get("name", ""):
        raise BadRequest("The name of a world has no slash.", suberrors=[])
    if isinstance(values.get("seed"), str) and values["seed"] not in tenants.seed_names:
        # Files are read by who starts the server, or by the client: a caller must not make the server read them.
        raise BadRequest(
            f"Parameter 'seed' must be one of: {', '.join(tenants.seed_names)}; or an object.", suberrors=[]
        )
    if values.get("plan", "free") not in PLANS:
        raise BadRequest(f"Parameter 'plan' must be one of: {', '.join(PLANS)}.", suberrors=[])
    name = values.pop("name", "") or tenants.free_name()
    return Specification(name=name, **values)


def _create_token(tenant: Tenant, body: dict[str, Any]) -> dict[str, Any]:
    scopes = body.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(s, str) and s in SCOPES for s in scopes):
        raise BadRequest("Parameter 'scopes' must be a list of Make's scopes.", suberrors=[])
    user = tenant.main_user()
    if body.get("userId") is not None:
        found = tenant.world.users.get(body["userId"]) if isinstance(body["userId"], int) else None
        if found is None:
            raise BadRequest("There is no such user.", suberrors=[])
        user = found
    label = body.get("label")
    number = len(tenant.world.tokens) + 1
    token = people.create_token(
        tenant.world, user, scopes, label=label if isinstance(label, str) else f"token-{number}"
    )
    return {"token": token.token, "scopes": sorted(token.scopes), "userId": user.id}


def _verdict(body: dict[str, Any]) -> Verdict:
    """What a test of a connection shall come to: ``{"verify", "message"?}``."""
    outcome, message = body.get("verify"), body.get("message")
    if not isinstance(outcome, str) or outcome not in connections.OUTCOMES:
        raise BadRequest(
            f"Parameter 'verify' must be one of: {', '.join(connections.OUTCOMES)}.", suberrors=[]
        )
    if message is not None and not isinstance(message, str):
        raise BadRequest("Parameter 'message' must be a string.", suberrors=[])
    for field in body.keys() - {"verify", "message"}:
        raise BadRequest(f"Unknown parameter '{field}'.", suberrors=[])
    return Verdict(outcome, message)


def _clock(tenant: Tenant) -> dict[str, Any]:
    clock = tenant.world.clock
    return {"now": iso(clock.now()), "frozen": clock.frozen}


def _set_clock(tenant: Tenant, body: dict[str, Any]) -> None:
    clock, now, frozen = tenant.world.clock, body.get("now"), body.get("frozen")
    if (now is not None and not isinstance(now, str)) or (
        frozen is not None and not isinstance(frozen, bool)
    ):
        raise BadRequest("'now' must be a time and 'frozen' a boolean.", suberrors=[])
    if now is not None:
        try:
            clock.set(now)
        except (ValueError, OverflowError) as error:
            raise BadRequest(f"Invalid value of parameter 'now': {error}.", suberrors=[]) from None
    if frozen is True:
        clock.freeze()
    elif frozen is False:
        clock.unfreeze()
