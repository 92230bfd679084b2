"""Paging: the rows of a list and their order: ``pg[limit]``, ``pg[offset]``, ``pg[sortBy]``, ``pg[sortDir]``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.declarations import core_endpoints

from .resources import Resources
from .valid_requests import ApiRequest, each_route, endpoint_of, rows_of, valid_request


@pytest.fixture(scope="session")
def filled(api: ContractClient, shared: Resources) -> dict[str, ApiRequest]:
    """Lists by route that hold a few rows; filled on first use."""
    return {}


def full(route: str, shared: Resources, filled: dict[str, ApiRequest]) -> ApiRequest:
    """A request for a list that holds at least two rows, if the team can have so many."""
    if route not in filled:
        filled[route] = valid_request(route, shared)
        if not shared.api.read_only:
            _fill(route, shared)
        if len(rows_of(route, filled[route].send(shared.api).fits())) < 2:
            filled[route] = ApiRequest("")
    return filled[route] if filled[route].route else pytest.skip("the list has fewer than two rows")


def _fill(route: str, shared: Resources) -> None:
    match route:
        case "GET /scenarios":
            shared.scenario()
            shared.id("live scenario")
        case "GET /scenarios/{scenarioId}/logs":
            shared.run(shared.id("live scenario"))
            shared.run(shared.id("live scenario"))
        case "GET /data-stores":
            shared.data_store()
            shared.id("dataStore")
        case "GET /hooks":
            shared.hook()
            shared.hook()
        case "GET /templates":
            shared.template()
            shared.template()
        case "GET /teams" if "teams:write" in shared.api.scopes:
            shared.team()
        case "GET /organizations" if {"organizations:write", "admin:write"} <= shared.api.scopes:
            shared.organization()


@pytest.mark.fidelity("paging.answer")
@pytest.mark.parametrize("route", each_route("paging"))
def test_the_answer_repeats_the_page(route: str, api: ContractClient, shared: Resources) -> None:
    paging = endpoint_of(route).paging
    assert paging is not None
    sent = (
        valid_request(route, shared).with_value("query", "pg[limit]", 7).with_value("query", "pg[offset]", 3)
    )
    expected: dict[str, Any] = {"limit": 7, "offset": 3, "returnTotalCount": False}
    if paging.sort is not None:
        direction = "desc" if paging.descending else "asc"
        expected = {
            "sortBy": paging.sort,
            "limit": 7,
            "sortDir": direction,
            "offset": 3,
            "returnTotalCount": False,
        }
    page = sent.send(api).fits()["pg"]
    assert page == expected
    assert list(page) == list(expected)


@pytest.mark.fidelity("paging.default")
@pytest.mark.parametrize("route", ["GET /organizations", "GET /teams", "GET /data-stores"])
def test_lists_come_by_name_unless_asked_otherwise(
    route: str, api: ContractClient, shared: Resources
) -> None:
    page = valid_request(route, shared).send(api).fits()["pg"]
    assert (page["sortBy"], page["sortDir"], page["offset"], page["limit"]) == ("name", "asc", 0, 10_000)


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("raw", [False, True], ids=["encoded", "raw"])
def test_brackets_are_understood_in_both_spellings(raw: bool, api: ContractClient) -> None:
    query = {"teamId": api.target.team_id, "pg[limit]": 3}
    assert api.call("GET", "/hooks", query=query, raw=raw).fits()["pg"]["limit"] == 3


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("route", each_route("paging"))
def test_a_page_holds_as_many_rows_as_asked_for(
    route: str, api: ContractClient, shared: Resources, filled: dict[str, ApiRequest]
) -> None:
    whole = full(route, shared, filled)
    assert len(rows_of(route, whole.with_value("query", "pg[limit]", 1).send(api).fits())) == 1


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("route", each_route("paging"))
def test_the_offset_leaves_out_the_first_rows(
    route: str, api: ContractClient, shared: Resources, filled: dict[str, ApiRequest]
) -> None:
    whole = full(route, shared, filled)
    rows = rows_of(route, whole.with_value("query", "pg[limit]", 2).send(api).fits())
    second = whole.with_value("query", "pg[limit]", 1).with_value("query", "pg[offset]", 1).send(api).fits()
    assert rows_of(route, second) == rows[1:]


def sortable() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for column in endpoint.paging.sort_keys if endpoint.paging and endpoint.paging.sort else ():
            marks = pytest.mark.covers(route, "sorting")
            yield pytest.param(route, column, id=f"{route} by {column}", marks=marks)


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize(("route", "column"), list(sortable()))
def test_rows_come_in_the_order_asked_for(
    route: str, column: str, api: ContractClient, shared: Resources, filled: dict[str, ApiRequest]
) -> None:
    by_column = full(route, shared, filled).with_value("query", "pg[sortBy]", column)
    for direction in ("asc", "desc"):
        body = by_column.with_value("query", "pg[sortDir]", direction).send(api).fits()
        assert (body["pg"]["sortBy"], body["pg"]["sortDir"]) == (column, direction)
        values = [_comparable(row[column]) for row in rows_of(route, body) if column in row]
        ordered = (
            all(a <= b for a, b in pairwise(values))
            if direction == "asc"
            else all(a >= b for a, b in pairwise(values))
        )
        assert ordered, f"{column} {direction}: {[value for _, value in values]}"


def _comparable(value: Any) -> tuple[bool, Any]:
    """Values in the order of the service: nothing first, texts without regard to case."""
    return value is not None, value.casefold() if isinstance(value, str) else value or 0


@pytest.mark.fidelity("paging.invalid", "paging.max")
@pytest.mark.parametrize(
    ("name", "value"),
    [("pg[limit]", "0"), ("pg[limit]", "10001"), ("pg[limit]", "all"), ("pg[offset]", "-1")],
)
@pytest.mark.parametrize("route", each_route("paging", "validation"))
def test_a_page_that_makes_no_sense_is_refused(
    route: str, name: str, value: str, api: ContractClient, shared: Resources
) -> None:
    answer = valid_request(route, shared).with_value("query", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(f"'{name}'" in fault for fault in answer.error_messages)


@pytest.mark.fidelity("paging.invalid")
@pytest.mark.parametrize(("name", "value"), [("pg[sortBy]", "contract"), ("pg[sortDir]", "up")])
@pytest.mark.parametrize("route", each_route("sorting"))
def test_an_order_that_makes_no_sense_is_refused(
    route: str, name: str, value: str, api: ContractClient, shared: Resources
) -> None:
    answer = valid_request(route, shared).with_value("query", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(f"'{name}'" in fault for fault in answer.error_messages)


@pytest.mark.fidelity("paging.unknown-keys")
def test_other_keys_of_a_page_are_passed_over(api: ContractClient) -> None:
    team = api.target.team_id
    page = api.call("GET", "/hooks", query={"teamId": team, "pg[returnTotalCount]": "true"}).fits()["pg"]
    assert page["returnTotalCount"] is False
