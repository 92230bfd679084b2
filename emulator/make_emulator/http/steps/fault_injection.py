"""Fault injection: replaces, delays or truncates the response of a request that a fault rule matches."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine.scenarios.activation import RESPONSIVE_TIMEOUT
from ...world.clock import SECOND
from ..context import RateLimitStatus, RequestContext
from ..errors import RateLimitError
from ..faults import DroppedConnection, TruncatedResponse, TruncatedStream, build_error
from . import rate_limit

DECISION = "fault"


class _InjectedRateLimitError(RateLimitError):
    """Make's 429, with the headers of a window that is used up."""

    def __init__(self, status: RateLimitStatus) -> None:
        super().__init__()
        self._headers = dict(status.headers())

    def headers(self) -> Mapping[str, str]:
        return self._headers


def inject(context: RequestContext) -> None:
    """Applies the first rule that matches the request: delays it, or responds in place of the endpoint.

    Raises:
        MakeError: if the rule has a status.
    """
    handle, entry = context.require_handle(), context.entry
    rule = handle.faults.find_match(
        entry.method, context.fault_path, context.caller.token if context.caller else None
    )
    if rule is None:
        return
    context.fault = rule
    handle.faults.delay(rule.delay_ms, context.input.environ)
    if rule.status is None and rule.action in (None, "truncate"):
        return
    entry.decision = DECISION
    entry.reason = rule.describe()
    if rule.status is None:
        context.response = DroppedConnection(handle.faults, rule)
        return
    with handle.locked() as world:
        if rule.name == "run-timeout":
            # As long as Make waits for a run, in the world's time.
            world.clock.advance(RESPONSIVE_TIMEOUT / SECOND)
        if rule.status == RateLimitError.status:
            raise _InjectedRateLimitError(rate_limit.exhausted_status(world, handle.main_team()))
    raise build_error(rule)


def truncate(context: RequestContext) -> None:
    """Cuts off the response of an endpoint, if the matched rule says so."""
    rule, entry, response = context.fault, context.entry, context.response
    if rule is None or response is None or entry.decision == DECISION:
        return
    entry.reason = entry.reason or rule.describe()
    if rule.action == "truncate":
        entry.decision = DECISION
        context.response = (TruncatedStream if response.is_streamed else TruncatedResponse)(response)
