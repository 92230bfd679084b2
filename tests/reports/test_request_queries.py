from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import READER_TOKEN, ApiClient
from make_emulator.http import request_log
from make_emulator.http.request_log import LogEntry, RequestLog
from make_emulator.redaction.rules import MASK
from make_emulator.redaction.secret_values import SecretValues
from make_emulator.reports.request_queries import RequestQuery


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
        ({"path": "/scenarios?teamId=1"}, []),
        ({"path": "/scenarios/9?"}, [2]),
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


class Walk:
    """A log, and the entries that it keeps, for a walk over all of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        monkeypatch.setattr(request_log, "MAX_ENTRIES", most)
        self.log = RequestLog()
        self.begun: list[LogEntry] = []

    def begin(self, draw: Callable[..., Any]) -> None:
        entry = LogEntry(
            draw(st.sampled_from(["GET", "POST"])), draw(st.sampled_from(["/a", "/a/b", "/c/secret"]))
        )
        entry.user, entry.agent = draw(st.sampled_from([(None, None), ("Ada", None), ("Ada", "ops")]))
        entry.decision = draw(st.sampled_from(["served", "refused: scope"]))
        entry.secrets = lambda: SECRETS
        self.begun.append(self.log.begin(entry, 0))

    def finish(self, draw: Callable[..., Any]) -> None:
        if self.begun:
            entry = self.begun.pop(draw(st.integers(0, len(self.begun) - 1)))
            self.log.finish(entry, draw(st.sampled_from([200, 404, 409])), b"")

    def expected(self, query: RequestQuery) -> list[int]:
        found = [entry.id for entry in self.log if self._matches(query, entry)]
        return found if query.limit is None else found[max(0, len(found) - query.limit) :]

    @staticmethod
    def _matches(query: RequestQuery, entry: LogEntry) -> bool:
        return (
            entry.id > query.since
            and query.method in (None, entry.method)
            and query.status in (None, str(entry.status), f"{entry.status // 100}xx")
            and query.user in (None, entry.user)
            and query.agent in (None, entry.agent)
            and (query.decision is None or fnmatchcase(entry.decision, query.decision))
            and (
                query.path is None
                or any(
                    fnmatchcase(path, query.path) for path in (entry.path, entry.path.replace("secret", MASK))
                )
            )
        )


SECRETS = SecretValues(["secret"])


@given(data=st.data())
def test_the_index_finds_what_a_walk_over_all_entries_finds(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        walk = Walk(monkeypatch, most=data.draw(st.integers(1, 12)))
        for step in data.draw(st.lists(st.sampled_from(["begin", "finish", "query", "clear"]), max_size=40)):
            if step == "begin":
                walk.begin(data.draw)
            elif step == "finish":
                walk.finish(data.draw)
            elif step == "clear":
                walk.log.clear()
            else:
                query = data.draw(
                    st.builds(
                        RequestQuery,
                        method=st.sampled_from([None, "GET", "DELETE"]),
                        path=st.sampled_from(
                            [None, "/a", "/a*", "/c/secret", "/c/[*]*", "/?/b", "/c/sec[r]et", "/no"]
                        ),
                        status=st.sampled_from([None, "404", "4xx", "5xx"]),
                        decision=st.sampled_from([None, "served", "refused: *"]),
                        user=st.sampled_from([None, "Ada"]),
                        agent=st.sampled_from([None, "ops"]),
                        since=st.integers(0, 20),
                        limit=st.none() | st.integers(0, 5),
                    )
                )
                assert [entry.id for entry in query.select(walk.log)] == walk.expected(query)


def test_a_path_with_a_query_finds_requests_that_have_these_parameters(api: ApiClient) -> None:
    for query in ("teamId=1", "cols[]=id&teamId=1&cols[]=name", "teamId=2", "token=abc"):
        api.get(f"/scenarios?{query}")
    assert found(api, path="/scenarios?teamId=1") == [1, 2]
    assert found(api, path="/api/v2/scenarios*?teamId=1&cols[]=id&cols[]=name", limit=1) == [2]
    assert found(api, path="/scenarios?cols[]=id") == []
    assert found(api, path="/teams?teamId=1") == []
    # Secrets are compared as they are shown.
    assert found(api, path="/scenarios?token=abc") == []
    assert found(api, path=f"/scenarios?token={MASK}") == [4]


def test_a_query_looks_at_no_more_entries_while_the_log_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def matches(_: RequestQuery, entry: LogEntry) -> bool:
        looked_at.append(entry.id)
        return True

    monkeypatch.setattr(RequestQuery, "_matches", matches)
    log = RequestLog()
    for number in range(1000):
        user = "Zoe" if number % 100 == 0 else "Ada"
        log.finish(log.begin(LogEntry("GET", f"/scenarios/{number % 50}", user=user), 0), 200, b"")
    for query, count in [
        (RequestQuery(user="Zoe"), 10),
        (RequestQuery(path="/scenarios/7"), 20),
        (RequestQuery(user="Zoe", path="/scenarios/*"), 10),
        (RequestQuery(method="GET", since=996), 4),
        (RequestQuery(limit=3), 3),
        (RequestQuery(status="404"), 0),
        (RequestQuery(user="Bob"), 0),
    ]:
        looked_at.clear()
        assert len(query.select(log)) == count
        assert len(looked_at) == count


def test_a_path_is_shown_with_the_secrets_of_now(api: ApiClient) -> None:
    path = f"/scenarios/{'7' * 40}-key"
    api.get(path)
    assert found(api, path="/scenarios/[*]*") == []
    hook = api.world.hooks[1]
    api.world.hooks.put(replace(hook, udid=f"{'7' * 40}-key"))
    assert found(api, path="/scenarios/[*]*") == [1]


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
