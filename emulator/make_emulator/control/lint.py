"""Lint in the control API: static findings on a blueprint."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.responses import json_response
from .params import FieldTypes, bad_request, parse_body

_FIELDS: FieldTypes = {
    "blueprint": (dict, str),
    "scheduling": (dict,),
    "ignore": (list,),
    "scenarioId": (int,),
}


def add_routes(blueprint: Blueprint) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/lint")
    def lint_blueprint() -> Response:
        """Static findings on a blueprint, each with rule, severity, place, message, suggestion, and a JSON Patch if a repair is obvious.

        ``{"blueprint": object or JSON text, "scheduling"?, "scenarioId"?, "ignore"?: [rules]}``.
        """
        # Imported here, so that the server starts early: lint needs the module catalogue.
        from ..engine.blueprints.document import unwrap_document
        from ..lint import LintOptions, lint
        from ..lint.config import LintConfigError, check_rule_ids

        body = parse_body(_FIELDS)
        if "blueprint" not in body:
            raise bad_request("Missing value of parameter 'blueprint'.")
        ignore = tuple(str(rule) for rule in body.get("ignore", ()))
        try:
            check_rule_ids(ignore)
            document = unwrap_document({"blueprint": body["blueprint"]})
        except (LintConfigError, ValueError) as error:
            raise bad_request(f"Invalid request: {error}.") from None
        options = LintOptions(scheduling=body.get("scheduling", {}), scenario_id=body.get("scenarioId"))
        findings = lint(document.blueprint, options=options, ignore=ignore)
        return json_response({"findings": [finding.to_json() for finding in findings]})
