from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused
from helpers.api_resources import create_connection, create_make_connection
from make_emulator.engine.runtime import executor
from make_emulator.world import connections
from make_emulator.world.models import Connection, Hook

SECRET = "very-secret-value-4711"


def script(api: ApiClient, id: int, **verdict: Any) -> Any:
    return api.control("PUT", f"/worlds/default/connections/{id}", json=verdict)


# --- testing -------------------------------------------------------------------------------------


def test_a_connection_that_works_is_verified(api: ApiClient) -> None:
    assert assert_ok(api.post("/connections/1/test")) == {
        "verified": True,
        "connection": {"id": 1, "name": "Team Slack", "accountName": "slack", "accountType": "oauth"},
    }


def test_a_connection_to_make_is_as_good_as_its_key(api: ApiClient) -> None:
    id = create_make_connection(api)
    assert assert_ok(api.post(f"/connections/{id}/test"))["verified"] is True
    assert_ok(
        api.post(f"/connections/{id}/set-data", json={"url": "https://eu1.make.com", "apiKey": "wrong"})
    )
    response = api.post(f"/connections/{id}/test")
    assert response.status_code == 424
    assert response.json == {
        "message": "The request failed due to failure of a previous request.",
        "code": "SC424",
        "suberrors": [{"message": "[401] Access denied: Invalid token header.", "name": "RuntimeError"}],
    }


def test_an_oauth_connection_waits_for_a_person(api: ApiClient) -> None:
    id = create_connection(api, "google-restricted", clientId="x", clientSecret="y")["id"]
    unauthorized = [{"message": "[401] The connection is not authorized.", "name": "RuntimeError"}]
    assert_refused(api.post(f"/connections/{id}/test"), 424, suberrors=unauthorized)
    script(api, id, verify="ok")
    assert assert_ok(api.post(f"/connections/{id}/test"))["verified"] is True
    assert_ok(api.post(f"/connections/{id}/set-data", json={"clientId": "z", "clientSecret": "y"}))
    assert_refused(api.post(f"/connections/{id}/test"), 424, suberrors=unauthorized)


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ({"verify": "invalid"}, "[401] Access denied: Invalid token header."),
        ({"verify": "invalid", "message": "invalid_auth"}, "[401] invalid_auth"),
        ({"verify": "crash"}, "[500] Connection action crashed"),
        ({"verify": "timeout"}, "[504] Connection action timed out"),
        ({"verify": "timeout", "message": "Too slow."}, "[504] Too slow."),
    ],
)
def test_the_outcome_of_a_test_can_be_scripted(api: ApiClient, verdict: dict[str, Any], text: str) -> None:
    response = script(api, 1, **verdict)
    assert response.status_code == 200
    assert response.json == {"connection": {"id": 1, "name": "Team Slack", "message": None, **verdict}}
    assert_refused(
        api.post("/connections/1/test"),
        424,
        code="SC424",
        suberrors=[{"message": text, "name": "RuntimeError"}],
    )
    script(api, 1, verify="ok")
    assert assert_ok(api.post("/connections/1/test"))["verified"] is True


@pytest.mark.parametrize(
    "verdict",
    [
        {},
        {"verify": "maybe"},
        {"verify": None},
        {"verify": ["ok"]},
        {"verify": "ok", "message": 5},
        {"verify": "ok", "x": 1},
    ],
)
def test_a_script_that_is_invalid_is_rejected(api: ApiClient, verdict: dict[str, Any]) -> None:
    assert_refused(script(api, 1, **verdict), 400, code="SC400")
    assert api.world.connections[1].verdict is None
    assert script(api, 99, verify="ok").status_code == 404
    assert api.control("PUT", "/worlds/default/connections/x", json={"verify": "ok"}).status_code == 404


# --- deleting, and the scenarios that use it -----------------------------------------------------


def test_an_unused_connection_is_deleted_at_once(api: ApiClient) -> None:
    id = create_make_connection(api)
    assert assert_ok(api.delete(f"/connections/{id}")) == {"connection": id}
    assert_refused(api.get(f"/connections/{id}"), 404, detail=f"Connection '{id}' not found.")


def test_a_used_connection_is_deleted_with_confirmation_only(api: ApiClient) -> None:
    for query in ("", "?confirmed=false"):
        response = api.delete(f"/connections/1{query}")
        assert_refused(response, 406, code="IM004", message="Confirmation required.")
    assert api.world.scenarios[3].is_active
    assert assert_ok(api.delete("/connections/1?confirmed=true")) == {"connection": 1}


