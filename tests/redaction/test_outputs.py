"""Secrets of a world are in none of its outputs, and test data are in the steps of its runs."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_status
from make_emulator.redaction.rules import MASK

API_KEY = "k3y/of+the service"
VARIABLE = "value-of-the-variable"
LOCAL_VARIABLE = "value-of-the-run"
USERINFO = "ann:pa55word"

#: Test data that a step shows whole.
TEST_DATA: Mapping[str, Any] = {
    "max_tokens": 100,
    "usage": {"prompt_tokens": 5, "total_tokens": 12},
    "pageToken": "first-page",
    "nextPageToken": "second-page",
    "token_type": "bearer",
    "id": "0d9b6b1e-2f1a-4f57-9d2e-222222222222",
    "url": "https://shop.example/?code=SUMMER20&pageToken=abc",
    "note": "Bearer of bad news",
}


def set_variable(id: int, name: str, value: Any) -> dict[str, Any]:
    return {
        "id": id,
        "module": "util:SetVariable2",
        "version": 1,
        "mapper": {"name": name, "scope": "roundtrip", "value": value},
    }


def run(api: ApiClient, *flow: Mapping[str, Any]) -> str:
    """Create, start and run a scenario of these modules; returns the id of the execution."""
    body = {
        "blueprint": orjson.dumps({"name": "S", "flow": flow, "metadata": {}}).decode(),
        "teamId": 1,
        "scheduling": '{"type": "on-demand"}',
    }
    made = assert_status(api.post("/scenarios?confirmed=true", json=body))["scenario"]
    assert_status(api.post(f"/scenarios/{made['id']}/start"))
    executed = assert_status(api.post(f"/scenarios/{made['id']}/run", json={"responsive": True}))
    return str(executed["executionId"])


@pytest.fixture
def secrets(api: ApiClient) -> list[str]:
    """The secrets of the world, which have a connection and variables."""
    parameters = {"key": API_KEY, "name": "X-Key"}
    key = {"name": "Key", "teamId": 1, "typeName": "apikeyauth", "parameters": parameters}
    assert_status(api.post("/keys", json=key))
    variable = {"name": "apiToken", "typeId": 2, "value": VARIABLE}
    assert_status(api.post("/teams/1/variables", json=variable))
    return [
        ADMIN_TOKEN,
        api.token_with("teams:read"),
        *(hook.udid for hook in api.world.hooks),
        API_KEY,
        VARIABLE,
    ]


def outputs(api: ApiClient, execution: str) -> dict[str, str]:
    """Every output of a world, by its name."""
    paths = {
        "request log": "/worlds/default/requests",
        "archive": "/worlds/default/requests?format=har",
        "snapshot": "/worlds/default/snapshot?redact=true",
        "steps": f"/worlds/default/executions/{execution}/steps",
        "requests of scenarios": "/worlds/default/http",
        "outbox": "/worlds/default/outbox",
        "faults": "/worlds/default/faults",
    }
    found = {name: api.control("GET", path).get_data(as_text=True) for name, path in paths.items()}
    page = api.control("GET", f"/execution?world=default&id={execution}").get_data(as_text=True)
    # The dashboard shows the main token on purpose: it is the one to start with.
    dashboard = api.control("GET", "/?world=default").get_data(as_text=True).replace(ADMIN_TOKEN, "")
    assert "ran" in page
    assert "GET /scenarios/" in dashboard or "POST /scenarios" in dashboard
    return {**found, "page": html.unescape(page), "dashboard": html.unescape(dashboard)}


def test_no_output_has_a_secret_of_the_world(
    api: ApiClient, secrets: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "make_emulator")
    joined = " ".join(secrets)
    hook = api.world.hooks[1]
    client = api.app.test_client()
    for secret in secrets:
        api.get(f"/scenarios/{secret}?q={quote_plus(secret)}&sig=abc", headers={"X-Note": secret})
    api.post(
        "/data-stores/1/data",
        json={"data": {"sku": joined, joined: 1, "deep": [orjson.dumps(secrets).decode()]}},
    )
    client.post(f"/hook/{hook.udid}?note={quote_plus(joined)}", data={"text": joined, "password": "pa55word"})
    client.post(f"/hook/{hook.udid}", data=f"raw {joined}", content_type="text/plain")
    client.post(f"/hook/{hook.udid}", json={"url": f"https://{USERINFO}@example.com/", "text": joined})
    api.control(
        "POST",
        "/worlds/default/faults",
        json={"path": f"/hook/{hook.udid}", "token": secrets[1], "status": 500},
    )
    execution = run(
        api,
        set_variable(1, "note", f"{joined} and {{{{var.team.apiToken}}}}"),
        set_variable(2, "password", LOCAL_VARIABLE),
        set_variable(3, "copy", "{{2.password}}"),
        {
            "id": 4,
            "module": "http:MakeRequest",
            "version": 4,
            "parameters": {"authenticationType": "noAuth"},
            "mapper": {
                "url": f"https://{USERINFO}@api.example/{quote_plus(API_KEY)}?key=pa55word",
                "method": "post",
                "headers": [{"name": "Ocp-Apim-Subscription-Key", "value": "pa55word"}],
                "contentType": "json",
                "inputMethod": "jsonString",
                "jsonStringBodyContent": orjson.dumps({"max_tokens": 100, "text": joined}).decode(),
                "parseResponse": True,
                "stopOnHttpError": True,
                "allowRedirects": True,
                "shareCookies": False,
                "requestCompressedContent": True,
            },
        },
    )
    found = {**outputs(api, execution), "server log": caplog.text}
    hidden = [*secrets, orjson.dumps(API_KEY).decode()[1:-1], quote_plus(API_KEY), "pa55word"]
    shown = [(name, secret) for name, text in found.items() for secret in hidden if secret in text]
    assert shown == []
    assert LOCAL_VARIABLE not in found["steps"] + found["page"] + found["snapshot"]
    assert MASK in found["steps"]
    [sent] = orjson.loads(found["requests of scenarios"])["requests"]
    assert sent["body"]["max_tokens"] == 100


def test_the_steps_of_a_run_show_test_data_whole(api: ApiClient, secrets: list[str]) -> None:
    execution = run(
        api, *(set_variable(at, name, value) for at, (name, value) in enumerate(TEST_DATA.items(), 1))
    )
    steps = assert_status(api.control("GET", f"/worlds/default/executions/{execution}/steps"))["steps"]
    assert [step["output"] for step in steps] == [[{name: value}] for name, value in TEST_DATA.items()]
    page = outputs(api, execution)["page"]
    assert "first-page" in page
    assert TEST_DATA["id"] in page


def test_a_secret_that_comes_later_is_masked_in_what_was_logged_before(api: ApiClient) -> None:
    api.get(f"/teams/1?q={quote_plus(API_KEY)}")
    parameters = {"key": API_KEY, "name": "X-Key"}
    body = {"name": "Key", "teamId": 1, "typeName": "apikeyauth", "parameters": parameters}
    made = assert_status(api.post("/keys", json=body))["key"]
    assert API_KEY not in api.control("GET", "/worlds/default/requests").get_data(as_text=True)
    api.delete(f"/keys/{made['id']}?confirmed=true")
    assert API_KEY in api.control("GET", "/worlds/default/requests").get_data(as_text=True)


def test_the_token_of_a_deleted_row_stays_a_secret(api: ApiClient) -> None:
    hook = api.world.hooks[1]
    api.delete(f"/hooks/{hook.id}?confirmed=true")
    api.get(f"/hooks/{hook.udid}")
    assert hook.udid not in api.control("GET", "/worlds/default/requests").get_data(as_text=True)


def test_a_body_that_is_nested_too_deeply_does_not_hide_the_request_log(api: ApiClient) -> None:
    api.post("/data-stores/1/data", data=b'{"a":' * 400 + b"1" + b"}" * 400, content_type="application/json")
    for form in ("json", "har"):
        assert api.control("GET", f"/worlds/default/requests?format={form}").status_code == 200
