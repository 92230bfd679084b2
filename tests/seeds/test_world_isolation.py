"""Isolation of worlds made from one seed: they share their tables until one of them is changed, and a change of one is not seen in another."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import NOON
from make_emulator import seeds
from make_emulator.registry import WorldSpec
from make_emulator.seeds import prototypes
from make_emulator.seeds.loader import load
from make_emulator.world.schema import TABLES
from make_emulator.world.tables import Table
from make_emulator.world.world import World

SPEC = WorldSpec(name="default", seed="agency")


def _build() -> World:
    world = World(SPEC.name)
    world.clock.freeze(NOON)
    seeds.build(world, SPEC)
    return world


def _build_full() -> World:
    """A world of its own, with a row in each table."""
    prototypes.forget()
    world = _build()
    for name in TABLES:
        if not world.table(name):
            world.table(name).put(_NewRow(0))
    return world


def _sharing_worlds(count: int) -> list[World]:
    """Worlds of one seed, the first of which is built."""
    first = _build_full()
    prototypes.forget()
    prototypes.keep(first, SPEC, load(SPEC.seed), ())
    worlds = [first, *(_build() for _ in range(count - 1))]
    prototypes.forget()
    return worlds


class _NewRow:
    """Row that any table takes: an attribute is the number of the row, or the id of a team."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.team_id = 1
        self.data = {"number": number}
        self.owner = "team"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "execution":
            return self
        return 1_000_000 + self.number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _NewRow) and other.number == self.number

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"new row {self.number}"


def _by_text(row: Any) -> str:
    return repr(row)


def _index_value(table: Table[Any, Any], index: str, row: Any) -> Hashable:
    try:
        return table.index_value(index, row)
    except KeyError:
        # Of a new row, whose team was removed.
        return None


def _state(table: Table[Any, Any]) -> object:
    """All that a reader may see of a table."""
    indexes: dict[str, dict[Hashable, object]] = {}
    for index in TABLES[table.name].indexes:
        values = dict.fromkeys(_index_value(table, index, row) for row in table)
        indexes[index] = {
            value: (
                list(table.where(**{index: value})),
                table.where(**{index: value}).page(_by_text),
                table.size_of(**{index: value}),
            )
            for value in values
        }
    return list(table.items()), list(table.all()), table.all().page(_by_text), indexes, table.total_size


def _states(world: World) -> dict[str, object]:
    return {name: _state(world.table(name)) for name in TABLES}


def _put_new(table: Table[Any, Any], number: int) -> None:
    table.put(_NewRow(1 + number))


def _replace_one(table: Table[Any, Any], number: int) -> None:
    if rows := list(table):
        table.put(copy.copy(rows[number % len(rows)]))


def _remove_one(table: Table[Any, Any], number: int) -> None:
    if keys := [key for key, _ in table.items()]:
        table.remove(keys[number % len(keys)])


def _clear(table: Table[Any, Any], number: int) -> None:
    table.clear()


def _read(table: Table[Any, Any], number: int) -> None:
    _state(table)


CHANGES: list[Callable[[Table[Any, Any], int], None]] = [_put_new, _replace_one, _remove_one, _clear]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_one_world_is_not_seen_in_another(
    name: str, change: Callable[[Table[Any, Any], int], None]
) -> None:
    built, first, second = _sharing_worlds(3)
    expected = _states(second)
    assert len(second.table(name)) > 0
    change(first.table(name), 0)
    assert _states(first) != expected or change is _replace_one
    assert _states(second) == expected
    assert _states(built) == expected
    after = _states(first)
    change(built.table(name), 1)
    assert _states(first) == after
    assert _states(second) == expected


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([name for name in TABLES if name not in ("organizations", "teams")]),
            st.sampled_from([*CHANGES, _read]),
            st.integers(0, 9),
        ),
        max_size=30,
    )
)
def test_worlds_that_share_a_seed_behave_as_worlds_that_do_not(
    steps: list[tuple[int, str, Callable[[Table[Any, Any], int], None], int]],
) -> None:
    shared, independent = _sharing_worlds(3), [_build_full() for _ in range(3)]
    for place, name, step, number in steps:
        step(shared[place].table(name), number)
        step(independent[place].table(name), number)
    assert [_states(world) for world in shared] == [_states(world) for world in independent]
