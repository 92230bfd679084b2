"""How a fault strikes: what becomes of a request for which a rule was found, in place of its endpoint or after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from ..engine.running import RESPONSIVE_LIMIT
from ..errors import RateLimited
from ..world.clock import SECOND
from . import rate_limit
from .authentication import Caller
from .faults import CutShort, NoAnswer, Rule, error_of
from .journal import Entry
from .tenant import Tenant

DECISION = "fault"


class _UsedUp(RateLimited):
    """Make's 429, with the headers of a window that is used up."""

    def __init__(self, allowance: rate_limit.Allowance) -> None:
        super().__init__()
        self._headers = dict(allowance.headers())

    def headers(self) -> Mapping[str, str]:
        return self._headers


def find(tenant: Tenant, entry: Entry, caller: Caller | None) -> Rule | None:
    """The rule that strikes a request, if any."""
    return tenant.faults.strike(entry.method, entry.path, caller.token if caller else None)


def before(tenant: Tenant, rule: Rule, entry: Entry, environ: Mapping[str, Any]) -> Response | None:
    """Delay a request, and answer it if the rule says how; ``None`` if its endpoint is to answer.

    Raises:
        MakeError: if the rule has a status.
    """
    tenant.faults.hold(rule.delay_ms, environ)
    if rule.status is None and rule.action in (None, "truncate"):
        return None
    entry.decision = DECISION
    entry.reason = rule.told()
    if rule.status is None:
        return NoAnswer(tenant.faults, rule)
    with tenant.hold() as world:
        if rule.name == "run-timeout":
            # As long as Make waits for a run, in the world's time.
            world.clock.advance(RESPONSIVE_LIMIT / SECOND)
        if rule.status == RateLimited.status:
            raise _UsedUp(rate_limit.used_up(world, tenant.main_team()))
    raise error_of(rule)


def after(rule: Rule, entry: Entry, response: Response) -> Response:
    """The answer of an endpoint, as the client gets it under a rule that did not answer itself."""
    if entry.decision == DECISION:
        return response
    entry.reason = entry.reason or rule.told()
    if rule.action != "truncate":
        return response
    entry.decision = DECISION
    return CutShort(response)
