"""HTML pages under ``/_emulator``: dashboard, API reference, module catalogue, fidelity ledger, checkpoints, and the timeline of an execution."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache, partial
from urllib.parse import quote

from flask import Blueprint, Response, request

from ..control.access import AccessControl
from ..control.worlds import find_world
from ..http.endpoint import Endpoint
from ..http.openapi import build_document
from ..json_types import JsonObject
from ..registry import WorldHandle, WorldRegistry
from ..world.custom_modules import NO_MODULES
from . import studio, templates
from .error_pages import STUDIO

# Imports in functions keep the start-up short: most servers show no page.

#: Key of the WSGI environment under which a worker of a fleet has a callable that returns the names of the worlds of the others.
WORLD_NAMES_KEY = "make-emulator.worlds"

#: Labels of the clock's buttons, and the seconds by which they advance it.
CLOCK_STEPS = (("+1 minute", 60), ("+15 minutes", 900), ("+1 hour", 3600), ("+1 day", 86_400))


#: The most characters of a name that a query asks for; a longer one is cut.
MAX_NAME_LENGTH = 200


def create_blueprint(
    registry: WorldRegistry, endpoints: Collection[Endpoint], access: AccessControl
) -> Blueprint:
    """Returns the routes of the pages; with a control key, browsers get a form for it."""
    blueprint = Blueprint("dashboard", __name__, url_prefix="/_emulator")
    blueprint.before_request(partial(_check_access, access))
    studio.add_routes(blueprint)

    @lru_cache(maxsize=4)
    def openapi(base_url: str) -> JsonObject:
        return build_document(endpoints, base_url)

    @blueprint.get("/")
    def show_dashboard() -> Response:
        """Dashboard: worlds, clock, last requests, scenarios and their executions, data stores, scopes of the tokens."""
        from . import world_view

        first = next((handle.name for handle in registry), None)
        name = request.args.get("world", first)
        return templates.render(
            "dashboard",
            here="dashboard",
            worlds=_world_names(registry),
            world=None
            if name is None
            else world_view.template_context(find_world(registry, name), endpoints),
            base=f"/_emulator/worlds/{quote(name or '', safe='')}",
            studio=f"{STUDIO}#/w/{quote(name or '', safe='')}",
            base_url=_base_url(),
            mcp_url=request.host_url.rstrip("/") + "/mcp",
            steps=CLOCK_STEPS,
        )

    @blueprint.get("/execution")
    def show_execution() -> Response:
        """Timeline of one execution; ``?world=``, ``id=``."""
        from . import execution_view

        handle = find_world(registry, request.args.get("world", ""))
        context = execution_view.template_context(handle, request.args.get("id", ""))
        return templates.render("execution", here="", world=handle.name, run=context)

    @blueprint.get("/checkpoints")
    def show_checkpoints() -> Response:
        """Checkpoints of a world, and the changes since one, by default the latest; ``?world=``, ``name=``."""
        from . import checkpoint_view

        handle = find_world(registry, request.args.get("world", ""))
        context = checkpoint_view.template_context(handle, request.args.get("name", ""))
        base = f"/_emulator/worlds/{quote(handle.name, safe='')}"
        return templates.render("checkpoints", here="", world=handle.name, base=base, **context)

    @blueprint.get("/catalogue")
    def show_catalogue() -> Response:
        """Module catalogue; ``?q=`` searches, ``app=`` and ``module=`` show one; ``world=`` is the world whose scripts and own modules count."""
        from . import catalogue_view

        name = request.args.get("world") or next((handle.name for handle in registry), None)
        scripted: frozenset[str] = frozenset()
        declared, now = NO_MODULES, 0
        if name is not None:
            with find_world(registry, name).locked() as world:
                scripted, declared = frozenset(world.scripts), dict(world.custom_modules)
                now = world.now()
        query, app, module = (request.args.get(key, "")[:MAX_NAME_LENGTH] for key in ("q", "app", "module"))
        context = catalogue_view.template_context(
            query, app, module, scripted=scripted, declared=declared, now=now
        )
        return templates.render("catalogue", here="catalogue", world=name, **context)

    @blueprint.get("/docs")
    def show_docs() -> Response:
        """API reference: routes, scopes, schemas, curl commands."""
        from . import api_reference

        handle = next(iter(registry), None)
        token = handle.main_token().token if handle else "TOKEN"
        context = api_reference.template_context(
            openapi(_base_url()), token=token, ids=_sample_ids(handle) if handle else {}
        )
        studio = f"{STUDIO}#/w/{quote(handle.name, safe='')}/api" if handle else ""
        return templates.render(
            "docs", here="docs", world=handle.name if handle else None, studio=studio, **context
        )

    @blueprint.get("/fidelity")
    def show_fidelity() -> Response:
        """Fidelity ledger: counts of each area, and the behaviours of one; ``?area=``."""
        from . import fidelity_view

        context = fidelity_view.template_context(request.args.get("area", ""))
        return templates.render("fidelity", here="fidelity", **context)

    return blueprint


def _check_access(access: AccessControl) -> Response | None:
    """Returns the form for the control key if a browser lacks it; raises ForbiddenError for other calls without access."""
    if request.method == "GET" and access.lacks_key():
        if request.endpoint in studio.PUBLIC_ENDPOINTS:
            access.check_page()
            return None
        return templates.render("key", status=403, here="")
    access.check()
    return None


def _world_names(registry: WorldRegistry) -> list[str]:
    """Returns the names of all worlds, with those of the other workers of a fleet."""
    others: Callable[[], list[str]] = request.environ.get(WORLD_NAMES_KEY, list)
    return [*(handle.name for handle in registry), *others()]


def _base_url() -> str:
    return request.host_url.rstrip("/") + "/api/v2"


def _sample_ids(handle: WorldHandle) -> dict[str, int]:
    with handle.locked():
        team = handle.main_team()
        ids = {"userId": handle.main_user().id}
        if team:
            organization = team.organization_id
            ids |= {"teamId": team.id, "organizationId": organization, "belongerId": organization}
        return ids
