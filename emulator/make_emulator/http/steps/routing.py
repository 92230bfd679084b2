"""Route of a request: 404 or 405 where no declared endpoint matches."""

from __future__ import annotations

from werkzeug.exceptions import NotFound

from ..context import RequestContext


def require_endpoint(context: RequestContext) -> None:
    """Raises NotFound or MethodNotAllowed, of Werkzeug, unless a route matched."""
    if context.endpoint is None:
        context.entry.decision = "refused: route"
        context.input.check_route()
        raise NotFound
