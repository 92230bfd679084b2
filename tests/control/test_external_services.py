from __future__ import annotations

from typing import Any

import orjson
import pytest

from helpers.api import ApiClient, assert_status
from helpers.scenarios import SMTP
from make_emulator.world import snapshot

HTTP = "/worlds/default/http"
OUTBOX = "/worlds/default/outbox"

NO_PAGES = "Parameter 'pages' must be a list of 1 to 1000 bodies, JSON or text."
SECRET = "s3cret-s3cret-s3cret"

REQUEST = {
    "id": 1,
    "module": "http:MakeRequest",
    "version": 4,
    "parameters": {"authenticationType": "noAuth"},
    "mapper": {
        "url": f"https://api.example.com/items?page=2&token={SECRET}",
        "method": "post",
        "headers": [
            {"name": "Authorization", "value": f"Bearer {SECRET}"},
            {"name": "X-Trace", "value": "1"},
        ],
        "contentType": "json",
        "inputMethod": "jsonString",
        "jsonStringBodyContent": f'{{"city": "Oslo", "password": "{SECRET}"}}',
        "parseResponse": True,
        "stopOnHttpError": True,
        "allowRedirects": True,
        "shareCookies": False,
        "requestCompressedContent": True,
    },
}
MAIL = {
    "id": 2,
    "module": "email:ActionSendEmail",
    "version": 7,
    "mapper": {
        "to": ["ann@example.com"],
        "cc": ["bob@example.com"],
        "subject": "Order shipped",
        "contentType": "text",
        "text": "Hi",
        "attachments": [{"fileName": "a.txt", "data": "abc"}],
    },
}


def run(api: ApiClient, *flow: Any) -> dict[str, Any]:
    """Make a scenario of these modules, with a connection for mails, start it and run it."""
    account = assert_status(api.post("/connections?teamId=1", json=SMTP))["connection"]["id"]
    modules = [
        {**each, "parameters": {"account": account}} if each["id"] == MAIL["id"] else each for each in flow
    ]
    blueprint = {"name": "Calls", "flow": modules, "metadata": {}}
    body = {
        "blueprint": orjson.dumps(blueprint).decode(),
        "teamId": 1,
        "scheduling": '{"type": "on-demand"}',
    }
    made = assert_status(api.post("/scenarios?confirmed=true", json=body))["scenario"]
    assert_status(api.post(f"/scenarios/{made['id']}/start"))
    executed: dict[str, Any] = assert_status(
        api.post(f"/scenarios/{made['id']}/run", json={"responsive": True})
    )
    return executed


