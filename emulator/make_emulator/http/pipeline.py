"""Pipelines: the steps that a request passes, as lists. The response steps never touch a streamed body.

A step is a function of the request's context. It changes the context, sets its response, which ends the request steps,
or raises the error that the response is made from. A new step is one line in a list below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from flask import Response

from ..lazy_dataclasses import dataclass
from ..plain_text import join_sentences
from ..world.exceptions import MissingPermissionError, StateNotStoredError
from . import hints
from .context import RequestContext
from .responses import error_response, to_make_error
from .routing import API_PREFIX
from .steps import (
    authentication,
    authorization,
    fault_injection,
    handler,
    parameters,
    policy,
    provenance,
    rate_limit,
    request_body,
    request_log,
    response_headers,
    routing,
    usage_stats,
    user_agent,
    world_lock,
)

ContextT = TypeVar("ContextT", bound=RequestContext)


@dataclass(frozen=True, slots=True)
class Pipeline(Generic[ContextT]):
    """Steps of one kind of request.

    Args:
        request_steps: run in order until one of them sets the response or raises.
        response_steps: run in order on every response, also on that of an error.
        error_response: makes the response of an exception that a request step raised.
    """

    request_steps: Sequence[Callable[[ContextT], None]]
    response_steps: Sequence[Callable[[ContextT], None]]
    error_response: Callable[[ContextT, Exception], Response]

    def run(self, context: ContextT) -> Response:
        """Takes a request through all steps; returns its response."""
        try:
            with context.resources:
                for step in self.request_steps:
                    step(context)
                    if context.response is not None:
                        break
        except Exception as error:
            context.response = self.error_response(context, error)
        for step in self.response_steps:
            step(context)
        assert context.response is not None
        return context.response


def api_error_response(context: RequestContext, error: Exception) -> Response:
    """Make's error body for an exception, with a hint beside it; the log entry gets its code and reason."""
    entry = context.entry
    if isinstance(error, MissingPermissionError):
        entry.missing = (error.permission,)
    if isinstance(error, StateNotStoredError):
        entry.decision = world_lock.NOT_STORED
    make_error = to_make_error(error, entry.method, API_PREFIX + entry.path)
    entry.code = make_error.code or None
    suberrors, hint = make_error.suberrors or (), make_error.hint or ""
    if suberrors and suberrors[0].rstrip(".") in hint:
        # The hint repeats each of them, with more.
        suberrors = ()
    entry.reason = entry.reason or join_sentences([make_error.detail, *suberrors, hint])
    is_plain = context.endpoint is not None and context.endpoint.plain_errors
    response = error_response(make_error, is_plain=is_plain)
    if context.registry.has_hints:
        hints.add_header(response, make_error.hint or entry.reason, entry.redactor)
    return response


#: The way of a request to ``/api/v2``.
API_PIPELINE: Pipeline[RequestContext] = Pipeline(
    request_steps=[
        authentication.identify_caller,
        request_log.begin,
        fault_injection.inject,
        user_agent.check,
        authentication.require_caller,
        routing.require_endpoint,
        authorization.check_scopes,
        request_body.read_body,
        parameters.parse,
        handler.handle_public,
        world_lock.lock_world,
        parameters.resolve,
        rate_limit.count,
        authorization.check_api_access,
        authorization.check_role,
        authorization.check_plan,
        policy.check,
        rate_limit.check,
        handler.handle,
    ],
    response_steps=[
        response_headers.add_headers,
        rate_limit.add_headers,
        provenance.add,
        fault_injection.truncate,
        request_log.finish,
        usage_stats.count,
    ],
    error_response=api_error_response,
)

#: The way of a call of an endpoint by the control API: the same checks of what is sent, the plan and the state, the same
#: errors, and no trace: neither token, scopes, role, grants, rate limit and faults, nor log and statistics.
UNLOGGED_PIPELINE: Pipeline[RequestContext] = Pipeline(
    request_steps=[
        routing.require_endpoint,
        request_body.read_body,
        parameters.parse,
        handler.handle_public,
        world_lock.lock_world,
        parameters.resolve_as_owner,
        authorization.check_plan,
        handler.handle,
    ],
    response_steps=[],
    error_response=api_error_response,
)
