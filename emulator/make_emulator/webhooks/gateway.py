"""The webhook gateway: what is sent to ``/hook/<udid>`` reaches the hook's scenario.

Sources: help centre and apps.make.com, "Webhooks" (answers, limits); a client's measurements of September 2026
(``410 Webhook not found.``, the preflight, the headers). Answers are plain text, not Make's JSON.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

import orjson
from flask import Blueprint, Request, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..engine.scenarios import webhook_dispatch
from ..engine.scheduling import scheduler
from ..http.request_log import LogEntry, RequestLog
from ..redaction.masking import MASK
from ..registry import WorldHandle, WorldRegistry
from ..world import data_stores, hook_queues, hooks
from ..world.clock import SECOND, format_iso
from ..world.consumption import organization_of
from ..world.exceptions import QueueFullError
from ..world.models import Execution, Hook, Json
from ..world.world import World
from ..world.zones import zone_of_host
from . import payloads
from .host_routing import delivery_url
from .responses import (
    ACCEPTED,
    METHODS,
    WebhookResponse,
    preflight_response,
    response_body,
    response_headers,
    response_status,
    to_flask_response,
)

#: apps.make.com, "Webhooks": 5 MB, whatever the plan.
BODY_LIMIT = 5_242_880

#: Help centre, "Webhooks": so many requests in so many milliseconds.
RATE_LIMIT = 300
RATE_WINDOW = 10 * SECOND

#: apps.make.com, "Webhooks": whoever waits for an answer is told "Accepted" after this time.
RESPONSE_TIMEOUT = 180 * SECOND

log = logging.getLogger("make_emulator")


def create_blueprint(tenants: WorldRegistry) -> Blueprint:
    """The routes of the gateway over a server's worlds."""
    door = Blueprint("webhooks", __name__, url_prefix="/hook")

    @door.route("/<udid>", methods=METHODS, provide_automatic_options=False)
    def receive(udid: str) -> Response:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        return _handle_request(tenants, this, udid)

    return door


def _handle_request(tenants: WorldRegistry, request: Request, udid: str) -> Response:
    if request.method == "OPTIONS":
        return preflight_response(request)
    body, answer = _read_body(request)
    tenant = tenants.by_udid(udid)
    if tenant is None:
        # No world knows it, so no journal does; the commonest mistake with webhooks must be seen all the same.
        log.info("Somebody sent %s to a hook that no world has and got 410.", request.method)
        return to_flask_response(WebhookResponse(410, "Webhook not found.", "there is no such hook"))
    with tenant.locked() as world:
        scheduler.catch_up(world)
        hook = next(iter(world.hooks.where(udid=udid)), None)
        if hook is None or hook.type == "mail" or _is_wrong_zone(world, hook, request.host):
            answer = WebhookResponse(410, "Webhook not found.", "there is no such hook any more")
        elif answer is None:
            answer = _deliver(world, hook, request, body)
        response = to_flask_response(answer)
        _write_request_log(tenant, request, body, hook, answer, response)
    return response


def _is_wrong_zone(world: World, hook: Hook, host: str) -> bool:
    """Whether a hook is called at another zone of Make than its own."""
    return zone_of_host(host) not in (None, organization_of(world, hook.team_id).zone)


def _read_body(request: Request) -> tuple[bytes, WebhookResponse | None]:
    """The octets of the body, and the answer to one that is too large."""
    request.max_content_length = request.max_form_memory_size = BODY_LIMIT
    request.max_form_parts = payloads.MAX_FORM_PARTS
    try:
        body = request.get_data(parse_form_data=request.mimetype == "multipart/form-data")
        # Werkzeug cuts a chunked body off at the limit without a word.
        cut = len(body) >= BODY_LIMIT and request.content_length is None
        if cut and request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge
    except RequestEntityTooLarge:
        return b"", WebhookResponse(413, "Payload too large.", "the body was too large")
    return body, None


def _deliver(world: World, hook: Hook, request: Request, body: bytes) -> WebhookResponse:
    """Take one request for a hook that there is, and write it to the hook's log."""
    if not _is_within_rate_limit(world, hook):
        return WebhookResponse(429, "Too many requests", "more than 300 requests came within 10 seconds")
    incoming_id = world.ids.hex(32)
    data: Json = None
    if (refusal := _rejection(world, hook, request)) is not None:
        answer = refusal
    else:
        try:
            data = payloads.parse_request(hook, request, body, incoming_id)
            answer = _dispatch(world, hook, data, incoming_id)
        except payloads.UnreadablePayloadError as error:
            answer = WebhookResponse(400, f"{error}.", "the body could not be read")
        except QueueFullError as full:
            answer = WebhookResponse(400, full.detail, "the queue of the hook is full")
    hook_queues.write_log(
        world,
        hook,
        id=incoming_id,
        status=1 if answer.status < 400 else 3,
        size=len(body) or request.content_length or 0,
        data=_hook_log_data(world, request, body, data, answer),
    )
    return answer


