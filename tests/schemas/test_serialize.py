from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from conftest import Api
from emulator.schemas.scenarios import ScenarioListItem
from emulator.schemas.serialize import KEPT, dump_all, serializer
from emulator.world.models import Consumption


def shown(api: Api) -> list[dict[str, Any]]:
    rows = api.world.scenarios.where(team=1)
    data: list[dict[str, Any]] = orjson.loads(orjson.dumps(dump_all(api.world, ScenarioListItem, None, rows)))
    return data


def fresh(api: Api) -> list[dict[str, Any]]:
    dump = serializer(ScenarioListItem)
    rows = [dump(api.world, row) for row in api.world.scenarios.where(team=1)]
    data: list[dict[str, Any]] = orjson.loads(orjson.dumps(rows))
    return data


def test_what_is_kept_equals_what_is_made_anew(api: Api) -> None:
    assert shown(api) == fresh(api)
    assert shown(api) == fresh(api)


def test_what_is_kept_follows_every_change(api: Api) -> None:
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


def test_a_choice_of_columns_is_made_anew_and_not_kept(api: Api) -> None:
    rows = list(api.world.scenarios.where(team=1))
    for columns in (("id", "name"), ("name",), ("name", "id")):
        data = orjson.loads(orjson.dumps(dump_all(api.world, ScenarioListItem, columns, rows)))
        assert [tuple(row) for row in data] == [columns] * len(rows)
    assert api.world.shown == {}


def test_what_is_kept_has_a_limit(api: Api) -> None:
    row = api.world.scenarios[1]
    for id in range(KEPT + 2):
        dump_all(api.world, ScenarioListItem, None, [replace(row, id=id)])
    assert len(api.world.shown[(ScenarioListItem, None)]) <= KEPT + 1
