"""Scripted modules, and traces of executions, in the control API."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from flask import Blueprint, Response, request

from ..engine.runtime import module_scripts
from ..engine.scheduling import scheduler
from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..registry import WorldRegistry
from ..world.models import Execution, Json, ModuleScript
from ..world.world import World
from .params import bad_request, parse_body
from .worlds import find_world

#: Statuses with which runs end, and the number of runs that are listed unless a query has another limit.
RUN_STATUSES = ("SUCCESS", "WARNING", "ERROR")
MAX_RUNS = 100


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
        with find_world(registry, name).locked(for_change=True) as world:
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
        with handle.locked(for_change=True) as world:
            return json_response({"module": _script_view(module_scripts.save_script(world, script))})

    @blueprint.delete("/worlds/<name>/modules/<module>")
    def delete_script(name: str, module: str) -> Response:
        """Deletes one script."""
        with find_world(registry, name).locked(for_change=True) as world:
            del world.scripts[_find_script(world, module).module]
        return Response(status=204)

    @blueprint.get("/worlds/<name>/executions")
    def list_executions(name: str) -> Response:
        """Runs of the world, the latest first, each with its error and a sentence.

        ``?status=`` at its end (``SUCCESS``, ``WARNING``, ``ERROR``), ``limit=`` (100). Secrets are masked.
        """
        # Imported here, since few servers list runs and start-up is to be short.
        from ..reports.run_list import list_runs

        status, limit = parse_run_query(request.args)
        handle = find_world(registry, name)
        with handle.locked() as world:
            scheduler.catch_up(world)
            runs = list_runs(world, handle.secret_values(), status=status, limit=limit)
        return json_response({"executions": runs})

    @blueprint.get("/worlds/<name>/executions/<execution>")
    def get_execution(name: str, execution: str) -> Response:
        """A run as the list has it, with its duration, the runs that it called, the one that called it, and its replays."""
        # Imported here, since few servers show a run and start-up is to be short.
        from ..reports.run_list import run_with_links

        handle = find_world(registry, name)
        with handle.locked() as world:
            run = find_execution(world, execution)
            return json_response({"execution": run_with_links(world, run, handle.secret_values())})

    @blueprint.get("/worlds/<name>/executions/<execution>/steps")
    def list_steps(name: str, execution: str) -> Response:
        """Input, output and error of each module of a run, and the decisions between them.

        Decisions are filters with the compared values, routes, branches and error handlers; ``run`` has the inputs and outputs of the
        scenario, and the response to the caller of its webhook. Secrets are masked.
        """
        # Imported here, since few servers show a trace and start-up is to be short.
        from ..reports.trace_view import TraceView, run_view

        handle = find_world(registry, name)
        with handle.locked() as world:
            run, secrets = find_execution(world, execution), handle.secret_values()
            return json_response(
                {**TraceView.from_execution(run, secrets).to_json(), "run": run_view(run, secrets)}
            )


def parse_run_query(arguments: Mapping[str, str]) -> tuple[str | None, int]:
    """Returns the status and the limit of a query for runs.

    Raises:
        BadRequestError: if a parameter is unknown or invalid.
    """
    for name in arguments:
        if name not in ("status", "limit"):
            raise bad_request(f"Unknown parameter '{name}'.")
    status, limit = arguments.get("status"), arguments.get("limit", str(MAX_RUNS))
    if status is not None and status not in RUN_STATUSES:
        raise bad_request(f"Parameter 'status' must be one of: {', '.join(RUN_STATUSES)}.")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 9):
        raise bad_request("Invalid value of parameter 'limit'.")
    return status, int(limit)


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
