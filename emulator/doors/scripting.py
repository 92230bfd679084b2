"""The calls of the control API that script modules, and that show what each module was given and gave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response

from ..engine import scripts
from ..errors import ResourceNotFound
from ..middleware.masking import mask
from ..middleware.tenant import Tenant
from ..world.clock import DAY
from ..world.models import Execution, ExecutionError, Json, Script, Step
from ..world.world import World
from .wishes import Fields, answer, body, refuse

_FIELDS: Fields = {"output": (dict, list), "error": (dict,), "times": (int,), "durationMs": (int,)}
_MODULE = re.compile(r"[\w-]+:\w+", re.ASCII)


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
        tenant, script = find(name), _script(module, body(_FIELDS))
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
        """What each module of a run was given, gave, and failed with; secrets are masked."""
        with find(name).hold() as world:
            return answer({"steps": [_step(step) for step in _steps(world, execution)]})


def _script(module: str, wish: dict[str, Any]) -> Script:
    if not _MODULE.fullmatch(module):
        raise refuse(f"'{module}' is not the name of a module; it reads app:Module.")
    if not scripts.can_be_scripted(module):
        raise refuse(f"Module '{module}' gathers bundles; it cannot be scripted.")
    if "output" in wish and not scripts.can_put_out(module):
        raise refuse(f"Module '{module}' puts out nothing of its own; it can only fail or take longer.")
    if wish.keys() <= {"times"}:
        raise refuse("A script needs one of 'output', 'error', 'durationMs'.")
    if "output" in wish and "error" in wish:
        raise refuse("A script has 'output' or 'error'; not both.")
    times, duration = wish.get("times"), wish.get("durationMs", 0)
    if times is not None and times < 1:
        raise refuse("Parameter 'times' must be at least 1.")
    if not 0 <= duration <= DAY:
        raise refuse(f"Parameter 'durationMs' must be from 0 to {DAY}.")
    output = scripts.bundles(wish["output"]) if "output" in wish else None
    if "output" in wish and output is None:
        raise refuse("Parameter 'output' must be a bundle (an object) or a list of bundles.")
    error = _error(wish["error"]) if "error" in wish else None
    return Script(module=module, output=output, error=error, duration=duration, left=times)


def _error(wish: dict[str, Json]) -> ExecutionError:
    name, message = wish.get("name"), wish.get("message", "")
    if wish.keys() - {"name", "message"} or not isinstance(message, str):
        raise refuse("""Parameter 'error' must be {"name", "message"?}.""")
    if name not in scripts.ERRORS:
        raise refuse(f"The name of an error must be one of: {', '.join(scripts.ERRORS)}.")
    return ExecutionError(name=str(name), message=message)


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


def _runs(world: World) -> Iterable[Execution]:
    yield from (entry for entry in world.logs if isinstance(entry, Execution))
    yield from (retry.execution for retry in world.retries)


def _steps(world: World, execution: str) -> tuple[Step, ...]:
    for run in _runs(world):
        if run.id == execution:
            return run.steps
    raise ResourceNotFound(f"There is no execution '{execution}' in that world.")


def _step(step: Step) -> dict[str, Json]:
    error = step.error
    return {
        "moduleId": step.module_id,
        "module": step.module,
        "operation": step.operation,
        "input": mask(step.input),
        "output": mask(list(step.output)),
        "error": error and {"name": error.name, "message": error.message},
    }
