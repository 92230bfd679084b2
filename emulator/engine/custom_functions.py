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
from ..world.models import CustomFunction, Json, Scenario
from ..world.refusals import Unavailable, UnfitInput
from ..world.world import World
from .errors import ExpressionError, Fatal, Misfit
from .iml.environment import Environment
from .iml.functions import FUNCTIONS
from .iml.functions.registry import Function
from .iml.parser import template
from .iml.syntax import Call, Chain, Node, Unary
from .iml.values import Value, is_array
from .javascript.crossing import inward, outward

#: What a call costs, in steps of work (see `emulator.engine.budget`): to cross and come back, and each millisecond in between, so that
#: the functions of one run compute for some 10 seconds at most.
CALL = 50
MILLISECOND = 500

#: What a built-in function that JavaScript asks for costs besides what it does.
BUILT_IN = 50

_NAMES = tuple(FUNCTIONS)


def find(world: World, team_id: int, name: str) -> Function | None:
    """A function of a team, whose plan must include them, for expressions."""
    function = functions.named(world, team_id, name)
    if function is None or not _licensed(world, team_id):
        return None
    return Function(name, 0, None, partial(_call, function), lazy=False)


def _licensed(world: World, team_id: int) -> bool:
    return world.organizations[world.teams[team_id].organization_id].license.custom_functions


def _call(function: CustomFunction, env: Environment, values: Sequence[Value]) -> Value:
    """The value of a function.

    Raises:
        ExpressionError: if it throws an error, or takes too long or too much memory.
        Fatal: if no JavaScript engine is installed, or it cannot be started.
    """
    # Starts processes, which takes modules that nothing else needs: pay for them with the first call.
    from .javascript import workers

    env.budget.step(CALL)
    env.budget.weigh(values)
    task = {
        "code": function.code,
        "name": function.name,
        "arguments": json.dumps([outward(value) for value in values]),
        "now": env.now,
        "seed": env.random.getrandbits(31),
    }

    def host(name: str, arguments: Any) -> Any:
        try:
            return outward(_built_in(env, name, arguments))
        except ExpressionError as error:
            raise workers.HostFailed(error.reason) from None
        except Misfit:
            raise workers.HostFailed("The arguments do not fit.") from None

    try:
        came_back, spent = workers.run(task, host, _NAMES)
    except workers.Failed as error:
        env.budget.step(MILLISECOND * error.spent)
        raise ExpressionError(str(error)) from None
    except (workers.NotInstalled, workers.NotStarted) as error:
        raise Fatal("RuntimeError", str(error)) from None
    env.budget.step(MILLISECOND * spent)
    value = inward(came_back)
    env.budget.weigh(value)
    return value


def _built_in(env: Environment, name: str, arguments: Any) -> Value:
    """The value of a built-in function that JavaScript calls as ``iml.name(…)``."""
    env.budget.step(BUILT_IN)
    values = inward(["a", arguments])
    env.budget.weigh(values)
    function = FUNCTIONS[name]
    return function.call(env, [partial(_given, value) for value in values])


def _given(value: Value) -> Value:
    return value


# --- what the API asks ---------------------------------------------------------------------------


def error_in(code: str) -> str | None:
    """What is wrong with code, as the engine says it.

    Raises:
        Unavailable: if no JavaScript engine is installed, or it cannot be started.
    """
    # As above.
    from .javascript import workers

    try:
        workers.run({"code": code, "now": 0, "seed": 0}, _no_host, _NAMES)
    except workers.Failed as error:
        return str(error)
    except (workers.NotInstalled, workers.NotStarted) as error:
        raise Unavailable(str(error)) from None
    return None


def _no_host(name: str, _arguments: Any) -> Any:
    """Where code is only checked, no scenario runs for which built-in functions could work: they come to nothing."""
    return None


def check_name(name: str) -> None:
    """See that a function does not bear the name of a built-in one, which is called in its place.

    Raises:
        UnfitInput: if it does (Make's IM005).
    """
    if name in FUNCTIONS:
        raise UnfitInput(f"There is a built-in function '{name}'.")


def check_code(code: str) -> None:
    """See that the engine takes the code of a function.

    Raises:
        UnfitInput: if it does not (Make's IM005).
        Unavailable: if no JavaScript engine is installed, or it cannot be started.
    """
    if len(code) <= functions.CODE_LIMIT and (fault := error_in(code)) is not None:
        raise UnfitInput(f"The code of the function is invalid: {fault}")


def users_of(world: World, function: CustomFunction) -> list[Scenario]:
    """The team's scenarios whose blueprint calls a function, oldest first."""
    return [
        scenario
        for scenario in world.scenarios.where(team=function.team_id)
        if _calls(world.blueprints[scenario.id, scenario.blueprint_version].blueprint, function.name)
    ]


def _calls(blueprint: Mapping[str, Json], name: str) -> bool:
    pending: list[Any] = [blueprint]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            # Few texts name the function: only those are read.
            if name in value and "{{" in value and any(_called(value, name)):
                return True
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif is_array(value):
            pending.extend(value)
    return False


def _called(text: str, name: str) -> Iterator[bool]:
    for part in template(text):
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
                    case Chain(first, rest):
                        pending.extend([first, *(operand for _, operand in rest)])
                    case Unary(_, operand):
                        pending.append(operand)
