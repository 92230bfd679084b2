"""Mend in the control API: repairs of a blueprint, each tried before it is offered."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.responses import json_response
from .params import FieldTypes, bad_request, parse_body

_FIELDS: FieldTypes = {
    "blueprint": (dict, str),
    "scheduling": (dict,),
    "ignore": (list,),
    "scenarioId": (int,),
    "functions": (list,),
    "leastMinutes": (int, float),
}


def add_routes(blueprint: Blueprint) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/mend")
    def mend_blueprint() -> Response:
        """A blueprint with the obvious repairs of its findings that helped when they were tried, and the patches.

        ``{"blueprint": object or JSON text, "scheduling"?, "scenarioId"?, "ignore"?: [rules], "functions"?: [names of custom
        functions], "leastMinutes"?: the least interval of the plan}``. The response:
        ``{"blueprint", "scheduling"?, "patch", "schedulingPatch"?, "repairs", "findings", "run": {before, after}}``;
        ``findings`` are those that stay, each with a ``reason``.
        """
        # Imported here, so that the server starts early: lint needs the module catalogue.
        from ..engine.blueprints.document import unwrap_document
        from ..lint import LintOptions
        from ..lint.config import LintConfigError, check_rule_ids
        from ..mend import mend

        body = parse_body(_FIELDS)
        if "blueprint" not in body:
            raise bad_request("Missing value of parameter 'blueprint'.")
        ignore = tuple(str(rule) for rule in body.get("ignore", ()))
        try:
            check_rule_ids(ignore)
            document = unwrap_document({"blueprint": body["blueprint"]})
        except (LintConfigError, ValueError) as error:
            raise bad_request(f"Invalid request: {error}.") from None
        options = LintOptions(
            scheduling=body.get("scheduling", {}),
            least_minutes=body.get("leastMinutes", 1),
            scenario_id=body.get("scenarioId"),
            functions=frozenset(map(str, body.get("functions", ()))),
        )
        return json_response(mend(document.blueprint, options=options, ignore=ignore).to_json())
