"""Replay of a recording of another team than that of the default world, and in its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from make_emulator.replay.archive import parse_archive
from make_emulator.replay.replay import replay_archive
from make_emulator.replay.report import ReplayReport

from .recording import Recorder
from .session import ZONE_SEED

Record = Callable[[], Recorder]


def replay(client: Recorder, **options: Any) -> ReplayReport:
    return replay_archive(parse_archive(client.archive()), "session.har", **options)


def shown(report: ReplayReport) -> list[tuple[str, str, str]]:
    """Route, path and kind of each difference."""
    return [(each.route, each.difference.path, each.difference.kind) for each in report.differences]


def create_scenario(client: Recorder, team: int) -> int:
    blueprint = {
        "name": "Greeting",
        "flow": [
            {
                "id": 1,
                "module": "scenario-service:ReturnData",
                "version": 1,
                "parameters": {},
                "mapper": {"greeting": "Hello!"},
                "metadata": {},
            }
        ],
        "metadata": {"version": 1},
    }
    body = {"teamId": team, "blueprint": json.dumps(blueprint), "scheduling": '{"type": "on-demand"}'}
    id: int = client.post("/scenarios?confirmed=true", body)["scenario"]["id"]
    return id


def test_ids_and_tokens_that_answers_introduced_are_mapped(record: Record) -> None:
    client = record()
    client.get("/users/me")
    client.get("/organizations")
    client.get("/teams?organizationId=4711")
    # More rows before the own one than the default world has.
    for number in range(5):
        client.post("/data-stores", {"name": f"Store {number}", "teamId": 815, "maxSizeMB": 1})
    store = client.post("/data-stores", {"name": "Mine", "teamId": 815, "maxSizeMB": 1})["dataStore"]["id"]
    client.post(f"/data-stores/{store}/data", {"key": "a b/c", "data": {"count": 1}})
    client.call("PATCH", f"/data-stores/{store}/data/a%20b%2Fc", {"count": 2})
    client.get(f"/data-stores/{store}/data")
    scenario = create_scenario(client, 815)
    client.post(f"/scenarios/{scenario}/start")
    run = client.post(f"/scenarios/{scenario}/run", {"responsive": True})
    client.get(f"/scenarios/{scenario}/executions/{run['executionId']}")
    client.get(f"/scenarios/{scenario}/logs")
    token = client.post("/users/me/api-tokens", {"label": "ci", "scope": ["teams:read"]})["apiToken"]["token"]
    client.get("/teams/815", token=token)
    client.get("/data-stores?teamId=815", token=token)
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert report.skipped == []
    assert report.assumptions == [
        "the plan is pro, as the limit of calls a minute says",
        "organization 4711 of the recording is organization 1 of the seed",
        "team 815 of the recording is team 1 of the seed",
    ]


def test_a_webhook_of_the_recording_is_called_at_its_own_address(record: Record) -> None:
    client = record()
    settings = {"method": False, "headers": False, "stringify": False}
    hook = client.post("/hooks", {"name": "In", "teamId": 815, "typeName": "gateway-webhook", **settings})[
        "hook"
    ]
    client.post(hook["url"], {"order": 1}, token="")
    client.get(f"/hooks/{hook['id']}/incomings")
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert [result.route for result in report.compared][1] == "POST /hook/{udid}"


def test_what_was_there_before_is_not_compared_without_its_seed(record: Record) -> None:
    client = record()
    client.get("/data-stores?teamId=815")
    client.get("/data-stores/900")
    client.get("/data-stores/901")
    report = replay(client)
    [skipped] = report.skipped
    assert skipped.exchange.name == "GET /data-stores/900"
    assert (
        skipped.skipped
        == "names data store 900, which no earlier answer introduced and the seed does not have"
    )
    assert report.differences == [], report.render_text()
    assert "read the team with make-emulator pull, and replay with --seed" in report.render_text()


def test_with_the_seed_of_the_recording_all_values_are_compared(record: Record) -> None:
    client = record()
    client.get("/data-stores?teamId=815")
    client.get("/data-stores/900")
    client.get("/teams/815")
    assert shown(replay(client, seed=ZONE_SEED)) == []
    client.entries[1]["response"]["content"]["text"] = client.entries[1]["response"]["content"][
        "text"
    ].replace("Before the recording", "Another")
    assert shown(replay(client, seed=ZONE_SEED)) == [
        ("GET /data-stores/{dataStoreId}", "dataStore.name", "value")
    ]


def test_an_id_that_does_not_exist_is_none_here_either(record: Record) -> None:
    client = record()
    # Scenario 1 of the default world exists.
    client.get("/scenarios/1")
    client.get("/data-stores/1/data")
    report = replay(client)
    assert [(result.status, result.exchange.status) for result in report.compared] == [(404, 404)] * 2
    assert report.differences == [], report.render_text()


def test_a_changed_value_of_what_was_created_is_found(record: Record) -> None:
    client = record()
    scenario = create_scenario(client, 815)
    client.get(f"/scenarios/{scenario}")
    entry = client.entries[1]["response"]["content"]
    entry["text"] = entry["text"].replace('"isPaused":false', '"isPaused":true')
    assert shown(replay(client)) == [("GET /scenarios/{scenarioId}", "scenario.isPaused", "value")]


def test_fields_that_a_request_set_are_compared_in_what_was_there_before(record: Record) -> None:
    client = record()
    client.call("PATCH", "/teams/815", {"name": "Night shift"})
    answer = client.entries[0]["response"]
    assert answer["status"] == 200
    assert shown(replay(client)) == []
    answer["content"]["text"] = answer["content"]["text"].replace("Night shift", "Day shift")
    assert shown(replay(client)) == [("PATCH /teams/{teamId}", "team.name", "value")]


def test_the_shape_of_what_was_there_before_is_compared(record: Record) -> None:
    client = record()
    client.get("/teams?organizationId=4711")
    entry = client.entries[0]["response"]["content"]
    entry["text"] = entry["text"].replace('"name":', '"colour":"red","title":')
    assert shown(replay(client)) == [
        ("GET /teams", "teams[].colour", "missing"),
        ("GET /teams", "teams[].name", "additional"),
        ("GET /teams", "teams[].title", "missing"),
    ]


# --- credentials ---------------------------------------------------------------------------------


def test_a_token_has_the_scopes_that_the_recording_shows(record: Record) -> None:
    client = record()
    token = client.post("/users/me/api-tokens", {"label": "x", "scope": ["teams:read"]})["apiToken"]["token"]
    client.entries.clear()
    client.get("/data-stores?teamId=815", token=token)
    client.get("/users/me/current-authorization", token=token)
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert [result.status for result in report.compared] == [403, 200]


def test_a_token_lacks_the_scope_of_a_call_that_was_refused(record: Record) -> None:
    client = record()
    token = client.post("/users/me/api-tokens", {"label": "x", "scope": ["teams:read"]})["apiToken"]["token"]
    client.entries.clear()
    client.get("/data-stores?teamId=815", token=token)
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert "a token lacks datastores:read, as a 403 says" in report.assumptions


def test_calls_without_a_token_and_with_an_unknown_one_are_refused_here_too(record: Record) -> None:
    client = record()
    client.get("/users/me")
    client.get("/users/me", token="")
    client.get("/users/me", token="99999999-9999-4999-8999-999999999999")
    client.get("/users/me", headers={"Authorization": f"Bearer {client.token}"})
    report = replay(client)
    assert [result.status for result in report.compared] == [200, 401, 401, 401]
    assert report.differences == [], report.render_text()


def test_an_archive_without_credentials_was_sent_with_some(record: Record) -> None:
    client = record()
    client.get("/users/me")
    client.get("/teams/815")
    for entry in client.entries:
        entry["request"]["headers"] = [
            each for each in entry["request"]["headers"] if each["name"] != "Authorization"
        ]
    report = replay(client)
    assert [result.status for result in report.compared] == [200, 200]
    assert report.differences == [], report.render_text()


# --- what is not compared ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "has no response"),
        (304, "was answered from the cache of the browser"),
        (429, "was over the rate limit, which others use up too"),
        (502, "failed on the way to the service (502)"),
    ],
)
def test_what_says_nothing_about_the_emulator_is_skipped(record: Record, status: int, reason: str) -> None:
    client = record()
    client.get("/users/me")
    client.get("/users/me")
    client.entries[1]["response"]["status"] = status
    report = replay(client)
    assert [result.skipped for result in report.skipped] == [reason]
    assert report.differences == []


def test_an_address_with_an_unnumbered_mask_is_skipped(record: Record) -> None:
    client = record()
    client.get("/users/me")
    client.entries.append(json.loads(json.dumps(client.entries[0])))
    client.entries[1]["request"]["url"] = "https://hook.eu1.make.com/********"
    [skipped] = replay(client).skipped
    assert skipped.skipped == "has a secret in its address, which the recording masks without a number"


def test_a_route_that_the_emulator_lacks_is_a_difference(record: Record) -> None:
    client = record()
    client.get("/users/me")
    client.entries[0]["request"]["url"] = "https://eu1.make.com/api/v2/quantum-scenarios"
    [difference] = replay(client).differences
    assert (difference.route, difference.difference.kind) == ("GET /quantum-scenarios", "route")
    assert [link.behaviour.id for link in difference.links] == ["routes.unknown"]


def test_what_could_not_be_created_is_not_compared_either(record: Record) -> None:
    client = record()
    store = client.post("/data-stores", {"name": "Mine", "teamId": 815, "maxSizeMB": 1})["dataStore"]["id"]
    client.get(f"/data-stores/{store}")
    client.get("/data-stores?teamId=815")
    # The beginning of a body, as the request log keeps it.
    client.entries[0]["request"]["postData"]["text"] = "(the first 16384 bytes) {"
    report = replay(client, seed=ZONE_SEED)
    assert report.differences == [], report.render_text()
    assert [result.skipped for result in report.skipped] == [
        "has a body of which the recording has only the beginning",
        f"names data store {store}, whose creation was not replayed",
    ]


def test_what_is_created_in_a_team_from_before_is_compared(record: Record) -> None:
    client = record()
    client.post("/teams/815/variables", {"name": "limit", "value": 5, "typeId": 1})
    answer = client.entries[0]["response"]
    assert answer["status"] == 200
    assert shown(replay(client)) == []
    answer["content"]["text"] = answer["content"]["text"].replace('"limit"', '"other"')
    [(route, path, kind)] = shown(replay(client))
    assert (route, path.rpartition(".")[2], kind) == ("POST /teams/{teamId}/variables", "name", "value")


def test_the_token_of_the_caller_is_its_own_elsewhere_too(record: Record) -> None:
    client = record()
    body = {
        "accountName": "Make",
        "accountType": "make",
        "url": "https://eu1.make.com",
        "apiKey": client.token,
    }
    connection = client.post("/connections?teamId=815", body)["connection"]["id"]
    assert client.post(f"/connections/{connection}/test") is not None
    assert client.entries[1]["response"]["status"] == 200
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert [result.status for result in report.compared] == [200, 200]


def test_an_error_of_something_unknown_is_compared_if_it_comes_before_the_look_up(record: Record) -> None:
    client = record()
    token = client.post("/users/me/api-tokens", {"label": "x", "scope": ["teams:read"]})["apiToken"]["token"]
    client.entries.clear()
    client.get("/users/me/current-authorization", token=token)
    client.get("/data-stores/900", token=token)
    client.call("PATCH", "/data-stores/900", {"name": ""})
    client.call("DELETE", "/data-stores/900")
    # The state of the zone decides about that.
    client.entries[3]["response"]["status"] = 406
    client.entries[3]["response"]["content"]["text"] = (
        '{"message": "Confirmation required.", "code": "IM004"}'
    )
    report = replay(client)
    assert report.differences == [], report.render_text()
    assert [result.status for result in report.compared] == [200, 403, 400]
    assert [result.exchange.name for result in report.skipped] == ["DELETE /data-stores/900"]


def test_a_seed_from_before_a_resource_was_created_lacks_it(record: Record) -> None:
    client = record()
    store = client.post("/data-stores", {"name": "New", "teamId": 815, "maxSizeMB": 1})["dataStore"]["id"]
    client.entries.clear()
    client.get("/teams/815")
    client.get(f"/data-stores/{store}")
    report = replay(client, seed=ZONE_SEED)
    assert report.differences == [], report.render_text()
    [skipped] = report.skipped
    assert (
        skipped.skipped
        == f"names data store {store}, which no earlier answer introduced and the seed does not have"
    )


def test_a_team_that_the_caller_does_not_see_is_not_the_home_team(record: Record) -> None:
    client = record()
    client.get("/hooks?teamId=99")
    client.get("/hooks?teamId=815")
    report = replay(client)
    assert [result.status for result in report.compared] == [403, 200]
    assert report.differences == [], report.render_text()


def test_the_plan_is_the_one_whose_limit_the_recording_shows(record: Record) -> None:
    client = record()
    client.get("/functions?teamId=815")
    client.get("/hooks?teamId=815")
    report = replay(client)
    assert report.differences == [], report.render_text()
    # Functions are not in the plan, which says nothing about the token.
    assert [result.status for result in report.compared] == [403, 200]
    assert report.assumptions == [
        "the plan is pro, as the limit of calls a minute says",
        "team 815 of the recording is team 1 of the seed",
    ]
