from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from helpers.api import ApiClient
from make_emulator.schemas.scenarios import ScenarioListItem
from make_emulator.schemas.serialize import serialize_rows
from make_emulator.world.models import Consumption


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


def test_chosen_columns_come_in_the_order_of_the_choice(api: ApiClient) -> None:
    for columns in (("id", "name"), ("name",), ("name", "id")):
        assert [tuple(row) for row in listed(api, columns)] == [columns] * len(listed(api))
