"""The application factory: the one file that knows every part, and the way of one request.

Journal, faults, authentication, then the declared endpoint: scopes, parameters, reach, plan, rate limit, handler.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.routing import RequestRedirect, Rule

from . import api, seeds
from .control import worlds
from .engine.scheduling import scheduler
from .http.endpoint import ENCODED_SLASH, ApiCall, Endpoint
from .http.errors import (
    BadRequestError,
    InternalServerError,
    MakeError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    RateLimitError,
    ResourceNotFoundError,
    UnauthorizedError,
    WrongZoneError,
    from_domain_error,
)
from .http.faults import FaultRule as Fault
from .http.request_log import LogEntry, RequestLog
from .http.steps import authorization, fault_injection, rate_limit
from .http.steps.authentication import Caller, authenticate, reload_user
from .http_client import HttpClient
from .redaction.masking import mask_field_values
from .registry import WorldHandle, WorldRegistry, WorldSpec
from .schemas.base import request_origin
from .webhooks import gateway
from .webhooks.host_routing import HookHostMiddleware
from .world.exceptions import DomainError, MissingPermissionError
from .world.visibility import Visibility

API_PREFIX = "/api/v2"
DEFAULT_WORLD = "default"

#: The largest body that is read. A body of 2.1 MB was seen to pass and one of 2.8 MB to be refused.
BODY_LIMIT = 2_100_000

JSON_CONTENT_TYPE = "application/json; charset=utf-8"

log = logging.getLogger("make_emulator")


@dataclass(slots=True)
class RequestContext:
    """One API request on its way through the house.

    It holds the request itself: each look through Flask's proxy costs as much as ten attributes.
    """

    request: Request
    request_log: RequestLog
    entry: LogEntry
    caller: Caller | None = None
    rate_limit_status: rate_limit.RateLimitStatus | None = None
    fault: Fault | None = None


def create_app(
    *,
    seed: Any = "default",
    world_seed: int = 0,
    plan: str | None = None,
    zone: str | None = None,
    now: str | None = None,
    rate_limit: bool = True,
    control_key: str | None = None,
    allow_network: bool = False,
) -> Flask:
    """Build the emulator as a WSGI application with one world named ``default``.

    Args:
        seed: the name of a seed in ``fixtures/worlds``, or the seed itself.
        world_seed: the number from which ids and made-up data follow.
        plan: the plan of the organizations; by default the seed's.
        zone: the zone of the organizations, e.g. ``us1``; by default the seed's.
        now: the world's time at the start, ISO 8601; by default the system's.
        rate_limit: whether the world counts requests a minute.
        control_key: the key of the control API; without one it serves loopback only.
        allow_network: whether HTTP modules of scenarios really call what no rule answers for.

    Raises:
        ValueError: if the seed makes no sense.
    """
    if control_key == "":
        raise ValueError("the control key is empty: leave it out, or choose one")
    app = Flask("make_emulator", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, TRAP_HTTP_EXCEPTIONS=False)
    app.url_rule_class = _MatchOnlyRule
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True

    tenants = WorldRegistry(
        seeds.build, seeds.list_seeds(), transport=HttpClient() if allow_network else None
    )
    tenants.create(
        WorldSpec(
            name=DEFAULT_WORLD,
            seed=seed,
            world_seed=world_seed,
            plan=plan,
            zone=zone,
            now=now,
            rate_limit=rate_limit,
        )
    )
    app.extensions["make-emulator"] = tenants
    app.wsgi_app = _EncodedSlashMiddleware(HookHostMiddleware(app.wsgi_app))  # type: ignore[method-assign]

    for endpoint in api.endpoints():
        app.add_url_rule(
            API_PREFIX + endpoint.url_rule,
            endpoint=f"{endpoint.method} {endpoint.path}",
            view_func=_view_function(endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.register_blueprint(worlds.create_blueprint(tenants, api.endpoints(), key=control_key))
    app.register_blueprint(gateway.create_blueprint(tenants))

    app.before_request(lambda: _begin_request(tenants))
    app.after_request(_finish_request)
    app.register_error_handler(MakeError, _error_response)
    app.register_error_handler(DomainError, _domain_error_response)
    app.register_error_handler(HTTPException, _http_error_response)
    app.register_error_handler(Exception, _internal_error_response)
    return app


class _MatchOnlyRule(Rule):
    """A URL rule that only matches: compiling the builders of URLs, which nobody asks for, takes a third of the
    time that building the application takes.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        def build(self: Rule, **values: Any) -> tuple[str, str]:
            raise NotImplementedError("the emulator builds no URLs from its rules")

        return build


