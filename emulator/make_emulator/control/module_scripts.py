"""The calls of the control API that script modules, and that show what each module was given and gave."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from flask import Blueprint, Response

from ..engine.runtime import module_scripts
from ..http.errors import ResourceNotFoundError
from ..registry import WorldHandle
from ..reports.trace_view import TraceView
from ..world.models import Execution, Json, ModuleScript
from ..world.world import World
from .params import bad_request, json_response, parse_body


def add_routes(door: Blueprint, find: Callable[[str], WorldHandle]) -> None:
    """Add the calls to the control API.

    Args:
        find: finds a world by its name, or raises.
    """

    @door.get("/worlds/<name>/modules")
    def list_scripts(name: str) -> Response:
        """The scripted modules."""
        with find(name).locked() as world:
            return json_response({"modules": [_script_view(script) for script in world.scripts.values()]})

    @door.delete("/worlds/<name>/modules")
    def clear_scripts(name: str) -> Response:
        """Lets all do again what they do by themselves."""
        with find(name).locked() as world:
            world.scripts.clear()
        return Response(status=204)

    @door.get("/worlds/<name>/modules/<module>")
    def get_script(name: str, module: str) -> Response:
        """One script, such as that of ``slack:CreateMessage``."""
        with find(name).locked() as world:
            return json_response({"module": _script_view(_find_script(world, module))})

    @door.put("/worlds/<name>/modules/<module>")
    def put_script(name: str, module: str) -> Response:
        """``{"output"?: a bundle or a list of them, "error"?: {"name", "message"?}, "times"?, "durationMs"?}``."""
        tenant, script = find(name), _parse_script(module, parse_body(module_scripts.FIELDS))
        with tenant.locked() as world:
            return json_response({"module": _script_view(module_scripts.save_script(world, script))})

    @door.delete("/worlds/<name>/modules/<module>")
    def delete_script(name: str, module: str) -> Response:
        """Takes one script away."""
        with find(name).locked() as world:
            del world.scripts[_find_script(world, module).module]
        return Response(status=204)

    @door.get("/worlds/<name>/executions/<execution>/steps")
    def list_steps(name: str, execution: str) -> Response:
        """What each module of a run was given, gave, and failed with, and what was decided between them: filters with the
        values that they compared, routes, branches and error handlers; secrets are masked.
        """
        with find(name).locked() as world:
            return json_response(TraceView.from_execution(find_execution(world, execution)).to_json())


def _parse_script(module: str, wish: dict[str, Any]) -> ModuleScript:
    try:
        return module_scripts.parse_script(module, wish)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _find_script(world: World, module: str) -> ModuleScript:
    script = world.scripts.get(module)
    if script is None:
        raise ResourceNotFoundError(f"Module '{module}' is not scripted in that world.")
    return script


def _script_view(script: ModuleScript) -> dict[str, Json]:
    view = {
        "module": script.module,
        "output": script.output,
        "error": script.error and {"name": script.error.name, "message": script.error.message},
        "durationMs": script.duration,
        "timesLeft": script.left,
        "hits": script.hits,
    }
    return {name: value for name, value in view.items() if value is not None}


def find_execution(world: World, execution: str) -> Execution:
    """A run of a scenario, or one that tried an incomplete execution again.

    Raises:
        ResourceNotFound: if there is none of that id.
    """
    runs = chain(world.logs, (retry.execution for retry in world.retries))
    for run in runs:
        if run.id == execution and isinstance(run, Execution):
            return run
    raise ResourceNotFoundError(f"There is no execution '{execution}' in that world.")
