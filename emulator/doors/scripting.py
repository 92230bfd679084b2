"""The calls of the control API that script modules, and that show what each module was given and gave."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from flask import Blueprint, Response

from ..engine import scripts
from ..errors import ResourceNotFound
from ..middleware.tenant import Tenant
from ..reports import executions
from ..world.models import Execution, Json, Script
from ..world.world import World
from .wishes import answer, body, refuse


def add_calls(door: Blueprint, find: Callable[[str], Tenant]) -> None:
    """Add the calls to the control API.

    Args:
        find: finds a world by its name, or raises.
    """

    @door.get("/worlds/<name>/modules")
    def list_scripts(name: str) -> Response:
        """The scripted modules."""
        with find(name).hold() as world:
            return answer({"modules": [_view(script) for script in world.scripts.values()]})

    @door.delete("/worlds/<name>/modules")
    def clear_scripts(name: str) -> Response:
        """Lets all do again what they do by themselves."""
        with find(name).hold() as world:
            world.scripts.clear()
        return Response(status=204)

    @door.get("/worlds/<name>/modules/<module>")
    def get_script(name: str, module: str) -> Response:
        """One script, such as that of ``slack:CreateMessage``."""
        with find(name).hold() as world:
            return answer({"module": _view(_script_of(world, module))})

    @door.put("/worlds/<name>/modules/<module>")
    def put_script(name: str, module: str) -> Response:
        """``{"output"?: a bundle or a list of them, "error"?: {"name", "message"?}, "times"?, "durationMs"?}``."""
        tenant, script = find(name), _script(module, body(scripts.FIELDS))
        with tenant.hold() as world:
            return answer({"module": _view(scripts.write(world, script))})

    @door.delete("/worlds/<name>/modules/<module>")
    def delete_script(name: str, module: str) -> Response:
        """Takes one script away."""
        with find(name).hold() as world:
            del world.scripts[_script_of(world, module).module]
        return Response(status=204)

    @door.get("/worlds/<name>/executions/<execution>/steps")
    def list_steps(name: str, execution: str) -> Response:
        """What each module of a run was given, gave, and failed with, and what was decided between them: filters with the
        values that they compared, routes, branches and error handlers; secrets are masked.
        """
        with find(name).hold() as world:
            return answer(executions.view(find_run(world, execution)))


def _script(module: str, wish: dict[str, Any]) -> Script:
    try:
        return scripts.wished(module, wish)
    except ValueError as error:
        raise refuse(str(error)) from None


def _script_of(world: World, module: str) -> Script:
    script = world.scripts.get(module)
    if script is None:
        raise ResourceNotFound(f"Module '{module}' is not scripted in that world.")
    return script


def _view(script: Script) -> dict[str, Json]:
    view = {
        "module": script.module,
        "output": script.output,
        "error": script.error and {"name": script.error.name, "message": script.error.message},
        "durationMs": script.duration,
        "timesLeft": script.left,
        "hits": script.hits,
    }
    return {name: value for name, value in view.items() if value is not None}


def find_run(world: World, execution: str) -> Execution:
    """A run of a scenario, or one that tried an incomplete execution again.

    Raises:
        ResourceNotFound: if there is none of that id.
    """
    runs = chain(world.logs, (retry.execution for retry in world.retries))
    for run in runs:
        if run.id == execution and isinstance(run, Execution):
            return run
    raise ResourceNotFound(f"There is no execution '{execution}' in that world.")
