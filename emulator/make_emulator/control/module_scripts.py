"""Scripted modules, and traces of executions, in the control API."""

from __future__ import annotations

from itertools import chain

from flask import Blueprint, Response

from ..engine.runtime import module_scripts
from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..registry import WorldRegistry
from ..world.models import Execution, Json, ModuleScript
from ..world.world import World
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/modules")
    def list_scripts(name: str) -> Response:
        """Scripted modules."""
        with find_world(registry, name).locked() as world:
            return json_response({"modules": [_script_view(script) for script in world.scripts.values()]})

    @blueprint.delete("/worlds/<name>/modules")
    def clear_scripts(name: str) -> Response:
        """Clears all scripts."""
        with find_world(registry, name).changing() as world:
            world.scripts.clear()
        return Response(status=204)

    @blueprint.get("/worlds/<name>/modules/<module>")
    def get_script(name: str, module: str) -> Response:
        """Script of one module, such as that of ``slack:CreateMessage``."""
        with find_world(registry, name).locked() as world:
            return json_response({"module": _script_view(_find_script(world, module))})

    @blueprint.put("/worlds/<name>/modules/<module>")
    def put_script(name: str, module: str) -> Response:
        """Scripts a module: ``{"output"?: a bundle or a list of them, "error"?: {"name", "message"?}, "times"?, "durationMs"?}``."""
        handle, script = find_world(registry, name), _parse_script(module, parse_body(module_scripts.FIELDS))
        with handle.changing() as world:
            return json_response({"module": _script_view(module_scripts.save_script(world, script))})

    @blueprint.delete("/worlds/<name>/modules/<module>")
    def delete_script(name: str, module: str) -> Response:
        """Deletes one script."""
        with find_world(registry, name).changing() as world:
            del world.scripts[_find_script(world, module).module]
        return Response(status=204)

    @blueprint.get("/worlds/<name>/executions/<execution>/steps")
    def list_steps(name: str, execution: str) -> Response:
        """Input, output and error of each module of a run, and the decisions between them.

        Decisions are filters with the compared values, routes, branches and error handlers. Secrets are masked.
        """
        # Imported here, since few servers show a trace and start-up is to be short.
        from ..reports.trace_view import TraceView

        handle = find_world(registry, name)
        with handle.locked() as world:
            run = find_execution(world, execution)
            return json_response(TraceView.from_execution(run, handle.secret_values()).to_json())


def _parse_script(module: str, params: dict[str, Json]) -> ModuleScript:
    try:
        return module_scripts.parse_script(module, params)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _find_script(world: World, module: str) -> ModuleScript:
    script = world.scripts.get(module)
    if script is None:
        raise ResourceNotFoundError(f"Module '{module}' is not scripted in that world.")
    return script


def _script_view(script: ModuleScript) -> dict[str, Json]:
    view: dict[str, Json] = {
        "module": script.module,
        "output": script.output,
        "error": {"name": script.error.name, "message": script.error.message} if script.error else None,
        "durationMs": script.duration,
        "timesLeft": script.left,
        "hits": script.hits,
    }
    return {name: value for name, value in view.items() if value is not None}


def find_execution(world: World, execution: str) -> Execution:
    """Returns an execution of a scenario, or a retry of an incomplete execution.

    Raises:
        ResourceNotFoundError: if there is none of that id.
    """
    runs = chain(world.logs, (retry.execution for retry in world.retries))
    for run in runs:
        if run.id == execution and isinstance(run, Execution):
            return run
    raise ResourceNotFoundError(f"There is no execution '{execution}' in that world.")
