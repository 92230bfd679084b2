"""Which rows of a list come, and in which order: ``pg[limit]``, ``pg[offset]``, ``pg[sortBy]``, ``pg[sortDir]``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from emulator.contract.catalog import core
from emulator.contract.client import Client

from .asking import Ask, ask, each, endpoint_of, rows_of
from .things import Things


@pytest.fixture(scope="session")
def filled(api: Client, shared: Things) -> dict[str, Ask]:
    """Lists by route that hold a few rows; filled when they are first asked for."""
    return {}


def full(route: str, shared: Things, filled: dict[str, Ask]) -> Ask:
    """A request for a list that holds at least two rows, if the team can have so many."""
    if route not in filled:
        filled[route] = ask(route, shared)
        if not shared.api.read_only:
            _fill(route, shared)
        if len(rows_of(route, filled[route].send(shared.api).fits())) < 2:
            filled[route] = Ask("")
    return filled[route] if filled[route].route else pytest.skip("the list has not two rows")


def _fill(route: str, shared: Things) -> None:
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
@pytest.mark.parametrize("route", each("paging"))
def test_the_answer_repeats_the_page(route: str, api: Client, shared: Things) -> None:
    paging = endpoint_of(route).paging
    assert paging is not None
    sent = ask(route, shared).but("query", "pg[limit]", 7).but("query", "pg[offset]", 3)
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
def test_lists_come_by_name_unless_asked_otherwise(route: str, api: Client, shared: Things) -> None:
    page = ask(route, shared).send(api).fits()["pg"]
    assert (page["sortBy"], page["sortDir"], page["offset"], page["limit"]) == ("name", "asc", 0, 10_000)


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("raw", [False, True], ids=["encoded", "raw"])
def test_brackets_are_understood_in_both_spellings(raw: bool, api: Client) -> None:
    query = {"teamId": api.target.team_id, "pg[limit]": 3}
    assert api.call("GET", "/hooks", query=query, raw=raw).fits()["pg"]["limit"] == 3


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("route", each("paging"))
def test_a_page_holds_as_many_rows_as_asked_for(
    route: str, api: Client, shared: Things, filled: dict[str, Ask]
) -> None:
    whole = full(route, shared, filled)
    assert len(rows_of(route, whole.but("query", "pg[limit]", 1).send(api).fits())) == 1


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize("route", each("paging"))
def test_the_offset_leaves_out_the_first_rows(
    route: str, api: Client, shared: Things, filled: dict[str, Ask]
) -> None:
    whole = full(route, shared, filled)
    rows = rows_of(route, whole.but("query", "pg[limit]", 2).send(api).fits())
    second = whole.but("query", "pg[limit]", 1).but("query", "pg[offset]", 1).send(api).fits()
    assert rows_of(route, second) == rows[1:]


def sortable() -> Iterator[Any]:
    for route, endpoint in core().items():
        for column in endpoint.paging.by if endpoint.paging and endpoint.paging.sort else ():
            marks = pytest.mark.covers(route, "sorting")
            yield pytest.param(route, column, id=f"{route} by {column}", marks=marks)


@pytest.mark.fidelity("paging.query")
@pytest.mark.parametrize(("route", "column"), list(sortable()))
def test_rows_come_in_the_order_asked_for(
    route: str, column: str, api: Client, shared: Things, filled: dict[str, Ask]
) -> None:
    by_column = full(route, shared, filled).but("query", "pg[sortBy]", column)
    for direction in ("asc", "desc"):
        body = by_column.but("query", "pg[sortDir]", direction).send(api).fits()
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
@pytest.mark.parametrize("route", each("paging", "validation"))
def test_a_page_that_makes_no_sense_is_refused(
    route: str, name: str, value: str, api: Client, shared: Things
) -> None:
    answer = ask(route, shared).but("query", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(f"'{name}'" in fault for fault in answer.faults)


@pytest.mark.fidelity("paging.invalid")
@pytest.mark.parametrize(("name", "value"), [("pg[sortBy]", "contract"), ("pg[sortDir]", "up")])
@pytest.mark.parametrize("route", each("sorting"))
def test_an_order_that_makes_no_sense_is_refused(
    route: str, name: str, value: str, api: Client, shared: Things
) -> None:
    answer = ask(route, shared).but("query", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(f"'{name}'" in fault for fault in answer.faults)


@pytest.mark.fidelity("paging.unknown-keys")
def test_other_keys_of_a_page_are_passed_over(api: Client) -> None:
    team = api.target.team_id
    page = api.call("GET", "/hooks", query={"teamId": team, "pg[returnTotalCount]": "true"}).fits()["pg"]
    assert page["returnTotalCount"] is False
