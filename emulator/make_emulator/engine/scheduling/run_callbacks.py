"""Callbacks of runs: a POST to the URL that the caller of a run named, when the run has ended.

Source: the vendor's OpenAPI document, "Run a scenario". A rule of the world answers it, else the network where that is allowed;
otherwise it is only recorded, among the requests to external services.
"""

from __future__ import annotations

import orjson

from ...world import external_services
from ...world.models import Execution, RunCallback, SentRequest
from ...world.transport import NoResponseError, OutgoingRequest
from ...world.world import World

#: Time-out of a callback in milliseconds; no source has one.
TIMEOUT = 5_000

#: The module that the record of a callback names.
MODULE = "callbackUrl"


def schedule(world: World, execution: Execution, url: str, status_url: str) -> RunCallback:
    """Schedules the callback of a run."""
    return world.callbacks.put(
        RunCallback(
            execution_id=execution.id,
            scenario_id=execution.scenario_id,
            url=url,
            status_url=status_url,
            due=execution.ends,
            index=world.ids.next("callback"),
        )
    )


def next_due(world: World, until: int) -> RunCallback | None:
    """Returns the first callback that is due by a time."""
    first = next(iter(world.callbacks.all().page(_by_due_time, limit=1)), None)
    return first if first is not None and first.due <= until else None


def _by_due_time(row: RunCallback) -> tuple[int, int]:
    return row.due, row.index


def send(world: World, callback: RunCallback) -> None:
    """Sends a callback once, whatever comes of it; the lock of the world is lent to the network."""
    world.callbacks.remove(callback.execution_id)
    body = orjson.dumps({"executionId": callback.execution_id, "statusUrl": callback.status_url})
    headers = (("content-type", "application/json"),)
    request = OutgoingRequest(method="POST", url=callback.url, headers=headers, body=body, timeout=TIMEOUT)
    rule = external_services.match_rule(world, request.method, request.url)
    by = "rule" if rule else "network" if world.transport else "simulation"
    status, cause = None, None
    if rule is not None:
        cause = "timeout" if rule.delay >= TIMEOUT else rule.error
        status = rule.status if cause is None else None
    elif world.transport is not None:
        try:
            with world.lock.lent():
                status = world.transport(request, world.interruption).status
        except NoResponseError as failure:
            cause = failure.cause
    external_services.record_request(
        world,
        SentRequest(
            at=callback.due,
            scenario_id=callback.scenario_id,
            execution_id=callback.execution_id,
            module_id=0,
            module=MODULE,
            method=request.method,
            url=request.url,
            headers=headers,
            body=body.decode(),
            size=len(body),
            answered_by=by,
            rule_id=rule.id if rule else None,
            status=status,
            pages=0 if status is None else 1,
            error=None if cause is None else external_services.ERROR_NAMES[cause],
        ),
    )
