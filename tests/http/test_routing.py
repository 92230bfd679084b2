"""Rules of the application: parameters are shared by all rules that have them at the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing.matcher import State

from make_emulator.app import API_PREFIX, create_app


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


def states(state: State) -> Iterator[State]:
    yield state
    for successor in (*state.static.values(), *(successor for _, successor in state.dynamic)):
        yield from states(successor)


def test_no_request_tries_the_same_pattern_twice_in_one_place(app: Flask) -> None:
    app.url_map.update()
    tried = [
        Counter(part.content for part, _ in state.dynamic) for state in states(app.url_map._matcher._root)
    ]
    assert max(map(len, tried)) >= 1
    assert [content for counts in tried for content, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("method", "path", "route", "arguments"),
    [
        ("GET", "/scenarios/1", "GET /scenarios/{scenarioId}", {"scenarioId": "1"}),
        (
            "GET",
            "/scenarios/1/logs/ab12",
            "GET /scenarios/{scenarioId}/logs/{executionId}",
            {"scenarioId": "1", "executionId": "ab12"},
        ),
        ("GET", "/scenarios/seven", "GET /scenarios/{scenarioId}", {"scenarioId": "seven"}),
        (
            "DELETE",
            "/data-stores/1/data",
            "DELETE /data-stores/{dataStoreId}/data",
            {"dataStoreId": "1"},
        ),
        ("GET", "/hooks/1/incomings/stats", "GET /hooks/{hookId}/incomings/stats", {"hookId": "1"}),
    ],
)
def test_a_rule_matches_with_its_parameters(
    app: Flask, method: str, path: str, route: str, arguments: dict[str, str]
) -> None:
    adapter = app.url_map.bind("localhost")
    assert adapter.match(API_PREFIX + path, method) == (route, arguments)


@pytest.mark.parametrize("segment", ["api-tokens", "API-Tokens", "consumption-reports", "some-word"])
def test_a_word_of_another_route_is_no_id(app: Flask, segment: str) -> None:
    with pytest.raises(NotFound):
        app.url_map.bind("localhost").match(f"{API_PREFIX}/scenarios/{segment}", "GET")
