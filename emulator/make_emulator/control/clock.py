"""Clock of a world in the control API."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.responses import json_response
from ..json_types import Json
from ..registry import WorldRegistry
from ..world.clock import Clock, format_iso
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/clock")
    def get_clock(name: str) -> Response:
        """Time of the world."""
        return json_response(_clock_view(find_world(registry, name).world.clock))

    @blueprint.patch("/worlds/<name>/clock")
    def set_clock(name: str) -> Response:
        """``{"now"?, "frozen"?}``: sets, freezes or unfreezes the clock.

        Its last moment is 9998-12-31T23:59:59Z, where it stops.
        """
        with find_world(registry, name).locked(for_change=True) as world:
            _set_clock(world.clock)
            return json_response(_clock_view(world.clock))

    @blueprint.post("/worlds/<name>/clock/advance")
    def advance_clock(name: str) -> Response:
        """``{"seconds": N}``: advances the clock, not past its last moment."""
        handle = find_world(registry, name)
        seconds = parse_body({"seconds": (int, float)}).get("seconds")
        if seconds is None:
            raise bad_request("Missing value of required parameter 'seconds'.")
        with handle.locked(for_change=True) as world:
            try:
                world.clock.advance(seconds)
            except (ValueError, OverflowError) as error:
                raise bad_request(f"The clock cannot be advanced: {error}.") from None
            return json_response(_clock_view(world.clock))


def _clock_view(clock: Clock) -> dict[str, Json]:
    return {"now": format_iso(clock.now()), "frozen": clock.frozen}


def _set_clock(clock: Clock) -> None:
    params = parse_body({"now": (str,), "frozen": (bool,)})
    now, frozen = params.get("now"), params.get("frozen")
    try:
        if frozen is True:
            clock.freeze(now)
        elif now is not None:
            clock.set(now)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"Invalid value of parameter 'now': {error}.") from None
    if frozen is False:
        clock.unfreeze()
