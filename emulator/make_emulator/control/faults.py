"""Fault rules of a world in the control API."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from ..http.faults import ACTIONS, MAX_DELAY_MS, PRESETS, FaultRule
from ..http.responses import json_response
from ..registry import WorldHandle, WorldRegistry
from .params import FieldTypes, bad_request, parse_body
from .worlds import find_world

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


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/faults")
    def list_faults(name: str) -> Response:
        """Fault rules, each with its number of matches."""
        handle = find_world(registry, name)
        return json_response({"faults": [_rule_view(rule, handle) for rule in handle.faults]})

    @blueprint.post("/worlds/<name>/faults")
    def add_fault(name: str) -> Response:
        """Adds a fault rule.

        ``{"method"?, "path"? (a glob), "token"?, "status" or "action":
        "reset"|"timeout"|"truncate" or "name", "delayMs"?, "times"?, "probability"?, "seed"?}``.
        """
        handle = find_world(registry, name)
        rule = handle.faults.add(_parse_rule(parse_body(_FIELDS)))
        return json_response({"fault": _rule_view(rule, handle)}, 201)

    @blueprint.delete("/worlds/<name>/faults")
    def clear_faults(name: str) -> Response:
        """Clears the fault rules."""
        find_world(registry, name).faults.clear()
        return Response(status=204)


def _parse_rule(params: dict[str, Any]) -> FaultRule:
    _check_choice(params, "name", tuple(PRESETS))
    _check_choice(params, "action", ACTIONS)
    _check_range(params, "status", 400, 599)
    _check_range(params, "delayMs", 0, MAX_DELAY_MS)
    _check_range(params, "times", 1, None)
    _check_range(params, "probability", 0, 1)
    effects = [field for field in ("name", "status", "action") if field in params]
    if len(effects) > 1:
        raise bad_request(f"A fault has one of 'name', 'status', 'action'; not {' and '.join(effects)}.")
    if not effects and not params.get("delayMs"):
        raise bad_request("A fault needs one of 'name', 'status', 'action', 'delayMs'.")
    if "method" in params:
        params["method"] = params["method"].upper()
    params["delay_ms"] = params.pop("delayMs", 0)
    return FaultRule(**params)


def _check_choice(params: dict[str, Any], field: str, choices: tuple[str, ...]) -> None:
    if field in params and params[field] not in choices:
        raise bad_request(f"Parameter '{field}' must be one of: {', '.join(choices)}.")


def _check_range(params: dict[str, Any], field: str, least: float, most: float | None) -> None:
    if field in params and (params[field] < least or (most is not None and params[field] > most)):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise bad_request(f"Parameter '{field}' must be {bounds}.")


def _rule_view(rule: FaultRule, handle: WorldHandle) -> dict[str, Any]:
    secrets = handle.secret_values()
    view = {
        "id": rule.id,
        "name": rule.name,
        "method": rule.method,
        "path": rule.path and secrets.mask(rule.path),
        "token": rule.token and secrets.mask(rule.token),
        "status": rule.status,
        "action": rule.action,
        "delayMs": rule.delay_ms,
        "times": rule.times,
        "probability": rule.probability,
        "seed": rule.seed,
        "hits": rule.hits,
    }
    return {name: value for name, value in view.items() if value is not None}
