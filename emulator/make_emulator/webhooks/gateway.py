"""Webhook gateway: delivers requests to ``/hook/<udid>`` to the scenario of the hook.

Sources: help centre and apps.make.com, "Webhooks" (responses, limits); a client's measurements of September 2026
(``410 Webhook not found.``, the preflight, the headers). Responses are plain text, not Make's JSON.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, Request, Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.utils import get_current_url

from ..engine.apps.webhooks import ACCEPTED, NOT_COMPLETED
from ..engine.scheduling import webhook_dispatch
from ..http.content_coding import check_chunked_length, decode_content
from ..http.context import HttpInput, RequestContext
from ..http.errors import MakeError
from ..http.pipeline import Pipeline
from ..http.request_log import LogEntry, RequestLog
from ..http.responses import to_make_error
from ..http.steps import fault_injection, rate_limit, request_log, world_lock
from ..json_types import as_mappings
from ..lazy_dataclasses import dataclass
from ..redaction.rules import MASK
from ..registry import WorldRegistry
from ..world import data_stores, hook_queues, hooks
from ..world.clock import SECOND, format_iso
from ..world.consumption import organization_of
from ..world.exceptions import QueueFullError, StateNotStoredError
from ..world.models import Execution, Hook, Json
from ..world.settings import INACTIVE_HOOKS
from ..world.world import World
from ..world.zones import zone_of_host
from . import payloads
from .host_routing import delivery_url
from .responses import (
    METHODS,
    WebhookError,
    WebhookResponse,
    preflight_response,
    response_body,
    response_headers,
    response_status,
    to_flask_response,
)

#: apps.make.com, "Webhooks": 5 MB, whatever the plan.
BODY_LIMIT = 5_242_880

#: Help centre, "Webhooks": requests within a window of milliseconds.
RATE_LIMIT = 300
RATE_WINDOW = 10 * SECOND

#: apps.make.com, "Webhooks": the response is "Accepted" if the scenario has not responded after this time.
RESPONSE_TIMEOUT = 180 * SECOND

#: Form of the udids of hooks.
_UDID = re.compile(r"[0-9a-z]{32}", re.ASCII)

log = logging.getLogger("make_emulator")


@dataclass(slots=True, kw_only=True)
class HookContext(RequestContext):
    """State of a request to a hook."""

    request: Request
    udid: str
    content: bytes = b""
    #: Raised once the hook is found: an unknown hook is 410 first.
    body_error: WebhookError | None = None
    hook: Hook | None = None

    @property
    def fault_path(self) -> str:
        return f"/hook/{self.udid}"

    def require_hook(self) -> Hook:
        """The hook, for steps that come after the one that finds it."""
        assert self.hook is not None
        return self.hook


def create_blueprint(registry: WorldRegistry) -> Blueprint:
    """Returns the routes of the gateway."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/hook")

    @blueprint.route("/<udid>", methods=METHODS, provide_automatic_options=False)
    def receive(udid: str) -> Response:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        entry = LogEntry(
            this.method,
            # Masked when the entry is read, as every udid is; another text may be a mistyped secret.
            f"/hook/{udid if _UDID.fullmatch(udid) else MASK}",
            this.query_string.decode("latin-1"),
            endpoint="webhook",
            summary=f"{this.method} to a hook",
        )
        return PIPELINE.run(
            HookContext(registry, HttpInput(this.environ, this), entry, request=this, udid=udid)
        )

    return blueprint


# --- steps ---------------------------------------------------------------------------------------


def _respond_to_preflight(context: HookContext) -> None:
    if context.request.method == "OPTIONS":
        context.response = preflight_response(context.request)


def _find_world(context: HookContext) -> None:
    context.handle = context.registry.by_udid(context.udid)
    if context.handle is None:
        # It is in no world's log; the commonest mistake with webhooks must be seen all the same.
        log.info("%s to a hook that no world has -> 410", context.request.method)
        raise WebhookError(410, "Webhook not found.", "there is no such hook")


def _read_body(context: HookContext) -> None:
    """Read the body, decoded."""
    this = context.request
    this.max_content_length = this.max_form_memory_size = BODY_LIMIT
    this.max_form_parts = payloads.MAX_FORM_PARTS
    try:
        decode_content(this, BODY_LIMIT)
        content = this.get_data(parse_form_data=this.mimetype == "multipart/form-data")
        check_chunked_length(this, content, BODY_LIMIT)
    except RequestEntityTooLarge:
        context.body_error = WebhookError(413, "Payload too large.", "the body was too large")
        return
    except MakeError as error:
        context.body_error = WebhookError(error.status, error.detail, "the body could not be decoded")
        return
    context.content = content
    context.entry.request_body = RequestLog.truncate_body(content)


