"""The calls of the control API that make a world's API fail on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from ..http.faults import ACTIONS, MAX_DELAY_MS, PRESETS, FaultRule
from ..redaction.masking import mask_text
from ..registry import WorldHandle
from .params import FieldTypes, bad_request, json_response, parse_body

_FIELDS: FieldTypes = {
    "name": (str,),
    "method": (str,),
    "path": (str,),
    "token": (str,),
    "status": (int,),
    "action": (str,),
    "delayMs": (int,),
    "times": (int,),
    "probability": (int, float),
    "seed": (int,),
}


def add_routes(door: Blueprint, find: Callable[[str], WorldHandle]) -> None:
    """Add the calls to the control API.

    Args:
        find: finds a world by its name, or raises.
    """

    @door.get("/worlds/<name>/faults")
    def list_faults(name: str) -> Response:
        """The faults that were asked for, with how often each struck."""
        return json_response({"faults": [_rule_view(rule) for rule in find(name).faults]})

    @door.post("/worlds/<name>/faults")
    def add_fault(name: str) -> Response:
        """Asks for one: ``{"method"?, "path"? (a glob), "token"?, "status" or "action":
        "reset"|"timeout"|"truncate" or "name", "delayMs"?, "times"?, "probability"?, "seed"?}``.
        """
        tenant = find(name)
        return json_response({"fault": _rule_view(tenant.faults.add(_parse_rule(parse_body(_FIELDS))))}, 201)

    @door.delete("/worlds/<name>/faults")
    def clear_faults(name: str) -> Response:
        """Takes them away."""
        find(name).faults.clear()
        return Response(status=204)


def _parse_rule(wish: dict[str, Any]) -> FaultRule:
    _check_choice(wish, "name", tuple(PRESETS))
    _check_choice(wish, "action", ACTIONS)
    _check_range(wish, "status", 400, 599)
    _check_range(wish, "delayMs", 0, MAX_DELAY_MS)
    _check_range(wish, "times", 1, None)
    _check_range(wish, "probability", 0, 1)
    does = [field for field in ("name", "status", "action") if field in wish]
    if len(does) > 1:
        raise bad_request(f"A fault has one of 'name', 'status', 'action'; not {' and '.join(does)}.")
    if not does and not wish.get("delayMs"):
        raise bad_request("A fault needs one of 'name', 'status', 'action', 'delayMs'.")
    if "method" in wish:
        wish["method"] = wish["method"].upper()
    wish["delay_ms"] = wish.pop("delayMs", 0)
    return FaultRule(**wish)


def _check_choice(wish: dict[str, Any], field: str, choices: tuple[str, ...]) -> None:
    if field in wish and wish[field] not in choices:
        raise bad_request(f"Parameter '{field}' must be one of: {', '.join(choices)}.")


def _check_range(wish: dict[str, Any], field: str, least: float, most: float | None) -> None:
    if field in wish and (wish[field] < least or (most is not None and wish[field] > most)):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise bad_request(f"Parameter '{field}' must be {bounds}.")


def _rule_view(rule: FaultRule) -> dict[str, Any]:
    view = {
        "id": rule.id,
        "name": rule.name,
        "method": rule.method,
        "path": rule.path,
        "token": rule.token and mask_text(rule.token),
        "status": rule.status,
        "action": rule.action,
        "delayMs": rule.delay_ms,
        "times": rule.times,
        "probability": rule.probability,
        "seed": rule.seed,
        "hits": rule.hits,
    }
    return {name: value for name, value in view.items() if value is not None}
