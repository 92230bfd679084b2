"""Custom functions, written by a team in JavaScript: their calls from expressions, and their validation.

Sources: Help centre, "Custom functions"; API documentation, "Custom functions". Undocumented behaviour, such as the texts of errors,
is marked as assumed in the fidelity ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ..world import functions
from ..world.exceptions import IncompatibleInputError, MissingDependencyError
from ..world.models import CustomFunction, Json, Scenario
from ..world.world import World
from .errors import ConversionError, ExpressionError, FatalError
from .expressions.ast import BinaryChain, Call, Node, Unary
from .expressions.context import Environment
from .expressions.functions import FUNCTIONS
from .expressions.functions.registry import Function
from .expressions.template import parse_template
from .expressions.values import Value, is_array
from .javascript.conversion import from_javascript, to_javascript

#: Cost of a call, in steps of work (see `make_emulator.engine.budget`), and of each millisecond of it, so that
#: the functions of one run take some 10 seconds of CPU time at most.
CALL_COST = 50
MILLISECOND_COST = 500

#: Additional cost of a built-in function that JavaScript calls.
BUILT_IN_COST = 50

_BUILT_IN_NAMES = tuple(FUNCTIONS)


def find_function(world: World, team_id: int, name: str) -> Function | None:
    """Returns a custom function of a team by name, ``None`` if there is none or the plan does not include them."""
    function = functions.find_by_name(world, team_id, name)
    if function is None or not _is_licensed(world, team_id):
        return None
    return Function(name, 0, None, partial(_call_function, function), lazy=False)


def _is_licensed(world: World, team_id: int) -> bool:
    return world.organizations[world.teams[team_id].organization_id].license.custom_functions


def _call_function(function: CustomFunction, env: Environment, values: Sequence[Value]) -> Value:
    """Calls a custom function.

    Raises:
        ExpressionError: if it throws an error, or exceeds its limit of time or memory.
        FatalError: if no JavaScript engine is installed, or it cannot be started.
    """
    # Lazy: subprocess and its dependencies are slow to import, and only custom functions need them.
    from .javascript import pool

    env.budget.charge(CALL_COST)
    env.budget.charge_weight(values)
    task = {
        "code": function.code,
        "name": function.name,
        "arguments": json.dumps([to_javascript(value) for value in values]),
        "now": env.now,
        "seed": env.random.getrandbits(31),
    }

    def host(name: str, arguments: Json) -> Json:
        try:
            return to_javascript(_call_built_in(env, name, arguments))
        except ExpressionError as error:
            raise pool.HostCallError(error.reason) from None
        except ConversionError:
            raise pool.HostCallError("The arguments do not fit.") from None

    try:
        encoded, cpu_milliseconds = pool.run_task(task, host, _BUILT_IN_NAMES)
    except pool.ScriptError as error:
        env.budget.charge(MILLISECOND_COST * error.cpu_milliseconds)
        raise ExpressionError(str(error)) from None
    except (pool.EngineNotInstalledError, pool.WorkerStartError) as error:
        raise FatalError("RuntimeError", str(error)) from None
    env.budget.charge(MILLISECOND_COST * cpu_milliseconds)
    value = from_javascript(encoded)
    env.budget.charge_weight(value)
    return value


def _call_built_in(env: Environment, name: str, arguments: Json) -> Value:
    """Calls a built-in function for JavaScript, where it is ``iml.name(…)``."""
    env.budget.charge(BUILT_IN_COST)
    values = from_javascript(["a", arguments])
    if not is_array(values):
        raise ExpressionError("The arguments do not fit.")
    env.budget.charge_weight(values)
    function = FUNCTIONS[name]
    return function.call(env, [partial(_identity, value) for value in values])


def _identity(value: Value) -> Value:
    return value


# --- validation ----------------------------------------------------------------------------------


def find_code_error(code: str) -> str | None:
    """Returns the engine's error for invalid code, ``None`` for valid code.

    Raises:
        MissingDependencyError: if no JavaScript engine is installed, or it cannot be started.
    """
    # Lazy, as above.
    from .javascript import pool

    try:
        pool.run_task({"code": code, "now": 0, "seed": 0}, _null_host, _BUILT_IN_NAMES)
    except pool.ScriptError as error:
        return str(error)
    except (pool.EngineNotInstalledError, pool.WorkerStartError) as error:
        raise MissingDependencyError(str(error)) from None
    return None


def _null_host(name: str, _arguments: Json) -> Json:
    """Host without built-in functions, for code that is only checked."""
    return None


def check_name(name: str) -> None:
    """Checks that a custom function does not have the name of a built-in one, which would be called instead.

    Raises:
        IncompatibleInputError: if it does (Make's IM005).
    """
    if name in FUNCTIONS:
        raise IncompatibleInputError(f"There is a built-in function '{name}'.")


def check_code(code: str) -> None:
    """Checks that the engine accepts the code of a function.

    Raises:
        IncompatibleInputError: if it does not (Make's IM005).
        MissingDependencyError: if no JavaScript engine is installed, or it cannot be started.
    """
    if len(code) <= functions.MAX_CODE_LENGTH and (issue := find_code_error(code)) is not None:
        raise IncompatibleInputError(f"The code of the function is invalid: {issue}")


def find_callers(world: World, function: CustomFunction) -> list[Scenario]:
    """Returns the team's scenarios whose blueprint calls a function, oldest first."""
    return [
        scenario
        for scenario in world.scenarios.where(team=function.team_id)
        if _calls_function(world.blueprints[scenario.id, scenario.blueprint_version].blueprint, function.name)
    ]


def find_missing(world: World, scenario: Scenario, blueprint: Mapping[str, Json], team_id: int) -> list[str]:
    """Returns the names of the functions of a scenario's team that its blueprint calls, and that another team lacks."""
    return sorted(
        function.name
        for function in world.functions.where(team=scenario.team_id)
        if functions.find_by_name(world, team_id, function.name) is None
        and _calls_function(blueprint, function.name)
    )


def _calls_function(blueprint: Mapping[str, Json], name: str) -> bool:
    pending: list[Value] = [blueprint]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            # Few texts contain the name of the function: only those are parsed.
            if name in value and "{{" in value and any(_iter_calls(value, name)):
                return True
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif is_array(value):
            pending.extend(value)
    return False


def _iter_calls(text: str, name: str) -> Iterator[bool]:
    for part in parse_template(text):
        if not isinstance(part, str):
            try:
                pending: list[Node | None] = [part.node()]
            except ExpressionError:
                continue
            while pending:
                match pending.pop():
                    case Call(called, arguments):
                        yield called == name
                        pending.extend(arguments)
                    case BinaryChain(first, rest):
                        pending.extend([first, *(operand for _, operand in rest)])
                    case Unary(_, operand):
                        pending.append(operand)
