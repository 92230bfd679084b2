"""Handler of the endpoint, and the response made from its result."""

from __future__ import annotations

from ...schemas.base import request_origin
from .. import hints
from ..context import RequestContext
from ..endpoint import PublicCall
from ..responses import json_response
from . import policy


def handle_public(context: RequestContext) -> None:
    """Runs the handler of an endpoint that takes no token, and needs no world."""
    endpoint = context.require_endpoint()
    if not endpoint.is_public:
        return
    context.entry.decision = "refused: handler"
    assert context.parsed is not None
    result = endpoint.handler(PublicCall(context.parsed, context.input.origin))
    context.response = json_response(result, endpoint.status)
    context.entry.decision = "served"


def handle(context: RequestContext) -> None:
    """Runs the handler; the result is serialized while the world is locked."""
    context.entry.decision = "refused: handler"
    # Not with the context, which would keep the world until the next request.
    request = context.input
    request_origin.set(lambda: request.origin)
    endpoint = context.require_endpoint()
    call = context.require_call()
    try:
        result = endpoint.handle(call)
    finally:
        # Also of a run that took longer than its caller waits.
        if call.agent_run is not None:
            call.warnings += policy.record_run(call.world, context.entry, call.agent_run)
    if call.listed:
        policy.record_listed(context)
    context.response = json_response(result, endpoint.status)
    context.entry.decision = "served"
    if call.warnings:
        context.entry.reason = "; ".join(call.warnings)
        if context.registry.has_hints:
            hints.add_header(
                context.response, context.entry.reason, context.entry.redactor, header=hints.WARNING_HEADER
            )
