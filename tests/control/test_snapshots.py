from __future__ import annotations

from typing import Any

import orjson
import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_status
from make_emulator.world import slots, snapshot

SNAPSHOT = "/worlds/default/snapshot"


def test_a_restore_takes_everything_back_but_the_request_log(api: ApiClient) -> None:
    taken = api.control("GET", SNAPSHOT)
    assert taken.content_type == "application/json; charset=utf-8"
    api.delete("/scenarios/1")
    made = api.token_with("teams:read")
    restored = assert_status(api.control("PUT", SNAPSHOT, data=taken.get_data()))
    assert restored == assert_status(api.control("GET", "/worlds/default"))
    assert api.get("/scenarios/1").status_code == 200
    assert api.get("/teams/1", token=made).status_code == 401
    assert next(iter(api.handle.request_log)).method == "DELETE"


def test_a_restored_world_is_found_by_its_old_tokens_and_hooks(api: ApiClient) -> None:
    made = api.token_with("teams:read")
    udid = api.world.hooks[1].udid
    data = api.control("GET", SNAPSHOT).get_data()
    api.control("POST", "/worlds/default/reset")
    assert api.get("/teams/1", token=made).status_code == 401
    assert_status(api.control("PUT", SNAPSHOT, data=data))
    assert api.get("/teams/1", token=made).status_code == 200
    assert api.app.test_client().post(f"/hook/{udid}", json={"sku": "A", "quantity": 1}).status_code == 200
    assert api.post("/hooks", json={}).status_code == 400


def test_a_snapshot_can_be_restored_as_another_world_once_its_own_is_gone(api: ApiClient) -> None:
    token = assert_status(api.control("POST", "/worlds", json={"name": "one"}), 201)["world"]["token"]
    assert_status(api.control("POST", "/worlds", json={"name": "two"}), 201)
    data = api.control("GET", "/worlds/one/snapshot").get_data()
    refused = api.control("PUT", "/worlds/two/snapshot", data=data)
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["detail"] == (
        "The snapshot cannot be restored: another world has one of its tokens or udids."
    )
    api.control("DELETE", "/worlds/one")
    described = assert_status(api.control("PUT", "/worlds/two/snapshot", data=data))["world"]
    assert (described["name"], described["token"]) == ("two", token)


def test_a_copy_stands_beside_the_world_of_its_snapshot(api: ApiClient) -> None:
    agent = {"name": "ops", "allow": {"scenarios": "read"}}
    api.control("PUT", "/worlds/default/agents/ops", json={"allow": agent["allow"]})
    held = api.world.hooks[1].udid
    data = api.control("GET", SNAPSHOT).get_data()
    assert_status(api.control("POST", "/worlds", json={"name": "two"}), 201)
    described = assert_status(api.control("PUT", "/worlds/two/snapshot?copy=true", data=data))["world"]
    token = described["token"]
    assert token[8:] == ADMIN_TOKEN[8:]
    assert token[:3] == f"{slots.slot_of_name('two'):03x}"
    # Each is found by its own keys, and a change of one leaves the other.
    assert api.delete("/scenarios/1?confirmed=true", token=token).status_code == 200
    assert api.get("/scenarios/1").status_code == 200
    assert api.get("/scenarios/1", token=token).status_code == 404
    [hook] = [row for row in api.get("/hooks?teamId=1", token=token).get_json()["hooks"] if row["id"] == 1]
    assert hook["udid"] != held
    assert hook["udid"][8:] == held[8:]
    assert (
        api.app.test_client().post(f"/hook/{hook['udid']}", json={"sku": "A", "quantity": 1}).status_code
        < 500
    )
    copied = api.control("GET", "/worlds/two/snapshot").get_data()
    for key in api.world.lookup_keys():
        assert key.encode() not in copied
    # The copy is a world like any other: its snapshot restores exactly.
    assert_status(api.control("PUT", "/worlds/two/snapshot", data=copied))
    assert api.control("PUT", "/worlds/two/snapshot?copy=yes", data=copied).status_code == 400


def test_a_copy_has_the_rows_of_the_snapshot(api: ApiClient) -> None:
    api.post("/scenarios/1/run", json={"responsive": True, "data": {"name": "Zoe"}})
    before = orjson.loads(snapshot.dumps(snapshot.take(api.world)))
    keys = api.world.lookup_keys()
    twin = snapshot.copy_with_own_keys(snapshot.loads(orjson.dumps(before), "twin"))
    text = orjson.dumps(before).decode()
    beginning = slots.tag(slots.slot_of_name("twin"))
    for key in keys:
        text = text.replace(key, beginning + key[slots.TAG_LENGTH :])
    assert orjson.loads(snapshot.dumps(snapshot.take(twin)))["rows"] == orjson.loads(text)["rows"]
    assert twin.now() == api.world.now()


@pytest.mark.parametrize("data", [b"{", b"{}", b"[]", b'{"version": 1}'])
def test_a_malformed_document_is_rejected_whole(api: ApiClient, data: bytes) -> None:
    before = api.control("GET", SNAPSHOT).get_data()
    response = api.control("PUT", SNAPSHOT, data=data)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "SC400"
    assert response.json["detail"].startswith("The snapshot cannot be restored: ")
    assert api.control("GET", SNAPSHOT).get_data() == before


def test_an_issue_in_a_row_is_reported_and_changes_nothing(api: ApiClient) -> None:
    document: dict[str, Any] = assert_status(api.control("GET", SNAPSHOT))
    document["rows"]["folders"] = []
    document["rows"]["teams"][0]["name"] = None
    response = api.control("PUT", SNAPSHOT, json=document)
    assert response.json is not None
    assert response.json["detail"] == "The snapshot cannot be restored: Team.name is no str but NoneType."
    assert api.get("/teams/1").json == {
        "team": {"id": 1, "name": "Example Team", "organizationId": 1, "globalAgentsEnabled": False}
    }


def test_documents_may_be_larger_than_the_apis_own_bodies(api: ApiClient) -> None:
    document = assert_status(api.control("GET", SNAPSHOT))
    document["rows"]["records"][0]["data"]["sku"] = "x" * 3_000_000
    assert_status(api.control("PUT", SNAPSHOT, data=orjson.dumps(document)))


def test_a_redacted_snapshot_shows_no_secret_and_is_rejected(api: ApiClient) -> None:
    shown = api.control("GET", f"{SNAPSHOT}?redact=true")
    assert ADMIN_TOKEN not in shown.get_data(as_text=True)
    assert ADMIN_TOKEN in api.control("GET", SNAPSHOT).get_data(as_text=True)
    assert shown.json is not None
    assert {
        value for row in shown.json["rows"]["connections"] for value in (row["credentials"] or {}).values()
    } <= {"********"}
    refused = api.control("PUT", SNAPSHOT, data=shown.get_data())
    assert refused.json is not None
    assert refused.json["detail"] == "The snapshot cannot be restored: its secrets were redacted."
    assert api.control("GET", f"{SNAPSHOT}?redact=perhaps").status_code == 400


def test_an_unknown_world_has_no_snapshot_faults_or_modules(api: ApiClient) -> None:
    for method, path in [
        ("GET", "snapshot"),
        ("PUT", "snapshot"),
        ("GET", "faults"),
        ("POST", "faults"),
        ("DELETE", "faults"),
        ("GET", "modules"),
        ("PUT", "modules/slack:Do"),
        ("GET", "executions/1/steps"),
    ]:
        assert api.control(method, f"/worlds/nowhere/{path}", json={"status": 503}).status_code == 404, path
