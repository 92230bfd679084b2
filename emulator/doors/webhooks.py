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

from ..engine import listening, scheduler
from ..middleware.journal import Journal
from ..middleware.masking import MASK
from ..middleware.tenant import Tenant, Tenants
from ..world import datastores, hooks, queues
from ..world.clock import SECOND, iso
from ..world.models import Execution, Hook, Json
from ..world.refusals import QueueFull
from ..world.usage import organization_of
from ..world.world import World
from ..world.zones import zone_at
from . import payloads
from .answers import ACCEPTED, METHODS, Answer, headers_of, preflight, response_of, status_of, text_of
from .hosts import url_under

#: apps.make.com, "Webhooks": 5 MB, whatever the plan.
BODY_LIMIT = 5_242_880

#: Help centre, "Webhooks": so many requests in so many milliseconds.
RATE = 300
RATE_WINDOW = 10 * SECOND

#: apps.make.com, "Webhooks": whoever waits for an answer is told "Accepted" after this time.
ANSWER_LIMIT = 180 * SECOND

log = logging.getLogger("emulator")


def blueprint(tenants: Tenants) -> Blueprint:
    """The routes of the gateway over a server's worlds."""
    door = Blueprint("webhooks", __name__, url_prefix="/hook")

    @door.route("/<udid>", methods=METHODS, provide_automatic_options=False)
    def receive(udid: str) -> Response:
        this: Request = request._get_current_object()  # type: ignore[attr-defined]
        return _receive(tenants, this, udid)

    return door


def _receive(tenants: Tenants, request: Request, udid: str) -> Response:
    if request.method == "OPTIONS":
        return preflight(request)
    body, answer = _body(request)
    tenant = tenants.by_udid(udid)
    if tenant is None:
        # No world knows it, so no journal does; the commonest mistake with webhooks must be seen all the same.
        log.info("Somebody sent %s to a hook that no world has and got 410.", request.method)
        return response_of(Answer(410, "Webhook not found.", "there is no such hook"))
    with tenant.hold() as world:
        scheduler.catch_up(world)
        hook = next(iter(world.hooks.where(udid=udid)), None)
        if hook is None or hook.type == "mail" or _is_elsewhere(world, hook, request.host):
            answer = Answer(410, "Webhook not found.", "there is no such hook any more")
        elif answer is None:
            answer = _deliver(world, hook, request, body)
        response = response_of(answer)
        _write_journal(tenant, request, body, hook, answer, response)
    return response


def _is_elsewhere(world: World, hook: Hook, host: str) -> bool:
    """Whether a hook is called at another zone of Make than its own."""
    return zone_at(host) not in (None, organization_of(world, hook.team_id).zone)


def _body(request: Request) -> tuple[bytes, Answer | None]:
    """The octets of the body, and the answer to one that is too large."""
    request.max_content_length = request.max_form_memory_size = BODY_LIMIT
    request.max_form_parts = payloads.PARTS
    try:
        body = request.get_data(parse_form_data=request.mimetype == "multipart/form-data")
        # Werkzeug cuts a chunked body off at the limit without a word.
        cut = len(body) >= BODY_LIMIT and request.content_length is None
        if cut and request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge
    except RequestEntityTooLarge:
        return b"", Answer(413, "Payload too large.", "the body was too large")
    return body, None


def _deliver(world: World, hook: Hook, request: Request, body: bytes) -> Answer:
    """Take one request for a hook that there is, and write it to the hook's log."""
    if not _within_rate(world, hook):
        return Answer(429, "Too many requests", "more than 300 requests came within 10 seconds")
    incoming_id = world.ids.hex(32)
    data: Json = None
    if (refusal := _refusal(world, hook, request)) is not None:
        answer = refusal
    else:
        try:
            data = payloads.read(hook, request, body, incoming_id)
            answer = _hand_over(world, hook, data, incoming_id)
        except payloads.Unreadable as error:
            answer = Answer(400, f"{error}.", "the body could not be read")
        except QueueFull as full:
            answer = Answer(400, full.detail, "the queue of the hook is full")
    queues.write_log(
        world,
        hook,
        id=incoming_id,
        status=1 if answer.status < 400 else 3,
        size=len(body) or request.content_length or 0,
        data=_logged(world, request, body, data, answer),
    )
    return answer


def _refusal(world: World, hook: Hook, request: Request) -> Answer | None:
    """Why a hook takes nothing from this caller now."""
    if not _is_allowed(hook.data.get("ip"), request.remote_addr):
        return Answer(403, "Forbidden", "the address of the caller is not allowed")
    gone = hooks.is_gone(world, hook)
    unheard = not hook.learning and hooks.scenario_of(world, hook) is None
    if gone or unheard or not hook.enabled:
        why = "is gone" if gone else "has no scenario" if unheard else "is disabled"
        return Answer(410, "There is no scenario listening for this webhook.", f"the hook {why}")
    return None


