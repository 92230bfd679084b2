"""Which columns of a row come: ``cols[]``."""

from __future__ import annotations

import pytest

from emulator.contract.client import Client

from .asking import ask, each, endpoint_of, rows_of
from .things import Made, Things


def shown(route: str, body: dict[str, object]) -> set[tuple[str, ...]]:
    """The keys of each row of an answer, in their order."""
    rows = rows_of(route, body)
    return {tuple(row) for row in (rows if isinstance(rows, list) else [rows])}


@pytest.mark.fidelity("cols.choose")
@pytest.mark.parametrize("route", each("cols"))
def test_just_the_columns_come_that_were_asked_for(route: str, api: Client, make: Made) -> None:
    body = ask(route, make).but("query", "cols[]", ["id", "name"]).send(api).fits()
    assert shown(route, body) <= {("id", "name")}
    assert set(body) == {*endpoint_of(route).answer.parts, *(["pg"] if endpoint_of(route).paging else [])}


@pytest.mark.fidelity("cols.star")
@pytest.mark.parametrize("route", each("cols", method="GET"))
def test_a_star_brings_every_column(route: str, api: Client, shared: Things) -> None:
    schema = endpoint_of(route).answer.schema
    assert schema is not None
    body = ask(route, shared).but("query", "cols[]", "*").send(api).fits()
    assert shown(route, body) <= {tuple(schema.columns())}


@pytest.mark.fidelity("cols.order")
@pytest.mark.parametrize("route", each("cols", method="GET"))
def test_numbers_order_the_columns(route: str, api: Client, shared: Things) -> None:
    sent = ask(route, shared).but("query", "cols[2]", "id").but("query", "cols[1]", "name")
    assert shown(route, sent.send(api).fits()) <= {("name", "id")}


@pytest.mark.fidelity("cols.unknown")
@pytest.mark.parametrize("route", each("cols"))
def test_a_column_that_there_is_not_is_refused(route: str, api: Client, shared: Things) -> None:
    answer = ask(route, shared).but("query", "cols[]", "contract").send(api)
    answer.refused(400, "SC400")
    assert answer.faults == ["Unknown column 'contract' in parameter 'cols'."]
