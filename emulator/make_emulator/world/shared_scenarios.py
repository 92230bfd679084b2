"""Shares of scenarios. Source: the vendor's OpenAPI document."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypedDict, Unpack

from .exceptions import InvalidParametersError, NotFoundError
from .models import Scenario, SharedScenario, User
from .world import World

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 11

#: Shares of one scenario. The emulator's own limit.
MAX_SHARES = 1_000


class ShareChanges(TypedDict, total=False):
    """Fields of a share that can be changed."""

    title: str
    description_short: str | None
    description_long: str | None
    is_enabled: bool


def share(
    world: World,
    user: User,
    scenario: Scenario,
    *,
    title: str,
    description_short: str | None = None,
    description_long: str | None = None,
    is_enabled: bool = False,
) -> SharedScenario:
    """Shares a scenario.

    Raises:
        InvalidParametersError: if it has too many shares.
    """
    if len(world.shared_scenarios.where(scenario=scenario.id)) >= MAX_SHARES:
        raise InvalidParametersError(f"A scenario has at most {MAX_SHARES} shares.")
    number = world.ids.next("shared scenario")
    # Of a generator of its own, so that no other id shifts.
    characters = random.Random(f"shared scenario:{world.seed}:{number}").choices(_ALPHABET, k=_ID_LENGTH)
    return world.shared_scenarios.put(
        SharedScenario(
            id="".join(characters),
            index=number,
            scenario_id=scenario.id,
            team_id=scenario.team_id,
            author_id=user.id,
            title_original=title,
            title=title,
            description_short=description_short,
            description_long=description_long,
            is_enabled=is_enabled,
            created=world.now(),
            updated=world.now(),
        )
    )


def find_share(scenario: Scenario, row: SharedScenario) -> SharedScenario:
    """The share, if it is one of the scenario.

    Raises:
        NotFoundError: if it is another one's.
    """
    if row.scenario_id != scenario.id:
        raise NotFoundError("sharedScenario", row.id)
    return row


def update(world: World, row: SharedScenario, **changes: Unpack[ShareChanges]) -> SharedScenario:
    """Changes a share: missing fields stay unchanged."""
    return world.shared_scenarios.put(replace(row, updated=world.now(), **changes))


def matcher(
    world: World,
    *,
    title: str = "",
    scenario_name: str = "",
    folder_id: int | None = None,
    scenario_ids: Collection[int] | None = None,
) -> Callable[[SharedScenario], bool]:
    """Returns the function that is true of shares with parts of their title and their scenario's name, without regard to case."""

    def matches(row: SharedScenario) -> bool:
        scenario = world.scenarios[row.scenario_id]
        return (
            title.casefold() in row.title.casefold()
            and scenario_name.casefold() in scenario.name.casefold()
            and folder_id in (None, scenario.folder_id)
            and (scenario_ids is None or scenario.id in scenario_ids)
        )

    return matches
