from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from helpers.api import ApiClient
from make_emulator.schemas.scenarios import ScenarioListItem
from make_emulator.schemas.serialize import MAX_CACHED_ROWS, compile_serializer, serialize_rows
from make_emulator.world.models import Consumption


def shown(api: ApiClient) -> list[dict[str, Any]]:
    rows = api.world.scenarios.where(team=1)
    data: list[dict[str, Any]] = orjson.loads(
        orjson.dumps(serialize_rows(api.world, ScenarioListItem, None, rows))
    )
    return data


def fresh(api: ApiClient) -> list[dict[str, Any]]:
    dump = compile_serializer(ScenarioListItem)
    rows = [dump(api.world, row) for row in api.world.scenarios.where(team=1)]
    data: list[dict[str, Any]] = orjson.loads(orjson.dumps(rows))
    return data


def test_what_is_kept_equals_what_is_made_anew(api: ApiClient) -> None:
    assert shown(api) == fresh(api)
    assert shown(api) == fresh(api)


def test_what_is_kept_follows_every_change(api: ApiClient) -> None:
    shown(api)
    world = api.world
    world.scenarios.put(replace(world.scenarios[1], name="Renamed", is_active=False))
    assert shown(api) == fresh(api)
    assert shown(api)[0]["name"] == "Renamed"
    world.tallies[("scenario", 2)] = Consumption(operations=99)
    assert shown(api) == fresh(api)
    assert shown(api)[1]["operations"] == 99
    world.users.put(replace(world.users[1], name="Ada Renamed"))
    assert shown(api) == fresh(api)
    assert shown(api)[0]["createdByUser"]["name"] == "Ada Renamed"


def test_a_choice_of_columns_is_made_anew_and_not_kept(api: ApiClient) -> None:
    rows = list(api.world.scenarios.where(team=1))
    for columns in (("id", "name"), ("name",), ("name", "id")):
        data = orjson.loads(orjson.dumps(serialize_rows(api.world, ScenarioListItem, columns, rows)))
        assert [tuple(row) for row in data] == [columns] * len(rows)
    assert api.world.serialization_cache == {}


def test_what_is_kept_has_a_limit(api: ApiClient) -> None:
    row = api.world.scenarios[1]
    for id in range(MAX_CACHED_ROWS + 2):
        serialize_rows(api.world, ScenarioListItem, None, [replace(row, id=id)])
    assert len(api.world.serialization_cache[(ScenarioListItem, None)]) <= MAX_CACHED_ROWS + 1