def _rejection(world: World, hook: Hook, request: Request) -> WebhookResponse | None:
    """Why a hook takes nothing from this caller now."""
    if not _is_ip_allowed(hook.data.get("ip"), request.remote_addr):
        return WebhookResponse(403, "Forbidden", "the address of the caller is not allowed")
    gone = hooks.is_gone(world, hook)
    unheard = not hook.learning and hooks.scenario_of(world, hook) is None
    if gone or unheard or not hook.enabled:
        why = "is gone" if gone else "has no scenario" if unheard else "is disabled"
        return WebhookResponse(410, "There is no scenario listening for this webhook.", f"the hook {why}")
    return None


def _dispatch(world: World, hook: Hook, data: Json, incoming_id: str) -> WebhookResponse:
    if faults := _validation_issues(world, hook, data):
        return WebhookResponse(400, " ".join(faults), "the data do not fit the data structure of the hook")
    execution = webhook_dispatch.deliver(world, hook, data, id=incoming_id, size=len(orjson.dumps(data)))
    if execution is None:
        return WebhookResponse(200, ACCEPTED, "it waits in the queue")
    told = f"scenario {execution.scenario_id} ran, execution {execution.id}"
    return _execution_response(world, execution, told)


def _execution_response(world: World, execution: Execution, told: str) -> WebhookResponse:
    """What the run answers, or the service in its place. Waiting for an answer takes the world's time."""
    answer = execution.respond
    if answer is not None and answer.at <= execution.started + RESPONSE_TIMEOUT:
        world.clock.advance_to(answer.at)
        return WebhookResponse(
            response_status(answer), response_body(answer), told, response_headers(answer), from_scenario=True
        )
    if answer is None and not webhook_dispatch.has_response_module(
        world, world.scenarios[execution.scenario_id]
    ):
        return WebhookResponse(200, ACCEPTED, told)
    world.clock.advance_to(min(execution.ends, execution.started + RESPONSE_TIMEOUT))
    if answer is None and execution.error is not None:
        return WebhookResponse(500, "Scenario failed to complete.", f"{told}, and failed")
    return WebhookResponse(200, ACCEPTED, told)


def _validation_issues(world: World, hook: Hook, data: Json) -> list[str]:
    """What is wrong with the data under the data structure that the hook was given, if any."""
    structure = world.data_structures.get(hook.data.get("udt") or 0)
    if structure is None:
        return []
    faults: list[str] = []
    for bundle in data if isinstance(data, list) else [data]:
        own = {name: value for name, value in bundle.items() if not name.startswith("__IMT")}
        faults.extend(data_stores.find_field_issues(structure.spec, own, strict=structure.strict))
    return faults


def _is_ip_allowed(allowed: Json, address: str | None) -> bool:
    """Whether a caller's address is in a list of addresses and networks; no list allows everybody."""
    if not allowed or not address:
        return True
    try:
        caller = ipaddress.ip_address(address)
        networks = [ipaddress.ip_network(part.strip(), strict=False) for part in str(allowed).split(",")]
    except ValueError:
        return False
    return any(caller in network for network in networks)


def _is_within_rate_limit(world: World, hook: Hook) -> bool:
    """Count a request against the organization's windows of ten seconds."""
    if not world.rate_limited:
        return True
    _, calls = world.count_call(("webhooks", world.teams[hook.team_id].organization_id), RATE_WINDOW)
    return calls <= RATE_LIMIT


# --- what is written down ------------------------------------------------------------------------


def _hook_log_data(
    world: World, request: Request, body: bytes, data: Json, answer: WebhookResponse
) -> dict[str, Any]:
    """Request, response and bundles; names after the help centre's description of the log."""
    text = body[: hook_queues.MAX_LOGGED_BODY].decode("utf-8", "replace")
    return {
        "request": {
            "timestamp": format_iso(world.now()),
            "url": _replace_surrogates(delivery_url(request.host, request.base_url)),
            "method": request.method,
            "headers": {
                _replace_surrogates(name).lower(): _replace_surrogates(value)
                for name, value in request.headers.items()
            },
            "query": {
                _replace_surrogates(name): _replace_surrogates(value) for name, value in request.args.items()
            },
            "body": text,
        },
        "response": {"status": answer.status, "body": answer.body[: hook_queues.MAX_LOGGED_BODY]},
        "parsedItems": [] if data is None else data if isinstance(data, list) else [data],
    }


def _replace_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _write_request_log(
    tenant: WorldHandle,
    request: Request,
    body: bytes,
    hook: Hook | None,
    answer: WebhookResponse,
    response: Response,
) -> None:
    request_log: RequestLog = tenant.request_log
    entry = LogEntry(request.method, f"/hook/{MASK}", request.query_string.decode("latin-1"))
    request_log.begin(entry, tenant.world.now())
    if hook is not None:
        team = tenant.world.teams[hook.team_id]
        entry.organization_id = team.organization_id
        named = f" {hook.id} ({hook.name}) in organization {team.organization_id}"
    else:
        named = " that was deleted"
    entry.endpoint = "webhook"
    entry.decision = "served" if answer.status < 400 else "refused: webhook"
    entry.summary = f"Somebody sent {request.method} to hook{named}"
    entry.reason = answer.reason
    entry.request_body = request_log.truncate_body(body)
    request_log.finish(entry, answer.status, response.get_data())
    if log.isEnabledFor(logging.INFO):
        log.info(entry.sentence(), extra={"entry": entry})
