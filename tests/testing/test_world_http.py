"""A test that plays the services which a scenario calls, and reads the mails that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from helpers.scenarios import create_live_scenario, create_smtp_connection, http_request_module
from make_emulator import MakeEmulator, World, mock_make
from make_emulator.testing import ControlError, RunResult

API = "https://api.example.com/orders"


@pytest.fixture
def world(make_emulator: MakeEmulator) -> Iterator[World]:
    world = make_emulator.create_world(now="2026-03-02T12:00:00Z")
    yield world
    world.delete()


def call(url: str = API, method: str = "post", **mapper: Any) -> dict[str, Any]:
    body = {
        "contentType": "json",
        "inputMethod": "jsonString",
        "jsonStringBodyContent": '{"sku": "A-1", "quantity": 2}',
    }
    return http_request_module(url, method=method, **body, **mapper)


def mail(to: str = "ann@example.com") -> dict[str, Any]:
    mapper = {"to": [to], "subject": "Order {{1.data.id}}", "contentType": "text", "text": "Thanks"}
    return {"id": 2, "module": "email:ActionSendEmail", "version": 7, "mapper": mapper}


def run(world: World, *flow: Any) -> RunResult:
    """Make a scenario of these modules, with a connection for mails, and run it."""
    parameters = {"account": create_smtp_connection(world)}
    modules = [
        {**each, "parameters": parameters} if each["module"] == "email:ActionSendEmail" else each
        for each in flow
    ]
    return world.run(create_live_scenario(world, *modules))


def test_a_service_is_played_and_what_was_sent_is_asserted(world: World) -> None:
    rule = world.http.respond(API, method="POST", status=201, json={"id": 7}, headers={"X": "1"}, times=1)
    assert (rule["method"], rule["status"], rule["timesLeft"]) == ("POST", 201, 1)
    assert run(world, call(), mail())["status"] == 1
    world.http.assert_sent("POST", "https://api.example.com/*", times=1)
    world.http.assert_sent("post", API, json={"sku": "A-1"})
    world.http.assert_not_sent("GET", "*")
    assert len(world.http.requests) == 1
    assert world.http.requests[0]["status"] == 201
    assert world.http.requests.matching(url="https://other/*") == []
    assert [row["hits"] for row in world.http.rules] == [1]
    [sent] = world.outbox
    assert (sent["to"], sent["subject"]) == (["ann@example.com"], "Order 7")
    world.outbox.assert_sent("ann@*", "order 7", times=1)


def test_a_service_can_fail_in_all_its_ways(world: World) -> None:
    world.http.respond(f"{API}/a", status=429, text="Slow down")
    world.http.respond(f"{API}/b", error="connection")
    world.http.respond(f"{API}/c", delay_ms=60_000)
    names = []
    for path in "abc":
        response = run(world, call(f"{API}/{path}", timeout=1))
        [step, *_] = world.steps(response["executionId"])
        assert step["error"] is not None
        names.append(step["error"]["name"])
    assert names == ["RateLimitError", "ConnectionError", "ModuleTimeoutError"]


def test_a_service_pages_and_shows_how_many_pages_it_answered_with(world: World) -> None:
    rule = world.http.respond(API, pages=[{"id": 7}, {"id": 8}])
    assert rule["pages"] == [{"id": 7}, {"id": 8}]
    run(world, call(paginationType="urlBased"), mail())
    world.http.assert_sent("POST", API, times=1)
    [request] = world.http.requests
    assert (request["answeredBy"], request["pages"]) == ("rule", 2)
    assert [sent["subject"] for sent in world.outbox] == ["Order 7", "Order 8"]


def test_a_rule_that_contradicts_itself_is_rejected(world: World) -> None:
    with pytest.raises(ValueError, match="only one of them"):
        world.http.respond("*", json={}, text="")
    with pytest.raises(ValueError, match="only one of them"):
        world.http.respond("*", json={}, pages=[{}])
    with pytest.raises(ControlError, match="not both"):
        world.http.respond("*", error="timeout", status=500)


def test_a_failed_assertion_shows_what_was_sent(world: World) -> None:
    with pytest.raises(AssertionError, match="nothing was sent at all"):
        world.http.assert_sent("POST", API)
    run(world, call())
    with pytest.raises(AssertionError) as failure:
        world.http.assert_sent("POST", "https://api.example.com/*", json={"sku": "B-2"})
    id = world.http.requests[0]["scenarioId"]
    assert str(failure.value).splitlines() == [
        'expected POST https://api.example.com/* with a body like {"sku":"B-2"} at least once,'
        " but it was sent 0 times; this was sent:",
        f"  scenario {id}, module 1 (http:MakeRequest) sent POST {API} and got 200, from mock data",
        '    with the body {"sku":"A-1","quantity":2}',
    ]
    world.http.respond("*", error="timeout")
    run(world, call(method="get", timeout=5))
    with pytest.raises(AssertionError, match=r"sent GET .* and failed with ModuleTimeoutError, from a rule"):
        world.http.assert_not_sent("GET", "*")
    world.http.clear()
    assert len(world.http.requests) == len(world.http.rules) == 0


def test_many_requests_are_shown_by_those_that_come_closest(world: World) -> None:
    world.http.respond("*", json={})
    run(world, *(call(f"{API}/{id}") | {"id": id} for id in range(1, 11)))
    with pytest.raises(AssertionError, match="the closest of the 10 that were sent") as failure:
        world.http.assert_sent("POST", f"{API}/99")
    assert len(str(failure.value).splitlines()) == 9


def test_secrets_cannot_be_looked_for(world: World) -> None:
    with pytest.raises(ValueError, match="secrets are masked"):
        world.http.assert_sent("POST", "*", json={"password": "x"})


def test_a_mail_that_was_not_sent_is_reported_with_those_that_were(world: World) -> None:
    with pytest.raises(AssertionError, match="no mail was sent at all"):
        world.outbox.assert_sent("ann@example.com")
    world.http.respond(API, json={"id": 9})
    run(world, call(), mail())
    with pytest.raises(AssertionError) as failure:
        world.outbox.assert_sent("bob@*", "Hello", times=2)
    assert str(failure.value).splitlines() == [
        "expected a mail to bob@* with the subject Hello 2 times, but it was sent 0 times; these were sent:",
        "  to ann@example.com: Order 9",
    ]
    world.outbox.clear()
    assert list(world.outbox) == []


def test_worlds_keep_what_they_sent_to_themselves(make_emulator: MakeEmulator, world: World) -> None:
    other = make_emulator.create_world()
    world.http.respond("*", status=204)
    run(world, call(), mail())
    assert (len(other.http.requests), len(other.http.rules), len(other.outbox)) == (0, 0, 0)
    other.delete()


def test_interception_plays_services_too() -> None:
    with mock_make(block_others=True) as world:
        world.http.respond(API, json={"id": 9})
        run(world, call(), mail())
        world.http.assert_sent("POST", API, times=1)
        world.outbox.assert_sent(subject="Order 9")
