"""Variables of an expression besides bundles: the run, its inputs, and the variables of its team and organization.

Sources: help centre, "System variables" (what there is), "Custom variables"; exported blueprints
(``var.scenario.name``, ``.url``, ``.executionId``, ``.executionUrl``, ``var.organization.…``, ``var.team.…``).
The names of the other system variables are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...world import variables
from ...world.models import Json, Organization, Scenario, Team
from ...world.world import World
from ..budget import Budget
from ..errors import ConversionError
from ..expressions.values import Value, as_date, date_from_milliseconds


class LazyCollection(Mapping[str, Value]):
    """Collection that is built at each access: few expressions refer to it, and its content changes."""

    __slots__ = ("_load",)

    def __init__(self, load: Callable[[], Mapping[str, Value]]) -> None:
        self._load = load

    def __getitem__(self, name: str) -> Value:
        return self._load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())


#: Cost of each variable where all of them are iterated, in steps of work (see `make_emulator.engine.budget`).
VARIABLE_COST = 20


class CustomVariables(Mapping[str, Value]):
    """Current variables of a team or an organization; the iteration over all of them is charged."""

    __slots__ = ("_budget", "_owner", "_world")

    def __init__(self, world: World, budget: Budget, owner: Callable[[], Organization | Team]) -> None:
        self._world = world
        self._budget = budget
        self._owner = owner

    def __getitem__(self, name: str) -> Value:
        variable = variables.find_value(self._world, self._owner(), name)
        if variable is None:
            raise KeyError(name)
        return _convert_date(*variable)

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(name for name, _, _ in variables.iter_values(self._world, self._owner()))
        self._budget.charge(VARIABLE_COST * len(names))
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


#: Names of the variables of every run.
VARIABLES = ("executionId", "scenario", "var")


def build_variables(
    world: World,
    scenario: Scenario,
    execution_id: str,
    inputs: Mapping[str, Json],
    started: int,
    used: Callable[[], tuple[int, int]],
    budget: Budget,
) -> dict[str, Value]:
    """Returns the variables of one run; ``used`` returns the operations and bytes that it used until now."""
    team = world.teams[scenario.team_id]
    organization = world.organizations[team.organization_id]
    about: Mapping[str, Value] = {"id": scenario.id, "name": scenario.name}
    url = f"https://{organization.zone}/{team.id}/scenarios/{scenario.id}"

    def of_run() -> dict[str, Value]:
        operations, transfer = used()
        return {
            **about,
            "url": url,
            "executionId": execution_id,
            "executionUrl": f"{url}/logs/{execution_id}",
            "executionStartedAt": date_from_milliseconds(started),
            "operationsConsumed": operations,
            "dataConsumed": transfer,
        }

    return {
        "executionId": execution_id,
        "scenario": about,
        "var": {
            "input": inputs,
            "scenario": LazyCollection(of_run),
            "team": CustomVariables(world, budget, lambda: world.teams[team.id]),
            "organization": CustomVariables(world, budget, lambda: world.organizations[organization.id]),
        },
    }


def _convert_date(type_id: int, value: Json) -> Value:
    """Converts a value of the type "date"; one that does not fit it, which Make does not always check, stays unchanged."""
    unchanged: Value = value
    if variables.TYPE_NAMES[type_id] != "date":
        return unchanged
    try:
        return as_date(value)
    except ConversionError:
        return unchanged
