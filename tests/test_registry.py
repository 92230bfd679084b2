from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from helpers.api import ADMIN_TOKEN, ApiClient
from helpers.waiting import wait_until
from make_emulator.app import registry_of
from make_emulator.registry import WorldHandle
from make_emulator.world import snapshot
from make_emulator.world.exceptions import StateNotStoredError
from make_emulator.world.world import World


def new_world(api: ApiClient, **bodies: object) -> dict[str, object]:
    response = api.control("POST", "/worlds", json=bodies)
    assert response.status_code == 201
    assert response.json is not None
    world: dict[str, object] = response.json["world"]
    return world


def test_worlds_of_one_seed_have_the_same_ids_and_other_tokens(api: ApiClient) -> None:
    one, other = new_world(api), new_world(api)
    for field in ("organizationId", "teamId", "userId"):
        assert one[field] == other[field]
    assert one["token"] != other["token"] != ADMIN_TOKEN


def test_a_token_sees_its_own_world_only(api: ApiClient) -> None:
    one, other = new_world(api), new_world(api)
    body = {"name": "Only here", "teamId": 1, "maxSizeMB": 1}
    created = api.post("/data-stores", json=body, token=one["token"])
    assert created.json is not None
    id = created.json["dataStore"]["id"]
    assert api.get(f"/data-stores/{id}", token=one["token"]).status_code == 200
    assert api.get(f"/data-stores/{id}", token=other["token"]).status_code == 404
    assert api.get(f"/data-stores/{id}").status_code == 404


def test_a_reset_takes_back_what_was_done_and_keeps_the_token(api: ApiClient) -> None:
    world = new_world(api, name="mine")
    token = world["token"]
    api.delete("/scenarios/1", token=token)
    extra = api.control("POST", "/worlds/mine/tokens", json={"scopes": ["user:read"]}).json
    assert extra is not None
    api.control("POST", "/worlds/mine/reset")
    assert api.get("/scenarios/1", token=token).status_code == 200
    assert api.get("/users/me", token=extra["token"]).status_code == 401


def test_a_deleted_world_takes_its_tokens_along(api: ApiClient) -> None:
    world = new_world(api, name="gone")
    assert api.control("DELETE", "/worlds/gone").status_code == 204
    assert api.control("GET", "/worlds/gone").status_code == 404
    assert api.get("/users/me", token=world["token"]).status_code == 401


def test_the_same_seed_and_calls_give_the_same_ids_keys_and_runs(api: ApiClient) -> None:
    def story(token: object) -> list[object]:
        record = api.post("/data-stores/1/data", json={"data": {"sku": "x", "quantity": 1}}, token=token).json
        run = api.post(
            "/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}, token=token
        ).json
        return [record, run]

    now = "2026-05-05T00:00:00Z"
    assert story(new_world(api, now=now)["token"]) == story(new_world(api, now=now)["token"])


def test_a_name_that_two_worlds_came_to_have_hinders_neither_from_being_deleted(api: ApiClient) -> None:
    """A world that was restored elsewhere and made anew goes on to the names that it already had."""
    new_world(api, name="one")
    made = api.control("POST", "/worlds/one/tokens", json={"scopes": ["user:read"]}).json
    assert made is not None
    data = api.control("GET", "/worlds/one/snapshot").get_data()
    api.control("DELETE", "/worlds/one")
    new_world(api, name="two")
    document = orjson.loads(data)
    document["rows"]["tokens"] = [row for row in document["rows"]["tokens"] if row["token"] == made["token"]]
    document["rows"]["hooks"] = document["rows"]["oauth_clients"] = []
    document["rows"]["incomings"] = document["rows"]["hook_logs"] = []
    for scenario in document["rows"]["scenarios"]:
        scenario["hook_id"] = None
    restored = api.control("PUT", "/worlds/two/snapshot", data=orjson.dumps(document))
    assert restored.status_code == 200, restored.json
    new_world(api, name="one")
    again = api.control("POST", "/worlds/one/tokens", json={"scopes": ["user:read"]}).json
    assert again is not None
    assert again["token"] == made["token"]
    assert api.control("DELETE", "/worlds/one").status_code == 204
    assert api.control("DELETE", "/worlds/two").status_code == 204


