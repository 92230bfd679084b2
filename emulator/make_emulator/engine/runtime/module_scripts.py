"""Modules that do what a test says instead of what they do by themselves.

Scripts are the emulator's own, not a part of Make. An operation that is scripted costs and takes what it does
unscripted, and fields that the module requires stay required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...world.clock import DAY
from ...world.models import ExecutionError, Json, ModuleScript
from ...world.world import World
from ..apps import catalog
from ..apps.app import ModuleDefinition
from ..apps.context import Emit, ModuleContext, Outcome, json_size
from ..apps.simulated import check_required
from ..errors import BudgetExceededError, ExecutionInterruptedError, ModuleError

#: Names of errors that Make shows (Help centre, "Types of errors"; the vendor's documentation of custom apps).
ERROR_NAMES = (
    "AccountValidationError",
    "BundleValidationError",
    "ConnectionError",
    "DataError",
    "DataSizeLimitExceededError",
    "DuplicateDataError",
    "ExecutionInterruptedError",
    "IncompleteDataError",
    "InconsistencyError",
    "InvalidAccessTokenError",
    "InvalidConfigurationError",
    "MaxFileSizeExceededError",
    "MaxResultsExceededError",
    "ModuleTimeoutError",
    "OperationsLimitExceededError",
    "OutOfSpaceError",
    "RateLimitError",
    "RuntimeError",
    "ScenarioTimeoutError",
    "UnexpectedError",
    "UnknownError",
)

#: Those that end a run whatever its blueprint says.
_FATAL_ERRORS = frozenset(
    ["DataSizeLimitExceededError", "OperationsLimitExceededError", "ScenarioTimeoutError"]
)


#: The fields of a wish for a script -> the types that each may have.
FIELDS: Mapping[str, tuple[type, ...]] = {
    "output": (dict, list),
    "error": (dict,),
    "times": (int,),
    "durationMs": (int,),
}
_MODULE_NAME = re.compile(r"[\w-]+:\w+", re.ASCII)


def can_be_scripted(module: str) -> bool:
    """Whether a module works on one bundle at a time, rather than gathering many."""
    return not catalog.is_aggregator(module)


def parse_script(module: str, wish: Mapping[str, Any]) -> ModuleScript:
    """The script that somebody wishes a module to have; the fields of the wish are of the types in `FIELDS`.

    Raises:
        ValueError: if the module cannot be scripted, or not so.
    """
    if not _MODULE_NAME.fullmatch(module):
        raise ValueError(f"'{module}' is not the name of a module; it reads app:Module.")
    if not can_be_scripted(module):
        raise ValueError(f"Module '{module}' gathers bundles; it cannot be scripted.")
    if "output" in wish and not catalog.has_output(module):
        raise ValueError(f"Module '{module}' puts out nothing of its own; it can only fail or take longer.")
    if wish.keys() <= {"times"}:
        raise ValueError("A script needs one of 'output', 'error', 'durationMs'.")
    if "output" in wish and "error" in wish:
        raise ValueError("A script has 'output' or 'error'; not both.")
    times, duration = wish.get("times"), wish.get("durationMs", 0)
    if times is not None and times < 1:
        raise ValueError("Parameter 'times' must be at least 1.")
    if not 0 <= duration <= DAY:
        raise ValueError(f"Parameter 'durationMs' must be from 0 to {DAY}.")
    output = parse_output(wish["output"]) if "output" in wish else None
    if "output" in wish and output is None:
        raise ValueError("Parameter 'output' must be a bundle (an object) or a list of bundles.")
    error = _parse_error(wish["error"]) if "error" in wish else None
    return ModuleScript(module=module, output=output, error=error, duration=duration, left=times)


def _parse_error(wish: Mapping[str, Json]) -> ExecutionError:
    name, message = wish.get("name"), wish.get("message", "")
    if wish.keys() - {"name", "message"} or not isinstance(message, str):
        raise ValueError("""Parameter 'error' must be {"name", "message"?}.""")
    if name not in ERROR_NAMES:
        raise ValueError(f"The name of an error must be one of: {', '.join(ERROR_NAMES)}.")
    return ExecutionError(name=str(name), message=message)


def save_script(world: World, script: ModuleScript) -> ModuleScript:
    """Let every operation of a module be as the script says, in all scenarios of the world."""
    world.scripts[script.module] = script
    return script


def run_operation(kind: ModuleDefinition, context: ModuleContext) -> Outcome:
    """One operation of a module: as its script says, else as it does by itself.

    Raises:
        ModuleError: if the script, or the module itself, says so.
    """
    world, backlog = context.run.world, context.run.backlog
    if context.first and backlog.pending:
        page = backlog.take_page(backlog.pending)
        return Emit(page, transfer=json_size(context.mapper) + json_size(page))
    if not world.scripts:
        return kind.handler(context)
    name = context.module.full_name
    script = world.scripts.get(name)
    if script is None or script.left == 0 or kind.combine is not None:
        return kind.handler(context)
    check_required(context, kind.requires)
    world.scripts[name] = replace(
        script, hits=script.hits + 1, left=None if script.left is None else script.left - 1
    )
    context.run.stopwatch.sleep(script.duration)
    if script.error is not None:
        if script.error.name == "ExecutionInterruptedError":
            raise ExecutionInterruptedError(script.error.message)
        kind_of_error = BudgetExceededError if script.error.name in _FATAL_ERRORS else ModuleError
        raise kind_of_error(script.error.name, script.error.message)
    if script.output is None:
        return kind.handler(context)
    output = backlog.take_page(script.output) if context.first else script.output
    return Emit(output, transfer=json_size(context.mapper) + json_size(output))


def parse_output(output: Json) -> Sequence[Mapping[str, Json]] | None:
    """A scripted output as bundles: one, or a list of them; ``None`` if it is neither."""
    rows = output if isinstance(output, list) else [output]
    return rows if all(isinstance(row, dict) for row in rows) else None
