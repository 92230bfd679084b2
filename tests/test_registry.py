from __future__ import annotations

import orjson

from helpers.api import ADMIN_TOKEN, ApiClient


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
