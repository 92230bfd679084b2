"""Build-time variables: values of a scenario's inputs while it is built. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping

from .exceptions import InvalidParametersError, NotFoundError
from .models import BuildVariable, Scenario, User
from .world import World

#: Prefix of the values that only the user who added them can use.
PERSONAL_PREFIX = "PAC_"


def list_visible(world: World, user: User, scenario: Scenario) -> list[BuildVariable]:
    """The variables of a scenario that a user can use: the team's and the user's own, by name."""
    rows = world.build_variables.where(scenario=scenario.id)
    return sorted(
        (row for row in rows if row.user_id == user.id or not row.value.startswith(PERSONAL_PREFIX)),
        key=lambda row: row.name,
    )


def add(world: World, user: User, scenario: Scenario, values: Mapping[str, str]) -> None:
    """Adds variables to a scenario.

    Raises:
        InvalidParametersError: if one exists already, or the scenario has no such input.
    """
    taken = {row.name for row in list_visible(world, user, scenario)}
    issues = [f"The variable '{name}' exists already." for name in values if name in taken]
    _check_names(world, scenario, values, issues)
    _insert(world, user, scenario, values)


def replace_all(world: World, user: User, scenario: Scenario, values: Mapping[str, str]) -> None:
    """Replaces the variables of a scenario that a user can use.

    Raises:
        InvalidParametersError: if the scenario has no such input.
    """
    _check_names(world, scenario, values, [])
    for row in list_visible(world, user, scenario):
        world.build_variables.remove((row.scenario_id, row.name, row.user_id))
    _insert(world, user, scenario, values)


def delete(world: World, user: User, scenario: Scenario, value: str) -> None:
    """Deletes the variable with a value.

    Raises:
        NotFoundError: if the user can use none.
    """
    found = [row for row in list_visible(world, user, scenario) if row.value == value]
    if not found:
        raise NotFoundError("build variable", value)
    for row in found:
        world.build_variables.remove((row.scenario_id, row.name, row.user_id))


def _check_names(world: World, scenario: Scenario, values: Mapping[str, str], issues: list[str]) -> None:
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    inputs = {field.get("name") for field in version.input_spec or ()}
    issues += [f"The scenario has no input '{name}'." for name in values if name not in inputs]
    if issues:
        raise InvalidParametersError(*issues)


def _insert(world: World, user: User, scenario: Scenario, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        world.build_variables.put(
            BuildVariable(scenario_id=scenario.id, name=name, value=value, user_id=user.id)
        )
