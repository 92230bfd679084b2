from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from make_emulator import MakeEmulator, World
from make_emulator.testing.requests import json_includes


@pytest.fixture
def world(make_emulator: MakeEmulator) -> Iterator[World]:
    """A world that received four requests."""
    world = make_emulator.create_world()
    for method, path, body in [
        ("GET", "/scenarios/1", None),
        ("GET", "/scenarios/99", None),
        ("POST", "/scenarios/1/run", {"data": {"name": "Zoe"}, "responsive": True}),
        ("POST", "/scenarios/1/run", {"data": {"name": "Ann"}, "responsive": True}),
    ]:
        requests.request(method, world.base_url + path, json=body, headers=world.headers, timeout=10)
    yield world
    world.delete()


def test_requests_are_found_by_what_they_are_like(world: World) -> None:
    def paths(**body: object) -> list[str]:
        return [row["path"] for row in world.requests.matching(**body)]  # type: ignore[arg-type]

    assert paths() == ["/scenarios/1", "/scenarios/99", "/scenarios/1/run", "/scenarios/1/run"]
    assert paths(method="get") == ["/scenarios/1", "/scenarios/99"]
    assert paths(status=404) == paths(status="4xx") == paths(decision="refused*") == ["/scenarios/99"]
    assert paths(json={"data": {"name": "Ann"}}) == ["/scenarios/1/run"]
    assert paths(method="POST", json={"responsive": True}, limit=1) == ["/scenarios/1/run"]
    assert paths(user="Ada Maker", limit=2) == ["/scenarios/1/run", "/scenarios/1/run"]
    first = world.requests.matching(limit=4)[0]["id"]
    assert paths(since=first) == paths()[1:]


def test_a_path_may_have_parameters_of_its_query(world: World) -> None:
    for query in ("teamId=1&pg[limit]=1", "teamId=1&cols[]=id&cols[]=name", "teamId=9"):
        requests.get(f"{world.base_url}/scenarios?{query}", headers=world.headers, timeout=10)
    world.requests.assert_called("GET", "/scenarios?teamId=1", times=2)
    world.requests.assert_called("GET", "/api/v2/scenarios?pg[limit]=1&teamId=1", times=1)
    world.requests.assert_called("GET", "/scenarios?cols[]=id&cols[]=name", times=1)
    world.requests.assert_called("GET", "/scenarios*?teamId=9", status=403)
    assert [
        row["query"]["teamId"] for row in world.requests.matching(path="/scenarios?teamId=1", limit=1)
    ] == ["1"]
    world.requests.assert_not_called("GET", "/scenarios?cols[]=id")
    world.requests.assert_called("GET", "/scenarios/?", times=1)
    with pytest.raises(AssertionError, match=r"expected GET /scenarios\?teamId=2 at least once") as failed:
        world.requests.assert_called("GET", "/scenarios?teamId=2")
    assert (
        str(failed.value)
        .splitlines()[1]
        .endswith("GET /scenarios?teamId=1&pg[limit]=1 in organization 1 -> 200")
    )


def test_a_call_is_asserted_by_its_status_and_by_a_part_of_its_body(world: World) -> None:
    world.requests.assert_called("GET", "/scenarios/*", status=404, times=1)
    world.requests.assert_called("POST", "/scenarios/1/run", json={"data": {"name": "Zoe"}}, times=1)
    world.requests.assert_called("POST", "/scenarios/1/run", json={"responsive": True}, times=2)
    world.requests.assert_not_called("POST", "/scenarios/1/run", json={"data": {"name": "Bob"}})
    world.requests.assert_not_called("GET", "/scenarios/1", status="5xx")
    world.requests.assert_not_called("DELETE", "*")


def test_a_failure_shows_what_came_closest_first(world: World) -> None:
    with pytest.raises(AssertionError) as failure:
        world.requests.assert_called("POST", "/scenarios/*/run", json={"data": {"name": "Bob"}}, status=200)
    heading, *lines = str(failure.value).splitlines()
    assert heading == (
        'expected POST /scenarios/*/run with status 200 with a body like {"data":{"name":"Bob"}} at least once,'
        " but it was received 0 times; received:"
    )
    assert lines[0].startswith("  Ada Maker (token admin): POST /scenarios/1/run in organization 1 ->")
    assert lines[1] == '    with the body {"data":{"name":"Zoe"},"responsive":true}'
    assert lines[3] == '    with the body {"data":{"name":"Ann"},"responsive":true}'
    assert lines[4].startswith("  Ada Maker (token admin): GET /scenarios/")


def test_a_failure_shows_few_of_many_requests(world: World) -> None:
    for _ in range(10):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=10)
    with pytest.raises(AssertionError, match="the closest of the 14 that were received:") as failure:
        world.requests.assert_called("GET", "/scenarios/7")
    lines = str(failure.value).splitlines()
    assert len(lines) == 9
    assert "GET /scenarios/1 " in lines[1]


def test_a_failure_of_a_silent_world_says_so(make_emulator: MakeEmulator) -> None:
    silent = make_emulator.create_world()
    with pytest.raises(AssertionError, match="was received 0 times; nothing was received"):
        silent.requests.assert_called("GET", "/scenarios")


def test_an_unwanted_call_is_shown(world: World) -> None:
    with pytest.raises(AssertionError) as failure:
        world.requests.assert_not_called("GET", "/scenarios/*", status=404)
    assert str(failure.value) == (
        "expected no GET /scenarios/* with status 404, but it was received 1 time:\n"
        "  Ada Maker (token admin): GET /scenarios/99 -> 404: Scenario '99' not found"
    )


def test_a_secret_cannot_be_queried_because_none_is_kept(world: World) -> None:
    with pytest.raises(ValueError, match="masks secrets"):
        world.requests.assert_not_called("POST", "*", json={"data": {"password": "hunter2"}})


def test_the_requests_are_written_as_an_archive(world: World, tmp_path: Path) -> None:
    world.requests.export_har(tmp_path / "all.har")
    log = json.loads((tmp_path / "all.har").read_text("utf-8"))["log"]
    assert log["version"] == "1.2"
    urls = [entry["request"]["url"] for entry in log["entries"]]
    assert urls[0] == f"{world.base_url}/scenarios/1"
    assert len(urls) == 4


def test_the_reports_of_a_world_are_at_hand(world: World) -> None:
    [admin] = [row for row in world.access_report() if row["label"] == "admin"]
    assert admin["least"] == ["scenarios:read", "scenarios:run", "scenarios:write"]
    assert world.coverage()["totals"]["all"]["called"] == 2


@pytest.mark.parametrize(
    ("body", "wanted", "fits"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, True),
        (None, {}, False),
        ("text", {"a": 1}, False),
        ([1], [1], True),
    ],
)
def test_a_body_includes_the_fields_that_are_given(body: object, wanted: object, fits: bool) -> None:
    assert json_includes(body, wanted) is fits
