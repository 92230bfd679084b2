"""Scenarios of a world in the control API: a list, one with its blueprint, and a stream of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import orjson
from flask import Blueprint, Response, request

from ..engine.scheduling import scheduler
from ..http.errors import ResourceNotFoundError
from ..http.faults import CLIENT_GONE_KEY, STREAM_CLOSED_KEY
from ..http.responses import json_response
from ..json_types import Json, JsonObject
from ..registry import WorldHandle, WorldRegistry
from ..schemas.hooks import hook_address
from ..world.clock import format_iso
from ..world.schema import TABLES
from ..world.world import World
from .params import bad_request
from .worlds import find_world

# Imports in functions keep the start-up short: most servers are not looked at.

EVENT_STREAM = "text/event-stream"

#: Scenarios of a page, and runs of one scenario, unless a query has another limit.
MAX_SCENARIOS, MAX_RUNS = 100, 50
#: Longest text that is searched for.
MAX_TEXT_LENGTH = 200

#: Seconds between looks at a world, between comments, and until the stream ends and its reader asks again.
_POLL_INTERVAL, _KEEPALIVE_INTERVAL, _LIFETIME = 0.5, 15.0, 600.0


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/scenarios")
    def list_scenarios(name: str) -> Response:
        """Scenarios with their state and last run, by name; ``?q=`` searches names and ids, ``limit=`` (100), ``offset=``."""
        from ..reports import scenario_list

        text = request.args.get("q", "")[:MAX_TEXT_LENGTH]
        limit, offset = _parse_count("limit", MAX_SCENARIOS), _parse_count("offset", 0)
        with find_world(registry, name).locked() as world:
            scheduler.catch_up(world)
            return json_response(scenario_list.list_scenarios(world, text, limit=limit, offset=offset))

    @blueprint.get("/worlds/<name>/scenarios/<int:scenario_id>")
    def get_scenario(name: str, scenario_id: int) -> Response:
        """A scenario with its blueprint, interface, hook and last runs; ``?limit=`` of these (50)."""
        limit = _parse_count("limit", MAX_RUNS)
        with find_world(registry, name).locked() as world:
            scheduler.catch_up(world)
            return json_response({"scenario": _scenario_view(world, scenario_id, limit)})

    @blueprint.get("/worlds/<name>/events")
    def stream_events(name: str) -> Response:
        """The last request of the log, the time of a frozen clock, and a number that changes with the state of the world.

        With ``Accept: text/event-stream`` server-sent events, one as soon as any of them changes.
        """
        handle = find_world(registry, name)
        if EVENT_STREAM not in request.accept_mimetypes.values():
            return json_response(_state_of(handle))
        environ = request.environ
        is_gone = environ.get(CLIENT_GONE_KEY) or environ.get(STREAM_CLOSED_KEY) or (lambda: False)
        response = Response(_iter_events(handle, is_gone), content_type=EVENT_STREAM)
        response.headers["X-Accel-Buffering"] = "no"
        return response


def _parse_count(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request(f"Invalid value of parameter '{name}'.")
    return int(text)


def _scenario_view(world: World, id: int, runs: int) -> JsonObject:
    from ..engine.scenarios import module_checks
    from ..reports import scenario_list

    scenario = world.scenarios.get(id)
    if scenario is None:
        raise ResourceNotFoundError(f"There is no scenario {id} in that world.")
    version = world.blueprints[id, scenario.blueprint_version]
    hook = world.hooks.get(scenario.hook_id) if scenario.hook_id is not None else None
    called = request.host_url.rstrip("/")
    return {
        **scenario_list.scenario_row(world, scenario, runs=runs),
        "description": scenario.description,
        "blueprint": version.blueprint,
        "version": version.version,
        "inputs": list(version.input_spec),
        "outputs": list(version.output_spec),
        "hook": None
        if hook is None
        else {
            "id": hook.id,
            "name": hook.name,
            "type": hook.type,
            "address": hook_address(world, hook, called),
        },
        "warnings": list(module_checks.find_warnings(world, version.blueprint)),
        "incompleteExecutions": [
            {"id": row.id, "reason": row.reason, "attempts": row.attempts}
            for row in world.incomplete_executions
            if row.scenario_id == id and not row.resolved
        ],
    }


def _iter_events(handle: WorldHandle, is_gone: Callable[[], bool]) -> Iterator[bytes]:
    """Yields an event for each change that a look at the world finds, the first at once."""
    ends = time.monotonic() + _LIFETIME
    known, spoke = None, 0.0
    while not is_gone() and time.monotonic() < ends:
        state = _state_of(handle)
        now = time.monotonic()
        if state != known:
            known, spoke = state, now
            yield b"data: %b\n\n" % orjson.dumps(state)
        elif now - spoke >= _KEEPALIVE_INTERVAL:
            spoke = now
            yield b": keepalive\n\n"
        time.sleep(_POLL_INTERVAL)


def _state_of(handle: WorldHandle) -> dict[str, Json]:
    """Returns the numbers that change with a world, and its time if the clock is frozen."""
    with handle.locked() as world:
        # What falls due by a clock that runs is a change, too.
        scheduler.catch_up(world)
        clock = world.clock
        return {
            "request": handle.request_log.last_id,
            "state": sum(world.table(name).revision for name in TABLES),
            "frozen": clock.frozen,
            "now": format_iso(clock.now()) if clock.frozen else None,
        }
