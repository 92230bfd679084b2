"""The functions that a team wrote in JavaScript, as expressions call them.

Sources: Help centre, "Custom functions"; API documentation, "Custom functions". What no page settles, such as the texts of errors,
is marked as assumed in the fidelity ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

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

#: What a call costs, in steps of work (see `make_emulator.engine.runtime.budget`): to cross and come back, and each millisecond in between, so that
#: the functions of one run compute for some 10 seconds at most.
CALL_COST = 50
MILLISECOND_COST = 500

#: What a built-in function that JavaScript asks for costs besides what it does.
BUILT_IN_COST = 50

_BUILT_IN_NAMES = tuple(FUNCTIONS)


def find_function(world: World, team_id: int, name: str) -> Function | None:
    """A function of a team, whose plan must include them, for expressions."""
    function = functions.find_by_name(world, team_id, name)
    if function is None or not _is_licensed(world, team_id):
        return None
    return Function(name, 0, None, partial(_call_function, function), lazy=False)


def _is_licensed(world: World, team_id: int) -> bool:
    return world.organizations[world.teams[team_id].organization_id].license.custom_functions


def _call_function(function: CustomFunction, env: Environment, values: Sequence[Value]) -> Value:
    """The value of a function.

    Raises:
        ExpressionError: if it throws an error, or takes too long or too much memory.
        Fatal: if no JavaScript engine is installed, or it cannot be started.
    """
    # Starts processes, which takes modules that nothing else needs: pay for them with the first call.
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

    def host(name: str, arguments: Any) -> Any:
        try:
            return to_javascript(_call_built_in(env, name, arguments))
        except ExpressionError as error:
            raise pool.HostCallError(error.reason) from None
        except ConversionError:
            raise pool.HostCallError("The arguments do not fit.") from None

    try:
        came_back, spent = pool.run_task(task, host, _BUILT_IN_NAMES)
    except pool.ScriptError as error:
        env.budget.charge(MILLISECOND_COST * error.cpu_milliseconds)
        raise ExpressionError(str(error)) from None
    except (pool.EngineNotInstalledError, pool.WorkerStartError) as error:
        raise FatalError("RuntimeError", str(error)) from None
    env.budget.charge(MILLISECOND_COST * spent)
    value = from_javascript(came_back)
    env.budget.charge_weight(value)
    return value


def _call_built_in(env: Environment, name: str, arguments: Any) -> Value:
    """The value of a built-in function that JavaScript calls as ``iml.name(…)``."""
    env.budget.charge(BUILT_IN_COST)
    values = from_javascript(["a", arguments])
    if not is_array(values):
        raise ExpressionError("The arguments do not fit.")
    env.budget.charge_weight(values)
    function = FUNCTIONS[name]
    return function.call(env, [partial(_identity, value) for value in values])


def _identity(value: Value) -> Value:
    return value


# --- what the API asks ---------------------------------------------------------------------------


def find_code_error(code: str) -> str | None:
    """What is wrong with code, as the engine says it.

    Raises:
        Unavailable: if no JavaScript engine is installed, or it cannot be started.
    """
    # As above.
    from .javascript import pool

    try:
        pool.run_task({"code": code, "now": 0, "seed": 0}, _null_host, _BUILT_IN_NAMES)
    except pool.ScriptError as error:
        return str(error)
    except (pool.EngineNotInstalledError, pool.WorkerStartError) as error:
        raise MissingDependencyError(str(error)) from None
    return None


def _null_host(name: str, _arguments: Any) -> Any:
    """Where code is only checked, no scenario runs for which built-in functions could work: they come to nothing."""
    return None


def check_name(name: str) -> None:
    """See that a function does not bear the name of a built-in one, which is called in its place.

    Raises:
        UnfitInput: if it does (Make's IM005).
    """
    if name in FUNCTIONS:
        raise IncompatibleInputError(f"There is a built-in function '{name}'.")


def check_code(code: str) -> None:
    """See that the engine takes the code of a function.

    Raises:
        UnfitInput: if it does not (Make's IM005).
        Unavailable: if no JavaScript engine is installed, or it cannot be started.
    """
    if len(code) <= functions.MAX_CODE_LENGTH and (fault := find_code_error(code)) is not None:
        raise IncompatibleInputError(f"The code of the function is invalid: {fault}")


def find_callers(world: World, function: CustomFunction) -> list[Scenario]:
    """The team's scenarios whose blueprint calls a function, oldest first."""
    return [
        scenario
        for scenario in world.scenarios.where(team=function.team_id)
        if _calls_function(world.blueprints[scenario.id, scenario.blueprint_version].blueprint, function.name)
    ]


def _calls_function(blueprint: Mapping[str, Json], name: str) -> bool:
    pending: list[Any] = [blueprint]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            # Few texts name the function: only those are read.
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