def new_world_token(api: ApiClient, name: str) -> str:
    described = api.control("GET", f"/worlds/{name}").json
    assert described is not None
    token: str = described["world"]["token"]
    return token


def test_a_reset_is_rejected_whole_if_another_world_has_the_names_of_the_seed(api: ApiClient) -> None:
    mine = api.control("GET", "/worlds/default/snapshot").get_data()
    new_world(api, name="b")
    other = api.control("GET", "/worlds/b/snapshot").get_data()
    token = new_world_token(api, "b")
    api.control("DELETE", "/worlds/b")
    new_world(api, name="c")
    assert api.control("PUT", "/worlds/default/snapshot", data=other).status_code == 200
    assert api.control("PUT", "/worlds/c/snapshot", data=mine).status_code == 200
    refused = api.control("POST", "/worlds/default/reset")
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["detail"] == (
        "The world cannot be reset: another world has one of the tokens or udids of this seed."
    )
    assert api.get("/users/me", token=token).status_code == 200
    assert api.get("/users/me").status_code == 200


class SlowStore:
    """Store that takes another state once the test lets it."""

    is_writable = True

    def __init__(self, *, fails: bool = False) -> None:
        self.entered, self.gate = threading.Event(), threading.Event()
        self._fails = fails

    def commit(self, handle: WorldHandle) -> int:
        return 0

    def sync(self, position: int) -> None:
        raise AssertionError("nothing is to be synced")

    def replace(self, world: World) -> None:
        self.entered.set()
        assert self.gate.wait(60)
        if self._fails:
            raise StateNotStoredError("No space left on device")

    def delete(self) -> None:
        pass


@pytest.mark.parametrize("fails", [False, True])
def test_other_worlds_come_and_go_while_a_large_state_is_stored(api: ApiClient, *, fails: bool) -> None:
    registry = registry_of(api.app)
    donor = new_world(api, name="donor")
    document = api.control("GET", "/worlds/donor/snapshot").get_data()
    api.control("DELETE", "/worlds/donor")
    new_world(api, name="mine")
    handle = registry.get("mine")
    assert handle is not None
    handle.store = store = SlowStore(fails=fails)
    world = snapshot.loads(document, "mine")
    with ThreadPoolExecutor(1) as pool:
        replaced = pool.submit(registry.replace, handle, world)
        assert store.entered.wait(60)
        new_world(api, name="other")
        assert api.control("POST", "/worlds/other/reset").status_code == 200
        # A world with the tokens of the new state is refused, and the one that gets them is not seen half.
        other = registry.get("other")
        assert other is not None
        with pytest.raises(ValueError, match="another world has one of its tokens"):
            registry.replace(other, snapshot.loads(document, "other"))
        assert api.control("DELETE", "/worlds/other").status_code == 204
        store.gate.set()
        if fails:
            with pytest.raises(StateNotStoredError):
                replaced.result()
        else:
            replaced.result()
    assert (handle.world is world) is not fails
    assert api.get("/users/me", token=donor["token"]).status_code == (401 if fails else 200)


def test_a_request_that_waits_for_a_reset_gets_the_new_state(api: ApiClient) -> None:
    mine = new_world(api, name="mine")
    handle = registry_of(api.app).get("mine")
    assert handle is not None
    handle.store = store = SlowStore()
    with ThreadPoolExecutor(2) as pool:
        assert api.delete("/scenarios/1", token=mine["token"]).status_code == 200
        before = handle.world
        reset = pool.submit(api.control, "POST", "/worlds/mine/reset")
        assert store.entered.wait(60)
        read = pool.submit(ApiClient(api.app).get, "/scenarios/1", token=mine["token"])
        wait_until(lambda: before.lock._waiting)
        store.gate.set()
        assert reset.result().status_code == 200
        assert read.result().status_code == 200
    assert handle.world is not before