def test_scenarios_that_lose_their_connection_stop_working(api: ApiClient) -> None:
    assert_ok(api.delete("/connections/1?confirmed=true"))
    scenario = assert_ok(api.get("/scenarios/3"))["scenario"]
    assert (scenario["isinvalid"], scenario["isActive"]) == (True, True)
    run = assert_ok(api.post("/scenarios/3/run", json={"responsive": True}))
    assert run["status"] == 3
    detail = assert_ok(api.get(f"/scenarios/3/executions/{run['executionId']}"))
    assert detail["error"] == {
        "name": "ConnectionError",
        "message": "Connection not found 'slack:1'.",
        "causeModule": {"name": "Tell the team", "appName": "slack"},
    }
    assert_ok(api.post("/scenarios/3/stop"))
    assert_refused(api.post("/scenarios/3/start"), 400, detail="Scenario contains errors.")


def test_a_live_scenario_that_lost_its_connection_fails_until_it_is_stopped(api: ApiClient) -> None:
    assert_ok(api.delete("/connections/1?confirmed=true"))
    api.world.clock.advance(days=30)
    scenario = assert_ok(api.get("/scenarios/3"))["scenario"]
    assert (scenario["isinvalid"], scenario["isActive"], scenario["nextExec"]) == (True, False, None)
    rows = assert_ok(api.get("/scenarios/3/logs?status=3"))["scenarioLogs"]
    assert [row["error"]["name"] for row in rows] == ["ConnectionError"] * 3


def test_runs_with_credentials_that_are_turned_down_stop_the_scenario_as_other_errors_do(
    api: ApiClient,
) -> None:
    script(api, 2, verify="invalid", message="invalid_grant")
    for is_active in (True, True, False):
        execution = executor.run_scenario(api.world, api.world.scenarios[3])
        assert execution.error is not None
        assert (execution.error.name, execution.error.message) == (
            "AccountValidationError",
            "[401] invalid_grant",
        )
        scenario = api.world.scenarios[3]
        assert (scenario.is_active, scenario.is_invalid) == (is_active, not is_active)


def test_a_run_while_the_service_is_down_fails_and_may_be_tried_again(api: ApiClient) -> None:
    script(api, 2, verify="timeout")
    execution = executor.run_scenario(api.world, api.world.scenarios[3])
    assert execution.error is not None
    assert execution.error.name == "ConnectionError"
    assert api.world.scenarios[3].is_active
    script(api, 2, verify="ok")
    assert executor.run_scenario(api.world, api.world.scenarios[3]).status == 1


def test_a_connection_that_a_hook_uses_stays(api: ApiClient) -> None:
    id = create_make_connection(api)
    hook = next(iter(api.world.hooks.where(team=1)))
    api.world.hooks.put(replace(hook, data={**hook.data, "__IMTCONN__": id}))
    response = api.delete(f"/connections/{id}?confirmed=true")
    assert_refused(response, 422, code="IM016", detail=f"Connection '{id}' is used by hook '{hook.id}'.")
    assert isinstance(api.world.hooks[hook.id], Hook)


# --- secrets -------------------------------------------------------------------------------------


def test_credentials_are_kept_and_never_shown(api: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    created = create_connection(api, "imap", host=SECRET, port=993, userName=SECRET, password=SECRET)
    id = created["id"]
    assert_ok(api.post(f"/connections/{id}/set-data", json={"host": SECRET, "password": SECRET}))
    rejections = [
        api.post("/connections?teamId=1", json={"accountName": "x", "accountType": "no", "token": SECRET}),
        api.post(
            "/connections?teamId=1", json={"accountName": "x", "accountType": "imap", "password": SECRET}
        ),
        api.post(f"/connections/{id}/set-data", json={"unknown": SECRET}),
        api.post("/connections?teamId=1", data=f'{{"password": "{SECRET}"', content_type="application/json"),
        api.post(f"/connections/{id}/set-data", json=[SECRET]),
    ]
    shown = [response.get_data(as_text=True) for response in rejections]
    shown += [
        api.get(path).get_data(as_text=True)
        for path in ("/connections?teamId=1&cols[]=*", f"/connections/{id}?cols[]=*", f"/connections/{id}")
    ]
    shown.append(api.control("GET", "/worlds/default/requests").get_data(as_text=True))
    row: Connection = api.world.connections[id]
    shown += [repr(row), caplog.text, json.dumps(created)]
    assert row.credentials == {"host": SECRET, "password": SECRET}
    assert [text for text in shown if SECRET in text] == []


def test_the_request_log_keeps_the_names_of_what_was_sent(api: ApiClient) -> None:
    create_make_connection(api)
    response = api.control("GET", "/worlds/default/requests")
    assert response.json is not None
    entry = response.json["requests"][-1]
    assert entry["requestBody"] == dict.fromkeys(["accountName", "accountType", "url", "apiKey"], "********")
    assert entry["responseBody"]["connection"]["name"] == "Mine"


def test_the_listed_row_hides_its_credentials_too(api: ApiClient) -> None:
    create_connection(api, "telegram", token=SECRET)
    rows = connections.list_with_usage(api.world, api.world.teams[1], None)
    assert SECRET not in repr(rows)
    assert any(row.credentials == {"token": SECRET} for row in rows)