def test_rules_are_added_shown_and_taken_away(api: ApiClient) -> None:
    body = {
        "method": "post",
        "url": "https://api.example.com/*",
        "status": 201,
        "headers": {"X-Id": "7", "Set-Cookie": ["a=1", "b=2"]},
        "body": {"id": 7},
        "times": 2,
        "delayMs": 5,
    }
    made = api.control("POST", HTTP, json=body)
    assert made.status_code == 201
    rule = {
        "id": 1,
        "method": "POST",
        "url": "https://api.example.com/*",
        "status": 201,
        "headers": [
            {"name": "Set-Cookie", "value": "********"},
            {"name": "Set-Cookie", "value": "********"},
            {"name": "X-Id", "value": "7"},
        ],
        "body": {"id": 7},
        "delayMs": 5,
        "timesLeft": 2,
        "hits": 0,
    }
    assert made.json == {"rule": rule}
    failing = api.control("POST", HTTP, json={"url": "*", "error": "timeout"}).json
    assert failing == {"rule": {"id": 2, "url": "*", "error": "timeout", "delayMs": 0, "hits": 0}}
    paging = api.control("POST", HTTP, json={"url": "*", "pages": [{"password": SECRET}, "b"]}).json
    shown = {
        "id": 3,
        "url": "*",
        "status": 200,
        "pages": [{"password": "********"}, "b"],
        "delayMs": 0,
        "hits": 0,
    }
    assert paging == {"rule": shown}
    assert [row["id"] for row in assert_status(api.control("GET", HTTP))["rules"]] == [1, 2, 3]
    assert api.control("DELETE", HTTP).status_code == 204
    assert assert_status(api.control("GET", HTTP)) == {"rules": [], "requests": []}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "Missing value of required parameter 'url'."),
        ({"url": ""}, "Missing value of required parameter 'url'."),
        ({"url": 5}, "Invalid value of parameter 'url'."),
        ({"url": "*", "method": "GET /"}, "Parameter 'method' must be the name of a method."),
        ({"url": "*", "status": 100}, "Parameter 'status' must be from 200 to 599."),
        ({"url": "*", "times": 0}, "Parameter 'times' must be at least 1."),
        ({"url": "*", "delayMs": -1}, "Parameter 'delayMs' must be from 0 to 86400000."),
        ({"url": "*", "error": "boom"}, "Parameter 'error' must be one of: timeout, connection."),
        ({"url": "*", "error": "timeout", "status": 500}, "A rule has an 'error', or a response with 'status', 'headers', 'body', 'pages'; not both."),
        ({"url": "*", "error": "timeout", "pages": ["a"]}, "A rule has an 'error', or a response with 'status', 'headers', 'body', 'pages'; not both."),
        ({"url": "*", "body": {}, "pages": [{}]}, "A rule has a 'body' or 'pages'; not both."),
        ({"url": "*", "pages": {"a": 1}}, "Invalid value of parameter 'pages'."),
        ({"url": "*", "pages": []}, NO_PAGES),
        ({"url": "*", "pages": [{}, None]}, NO_PAGES),
        ({"url": "*", "pages": 1_001 * [1]}, NO_PAGES),
        ({"url": "*", "headers": {"a": 1}}, "Parameter 'headers' must be an object of names and texts, or lists of texts."),
        ({"url": "*", "headers": {"a": "b\r\nc: d"}}, "Parameter 'headers' must be an object of names and texts, or lists of texts."),
        ({"url": "*", "colour": 1}, "Unknown parameter 'colour'."),
    ],
)  # fmt: skip
def test_a_rule_that_is_invalid_is_rejected(api: ApiClient, body: Any, reason: str) -> None:
    response = api.control("POST", HTTP, json=body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["detail"] == reason
    assert len(api.world.http_rules) == 0


def test_a_world_has_so_many_rules_and_no_more(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.world.external_services.MAX_RULES", 1)
    assert api.control("POST", HTTP, json={"url": "*"}).status_code == 201
    assert api.control("POST", HTTP, json={"url": "*"}).status_code == 400


def test_a_request_of_a_scenario_is_shown_without_its_secrets(api: ApiClient) -> None:
    api.control("POST", HTTP, json={"url": "https://api.example.com/items", "status": 202})
    executed = run(api, REQUEST)
    [shown] = assert_status(api.control("GET", HTTP))["requests"]
    assert shown == {
        "id": 1,
        "at": shown["at"],
        "scenarioId": 6,
        "executionId": executed["executionId"],
        "moduleId": 1,
        "module": "http:MakeRequest",
        "method": "POST",
        "url": "https://api.example.com/items?page=2&token=********",
        "headers": [
            {"name": "Content-Type", "value": "application/json"},
            {"name": "Accept-Encoding", "value": "gzip, deflate"},
            {"name": "Authorization", "value": "********"},
            {"name": "X-Trace", "value": "1"},
        ],
        "body": {"city": "Oslo", "password": "********"},
        "size": 52,
        "answeredBy": "rule",
        "ruleId": 1,
        "status": 202,
        "pages": 1,
        "error": None,
    }
    assert shown["at"].startswith("2026-03-02T12:00:00.")
    steps = api.control("GET", f"/worlds/default/executions/{executed['executionId']}/steps")
    assert SECRET not in steps.get_data(as_text=True)


def test_mails_of_scenarios_are_shown_and_found(api: ApiClient) -> None:
    executed = run(api, MAIL)
    [shown] = assert_status(api.control("GET", OUTBOX))["mails"]
    assert shown == {
        "id": 1,
        "at": shown["at"],
        "scenarioId": 6,
        "executionId": executed["executionId"],
        "moduleId": 2,
        "module": "email:ActionSendEmail",
        "from": "shop@example.com",
        "to": ["ann@example.com"],
        "cc": ["bob@example.com"],
        "bcc": [],
        "replyTo": None,
        "subject": "Order shipped",
        "html": None,
        "text": "Hi",
        "attachments": [{"name": "a.txt", "size": 3}],
        "headers": [],
    }

    def found(query: str) -> int:
        return len(assert_status(api.control("GET", f"{OUTBOX}?{query}"))["mails"])

    assert found("to=ANN@*") == found("to=bob@example.com&subject=order*") == 1
    assert found("to=carl@*") == found("subject=*refund*") == 0
    assert api.control("GET", f"{OUTBOX}?from=x").status_code == 400
    assert api.control("DELETE", OUTBOX).status_code == 204
    assert assert_status(api.control("GET", OUTBOX)) == {"mails": []}


def test_a_snapshot_restores_rules_requests_and_mails_and_a_redacted_one_masks_them(
    api: ApiClient,
) -> None:
    api.control("POST", HTTP, json={"url": "*", "body": {"x": SECRET}, "headers": {"x": SECRET}, "times": 2})
    api.control("POST", HTTP, json={"url": "*", "pages": [SECRET, {"x": [SECRET]}]})
    run(api, REQUEST, MAIL)
    taken = api.control("GET", "/worlds/default/snapshot").get_data()
    before = [assert_status(api.control("GET", path)) for path in (HTTP, OUTBOX)]
    api.control("POST", "/worlds/default/reset")
    assert assert_status(api.control("GET", OUTBOX)) == {"mails": []}
    assert_status(api.control("PUT", "/worlds/default/snapshot", data=taken))
    assert [assert_status(api.control("GET", path)) for path in (HTTP, OUTBOX)] == before
    shown = orjson.dumps(list(snapshot.redact(snapshot.take(api.world))["rows"]["http_requests"]))
    rules = orjson.dumps(list(snapshot.redact(snapshot.take(api.world))["rows"]["http_rules"]))
    assert SECRET.encode() not in shown + rules
