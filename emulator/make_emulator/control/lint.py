"""Lint in the control API: static findings on a blueprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from ..http.responses import json_response
from ..json_types import Json, JsonObject
from ..registry import WorldHandle, WorldRegistry
from ..world.models import Scenario, Team
from ..world.world import World
from .params import FieldTypes, bad_request, parse_body
from .worlds import find_world

if TYPE_CHECKING:
    from ..lint import LintOptions

_FIELDS: FieldTypes = {
    "blueprint": (dict, str),
    "scheduling": (dict,),
    "ignore": (list,),
    "scenarioId": (int,),
    "teamId": (int,),
    "world": (str,),
}


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/lint")
    def lint_blueprint() -> Response:
        """Static findings on a blueprint, each with rule, severity, place, message, suggestion, and a JSON Patch if a repair is obvious.

        ``{"blueprint": object or JSON text, "scheduling"?, "scenarioId"?, "ignore"?: [rules], "world"?, "teamId"?}``. With the name
        of a world it is checked for a team of it, by default the first: what the team has, its plan, and the scenarios that are
        called; without a blueprint, that of the scenario is checked.
        """
        # Imported here, so that the server starts early: lint needs the module catalogue.
        from ..lint import lint

        request = parse_lint_request(registry)
        findings = lint(request.blueprint, options=request.options, ignore=request.ignore)
        return json_response({"findings": [finding.to_json() for finding in findings]})


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRequest:
    """A blueprint to check or to repair, and what is known besides.

    Attributes:
        ignore: ids of rules that are switched off.
        io: the metadata of inputs and outputs of the scenario whose blueprint it is.
    """

    blueprint: Mapping[str, Json]
    options: LintOptions
    ignore: tuple[str, ...]
    io: Json = None


def parse_lint_request(registry: WorldRegistry) -> LintRequest:
    """Returns the blueprint and the options of a request.

    Raises:
        BadRequestError: if there is no blueprint, or no such scenario, team or rule.
    """
    from ..engine.blueprints.document import unwrap_document
    from ..lint import LintOptions
    from ..lint.config import LintConfigError, check_rule_ids
    from ..lint.team import options_for_team

    body = parse_body(_FIELDS)
    ignore = tuple(str(rule) for rule in body.get("ignore", ()))
    options = LintOptions(scheduling=body.get("scheduling", {}), scenario_id=body.get("scenarioId"))
    held: Json = body.get("blueprint")
    io: Json = None
    if "world" in body:
        handle = find_world(registry, body["world"])
        with handle.locked() as world:
            team, scenario = _find_place(handle, world, body)
            options = options_for_team(world, team, scheduling=body.get("scheduling"), scenario=scenario)
            if scenario is not None:
                version = world.blueprints[scenario.id, scenario.blueprint_version]
                held = version.blueprint if held is None else held
                io = {"input_spec": list(version.input_spec), "output_spec": list(version.output_spec)}
    elif "teamId" in body:
        raise bad_request("Parameter 'teamId' needs the parameter 'world'.")
    if held is None:
        raise bad_request("Missing value of parameter 'blueprint'.")
    try:
        check_rule_ids(ignore)
        document = unwrap_document({"blueprint": held})
    except (LintConfigError, ValueError) as error:
        raise bad_request(f"Invalid request: {error}.") from None
    return LintRequest(blueprint=document.blueprint, options=options, ignore=ignore, io=io)


def _find_place(handle: WorldHandle, world: World, body: JsonObject) -> tuple[Team, Scenario | None]:
    """Returns the team for which a blueprint is checked, and its scenario if one is named."""
    scenario = world.scenarios.get(body["scenarioId"]) if "scenarioId" in body else None
    if scenario is None and "scenarioId" in body and "blueprint" not in body:
        raise bad_request("There is no such scenario.")
    team_id = body.get("teamId", scenario.team_id if scenario is not None else None)
    team = world.teams.get(team_id) if team_id is not None else handle.main_team()
    if team is None or (scenario is not None and scenario.team_id != team.id):
        raise bad_request("There is no such team." if team is None else "The scenario is of another team.")
    return team, scenario
