"""Scripts of modules: outputs, errors and durations that a test sets for their operations.

Scripts are the emulator's own, not a part of Make. A scripted operation has the cost of an unscripted one, and the
required fields of the module stay required.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial

from ...json_types import as_mapping, as_mappings, is_integer
from ...world.clock import DAY
from ...world.custom_modules import MODULE_NAME
from ...world.models import ExecutionError, Json, ModuleScript
from ...world.settings import UNMATCHED
from ...world.world import World
from ..apps import catalog
from ..apps.app import ModuleDefinition
from ..apps.context import Emit, ModuleContext, Outcome, json_size
from ..apps.output_dates import restore_declared_dates
from ..apps.simulated import check_required
from ..errors import BudgetExceededError, ExecutionInterruptedError, FatalError, ModuleError
from .interception import OperationInterceptor

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

#: Errors that no error handler takes.
_FATAL_ERRORS = frozenset(
    ["DataSizeLimitExceededError", "OperationsLimitExceededError", "ScenarioTimeoutError"]
)


#: Fields of a script -> their types.
FIELDS: Mapping[str, tuple[type, ...]] = {
    "output": (dict, list),
    "error": (dict,),
    "times": (int,),
    "durationMs": (int,),
}


def can_be_scripted(module: str) -> bool:
    """True for a module that processes one bundle at a time, unlike an aggregator."""
    return not catalog.is_aggregator(module)


def parse_script(module: str, params: Mapping[str, Json]) -> ModuleScript:
    """Returns a script of a module; its parameters have the types in `FIELDS`.

    Raises:
        ValueError: if the module cannot be scripted, or not in this way.
    """
    if not MODULE_NAME.fullmatch(module):
        raise ValueError(f"'{module}' is not the name of a module; it has the form app:Module.")
    if not can_be_scripted(module):
        raise ValueError(f"Module '{module}' is an aggregator; it cannot be scripted.")
    if "output" in params and not catalog.has_output(module):
        raise ValueError(
            f"Module '{module}' emits no bundles of its own; its script has 'error' or 'durationMs' only."
        )
    if params.keys() <= {"times"}:
        raise ValueError("A script needs one of 'output', 'error', 'durationMs'.")
    if "output" in params and "error" in params:
        raise ValueError("A script has 'output' or 'error'; not both.")
    times, duration = params.get("times"), params.get("durationMs", 0)
    if times is not None and (not is_integer(times) or times < 1):
        raise ValueError("Parameter 'times' must be at least 1.")
    if not is_integer(duration) or not 0 <= duration <= DAY:
        raise ValueError(f"Parameter 'durationMs' must be from 0 to {DAY}.")
    output = parse_output(params["output"]) if "output" in params else None
    if "output" in params and output is None:
        raise ValueError("Parameter 'output' must be a bundle (an object) or a list of bundles.")
    error = _parse_error(as_mapping(params["error"])) if "error" in params else None
    return ModuleScript(module=module, output=output, error=error, duration=duration, left=times)


def _parse_error(params: Mapping[str, Json]) -> ExecutionError:
    name, message = params.get("name"), params.get("message", "")
    if params.keys() - {"name", "message"} or not isinstance(message, str):
        raise ValueError("""Parameter 'error' must be {"name", "message"?}.""")
    if name not in ERROR_NAMES:
        raise ValueError(f"The name of an error must be one of: {', '.join(ERROR_NAMES)}.")
    return ExecutionError(name=str(name), message=message)


def save_script(world: World, script: ModuleScript) -> ModuleScript:
    """Applies a script to every operation of its module, in all scenarios of the world."""
    world.scripts[script.module] = script
    return script


def run_operation(definition: ModuleDefinition, context: ModuleContext) -> Outcome:
    """Runs one operation of a module, by its script if there is one.

    Raises:
        ModuleError: the error of the script, or of the module itself.
    """
    world, backlog = context.run.world, context.run.backlog
    if context.first and backlog.pending:
        page = backlog.take_page(backlog.pending)
        return Emit(
            restore_declared_dates(page, context), transfer=json_size(context.mapper) + json_size(page)
        )
    if isinstance(world.interceptor, OperationInterceptor):
        return world.interceptor.run_operation(
            definition, context, partial(_run_unintercepted, definition, context)
        )
    return _run_unintercepted(definition, context)


def _run_unintercepted(definition: ModuleDefinition, context: ModuleContext) -> Outcome:
    world = context.run.world
    if not world.scripts:
        _require_match(definition, context)
        return _handle(definition, context)
    name = context.module.full_name
    script = world.scripts.get(name)
    if script is None or script.left == 0 or definition.combine is not None:
        _require_match(definition, context)
        return _handle(definition, context)
    check_required(context, definition.requires)
    world.scripts[name] = replace(
        script, hits=script.hits + 1, left=None if script.left is None else script.left - 1
    )
    return apply_script(script, definition, context)


def apply_script(script: ModuleScript, definition: ModuleDefinition, context: ModuleContext) -> Outcome:
    """Returns the outcome of one operation that is scripted.

    Raises:
        ModuleError: the error of the script, or of the module itself.
    """
    backlog = context.run.backlog
    context.run.stopwatch.sleep(script.duration)
    if script.error is not None:
        if script.error.name == "ExecutionInterruptedError":
            raise ExecutionInterruptedError(script.error.message)
        error_type = BudgetExceededError if script.error.name in _FATAL_ERRORS else ModuleError
        raise error_type(script.error.name, script.error.message)
    if script.output is None:
        if definition.has_output and is_unanswered(definition, context):
            raise FatalError(
                "RuntimeError",
                f"The script of module {context.module.id} ({context.module.full_name}) has no output.",
            )
        return _handle(definition, context)
    output = backlog.take_page(script.output) if context.first else script.output
    return Emit(
        restore_declared_dates(output, context), transfer=json_size(context.mapper) + json_size(output)
    )


def _require_match(definition: ModuleDefinition, context: ModuleContext) -> None:
    """Ends the run at a simulated module that no script matches, if the world has the setting ``unmatched: fail``.

    Raises:
        FatalError: with the nearest script.
    """
    if not is_unanswered(definition, context):
        return
    scripts, name = context.run.world.scripts, context.module.full_name
    if name in scripts:
        reason = ": its script is used up"
    elif nearest := get_close_matches(name, scripts, n=1, cutoff=0):
        reason = f"; the nearest is of '{nearest[0]}'"
    else:
        reason = "; the world has no scripts"
    raise FatalError("RuntimeError", f"No script matches module {context.module.id} ({name}){reason}.")


def is_unanswered(definition: ModuleDefinition, context: ModuleContext) -> bool:
    """Returns True for a module whose output would be mock data, in a world that wants none."""
    if definition.is_interpreted or UNMATCHED.of(context.run.world) == "mock":
        return False
    # Of a first module, the bundles that the run received are no mock data.
    return not (context.first and context.run.trigger_bundle is not None)


def _handle(definition: ModuleDefinition, context: ModuleContext) -> Outcome:
    if not definition.computes:
        return definition.handler(context)
    with context.run.computing(context.mapper):
        return definition.handler(context)


def parse_output(output: Json) -> Sequence[Mapping[str, Json]] | None:
    """Returns a scripted output, one bundle or a list of them, as bundles; ``None`` if it is neither."""
    items = output if isinstance(output, list) else [output]
    bundles = as_mappings(items)
    return bundles if len(bundles) == len(items) else None