class _EncodedSlashMiddleware:
    """Lets a segment of a path, such as a record's key, contain a slash that the caller encoded as ``%2F``.

    WSGI servers decode a path before it is split, or leave encoded slashes as they are; either way the
    difference is lost. Here it is kept, read off the request line.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
        if "%2f" in path.lower():
            segments = [unquote(segment).replace("/", ENCODED_SLASH) for segment in path.split("/")]
            environ["PATH_INFO"] = "/".join(segments).encode(errors="replace").decode("latin-1")
        return self._app(environ, start_response)


def registry_of(app: Flask) -> WorldRegistry:
    """The registry of an application's worlds."""
    tenants: WorldRegistry = app.extensions["make-emulator"]
    return tenants


# --- the way of one request ----------------------------------------------------------------------


def _begin_request(tenants: WorldRegistry) -> Response | None:
    """Open a journal entry, find out who is calling, and let a fault strike that was asked for."""
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    path = this.path
    if not path.startswith(API_PREFIX + "/") and path != API_PREFIX:
        return None
    caller: Caller | None = None
    refused: UnauthorizedError | None = None
    try:
        caller = authenticate(tenants, this.headers.get("Authorization"), this.host)
    except UnauthorizedError as error:
        refused = error
    # Whoever comes without a known token is noted in the default world, if there still is one.
    tenant = caller.tenant if caller else tenants.get(DEFAULT_WORLD) or next(iter(tenants), None)
    if tenant is None:
        raise refused or UnauthorizedError()
    entry = tenant.request_log.begin(
        tenant.world.now(),
        this.method,
        path.removeprefix(API_PREFIX).replace(ENCODED_SLASH, "%2F"),
        this.query_string.decode("latin-1"),
    )
    entry.endpoint = this.url_rule.endpoint if this.url_rule else None
    g.exchange = exchange = RequestContext(this, tenant.request_log, entry, caller)
    if caller is not None:
        entry.user = caller.user.name
        entry.token_label = caller.token.label
    if rule := fault_injection.find_rule(tenant, entry, caller):
        exchange.fault = rule
        if (answer := fault_injection.before_request(tenant, rule, entry, this.environ)) is not None:
            return answer
    if refused is not None:
        entry.decision = "refused: authentication"
        entry.reason = refused.reason if isinstance(refused, WrongZoneError) else ""
        raise refused
    return None


def _view_function(endpoint: Endpoint) -> Any:
    def view(**path: str) -> Response:
        exchange: RequestContext = g.exchange
        return _handle_request(endpoint, exchange, path)

    return view


def _read_body(endpoint: Endpoint, request: Request) -> bytes | None:
    """The bytes of the body; ``None`` where the endpoint takes none."""
    body = request.get_data(cache=False)
    if len(body) >= BODY_LIMIT and request.content_length is None and request.environ["wsgi.input"].read(1):
        # Werkzeug cuts a chunked body off at the limit without a word.
        raise RequestEntityTooLarge
    if endpoint.body is None and not endpoint.raw_body:
        return None
    if body.strip() and request.mimetype != "application/json":
        raise BadRequestError("The body must be JSON, with content type application/json.", suberrors=[])
    return body


