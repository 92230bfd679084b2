from __future__ import annotations

from conftest import ADMIN, Api


def new_world(api: Api, **wishes: object) -> dict[str, object]:
    answer = api.control("POST", "/worlds", json=wishes)
    assert answer.status_code == 201
    assert answer.json is not None
    world: dict[str, object] = answer.json["world"]
    return world


def test_worlds_of_one_seed_have_the_same_ids_and_other_tokens(api: Api) -> None:
    one, other = new_world(api), new_world(api)
    for field in ("organizationId", "teamId", "userId"):
        assert one[field] == other[field]
    assert one["token"] != other["token"] != ADMIN


def test_a_token_sees_its_own_world_only(api: Api) -> None:
    one, other = new_world(api), new_world(api)
    body = {"name": "Only here", "teamId": 1, "maxSizeMB": 1}
    created = api.post("/data-stores", json=body, token=one["token"])
    assert created.json is not None
    id = created.json["dataStore"]["id"]
    assert api.get(f"/data-stores/{id}", token=one["token"]).status_code == 200
    assert api.get(f"/data-stores/{id}", token=other["token"]).status_code == 404
    assert api.get(f"/data-stores/{id}").status_code == 404


def test_a_reset_takes_back_what_was_done_and_keeps_the_token(api: Api) -> None:
    world = new_world(api, name="mine")
    token = world["token"]
    api.delete("/scenarios/1", token=token)
    extra = api.control("POST", "/worlds/mine/tokens", json={"scopes": ["user:read"]}).json
    assert extra is not None
    api.control("POST", "/worlds/mine/reset")
    assert api.get("/scenarios/1", token=token).status_code == 200
    assert api.get("/users/me", token=extra["token"]).status_code == 401


def test_a_deleted_world_takes_its_tokens_along(api: Api) -> None:
    world = new_world(api, name="gone")
    assert api.control("DELETE", "/worlds/gone").status_code == 204
    assert api.control("GET", "/worlds/gone").status_code == 404
    assert api.get("/users/me", token=world["token"]).status_code == 401


def test_the_same_seed_and_calls_give_the_same_ids_keys_and_runs(api: Api) -> None:
    def story(token: object) -> list[object]:
        record = api.post("/data-stores/1/data", json={"data": {"sku": "x", "quantity": 1}}, token=token).json
        run = api.post(
            "/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}, token=token
        ).json
        return [record, run]

    now = "2026-05-05T00:00:00Z"
    assert story(new_world(api, now=now)["token"]) == story(new_world(api, now=now)["token"])
