"""Pages of errors for browsers: what they ask for at the root or under ``/_emulator`` gets a page, other clients get JSON."""

from __future__ import annotations

from flask import Request, Response

from ..http.errors import MakeError
from . import templates

STUDIO = "/_emulator/studio"

_OWN_PREFIX = "/_emulator"

#: Prefixes of the protocols, whose errors are those of Make for every client.
_PROTOCOLS = ("/api", "/hook", "/mcp", "/oauth", "/oidc", "/.well-known")


def render_error_page(error: MakeError, request: Request) -> Response | None:
    """Returns what a browser gets for an error: the studio at the root, else a page; ``None`` for other clients and paths."""
    if not is_browser(request):
        return None
    path = request.path
    if path == "/" and error.status == 404:
        return Response(status=302, headers={"Location": STUDIO})
    is_own = path == _OWN_PREFIX or path.startswith(_OWN_PREFIX + "/")
    if not is_own and (path.startswith(_PROTOCOLS) or error.status != 404):
        return None
    detail = error.detail if is_own else f"The server has no page {path}."
    page = templates.render(
        "error", status=error.status, here="", heading=error.message, detail=detail, code=error.code
    )
    page.headers.extend(error.headers())
    return page


def is_browser(request: Request) -> bool:
    """Returns true for a request by which a browser opens a page: it names HTML, where clients and scripts take anything."""
    return request.method in ("GET", "HEAD") and "text/html" in request.accept_mimetypes.values()
