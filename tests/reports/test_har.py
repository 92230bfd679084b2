from __future__ import annotations

import json
from typing import Any

import jsonschema

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient

_NAMED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
}
_MESSAGE = {"httpVersion": {"type": "string"}, "cookies": {"type": "array"}, "headers": _NAMED}
_SIZES = {"headersSize": {"type": "integer", "minimum": -1}, "bodySize": {"type": "integer", "minimum": -1}}
_POST_DATA = {
    "type": "object",
    "required": ["mimeType", "text", "params"],
    "properties": {"mimeType": {"type": "string"}, "text": {"type": "string"}},
}
_CONTENT = {
    "type": "object",
    "required": ["size", "mimeType"],
    "properties": {"size": {"type": "integer"}, "mimeType": {"type": "string"}, "text": {"type": "string"}},
}
_REQUEST = {
    "method": {"type": "string"},
    "url": {"type": "string", "format": "uri"},
    "queryString": _NAMED,
    **_MESSAGE,
    **_SIZES,
}
_RESPONSE = {
    "status": {"type": "integer"},
    "statusText": {"type": "string"},
    "content": _CONTENT,
    "redirectURL": {"type": "string"},
    **_MESSAGE,
    **_SIZES,
}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
_ENTRY: dict[str, Any] = {
    "startedDateTime": _MOMENT,
    "time": {"type": "number", "minimum": 0},
    "request": {
        "type": "object",
        "required": list(_REQUEST),
        "properties": {**_REQUEST, "postData": _POST_DATA},
        "additionalProperties": False,
    },
    "response": {
        "type": "object",
        "required": list(_RESPONSE),
        "properties": _RESPONSE,
        "additionalProperties": False,
    },
    "cache": {"type": "object"},
    "timings": {
        "type": "object",
        "required": ["send", "wait", "receive"],
        "additionalProperties": {"type": "number"},
    },
}
#: HAR 1.2, http://www.softwareishard.com/blog/har-12-spec: what must be there, and what may be besides.
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"type": "object", "required": ["name", "version"]},
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": list(_ENTRY),
                        "properties": {**_ENTRY, "comment": {"type": "string"}},
                        "patternProperties": {"^_": {}},
                        "additionalProperties": False,
                    },
                },
            },
        }
    },
}


def archive(api: ApiClient, query: str = "") -> dict[str, Any]:
    response = api.control("GET", f"/worlds/default/requests?format=har{query}")
    assert response.status_code == 200
    assert response.json is not None
    held: dict[str, Any] = response.json
    jsonschema.validate(held, HAR)
    return held


def test_an_archive_has_the_structure_of_har_1_2(api: ApiClient) -> None:
    assert archive(api)["log"]["entries"] == []
    api.get("/data-stores?teamId=1&cols[]=id&cols[]=name")
    api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True})
    api.get("/scenarios/1", token=None)
    log = archive(api)["log"]
    listed, run, refused = log["entries"]
    assert log["creator"]["name"] == "make-emulator"
    assert listed["startedDateTime"] == "2026-03-02T12:00:00.000Z"
    assert listed["request"]["url"] == "http://localhost/api/v2/data-stores?teamId=1&cols[]=id&cols[]=name"
    assert [pair["value"] for pair in listed["request"]["queryString"]] == ["1", "id", "name"]
    assert "postData" not in listed["request"]
    assert json.loads(listed["response"]["content"]["text"])["dataStores"][0]["name"] == "Orders"
    assert run["request"]["method"] == "POST"
    assert json.loads(run["request"]["postData"]["text"])["data"] == {"name": "Zoe"}
    assert (run["response"]["status"], run["response"]["statusText"]) == (200, "OK")
    assert refused["response"]["statusText"] == "Unauthorized"
    assert refused["comment"].startswith("Unauthenticated caller: GET /scenarios/1")


def test_an_archive_holds_what_was_requested(api: ApiClient) -> None:
    api.get("/scenarios/1")
    api.get("/scenarios/99")
    [entry] = archive(api, "&status=404")["log"]["entries"]
    assert entry["request"]["url"].endswith("/scenarios/99")


def test_secrets_do_not_get_into_an_archive(api: ApiClient) -> None:
    api.post(
        f"/data-stores/1/data?token=hunter3&x={READER_TOKEN}",
        json={"key": ADMIN_TOKEN, "data": {"password": "hunter2"}},
    )
    api.get(f"/scenarios/{READER_TOKEN}")
    text = json.dumps(archive(api))
    for secret in (ADMIN_TOKEN, READER_TOKEN, "hunter2", "hunter3"):
        assert secret not in text


def test_what_came_to_a_webhook_is_shown_at_its_own_address(api: ApiClient) -> None:
    hook = next(iter(api.world.hooks))
    api.app.test_client().post(f"/hook/{hook.udid}", json={"a": 1})
    [entry] = archive(api, "&method=POST")["log"]["entries"]
    assert entry["request"]["url"] == "http://localhost/hook/********-1"


def test_a_webhook_is_known_again_by_the_number_of_its_mask(api: ApiClient) -> None:
    client = api.app.test_client()
    first, second = list(api.world.hooks)[:2]
    client.post(f"/hook/{second.udid}", json={})
    client.post(f"/hook/{first.udid}", json={})
    api.get("/hooks/1")
    *delivered, read = archive(api)["log"]["entries"]
    urls = [entry["request"]["url"] for entry in delivered]
    assert urls == [f"http://localhost/hook/{mask}" for mask in ("********-1", "********-2")]
    shown = json.loads(read["response"]["content"]["text"])["hook"]
    assert shown["udid"] == "********-2"
    assert shown["url"].endswith("/hook/********-2")
