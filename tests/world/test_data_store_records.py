from __future__ import annotations

from typing import Any

import pytest

from make_emulator.world import data_stores, organizations
from make_emulator.world.exceptions import (
    InvalidParametersError,
    NotFoundError,
    OutOfSpaceError,
    PlanLimitError,
)
from make_emulator.world.models import DataStore, FieldSpecs, Team
from make_emulator.world.world import World

SPEC: FieldSpecs = [
    {"name": "title", "type": "text", "required": True},
    {"name": "value", "type": "number", "required": False},
]


def a_team(world: World, plan: str = "enterprise") -> Team:
    user = organizations.create_user(world, name="Ann", email="ann@example.com")
    organization, _ = organizations.create_organization(
        world, user, name="O", country_id=1, timezone_id=113, plan=plan
    )
    team, _ = organizations.create_team(world, user, organization, name="T")
    return team


def a_store(world: World, *, strict: bool = False, spec: FieldSpecs = SPEC) -> DataStore:
    team = a_team(world)
    structure = data_stores.create_structure(world, team, name="S", spec=spec, strict=strict)
    return data_stores.create_store(world, team, name="D", max_size_mb=1, structure=structure)


def now(world: World, store: DataStore) -> DataStore:
    return world.data_stores[store.id]


def test_sizes_reproduce_the_recorded_samples(empty_world: World) -> None:
    store = a_store(empty_world)
    data_stores.add_record(empty_world, store, key="4f1d09ab77c2", data={"title": "x"})
    empty = data_stores.create_store(
        empty_world, empty_world.teams[store.team_id], name="keys only", max_size_mb=1
    )
    data_stores.add_record(empty_world, empty, key="fb090a362de6", data={"title": "ignored"})
    assert now(empty_world, empty).size == 45
    assert now(empty_world, store).size == 28 + 12 + 5 + (2 + 5) + (5 + 1)


@pytest.mark.parametrize(
    ("value", "size"),
    [(None, 0), (True, 1), (1, 4), (2**31, 8), (1.5, 8), ("é", 7), ({}, 5), ([1, "a"], 5 + 3 + 4 + 3 + 6)],
)
def test_values_weigh_what_bson_says(value: Any, size: int) -> None:
    assert data_stores.bson_size(value) == size


def test_a_store_without_a_structure_keeps_keys_only(empty_world: World) -> None:
    store = data_stores.create_store(empty_world, a_team(empty_world), name="D", max_size_mb=1)
    assert data_stores.add_record(empty_world, store, key="k", data={"a": 1}).data == {}


def test_count_and_size_follow_every_change(empty_world: World) -> None:
    store = a_store(empty_world)
    data_stores.add_record(empty_world, store, key="a", data={"title": "one"})
    data_stores.add_record(empty_world, store, key="b", data={"title": "two"})
    data_stores.replace_record(empty_world, store, "a", {"title": "longer than before"})
    data_stores.update_record(empty_world, store, "b", {"value": 2})
    rows = list(data_stores.records(empty_world, store))
    assert now(empty_world, store).records == 2
    assert now(empty_world, store).size == sum(row.size for row in rows)
    assert data_stores.delete_records(empty_world, store, ["b", "missing", "b"]) == ["b"]
    data_stores.delete_records(empty_world, store, ["a"])
    assert (now(empty_world, store).records, now(empty_world, store).size) == (0, 0)


def test_put_forgets_and_patch_keeps_the_fields_that_were_not_sent(empty_world: World) -> None:
    store = a_store(empty_world)
    data_stores.add_record(empty_world, store, key="a", data={"title": "one", "value": 1})
    assert data_stores.update_record(empty_world, store, "a", {"title": "two"}).data == {
        "title": "two",
        "value": 1,
    }
    assert data_stores.replace_record(empty_world, store, "a", {"title": "three"}).data == {"title": "three"}


def test_put_creates_what_is_missing_and_patch_does_not(empty_world: World) -> None:
    store = a_store(empty_world)
    assert data_stores.replace_record(empty_world, store, "new", {"title": "t"}).key == "new"
    with pytest.raises(NotFoundError):
        data_stores.update_record(empty_world, store, "other", {"title": "t"})


def test_a_taken_key_is_rejected_unless_overwriting_was_requested(empty_world: World) -> None:
    store = a_store(empty_world)
    data_stores.add_record(empty_world, store, key="a", data={"title": "one"})
    with pytest.raises(InvalidParametersError, match="1 parameter"):
        data_stores.add_record(empty_world, store, key="a", data={"title": "two"})
    assert (
        data_stores.add_record(empty_world, store, key="a", data={"title": "two"}, overwrite=True).data[
            "title"
        ]
        == "two"
    )


@pytest.mark.parametrize(
    ("data", "issue"),
    [
        ({}, "Missing value of required parameter 'title'."),
        ({"title": 5}, "Invalid text in parameter 'title'."),
        ({"title": "t", "value": "5"}, "Invalid number in parameter 'value'."),
        ({"title": "t", "value": True}, "Invalid number in parameter 'value'."),
        ({"title": "t", "extra": 1}, "Unknown parameter 'extra'."),
    ],
)
def test_data_that_do_not_fit_a_strict_structure_are_rejected(
    empty_world: World, data: dict[str, Any], issue: str
) -> None:
    store = a_store(empty_world, strict=True)
    with pytest.raises(InvalidParametersError) as refused:
        data_stores.add_record(empty_world, store, data=data)
    assert list(refused.value.issues) == [issue]
    assert now(empty_world, store).records == 0


def test_a_loose_structure_keeps_what_it_does_not_name(empty_world: World) -> None:
    store = a_store(empty_world)
    assert data_stores.add_record(empty_world, store, data={"title": "t", "extra": [1]}).data["extra"] == [1]


def test_a_full_store_rejects_and_keeps_what_it_had(empty_world: World) -> None:
    store = a_store(empty_world)
    data_stores.add_record(empty_world, store, key="a", data={"title": "x" * 600_000})
    with pytest.raises(OutOfSpaceError):
        data_stores.add_record(empty_world, store, key="b", data={"title": "x" * 600_000})
    assert now(empty_world, store).records == 1


def test_a_store_cannot_become_smaller_than_its_records(empty_world: World) -> None:
    team = a_team(empty_world)
    structure = data_stores.create_structure(empty_world, team, name="S", spec=SPEC, strict=False)
    store = data_stores.create_store(empty_world, team, name="D", max_size_mb=3, structure=structure)
    data_stores.add_record(empty_world, store, data={"title": "x" * 2_000_000})
    with pytest.raises(OutOfSpaceError):
        data_stores.update_store(empty_world, now(empty_world, store), max_size=data_stores.MEGABYTE)


def test_the_plan_limits_how_many_stores_there_are_and_what_they_reserve(empty_world: World) -> None:
    team = a_team(empty_world, plan="free")
    with pytest.raises(OutOfSpaceError):
        data_stores.create_store(empty_world, team, name="too big", max_size_mb=2)
    data_stores.create_store(empty_world, team, name="fits", max_size_mb=1)
    with pytest.raises(PlanLimitError):
        data_stores.create_store(empty_world, team, name="one too many", max_size_mb=1)
