"""The pages for people under ``/_emulator``: the dashboard, and the API reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from ..http.endpoint import Endpoint
from ..http.openapi import build_document
from ..registry import WorldHandle, WorldRegistry
from . import api_reference, execution_view, fidelity_view, templates, world_view

DASHBOARD, DOCS, EXECUTION, FIDELITY = (
    f"/_emulator/{page}" for page in ("", "docs", "execution", "fidelity")
)

#: What the buttons of the clock say, and how many seconds they jump ahead.
CLOCK_STEPS = (("+1 minute", 60), ("+15 minutes", 900), ("+1 hour", 3600), ("+1 day", 86_400))


def add_pages(
    door: Blueprint, tenants: WorldRegistry, endpoints: Sequence[Endpoint], find: Callable[[str], WorldHandle]
) -> None:
    """Add the pages to the control API.

    Args:
        find: finds a world by its name, or raises.
    """

    @lru_cache(maxsize=4)
    def described(base_url: str) -> dict[str, Any]:
        return build_document(endpoints, base_url)

    @door.get("/")
    def show_dashboard() -> Response:
        """The dashboard: worlds, clock, last requests, scenarios and their runs, data stores, what the tokens use."""
        first = next((tenant.name for tenant in tenants), None)
        name = request.args.get("world", first)
        return templates.render(
            "dashboard",
            here="dashboard",
            worlds=[tenant.name for tenant in tenants],
            world=None if name is None else world_view.template_context(find(name), endpoints),
            base=f"/_emulator/worlds/{quote(name or '', safe='')}",
            base_url=_base_url(),
            steps=CLOCK_STEPS,
        )

    @door.get("/execution")
    def show_execution() -> Response:
        """One run from the inside, for people; ``?world=``, ``id=``."""
        tenant = find(request.args.get("world", ""))
        shown = execution_view.template_context(tenant, request.args.get("id", ""))
        return templates.render("execution", here="", world=tenant.name, run=shown)

    @door.get("/docs")
    def show_docs() -> Response:
        """The emulated API to browse: routes, scopes, schemas, calls to copy."""
        tenant = next(iter(tenants), None)
        token = tenant.main_token().token if tenant else "TOKEN"
        shown = api_reference.template_context(
            described(_base_url()), token=token, ids=_sample_ids(tenant) if tenant else {}
        )
        return templates.render("docs", here="docs", **shown)

    @door.get("/fidelity")
    def show_fidelity() -> Response:
        """The fidelity ledger: the counts of each area, and the behaviours of one; ``?area=``."""
        context = fidelity_view.template_context(request.args.get("area", ""))
        return templates.render("fidelity", here="fidelity", **context)


def key_page_response() -> Response | None:
    """The page that asks for the control key, if it is a page that was asked for, by a browser."""
    if (
        request.method == "GET"
        and request.path in (DASHBOARD, DOCS, EXECUTION, FIDELITY)
        and "X-Emulator-Key" not in request.headers
    ):
        return templates.render("key", status=403, here="")
    return None


def _base_url() -> str:
    return request.host_url.rstrip("/") + "/api/v2"


def _sample_ids(tenant: WorldHandle) -> dict[str, int]:
    with tenant.locked():
        team = tenant.main_team()
        ids = {"userId": tenant.main_user().id}
        return ids | ({"teamId": team.id, "organizationId": team.organization_id} if team else {})
