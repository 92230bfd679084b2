"""Columns of a row: ``cols[]``."""

from __future__ import annotations

import pytest

from make_emulator.contract.client import ContractClient

from .resources import FreshResources, Resources
from .valid_requests import each_route, endpoint_of, rows_of, valid_request


def shown(route: str, body: dict[str, object]) -> set[tuple[str, ...]]:
    """The keys of each row of an answer, in their order."""
    rows = rows_of(route, body)
    return {tuple(row) for row in (rows if isinstance(rows, list) else [rows])}


@pytest.mark.fidelity("cols.choose")
@pytest.mark.parametrize("route", each_route("cols"))
def test_just_the_columns_come_that_were_asked_for(
    route: str, api: ContractClient, make: FreshResources
) -> None:
    body = valid_request(route, make).with_value("query", "cols[]", ["id", "name"]).send(api).fits()
    assert shown(route, body) <= {("id", "name")}
    assert set(body) == {*endpoint_of(route).response.fields, *(["pg"] if endpoint_of(route).paging else [])}


@pytest.mark.fidelity("cols.star")
@pytest.mark.parametrize("route", each_route("cols", method="GET"))
def test_a_star_brings_every_column(route: str, api: ContractClient, shared: Resources) -> None:
    schema = endpoint_of(route).response.schema
    assert schema is not None
    body = valid_request(route, shared).with_value("query", "cols[]", "*").send(api).fits()
    assert shown(route, body) <= {tuple(schema.columns())}


@pytest.mark.fidelity("cols.order")
@pytest.mark.parametrize("route", each_route("cols", method="GET"))
def test_numbers_order_the_columns(route: str, api: ContractClient, shared: Resources) -> None:
    sent = (
        valid_request(route, shared)
        .with_value("query", "cols[2]", "id")
        .with_value("query", "cols[1]", "name")
    )
    assert shown(route, sent.send(api).fits()) <= {("name", "id")}


@pytest.mark.fidelity("cols.unknown")
@pytest.mark.parametrize("route", each_route("cols"))
def test_a_column_that_there_is_not_is_refused(route: str, api: ContractClient, shared: Resources) -> None:
    answer = valid_request(route, shared).with_value("query", "cols[]", "contract").send(api)
    answer.refused(400, "SC400")
    assert answer.error_messages == ["Unknown column 'contract' in parameter 'cols'."]
