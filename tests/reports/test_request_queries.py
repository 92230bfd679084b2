from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from helpers.api import READER_TOKEN, ApiClient
from make_emulator.http.request_log import LogEntry


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


@pytest.mark.parametrize(("query", "key"), [("", '{"requests":['), ("?format=har", '{"log":{')])
def test_a_log_is_serialized_piece_by_piece_as_the_client_reads_it(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, query: str, key: str
) -> None:
    log, body = api.handle.request_log, b"x" * 10_000
    for _ in range(100):
        log.finish(log.begin(LogEntry("POST", "/data-stores/1/data", request_body=body), 0), 200, body)
    serialized: list[int] = []
    whole = LogEntry.to_json

    def serialize(entry: LogEntry, *redactor: Any) -> dict[str, Any]:
        serialized.append(entry.id)
        return whole(entry, *redactor)

    monkeypatch.setattr(LogEntry, "to_json", serialize)
    response = api.control("GET", f"/worlds/default/requests{query}")
    assert response.is_streamed
    pieces = iter(response.iter_encoded())
    first = next(pieces)
    assert first.decode().startswith(key)
    assert len(serialized) < 10
    assert max(map(len, (first, *pieces))) < 100_000
    assert len(serialized) == 100


def test_a_log_without_entries_is_a_whole_document(api: ApiClient) -> None:
    assert api.control("GET", "/worlds/default/requests").get_data() == b'{"requests":[]}'
