from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from make_emulator.world.tables import Table


@dataclass(frozen=True)
class Row:
    id: int
    team: int | None
    name: str


def by_name(row: Row) -> tuple[str, int]:
    return row.name, row.id


def table() -> Table[int, Row]:
    return Table("row", attrgetter("id"), {"team": attrgetter("team")})


def test_a_row_that_succeeds_another_moves_between_the_buckets_of_an_index() -> None:
    rows = table()
    rows.put(Row(1, 7, "a"))
    rows.put(Row(1, 8, "a"))
    assert list(rows.where(team=7)) == []
    assert list(rows.where(team=8)) == [Row(1, 8, "a")]


def test_rows_without_a_value_are_left_out_of_an_index() -> None:
    rows = table()
    rows.put(Row(1, None, "a"))
    assert list(rows.where(team=None)) == []
    assert list(rows.all()) == [Row(1, None, "a")]
    rows.remove(1)
    assert len(rows) == 0


def test_a_filter_applies_before_the_page_is_cut() -> None:
    rows = table()
    for number in range(10):
        rows.put(Row(number, 1, f"{number:02}"))
    even = rows.where(team=1).filter(lambda row: row.id % 2 == 0)
    assert [row.id for row in even.page(by_name, offset=1, limit=2)] == [2, 4]
    assert [row.id for row in even.filter(lambda row: row.id > 2).page(by_name, descending=True)] == [8, 6, 4]
    assert len(even) == 5


def test_removing_what_is_not_there_fails() -> None:
    with pytest.raises(KeyError):
        table().remove(1)


class TableAgainstModel(RuleBasedStateMachine):
    """Pages equal those of a plain list that is sorted anew, after any puts and removals."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = table()
        self.model: dict[int, Row] = {}

    @rule(id=st.integers(0, 20), team=st.integers(0, 2), name=st.sampled_from("abc"))
    def put(self, id: int, team: int, name: str) -> None:
        self.model[id] = self.rows.put(Row(id, team, name))

    @rule(id=st.integers(0, 20), name=st.sampled_from("abc"))
    def rename(self, id: int, name: str) -> None:
        if id in self.model:
            self.model[id] = self.rows.put(replace(self.model[id], name=name))

    @rule(id=st.integers(0, 20))
    def remove(self, id: int) -> None:
        if id in self.model:
            assert self.rows.remove(id) == self.model.pop(id)

    @rule(team=st.integers(0, 2), offset=st.integers(0, 8), limit=st.integers(1, 5), descending=st.booleans())
    def page(self, team: int, offset: int, limit: int, descending: bool) -> None:
        wanted = sorted((r for r in self.model.values() if r.team == team), key=by_name, reverse=descending)
        page = self.rows.where(team=team).page(by_name, descending=descending, offset=offset, limit=limit)
        assert page == wanted[offset : offset + limit]

    @invariant()
    def the_buckets_hold_every_row_once(self) -> None:
        assert sum(len(self.rows.where(team=team)) for team in range(3)) == len(self.model) == len(self.rows)


TestTableAgainstModel = TableAgainstModel.TestCase


@given(st.integers(0, 60), st.integers(0, 70), st.integers(1, 20), st.booleans())
def test_pages_tile_a_list_without_gap_or_overlap(
    size: int, offset: int, limit: int, descending: bool
) -> None:
    rows = table()
    for number in range(size):
        rows.put(Row(number, 1, str(number % 3)))
    everything = rows.where(team=1).page(by_name, descending=descending)
    page = rows.where(team=1).page(by_name, descending=descending, offset=offset, limit=limit)
    assert page == everything[offset : offset + limit]


def test_the_sizes_of_measured_rows_are_added_up_for_the_table_and_each_value_of_an_index() -> None:
    rows: Table[int, Row] = Table(
        "row", attrgetter("id"), {"team": attrgetter("team")}, lambda row: len(row.name)
    )
    rows.bulk_load([Row(1, 7, "a"), Row(2, 7, "bb")])
    rows.put(Row(3, 8, "ccc"))
    assert (rows.total_size, rows.size_of(team=7), rows.size_of(team=8), rows.size_of(team=9)) == (6, 3, 3, 0)
    rows.put(Row(2, 8, "bbbb"))
    assert (rows.total_size, rows.size_of(team=7), rows.size_of(team=8)) == (8, 1, 7)
    rows.remove_where(team=8)
    assert (rows.total_size, rows.size_of(team=7), rows.size_of(team=8)) == (1, 1, 0)
