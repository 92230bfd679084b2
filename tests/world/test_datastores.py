from __future__ import annotations

from typing import Any

import pytest

from emulator.world import datastores, people
from emulator.world.models import DataStore, Team
from emulator.world.refusals import Invalid, LimitReached, NotFound, OutOfSpace
from emulator.world.world import World

SPEC = [
    {"name": "title", "type": "text", "required": True},
    {"name": "value", "type": "number", "required": False},
]


def a_team(world: World, plan: str = "enterprise") -> Team:
    user = people.create_user(world, name="Ann", email="ann@example.com")
    organization, _ = people.create_organization(
        world, user, name="O", country_id=1, timezone_id=113, plan=plan
    )
    team, _ = people.create_team(world, user, organization, name="T")
    return team


def a_store(world: World, *, strict: bool = False, spec: Any = SPEC) -> DataStore:
    team = a_team(world)
    structure = datastores.create_structure(world, team, name="S", spec=spec, strict=strict)
    return datastores.create_store(world, team, name="D", max_size_mb=1, structure=structure)


def now(world: World, store: DataStore) -> DataStore:
    return world.data_stores[store.id]


def test_sizes_reproduce_the_recorded_samples(empty_world: World) -> None:
    store = a_store(empty_world)
    datastores.add_record(empty_world, store, key="4f1d09ab77c2", data={"title": "x"})
    empty = datastores.create_store(
        empty_world, empty_world.teams[store.team_id], name="keys only", max_size_mb=1
    )
    datastores.add_record(empty_world, empty, key="fb090a362de6", data={"title": "ignored"})
    assert now(empty_world, empty).size == 45
    assert now(empty_world, store).size == 28 + 12 + 5 + (2 + 5) + (5 + 1)


@pytest.mark.parametrize(
    ("value", "size"),
    [(None, 0), (True, 1), (1, 4), (2**31, 8), (1.5, 8), ("é", 7), ({}, 5), ([1, "a"], 5 + 3 + 4 + 3 + 6)],
)
def test_values_weigh_what_bson_says(value: Any, size: int) -> None:
    assert datastores.bson_size(value) == size


def test_a_store_without_a_structure_keeps_keys_only(empty_world: World) -> None:
    store = datastores.create_store(empty_world, a_team(empty_world), name="D", max_size_mb=1)
    assert datastores.add_record(empty_world, store, key="k", data={"a": 1}).data == {}


def test_count_and_size_follow_every_change(empty_world: World) -> None:
    store = a_store(empty_world)
    datastores.add_record(empty_world, store, key="a", data={"title": "one"})
    datastores.add_record(empty_world, store, key="b", data={"title": "two"})
    datastores.replace_record(empty_world, store, "a", {"title": "longer than before"})
    datastores.update_record(empty_world, store, "b", {"value": 2})
    rows = list(datastores.records(empty_world, store))
    assert now(empty_world, store).records == 2
    assert now(empty_world, store).size == sum(row.size for row in rows)
    assert datastores.delete_records(empty_world, store, ["b", "missing", "b"]) == ["b"]
    datastores.delete_records(empty_world, store, ["a"])
    assert (now(empty_world, store).records, now(empty_world, store).size) == (0, 0)


def test_put_forgets_and_patch_keeps_the_fields_that_were_not_sent(empty_world: World) -> None:
    store = a_store(empty_world)
    datastores.add_record(empty_world, store, key="a", data={"title": "one", "value": 1})
    assert datastores.update_record(empty_world, store, "a", {"title": "two"}).data == {
        "title": "two",
        "value": 1,
    }
    assert datastores.replace_record(empty_world, store, "a", {"title": "three"}).data == {"title": "three"}


def test_put_creates_what_is_missing_and_patch_does_not(empty_world: World) -> None:
    store = a_store(empty_world)
    assert datastores.replace_record(empty_world, store, "new", {"title": "t"}).key == "new"
    with pytest.raises(NotFound):
        datastores.update_record(empty_world, store, "other", {"title": "t"})


def test_a_taken_key_is_refused_unless_overwriting_was_asked_for(empty_world: World) -> None:
    store = a_store(empty_world)
    datastores.add_record(empty_world, store, key="a", data={"title": "one"})
    with pytest.raises(Invalid, match="1 parameter"):
        datastores.add_record(empty_world, store, key="a", data={"title": "two"})
    assert (
        datastores.add_record(empty_world, store, key="a", data={"title": "two"}, overwrite=True).data[
            "title"
        ]
        == "two"
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, "Missing value of required parameter 'title'."),
        ({"title": 5}, "Invalid text in parameter 'title'."),
        ({"title": "t", "value": "5"}, "Invalid number in parameter 'value'."),
        ({"title": "t", "value": True}, "Invalid number in parameter 'value'."),
        ({"title": "t", "extra": 1}, "Unknown parameter 'extra'."),
    ],
)
def test_data_that_do_not_fit_a_strict_structure_are_refused(
    empty_world: World, data: dict[str, Any], fault: str
) -> None:
    store = a_store(empty_world, strict=True)
    with pytest.raises(Invalid) as refused:
        datastores.add_record(empty_world, store, data=data)
    assert list(refused.value.faults) == [fault]
    assert now(empty_world, store).records == 0


def test_a_loose_structure_keeps_what_it_does_not_name(empty_world: World) -> None:
    store = a_store(empty_world)
    assert datastores.add_record(empty_world, store, data={"title": "t", "extra": [1]}).data["extra"] == [1]


def test_a_full_store_refuses_and_keeps_what_it_had(empty_world: World) -> None:
    store = a_store(empty_world)
    datastores.add_record(empty_world, store, key="a", data={"title": "x" * 600_000})
    with pytest.raises(OutOfSpace):
        datastores.add_record(empty_world, store, key="b", data={"title": "x" * 600_000})
    assert now(empty_world, store).records == 1


def test_a_store_cannot_become_smaller_than_its_records(empty_world: World) -> None:
    team = a_team(empty_world)
    structure = datastores.create_structure(empty_world, team, name="S", spec=SPEC, strict=False)
    store = datastores.create_store(empty_world, team, name="D", max_size_mb=3, structure=structure)
    datastores.add_record(empty_world, store, data={"title": "x" * 2_000_000})
    with pytest.raises(OutOfSpace):
        datastores.update_store(empty_world, now(empty_world, store), max_size=datastores.MEGABYTE)


def test_the_plan_limits_how_many_stores_there_are_and_what_they_reserve(empty_world: World) -> None:
    team = a_team(empty_world, plan="free")
    with pytest.raises(OutOfSpace):
        datastores.create_store(empty_world, team, name="too big", max_size_mb=2)
    datastores.create_store(empty_world, team, name="fits", max_size_mb=1)
    with pytest.raises(LimitReached):
        datastores.create_store(empty_world, team, name="one too many", max_size_mb=1)
