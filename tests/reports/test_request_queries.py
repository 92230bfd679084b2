from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from helpers.api import READER_TOKEN, ApiClient


@pytest.fixture
def asked(api: ApiClient) -> ApiClient:
    """A world that received five requests, with the ids 1 to 5."""
    api.get("/scenarios/1")
    api.get("/scenarios/99")
    api.post("/scenarios/1/run", json={"responsive": True, "data": {"name": "Zoe"}})
    api.delete("/scenarios/1", token=READER_TOKEN)
    api.get("/teams/1", token=None)
    return api


def found(api: ApiClient, **query: Any) -> list[int]:
    response = api.control("GET", f"/worlds/default/requests?{urlencode(query)}")
    assert response.json is not None
    return [row["id"] for row in response.json["requests"]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"method": "GET"}, [1, 2, 5]),
        ({"method": "delete"}, [4]),
        ({"path": "/scenarios/*"}, [1, 2, 3, 4]),
        ({"path": "/scenarios/*/run"}, [3]),
        ({"path": "/api/v2/teams/1"}, [5]),
        ({"status": 200}, [1, 3]),
        ({"status": "4XX"}, [2, 4, 5]),
        ({"user": "Ada Maker"}, [1, 2, 3, 4]),
        ({"decision": "refused: scope"}, [4]),
        ({"decision": "refused: *"}, [2, 4, 5]),
        ({"since": 3}, [4, 5]),
        ({"limit": 2}, [4, 5]),
        ({"limit": 0}, []),
        ({"limit": 9}, [1, 2, 3, 4, 5]),
        ({"method": "GET", "status": 404, "path": "/scenarios*"}, [2]),
        ({"since": 99}, []),
    ],
)
def test_requests_are_found_by_what_they_are_like(
    asked: ApiClient, query: dict[str, Any], ids: list[int]
) -> None:
    assert found(asked, **query) == ids


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "status=42",
        "status=abc",
        "since=-1",
        "limit=x",
        "path=",
        "limit=1&limit=2",
        "format=xml",
    ],
)
def test_a_query_that_is_invalid_is_rejected(asked: ApiClient, query: str) -> None:
    response = asked.control("GET", f"/worlds/default/requests?{query}")
    assert response.status_code == 400
    assert response.json is not None
    assert query.partition("=")[0] in response.json["detail"]


def test_a_path_can_be_requested_as_it_came_and_as_it_is_shown(api: ApiClient) -> None:
    api.get(f"/scenarios/{READER_TOKEN}")
    assert found(api, path=f"/scenarios/{READER_TOKEN}") == [1]
    assert found(api, path="/scenarios/[*]*") == [1]
