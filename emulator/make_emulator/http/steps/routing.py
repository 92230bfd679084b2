"""Route of a request: 404 or 405 where no declared endpoint matches."""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches

from werkzeug.exceptions import NotFound

from ..context import RequestContext
from ..errors import PaymentRequiredError, ResourceNotFoundError, VpnAccessError
from ..routing import API_PREFIX

#: Paths of the staff of Make, and of logs that a plan must include; both were measured with an ordinary token.
_STAFF = re.compile(r"/admin(/.*)?")
_AUDIT_LOGS = re.compile(r"/audit-logs/(organization|team)/[0-9]+")

_PARAMETER = re.compile(r"\{\w+\}|(?<=/)[0-9]+(?=/|$)")


def require_endpoint(context: RequestContext) -> None:
    """Lets a request pass that a route matched.

    Raises:
        VpnAccessError: for a path of the staff of Make.
        PaymentRequiredError: for the audit logs.
        ResourceNotFoundError: if no route has the path.
        MethodNotAllowed: of Werkzeug, if one has it for another method.
    """
    if context.endpoint is not None:
        return
    entry = context.entry
    entry.decision = "refused: route"
    if _STAFF.fullmatch(entry.path):
        raise VpnAccessError(hint="The routes below /admin are for the staff of Make; none is emulated.")
    if entry.method == "GET" and _AUDIT_LOGS.fullmatch(entry.path):
        raise PaymentRequiredError(
            hint="The emulator has no audit logs; without the plan for them Make refuses."
        )
    with suppress(NotFound):
        context.input.check_route()
    raise ResourceNotFoundError(f"No route {entry.method} {API_PREFIX}{entry.path}.", hint=_suggest(context))


def _suggest(context: RequestContext) -> str:
    """Returns a hint with the closest routes of the emulator."""
    wanted = _PARAMETER.sub("{}", f"{context.entry.method} {context.entry.path[:200]}")
    routes = {_PARAMETER.sub("{}", route): route for route in context.routes}
    found = [routes[each] for each in get_close_matches(wanted, routes, n=3, cutoff=0.75)]
    return f"The emulator has no such route{'; the closest: ' + ', '.join(found) if found else ''}."