def _find_hook(context: HookContext) -> None:
    world, entry = context.world, context.entry
    hook = next(iter(world.hooks.where(udid=context.udid)), None)
    if hook is None:
        entry.summary = f"{entry.method} to a hook that was deleted"
    else:
        entry.organization_id = world.teams[hook.team_id].organization_id
        entry.summary = (
            f"{entry.method} to hook {hook.id} ({hook.name}) in organization {entry.organization_id}"
        )
    if hook is None or hook.type == "mail" or _is_wrong_zone(world, hook, context.input.host):
        raise WebhookError(410, "Webhook not found.", "there is no such hook any more")
    context.hook = hook


def _check_body(context: HookContext) -> None:
    if context.body_error is not None:
        raise context.body_error


def _check_rate_limit(context: HookContext) -> None:
    """Count the request against the organization's windows of ten seconds."""
    world = context.world
    bucket = ("webhooks", organization_of(world, context.require_hook().team_id).id)
    status = rate_limit.count_in_window(world, bucket, RATE_LIMIT, RATE_WINDOW)
    if status is not None and status.exceeded:
        raise WebhookError(429, "Too many requests", "more than 300 requests came within 10 seconds")


def _deliver(context: HookContext) -> None:
    """Deliver the request, and write it to the hook's log."""
    world, hook, content = context.world, context.require_hook(), context.content
    incoming_id = world.ids.hex(32)
    data: Json = None
    try:
        _check_acceptance(world, hook, context.request)
        data = payloads.parse_request(hook, context.request, content, incoming_id)
        response = _dispatch(world, hook, data, incoming_id)
    except WebhookError as error:
        response = error.response
    except payloads.UnreadablePayloadError as error:
        response = WebhookResponse(400, f"{error}.", "the body could not be read")
    except QueueFullError as error:
        response = WebhookResponse(400, error.detail, "the queue of the hook is full")
    hook_queues.write_log(
        world,
        hook,
        id=incoming_id,
        status=1 if response.status < 400 else 3,
        size=len(content) or context.request.content_length or 0,
        data=_hook_log_data(world, context.request, content, data, response),
    )
    _set_response(context, response)


def _set_response(context: RequestContext, response: WebhookResponse) -> None:
    context.entry.decision = "served" if response.status < 400 else "refused: webhook"
    context.entry.reason = response.reason
    context.response = to_flask_response(response)


def _error_response(context: RequestContext, error: Exception) -> Response:
    if isinstance(error, WebhookError):
        _set_response(context, error.response)
        assert context.response is not None
        return context.response
    # An injected fault, or a defect of the emulator.
    make_error = to_make_error(error, context.entry.method, context.entry.path)
    if isinstance(error, StateNotStoredError):
        context.entry.decision, context.entry.reason = world_lock.NOT_STORED, error.detail
    context.entry.reason = context.entry.reason or make_error.detail
    return to_flask_response(WebhookResponse(make_error.status, make_error.message, context.entry.reason))


#: The way of a request to ``/hook/<udid>``.
PIPELINE: Pipeline[HookContext] = Pipeline(
    request_steps=[
        _respond_to_preflight,
        _find_world,
        request_log.begin,
        fault_injection.inject,
        _read_body,
        world_lock.lock_world,
        _find_hook,
        _check_body,
        _check_rate_limit,
        _deliver,
    ],
    response_steps=[
        fault_injection.truncate,
        request_log.finish,
    ],
    error_response=_error_response,
)


# --- delivery ------------------------------------------------------------------------------------


def _is_wrong_zone(world: World, hook: Hook, host: str) -> bool:
    """Returns true if a hook is called at another zone of Make than its own."""
    return zone_of_host(host) not in (None, organization_of(world, hook.team_id).zone)


def _check_acceptance(world: World, hook: Hook, request: Request) -> None:
    """Raise WebhookError unless the hook accepts requests of this caller now."""
    if not _is_ip_allowed(hook.data.get("ip"), request.remote_addr):
        raise WebhookError(403, "Forbidden", "the address of the caller is not allowed")
    gone = hooks.is_gone(world, hook)
    unused = not hook.learning and hooks.scenario_of(world, hook) is None
    scenario = hooks.scenario_of(world, hook)
    is_inactive = scenario is not None and not scenario.is_active and not hook.learning
    rejects = is_inactive and INACTIVE_HOOKS.of(world) == "reject"
    if gone or unused or rejects or not hook.enabled:
        state = "is gone" if gone else "has no scenario" if unused else "is disabled"
        if rejects:
            state = "has an inactive scenario, and the setting inactiveHooks is reject"
        raise WebhookError(410, "There is no scenario listening for this webhook.", f"the hook {state}")


