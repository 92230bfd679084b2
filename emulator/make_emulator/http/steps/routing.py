"""Route of a request: 404 or 405 where no declared endpoint matches."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from werkzeug.exceptions import MethodNotAllowed

from ..context import RequestContext
from ..endpoint import PATH_PARAMETER_KINDS, TEXT_ID_PARAMETERS
from ..errors import PaymentRequiredError, ResourceNotFoundError, VpnAccessError
from ..routing import API_PREFIX

#: Paths of the staff of Make, and of logs that a plan must include; both were measured with an ordinary token.
_STAFF = re.compile(r"/admin(/.*)?")
_AUDIT_LOGS = re.compile(r"/audit-logs/(organization|team)/[0-9]+")

_PARAMETER_NAME = re.compile(r"\{(\w+)\}")
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
    error = context.routing_error
    # It may be that only an id that is no number matched.
    if isinstance(error, MethodNotAllowed) and any(
        _path_pattern(route).fullmatch(entry.path) for route in context.routes
    ):
        raise error
    raise ResourceNotFoundError(f"No route {entry.method} {API_PREFIX}{entry.path}.", hint=_suggest(context))


@cache
def _path_pattern(route: str) -> re.Pattern[str]:
    """Returns the pattern of the paths of a route, in which an id that is a number has digits only."""
    path = route.partition(" ")[2]
    return re.compile(_PARAMETER_NAME.sub(_parameter_pattern, path))


def _parameter_pattern(parameter: re.Match[str]) -> str:
    is_number = PATH_PARAMETER_KINDS.get(parameter[1]) and parameter[1] not in TEXT_ID_PARAMETERS
    return "[0-9]+" if is_number else "[^/]+"


def _suggest(context: RequestContext) -> str:
    """Returns a hint with the closest routes of the emulator."""
    wanted = _PARAMETER.sub("{}", f"{context.entry.method} {context.entry.path[:200]}")
    routes = {_PARAMETER.sub("{}", route): route for route in context.routes}
    found = [routes[each] for each in get_close_matches(wanted, routes, n=3, cutoff=0.75)]
    return f"The emulator has no such route{'; the closest: ' + ', '.join(found) if found else ''}."
