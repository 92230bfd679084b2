"""Drawings of scenarios and of their runs in the control API."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import Json, JsonObject
from ..registry import WorldRegistry
from .module_scripts import find_execution
from .params import bad_request, parse_body
from .worlds import find_world

# Imports in functions keep the start-up short: a drawing needs the module catalogue.

FORMATS = ("json", "svg")


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/drawing")
    def draw_blueprint() -> Response:
        """Drawing of a blueprint, valid or not: its modules and edges with their places. ``{"blueprint": object or JSON text}``; ``?format=svg``."""
        from ..engine.blueprints.document import unwrap_document

        body = parse_body({"blueprint": (dict, str)})
        if "blueprint" not in body:
            raise bad_request("Missing value of parameter 'blueprint'.")
        try:
            document = unwrap_document({"blueprint": body["blueprint"]})
        except ValueError as error:
            raise bad_request(f"Invalid request: {error}.") from None
        return _drawing_response(document.blueprint)

    @blueprint.get("/worlds/<name>/scenarios/<int:scenario_id>/drawing")
    def draw_scenario(name: str, scenario_id: int) -> Response:
        """Drawing of a scenario; ``?execution=`` marks what a run of it reached; ``?format=svg``."""
        from ..reports.trace_view import TraceView
        from ..world.secret_texts import of_execution, values_of

        execution_id = request.args.get("execution")
        handle = find_world(registry, name)
        with handle.locked() as world:
            scenario = world.scenarios.get(scenario_id)
            if scenario is None:
                raise ResourceNotFoundError(f"There is no scenario {scenario_id} in that world.")
            view = None
            version = scenario.blueprint_version
            if execution_id is not None:
                run = find_execution(world, execution_id)
                if run.scenario_id != scenario_id:
                    raise bad_request(f"The execution is of scenario {run.scenario_id}.")
                view = TraceView.from_execution(run, handle.secret_values() | values_of(of_execution(run)))
            blueprint = world.blueprints[scenario_id, version].blueprint
        return _drawing_response(blueprint, view)


def _drawing_response(blueprint: Mapping[str, Json], view: object = None) -> Response:
    from ..drawing.drawing import draw_blueprint
    from ..drawing.run_marks import marks_of_run
    from ..drawing.svg import render_svg
    from ..reports.trace_view import TraceView

    format = request.args.get("format", "json")
    if format not in FORMATS:
        raise bad_request(f"Invalid value of parameter 'format': it is one of {', '.join(FORMATS)}.")
    drawing = draw_blueprint(blueprint)
    marks = marks_of_run(drawing, view) if isinstance(view, TraceView) else None
    if format == "svg":
        nodes, edges = (marks.nodes, marks.edges) if marks else (None, None)
        response = Response(render_svg(drawing, nodes=nodes, edges=edges), content_type="image/svg+xml")
        # A file of its own origin, should somebody open it: it has a style, and nothing else.
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return response
    document: JsonObject = {"drawing": drawing.to_json()}
    if marks is not None:
        document["marks"] = marks.to_json()
    return json_response(document)