def _dispatch(world: World, hook: Hook, data: Json, incoming_id: str) -> WebhookResponse:
    if issues := _validation_issues(world, hook, data):
        raise WebhookError(400, " ".join(issues), "the data do not fit the data structure of the hook")
    execution = webhook_dispatch.deliver(world, hook, data, id=incoming_id, size=len(orjson.dumps(data)))
    if execution is None:
        captured = hook.captures_next and not world.hooks[hook.id].captures_next
        reason = "its structure was learned, and no scenario ran" if captured else "it waits in the queue"
        return WebhookResponse(200, ACCEPTED, reason)
    reason = f"scenario {execution.scenario_id} ran, execution {execution.id}"
    return _execution_response(world, execution, reason)


def _execution_response(world: World, execution: Execution, reason: str) -> WebhookResponse:
    """Returns the response of the scenario, or the default one. Waiting for it takes the world's time."""
    response = execution.respond
    if response is not None and response.at <= execution.started + RESPONSE_TIMEOUT:
        world.clock.advance_to(response.at)
        return WebhookResponse(
            response_status(response),
            response_body(response),
            reason,
            response_headers(response),
            from_scenario=True,
        )
    scenario = world.scenarios.get(execution.scenario_id)
    if response is None and not (scenario and webhook_dispatch.has_response_module(world, scenario)):
        return WebhookResponse(200, ACCEPTED, reason)
    world.clock.advance_to(min(execution.ends, execution.started + RESPONSE_TIMEOUT))
    if response is None and execution.error is not None:
        return WebhookResponse(500, NOT_COMPLETED, f"{reason}, and failed")
    return WebhookResponse(200, ACCEPTED, reason)


def _validation_issues(world: World, hook: Hook, data: Json) -> list[str]:
    """Returns the issues of the data under the data structure of the hook, if it has one."""
    structure = world.data_structures.get(udt if isinstance(udt := hook.data.get("udt"), int) else 0)
    if structure is None:
        return []
    issues: list[str] = []
    for bundle in as_mappings(data if isinstance(data, list) else [data]):
        own = {name: value for name, value in bundle.items() if not name.startswith("__IMT")}
        issues.extend(data_stores.find_field_issues(structure.spec, own, strict=structure.strict))
    return issues


def _is_ip_allowed(allowed: Json, address: str | None) -> bool:
    """Returns true if an address is in a list of addresses and networks; without a list all are allowed."""
    if not allowed or not address:
        return True
    try:
        caller = ipaddress.ip_address(address)
        networks = [ipaddress.ip_network(part.strip(), strict=False) for part in str(allowed).split(",")]
    except ValueError:
        return False
    return any(caller in network for network in networks)


@lru_cache(maxsize=1024)
def _delivery_url(scheme: str, host: str, root_path: str, path: str) -> str:
    """Returns the URL of a delivery, without its query: the same for all deliveries to a hook, and slow to make."""
    return payloads.replace_surrogates(delivery_url(host, get_current_url(scheme, host, root_path, path)))


def _hook_log_data(
    world: World, request: Request, body: bytes, data: Json, response: WebhookResponse
) -> dict[str, Any]:
    """Request, response and bundles; names after the help centre's description of the log."""
    text = body[: hook_queues.MAX_LOGGED_BODY].decode("utf-8", "replace")
    return {
        "request": {
            "timestamp": format_iso(world.now()),
            "url": _delivery_url(request.scheme, request.host, request.root_path, request.path),
            "method": request.method,
            "headers": {
                payloads.replace_surrogates(name).lower(): payloads.replace_surrogates(value)
                for name, value in request.headers.items()
            },
            "query": {
                payloads.replace_surrogates(name): payloads.replace_surrogates(value)
                for name, value in request.args.items()
            },
            "ip": request.remote_addr,
            "parsed": None,
            "body": text,
        },
        "response": {
            "headers": [],
            "status": response.status,
            "body": response.body[: hook_queues.MAX_LOGGED_BODY],
        },
        "parsedItems": [] if data is None else data if isinstance(data, list) else [data],
    }
