"""User agents that the network in front of Make refuses, in a world whose setting says so."""

from __future__ import annotations

from flask import Response

from ...world.settings import FILTERED_USER_AGENTS
from ..context import RequestContext
from ..hints import HEADER


def check(context: RequestContext) -> None:
    """Responds to the default User-Agent of Python's urllib as Cloudflare does: 403 with a text (three clients)."""
    if not FILTERED_USER_AGENTS.of(context.require_handle().world):
        return
    agent = str(context.input.environ.get("HTTP_USER_AGENT", ""))
    if agent.startswith("Python-urllib/"):
        context.entry.decision = "refused: user agent"
        context.entry.reason = "The setting filteredUserAgents of the world refuses the User-Agent of urllib."
        context.response = Response("error code: 1010", 403, content_type="text/plain; charset=UTF-8")
        if context.registry.has_hints:
            context.response.headers[HEADER] = context.entry.reason
