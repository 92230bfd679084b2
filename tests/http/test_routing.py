"""Rules of the API: parameters are shared by all rules that have them at the same place, and groups are loaded on demand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from types import NoneType
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter, Map
from werkzeug.routing.matcher import State

from make_emulator import api
from make_emulator.http.endpoint import EndpointGroup
from make_emulator.http.endpoint_table import EndpointTable, first_segment
from make_emulator.http.routing import API_PREFIX, MatchOnlyRule, RouteMatcher, SharedMap, url_map


@pytest.fixture(scope="module")
def rules() -> Map:
    return url_map(api.endpoints())


@pytest.fixture
def matcher() -> RouteMatcher:
    return RouteMatcher(load_table([]))


def load_table(loaded: list[str]) -> EndpointTable:
    """Returns a table of the endpoints that notes the groups which it loads."""

    def load(name: str) -> EndpointGroup:
        loaded.append(name)
        return api._load_group(name)

    return EndpointTable(api.GROUPS, load)


def states(state: State) -> Iterator[State]:
    yield state
    for successor in (*state.static.values(), *(successor for _, successor in state.dynamic)):
        yield from states(successor)


def test_no_request_tries_the_same_pattern_twice_in_one_place(rules: Map) -> None:
    rules.update()
    tried = [Counter(part.content for part, _ in state.dynamic) for state in states(rules._matcher._root)]
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
def test_a_path_matches_with_its_parameters(
    matcher: RouteMatcher, method: str, path: str, route: str, arguments: dict[str, str]
) -> None:
    assert matcher.match(method, API_PREFIX + path) == (route, arguments, None)


@pytest.mark.parametrize(
    "segment", ["api-tokens", "API-Tokens", "consumption-reports", "some-word", "Billing"]
)
def test_a_word_of_another_route_is_no_id(matcher: RouteMatcher, segment: str) -> None:
    match = matcher.match("GET", f"{API_PREFIX}/scenarios/{segment}")
    assert match.route == ("GET /scenarios/{scenarioId}" if segment == "Billing" else None)
    assert isinstance(match.error, NotFound if segment != "Billing" else NoneType)


def test_a_group_declares_the_first_segments_of_its_paths() -> None:
    segments = {
        name: tuple(dict.fromkeys(first_segment(each.path) for each in api._load_group(name).endpoints))
        for name in api.GROUPS
    }
    assert segments == api.GROUPS


def test_a_path_loads_the_groups_that_may_have_it() -> None:
    loaded: list[str] = []
    table = load_table(loaded)
    matcher = RouteMatcher(table)
    assert loaded == []
    assert matcher.match("PATCH", f"{API_PREFIX}/data-stores/1/data/data").route is not None
    assert loaded == ["data_stores"]
    assert matcher.match("PUT", f"{API_PREFIX}/hooks/1/set-data").error is not None
    assert loaded[:2] == ["data_stores", "hooks"]
    assert sorted(loaded) == sorted(api.GROUPS)


def test_a_table_finds_an_endpoint_by_its_route() -> None:
    loaded: list[str] = []
    table = load_table(loaded)
    assert table["GET /teams/{teamId}"].name == "get_team"
    assert "enums" not in loaded
    with pytest.raises(KeyError):
        table["GET /nothing"]
    assert "PUT /teams/{teamId}" not in table
    assert list(table) == [endpoint.route for endpoint in api.endpoints()]
    assert len(table) == len(api.endpoints()) == len(set(table))


def paths() -> Iterator[tuple[str, str]]:
    """Yields a path of each route with ids, one with text, and one for each word of another route in the place of an id."""
    words = sorted({word for endpoint in api.endpoints() for word in endpoint.literal_segments})
    for number, endpoint in enumerate(api.endpoints()):
        for filler in ("1", "x", "٣", words[number % len(words)]):
            yield endpoint.method, endpoint.fill_path(dict.fromkeys(names(endpoint.path), filler))
            yield "TRACE", endpoint.fill_path(dict.fromkeys(names(endpoint.path), filler))


def names(path: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", path)


def test_the_groups_of_a_path_match_as_all_rules_do(rules: Map) -> None:
    matcher, adapter = RouteMatcher(load_table([])), rules.bind("")

    def expected(method: str, path: str) -> tuple[object, ...]:
        try:
            return (*adapter.match(path, method), NoneType)
        except HTTPException as error:
            return None, {}, type(error)

    for method, path in paths():
        route, values, error = matcher.match(method, API_PREFIX + path)
        assert (route, values, type(error)) == expected(method, API_PREFIX + path)


# --- the rules of an application ----------------------------------------------------------------


def application_with(*rules: str, **options: Any) -> Flask:
    app = Flask("test", static_folder=None)
    app.url_rule_class = MatchOnlyRule
    app.url_map = SharedMap()
    for rule in rules:
        app.add_url_rule(rule, rule, lambda rule=rule, **values: f"{rule} {values}", **options)
    return app


def test_applications_with_the_same_rules_share_them_compiled() -> None:
    first, second, other = (application_with(*rules) for rules in (["/a/<b>"], ["/a/<b>"], ["/a/<c>"]))
    assert next(first.url_map.iter_rules()) is next(second.url_map.iter_rules())
    assert next(first.url_map.iter_rules()) is not next(other.url_map.iter_rules())


def test_each_application_has_its_own_functions() -> None:
    for answer in ("1", "2"):
        app = Flask("test", static_folder=None)
        app.url_rule_class, app.url_map = MatchOnlyRule, SharedMap()
        app.add_url_rule("/a", "a", lambda answer=answer: answer)
        assert app.test_client().get("/a").text == answer


def test_a_rule_that_is_added_later_is_added_to_one_application_only() -> None:
    first, second = application_with("/a"), application_with("/a")
    assert first.test_client().get("/b").status_code == 404
    second.add_url_rule("/b", "/b", lambda: "b")
    assert second.test_client().get("/b").text == "b"
    assert second.test_client().get("/a").text == "/a {}"
    assert first.test_client().get("/b").status_code == 404


def test_rules_with_options_work_as_in_any_application() -> None:
    app = application_with("/pages/<number>", methods=["GET", "POST"])
    app.add_url_rule("/pages/", "/pages/<number>", defaults={"number": "1"})
    assert app.test_client().get("/pages/").text == "/pages/<number> {'number': '1'}"
    assert app.test_client().post("/pages/2").text == "/pages/<number> {'number': '2'}"
    options = app.test_client().options("/pages/2")
    assert (options.status_code, set(options.allow)) == (200, {"GET", "HEAD", "OPTIONS", "POST"})
    assert app.test_client().delete("/pages/2").status_code == 405


def test_a_function_can_answer_options_itself() -> None:
    app = application_with("/a", methods=["OPTIONS"], provide_automatic_options=False)
    assert app.test_client().options("/a").text == "/a {}"


def test_a_converter_of_an_application_is_not_that_of_another() -> None:
    class Shout(BaseConverter):
        def to_python(self, value: str) -> str:
            return value.upper()

    app = application_with("/a/<b>")
    other = application_with()
    other.url_map.converters["default"] = Shout
    other.add_url_rule("/a/<b>", "/a/<b>", lambda b: b)
    assert other.test_client().get("/a/x").text == "X"
    assert app.test_client().get("/a/x").text == "/a/<b> {'b': 'x'}"
