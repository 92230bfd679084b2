from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient

PATH = "/data-stores?teamId=1"


def page(api: ApiClient, query: str) -> dict[str, Any]:
    response = api.get(f"{PATH}&{query}")
    assert response.status_code == 200, response.json
    assert response.json is not None
    return dict(response.json)


def faults(api: ApiClient, query: str) -> list[str]:
    response = api.get(f"{PATH}&{query}")
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "SC400"
    assert response.json["detail"] == f"Validation failed for {len(response.json['suberrors'])} parameter(s)."
    return [fault["message"] for fault in response.json["suberrors"]]


def test_pg_shows_how_the_list_was_made_in_the_recorded_order_of_keys(api: ApiClient) -> None:
    pg = page(api, "")["pg"]
    assert list(pg.items()) == [
        ("sortBy", "name"),
        ("limit", 10000),
        ("sortDir", "asc"),
        ("offset", 0),
        ("returnTotalCount", False),
    ]


def test_a_page_is_cut_sorted_and_described_as_requested(api: ApiClient) -> None:
    response = page(api, "pg[sortBy]=name&pg[sortDir]=desc&pg[limit]=1&pg[offset]=1")
    assert [row["id"] for row in response["dataStores"]] == [1]
    assert response["pg"] | {} == {
        "sortBy": "name",
        "limit": 1,
        "sortDir": "desc",
        "offset": 1,
        "returnTotalCount": False,
    }


def test_encoded_brackets_mean_the_same(api: ApiClient) -> None:
    assert page(api, "pg%5Blimit%5D=1") == page(api, "pg[limit]=1")


def test_an_offset_past_the_end_is_an_empty_page(api: ApiClient) -> None:
    assert page(api, "pg[offset]=99")["dataStores"] == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("pg[limit]=0", "Parameter 'pg[limit]' must be a whole number from 1 to 10000."),
        ("pg[limit]=-1", "Parameter 'pg[limit]' must be a whole number from 1 to 10000."),
        ("pg[limit]=ten", "Parameter 'pg[limit]' must be a whole number from 1 to 10000."),
        ("pg[limit]=10001", "Parameter 'pg[limit]' must be a whole number from 1 to 10000."),
        ("pg[sortBy]=size", "Unknown column 'size' in parameter 'pg[sortBy]'."),
        ("pg[sortDir]=up", "Parameter 'pg[sortDir]' must be one of: asc, desc."),
        ("cols[]=colour", "Unknown column 'colour' in parameter 'cols'."),
    ],
)
def test_a_page_that_is_invalid_is_rejected(api: ApiClient, query: str, fault: str) -> None:
    assert faults(api, query) == [fault]


def test_every_fault_is_named(api: ApiClient) -> None:
    assert len(faults(api, "pg[limit]=x&pg[offset]=-1&pg[sortDir]=up&cols[]=a&cols[]=b")) == 5


def test_only_the_requested_columns_are_returned(api: ApiClient) -> None:
    rows = page(api, "cols[]=name&cols[]=id")["dataStores"]
    assert [list(row) for row in rows] == [["name", "id"], ["name", "id"]]


def test_numbered_columns_come_in_the_order_of_their_numbers(api: ApiClient) -> None:
    rows = page(api, "cols[2]=name&cols[1]=id")["dataStores"]
    assert list(rows[0]) == ["id", "name"]


def test_columns_can_add_fields_that_are_left_out_by_default(api: ApiClient) -> None:
    assert "datastructureId" not in page(api, "")["dataStores"][0]
    assert page(api, "cols[]=datastructureId")["dataStores"][0] == {"datastructureId": 1}
    assert page(api, "cols[]=*")["dataStores"][0]["datastructureId"] == 1


def test_unknown_parameters_are_ignored(api: ApiClient) -> None:
    assert page(api, "surprise=1") == page(api, "")


def test_a_parameter_given_twice_is_rejected(api: ApiClient) -> None:
    assert faults(api, "teamId=1") == ["Parameter 'teamId' was given more than once."]
