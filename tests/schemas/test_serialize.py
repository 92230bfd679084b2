from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from helpers.api import ApiClient
from make_emulator.schemas.scenarios import ScenarioListItem
from make_emulator.schemas.serialize import serialize_rows
from make_emulator.world.models import Consumption, IncompleteExecution
from make_emulator.world.world import World


def listed(api: ApiClient, columns: tuple[str, ...] | None = None) -> list[dict[str, Any]]:
    rows = api.world.scenarios.where(team=1)
    data: list[dict[str, Any]] = orjson.loads(
        orjson.dumps(serialize_rows(api.world, ScenarioListItem, columns, rows))
    )
    return data


def test_a_list_follows_every_change_of_what_its_rows_show(api: ApiClient) -> None:
    world = api.world
    before = listed(api)
    world.scenarios.put(replace(world.scenarios[1], name="Renamed", is_active=False))
    world.tallies[("scenario", 2)] = Consumption(operations=99)
    world.users.put(replace(world.users[1], name="Ada Renamed"))
    after = listed(api)
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert (after[0]["name"], after[1]["operations"]) == ("Renamed", 99)
    assert after[0]["createdByUser"]["name"] == "Ada Renamed"


def test_a_list_counts_the_incomplete_executions_of_the_moment(api: ApiClient) -> None:
    world = api.world

    def counts() -> tuple[int, int]:
        return next((row["dlqCount"], row["allDlqCount"]) for row in listed(api) if row["id"] == 1)

    assert counts() == (0, 0)
    row = IncompleteExecution(
        id="1",
        scenario_id=1,
        team_id=1,
        execution_id="2",
        reason="Wrong.",
        created=world.now(),
        index=1,
        blueprint={},
        failer=1,
        bundles={},
        size=1,
    )
    world.incomplete_executions.put(row)
    assert counts() == (1, 1)
    world.incomplete_executions.put(replace(row, resolved=True))
    assert counts() == (0, 1)
    world.incomplete_executions.remove(row.id)
    assert counts() == (0, 0)


def test_a_row_that_two_worlds_share_shows_the_users_of_each(api: ApiClient) -> None:
    first, second = api.world, World("second")
    second.users.put(replace(first.users[1], name="Namesake"))
    row = first.scenarios[1]
    for world, name in ((first, first.users[1].name), (second, "Namesake"), (first, first.users[1].name)):
        [shown] = orjson.loads(orjson.dumps(serialize_rows(world, ScenarioListItem, None, [row])))
        assert shown["createdByUser"]["name"] == name


def test_chosen_columns_come_in_the_order_of_the_choice(api: ApiClient) -> None:
    for columns in (("id", "name"), ("name",), ("name", "id")):
        assert [tuple(row) for row in listed(api, columns)] == [columns] * len(listed(api))
