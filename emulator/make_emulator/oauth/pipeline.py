"""Pipeline of requests to the authorization server: the same log, faults and locks as those of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from urllib.parse import parse_qsl

from flask import Flask, Request, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..http.context import HttpInput, RequestContext
from ..http.errors import MakeError
from ..http.pipeline import Pipeline
from ..http.request_log import LogEntry, RequestLog
from ..http.responses import error_response, json_response, to_make_error
from ..http.steps import fault_injection, request_log, world_lock
from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..registry import WorldHandle
from ..world.exceptions import StateNotStoredError
from .authorization_server import AuthorizationServer
from .errors import OAuthError, RedirectedError, invalid_request

#: The most bytes of a body, fields of a form, and characters of a parameter.
BODY_LIMIT = 65_536
MAX_FIELDS = 200
MAX_VALUE_LENGTH = 8_192

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRoute:
    """Route of the authorization server.

    Args:
        find_handle: the function from a request to its world, e.g. that of its code; where it finds none, the world is that of
            the client, or the default one.
        needs_world: true to lock the world for the handler.
        has_json_body: true for a body of JSON; others are forms.
        lists: the names of the parameters that may occur more than once.
    """

    method: str
    path: str
    handler: Callable[[OAuthContext], Response]
    find_handle: Callable[[OAuthContext], WorldHandle | None] = lambda _context: None
    needs_world: bool = False
    has_json_body: bool = False
    lists: frozenset[str] = frozenset()
    #: Makes the response of an error, where it is not JSON.
    error_page: Callable[[OAuthError], Response] | None = None


@dataclass(slots=True, kw_only=True)
class OAuthContext(RequestContext):
    """State of a request to the authorization server."""

    request: Request
    server: AuthorizationServer
    route: OAuthRoute
    parameters: dict[str, str] = field(default_factory=dict)
    #: Values of the parameters that may occur more than once.
    lists: dict[str, list[str]] = field(default_factory=dict)
    #: Raised once the request is logged.
    parameter_error: OAuthError | MakeError | None = None


def register_routes(app: Flask, server: AuthorizationServer, routes: Iterable[OAuthRoute]) -> None:
    """Adds routes to an application."""
    for route in routes:
        app.add_url_rule(
            route.path,
            endpoint=f"oauth {route.method} {route.path}",
            view_func=_view(server, route),
            methods=[route.method],
            provide_automatic_options=False,
        )


def _view(server: AuthorizationServer, route: OAuthRoute) -> Callable[..., Response]:
    def view(**_values: str) -> Response:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        entry = LogEntry(
            this.method,
            this.path,
            this.query_string.decode("latin-1"),
            endpoint="oauth",
            summary=f"{this.method} {this.path}",
        )
        return PIPELINE.run(
            OAuthContext(
                server.registry,
                HttpInput(this.environ, this),
                entry,
                request=this,
                server=server,
                route=route,
                # The log keeps no pages: each has a ticket.
                logged_body=None if route.error_page is None else b"",
            )
        )

    return view


def protocol_response(value: Json, status: int = 200) -> Response:
    """Returns a JSON response that no cache keeps (RFC 6749, 5.1)."""
    response = json_response(value, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def redirect_response(location: str, *, status: int = 302) -> Response:
    """Returns a redirect without a body, which would repeat the code."""
    response = Response(status=status)
    response.autocorrect_location_header = False
    response.headers["Location"] = location
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


# --- steps ---------------------------------------------------------------------------------------


def _read_parameters(context: OAuthContext) -> None:
    try:
        if context.route.method == "GET":
            pairs = list(context.input.query.items(multi=True))
        else:
            context.body = context.input.read_body(BODY_LIMIT)
            context.entry.request_body = RequestLog.truncate_body(context.body)
            pairs = _parse_body(context.request, context.body, context.route)
        _set_parameters(context, pairs)
    except RequestEntityTooLarge:
        context.parameter_error = OAuthError("invalid_request", "The body is too large.", status=413)
    except (OAuthError, MakeError) as error:
        context.parameter_error = error


def _parse_body(this: Request, body: bytes, route: OAuthRoute) -> list[tuple[str, str]]:
    """Returns the fields of a form; none for JSON, which the handler reads."""
    if route.has_json_body:
        if this.mimetype != _JSON:
            raise OAuthError("invalid_client_metadata", f"The content type must be {_JSON}.")
        return []
    if body and this.mimetype != _FORM:
        raise invalid_request(f"The content type must be {_FORM}.")
    try:
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise invalid_request(f"The body has more than {MAX_FIELDS} fields.") from None


def _set_parameters(context: OAuthContext, pairs: Iterable[tuple[str, str]]) -> None:
    """Sets the parameters: one without a value is as good as none, and none may be repeated (RFC 6749, 3.1)."""
    repeated = too_long = None
    for name, value in pairs:
        if len(value) > MAX_VALUE_LENGTH:
            too_long = name
        elif name in context.route.lists:
            context.lists.setdefault(name, []).append(value)
        elif name in context.parameters:
            repeated = name
        elif value:
            context.parameters[name] = value
    if too_long is not None:
        raise invalid_request(f"The parameter {_printable(too_long)} is too long.")
    if repeated is not None:
        raise invalid_request(f"The parameter {_printable(repeated)} occurs more than once.")


def _printable(name: str) -> str:
    return "".join(c if "!" <= c <= "~" and c not in '"\\' else "?" for c in name[:100])


def _find_world(context: OAuthContext) -> None:
    client_id = context.parameters.get("client_id")
    handle = context.route.find_handle(context)
    client = context.server.find_client(client_id) if client_id else None
    if client is not None:
        handle = handle or client.handle
        context.entry.summary += f" by client {client.client.name}"
    context.handle = handle or context.registry.default()


def _begin(context: OAuthContext) -> None:
    if context.handle is not None:
        request_log.begin(context)


def _inject_fault(context: OAuthContext) -> None:
    if context.handle is not None:
        fault_injection.inject(context)


def _check_parameters(context: OAuthContext) -> None:
    if context.parameter_error is not None:
        raise context.parameter_error


def _lock_world(context: OAuthContext) -> None:
    if context.route.needs_world:
        if context.handle is None:
            raise OAuthError("temporarily_unavailable", "The emulator has no world.", status=503)
        world_lock.lock_world(context)


def _handle(context: OAuthContext) -> None:
    context.entry.decision = "refused: handler"
    context.response = context.route.handler(context)
    context.entry.decision = "served"


def _error_response(context: OAuthContext, error: Exception) -> Response:
    entry = context.entry
    known = error.error if isinstance(error, RedirectedError) else error
    if isinstance(known, OAuthError):
        entry.decision, entry.code, entry.reason = "refused: oauth", known.code, known.description
    if isinstance(error, RedirectedError):
        return redirect_response(error.location)
    if isinstance(error, OAuthError):
        if context.route.error_page is not None:
            return context.route.error_page(error)
        response = protocol_response(error.body(), error.status)
        response.headers.extend(error.headers)
        return response
    # An injected fault, a full disk, or a defect of the emulator.
    if isinstance(error, StateNotStoredError):
        entry.decision = world_lock.NOT_STORED
    make_error = to_make_error(error, entry.method, entry.path)
    entry.code = make_error.code
    entry.reason = entry.reason or make_error.detail
    return error_response(make_error)


#: The way of a request to the authorization server.
PIPELINE: Pipeline[OAuthContext] = Pipeline(
    request_steps=[
        _read_parameters,
        _find_world,
        _begin,
        _inject_fault,
        _check_parameters,
        _lock_world,
        _handle,
    ],
    response_steps=[
        fault_injection.truncate,
        request_log.finish,
    ],
    error_response=_error_response,
)
