"""How a fault strikes: what becomes of a request for which a rule was found, in place of its endpoint or after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from ...engine.scenarios.activation import RESPONSIVE_TIMEOUT
from ...registry import WorldHandle
from ...world.clock import SECOND
from ..errors import RateLimitError
from ..faults import DroppedConnection, FaultRule, TruncatedResponse, build_error
from ..request_log import LogEntry
from . import rate_limit
from .authentication import Caller

DECISION = "fault"


class _InjectedRateLimitError(RateLimitError):
    """Make's 429, with the headers of a window that is used up."""

    def __init__(self, allowance: rate_limit.RateLimitStatus) -> None:
        super().__init__()
        self._headers = dict(allowance.headers())

    def headers(self) -> Mapping[str, str]:
        return self._headers


def find_rule(tenant: WorldHandle, entry: LogEntry, caller: Caller | None) -> FaultRule | None:
    """The rule that strikes a request, if any."""
    return tenant.faults.find_match(entry.method, entry.path, caller.token if caller else None)


def before_request(
    tenant: WorldHandle, rule: FaultRule, entry: LogEntry, environ: Mapping[str, Any]
) -> Response | None:
    """Delay a request, and answer it if the rule says how; ``None`` if its endpoint is to answer.

    Raises:
        MakeError: if the rule has a status.
    """
    tenant.faults.delay(rule.delay_ms, environ)
    if rule.status is None and rule.action in (None, "truncate"):
        return None
    entry.decision = DECISION
    entry.reason = rule.describe()
    if rule.status is None:
        return DroppedConnection(tenant.faults, rule)
    with tenant.locked() as world:
        if rule.name == "run-timeout":
            # As long as Make waits for a run, in the world's time.
            world.clock.advance(RESPONSIVE_TIMEOUT / SECOND)
        if rule.status == RateLimitError.status:
            raise _InjectedRateLimitError(rate_limit.exhausted_status(world, tenant.main_team()))
    raise build_error(rule)


def after_request(rule: FaultRule, entry: LogEntry, response: Response) -> Response:
    """The answer of an endpoint, as the client gets it under a rule that did not answer itself."""
    if entry.decision == DECISION:
        return response
    entry.reason = entry.reason or rule.describe()
    if rule.action != "truncate":
        return response
    entry.decision = DECISION
    return TruncatedResponse(response)