def _handle_request(endpoint: Endpoint, exchange: RequestContext, path: Mapping[str, str]) -> Response:
    assert exchange.caller is not None
    tenant, _, token = exchange.caller
    request, entry = exchange.request, exchange.entry
    entry.decision = "refused: scope"
    if missing := authorization.missing_scopes(endpoint, token):
        entry.missing = tuple(missing)
        entry.reason = f"the token lacks {', '.join(missing)}"
        authorization.check_scopes(endpoint, token)
    entry.decision = "refused: body"
    body = _read_body(endpoint, request)
    entry.request_body = exchange.request_log.truncate_body(
        mask_field_values(body or b"") if endpoint.secret_body else body or b""
    )
    request_origin.set(lambda: request.host_url.rstrip("/"))
    with tenant.locked() as world:
        scheduler.catch_up(world)
        user = reload_user(world, token)
        call = ApiCall(world, user, token, Visibility(world, user), endpoint)
        entry.decision = "refused: parameters or reach"
        endpoint.parse_and_resolve(call, path, request.args, body)
        organization = call.organization
        entry.organization_id = organization.id if organization else None
        if endpoint.rate_limited:
            # Counted before the rest may refuse: a call that is turned down was a call.
            exchange.rate_limit_status = rate_limit.count_request(world, organization, user)
        entry.decision = "refused: role"
        authorization.check_role(endpoint, call)
        entry.decision = "refused: plan"
        authorization.check_plan(endpoint, organization)
        if exchange.rate_limit_status is not None and exchange.rate_limit_status.exceeded:
            entry.decision = "refused: rate limit"
            raise RateLimitError
        entry.decision = "refused: handler"
        answer = orjson.dumps(endpoint.handle(call))
    entry.decision = "served"
    return Response(answer, content_type=JSON_CONTENT_TYPE)


def _finish_request(response: Response) -> Response:
    """Add the headers that every answer has, and close the journal entry."""
    exchange: RequestContext | None = g.get("exchange")
    if exchange is None:
        return response
    headers = response.headers
    headers["x-request-id"] = uuid.uuid4().hex
    caller = exchange.caller
    if caller is not None:
        headers["authtype"] = "token"
    if exchange.rate_limit_status is not None:
        headers.extend(exchange.rate_limit_status.headers())
    if exchange.fault is not None:
        response = fault_injection.after_request(exchange.fault, exchange.entry, response)
    exchange.request_log.finish(exchange.entry, response.status_code, response.get_data())
    if caller is not None:
        caller.tenant.usage_stats.count(caller.token, exchange.entry)
    if log.isEnabledFor(logging.INFO):
        log.info(exchange.entry.sentence(), extra={"entry": exchange.entry})
    return response


# --- refusals ------------------------------------------------------------------------------------


def _error_response(error: MakeError) -> Response:
    exchange: RequestContext | None = g.get("exchange")
    if exchange is not None:
        exchange.entry.code = error.code
        exchange.entry.reason = exchange.entry.reason or _reason(error)
    response = Response(orjson.dumps(error.body()), status=error.status, content_type=JSON_CONTENT_TYPE)
    response.headers.extend(error.headers())
    return response


def _domain_error_response(refusal: DomainError) -> Response:
    exchange: RequestContext | None = g.get("exchange")
    if exchange is not None and isinstance(refusal, MissingPermissionError):
        exchange.entry.missing = (refusal.permission,)
    return _error_response(from_domain_error(refusal))


def _reason(error: MakeError) -> str:
    return " ".join([error.detail, *(error.suberrors or ())])


def _http_error_response(error: HTTPException) -> Response:
    """Give what Flask and Werkzeug raise by themselves the shape of Make."""
    exchange: RequestContext | None = g.get("exchange")
    if isinstance(error, RequestRedirect):
        # To the dashboard: no other path ends with a slash.
        return Response(status=308, headers={"Location": error.new_url})
    match error:
        case RequestEntityTooLarge():
            answer: MakeError = PayloadTooLargeError(f"The body is larger than {BODY_LIMIT} bytes.")
        case WrongMethod(valid_methods=methods):
            answer = MethodNotAllowedError([method for method in methods or () if method != "HEAD"])
        case HTTPException(code=404):
            answer = ResourceNotFoundError(f"No route {request.method} {request.path}.")
        case _:
            answer = BadRequestError(error.description or "", suberrors=[])
    if exchange is not None and exchange.entry.decision == "open":
        exchange.entry.decision = "refused: route"
    return _error_response(answer)


def _internal_error_response(error: Exception) -> Response:
    """A defect of the emulator: the cause goes to the log, not to the caller."""
    log.exception("defect while answering %s %r", request.method, request.path)
    return _error_response(InternalServerError("The emulator failed; its log tells why."))


__all__ = ["API_PREFIX", "DEFAULT_WORLD", "WorldHandle", "create_app", "registry_of"]
