"""Mend in the control API: repairs of a blueprint, each tried before it is offered."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.responses import json_response
from ..registry import WorldRegistry
from .lint import parse_lint_request


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/mend")
    def mend_blueprint() -> Response:
        """A blueprint with the obvious repairs of its findings that helped when they were tried, and the patches.

        The body is that of ``POST /lint``; nothing of the world changes. The response: ``{"blueprint", "scheduling"?, "patch",
        "schedulingPatch"?, "repairs", "findings", "run": {before, after}}``; ``findings`` are those that stay, each with a
        ``reason``.
        """
        # Imported here, so that the server starts early: lint needs the module catalogue.
        from ..mend import mend

        request = parse_lint_request(registry)
        result = mend(request.blueprint, options=request.options, ignore=request.ignore, io=request.io)
        return json_response(result.to_json())