def _hand_over(world: World, hook: Hook, data: Json, incoming_id: str) -> Answer:
    if faults := _misfits(world, hook, data):
        return Answer(400, " ".join(faults), "the data do not fit the data structure of the hook")
    execution = listening.deliver(world, hook, data, id=incoming_id, size=len(orjson.dumps(data)))
    if execution is None:
        return Answer(200, ACCEPTED, "it waits in the queue")
    told = f"scenario {execution.scenario_id} ran, execution {execution.id}"
    return _answer_of(world, execution, told)


def _answer_of(world: World, execution: Execution, told: str) -> Answer:
    """What the run answers, or the service in its place. Waiting for an answer takes the world's time."""
    answer = execution.respond
    if answer is not None and answer.at <= execution.started + ANSWER_LIMIT:
        world.clock.reach(answer.at)
        return Answer(status_of(answer), text_of(answer), told, headers_of(answer), responded=True)
    if answer is None and not listening.answers_itself(world, world.scenarios[execution.scenario_id]):
        return Answer(200, ACCEPTED, told)
    world.clock.reach(min(execution.ends, execution.started + ANSWER_LIMIT))
    if answer is None and execution.error is not None:
        return Answer(500, "Scenario failed to complete.", f"{told}, and failed")
    return Answer(200, ACCEPTED, told)


def _misfits(world: World, hook: Hook, data: Json) -> list[str]:
    """What is wrong with the data under the data structure that the hook was given, if any."""
    structure = world.data_structures.get(hook.data.get("udt") or 0)
    if structure is None:
        return []
    faults: list[str] = []
    for bundle in data if isinstance(data, list) else [data]:
        own = {name: value for name, value in bundle.items() if not name.startswith("__IMT")}
        faults.extend(datastores.field_faults(structure.spec, own, strict=structure.strict))
    return faults


def _is_allowed(allowed: Json, address: str | None) -> bool:
    """Whether a caller's address is in a list of addresses and networks; no list allows everybody."""
    if not allowed or not address:
        return True
    try:
        caller = ipaddress.ip_address(address)
        networks = [ipaddress.ip_network(part.strip(), strict=False) for part in str(allowed).split(",")]
    except ValueError:
        return False
    return any(caller in network for network in networks)


def _within_rate(world: World, hook: Hook) -> bool:
    """Count a request against the organization's windows of ten seconds."""
    if not world.rate_limited:
        return True
    _, calls = world.count_call(("webhooks", world.teams[hook.team_id].organization_id), RATE_WINDOW)
    return calls <= RATE


# --- what is written down ------------------------------------------------------------------------


def _logged(world: World, request: Request, body: bytes, data: Json, answer: Answer) -> dict[str, Any]:
    """Request, response and bundles; names after the help centre's description of the log."""
    text = body[: queues.LOGGED_BODY].decode("utf-8", "replace")
    return {
        "request": {
            "timestamp": iso(world.now()),
            "url": _plain(url_under(request.host, request.base_url)),
            "method": request.method,
            "headers": {_plain(name).lower(): _plain(value) for name, value in request.headers.items()},
            "query": {_plain(name): _plain(value) for name, value in request.args.items()},
            "body": text,
        },
        "response": {"status": answer.status, "body": answer.body[: queues.LOGGED_BODY]},
        "parsedItems": [] if data is None else data if isinstance(data, list) else [data],
    }


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _write_journal(
    tenant: Tenant, request: Request, body: bytes, hook: Hook | None, answer: Answer, response: Response
) -> None:
    journal: Journal = tenant.journal
    entry = journal.open(
        tenant.world.now(), request.method, f"/hook/{MASK}", request.query_string.decode("latin-1")
    )
    if hook is not None:
        team = tenant.world.teams[hook.team_id]
        entry.organization_id = team.organization_id
        named = f" {hook.id} ({hook.name}) in organization {team.organization_id}"
    else:
        named = " that was deleted"
    entry.endpoint = "webhook"
    entry.decision = "served" if answer.status < 400 else "refused: webhook"
    entry.story = f"Somebody sent {request.method} to hook{named}"
    entry.reason = answer.reason
    entry.request_body = journal.clip(body)
    journal.close(entry, answer.status, response.get_data())
    if log.isEnabledFor(logging.INFO):
        log.info(entry.sentence(), extra={"entry": entry})
