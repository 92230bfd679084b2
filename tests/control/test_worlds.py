from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, ApiClient, assert_status
from make_emulator import __version__
from make_emulator.app import create_app


def test_health_answers_with_the_version(api: ApiClient) -> None:
    assert assert_status(api.control("GET", "/health")) == {"status": "ok", "version": __version__}


def test_the_default_world_is_described_as_promised(api: ApiClient) -> None:
    assert assert_status(api.control("GET", "/worlds/default"))["world"] == {
        "name": "default",
        "baseUrl": "http://localhost/api/v2",
        "token": ADMIN_TOKEN,
        "organizationId": 1,
        "teamId": 1,
        "userId": 1,
        "zone": "eu1.make.com",
        "plan": "enterprise",
    }


def test_a_world_is_created_with_its_parameters(api: ApiClient) -> None:
    body = {"name": "mine", "plan": "core", "zone": "us1", "now": "2026-01-01T00:00:00Z"}
    world = assert_status(api.control("POST", "/worlds", json=body), 201)["world"]
    assert (world["name"], world["plan"], world["zone"]) == ("mine", "core", "us1.make.com")
    clock = assert_status(api.control("GET", "/worlds/mine/clock"))
    assert (clock["now"][:16], clock["frozen"]) == ("2026-01-01T00:00", False)
    assert [row["name"] for row in assert_status(api.control("GET", "/worlds"))["worlds"]] == [
        "default",
        "mine",
    ]


def test_a_world_can_be_made_from_an_inline_seed(api: ApiClient) -> None:
    seed = {
        "users": [{"id": 7, "name": "Solo", "email": "solo@example.com"}],
        "tokens": [{"label": "only", "user": 7, "scopes": ["teams:read"]}],
        "organizations": [{"id": 70, "name": "Tiny", "owner": 7, "teams": [{"id": 71, "name": "Tiny team"}]}],
    }
    world = assert_status(api.control("POST", "/worlds", json={"seed": seed}), 201)["world"]
    assert (world["organizationId"], world["teamId"], world["userId"]) == (70, 71, 7)
    teams = assert_status(api.get("/teams?organizationId=70", token=world["token"]))["teams"]
    assert [team["name"] for team in teams] == ["Tiny team"]
    assert api.get("/scenarios?teamId=71", token=world["token"]).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"name": "default"},
        {"zone": "zz"},
        {"name": 5},
        {"name": "a/b"},
        {"plan": "gold"},
        {"seed": "no-such-seed"},
        {"seed": "/etc/hostname"},
        {"seed": "fixtures/worlds/default.yaml"},
        {"seed": {}},
        {"seed": {"users": 5}},
        {"seed": {"users": [], "organizations": [], "tokens": []}},
        {"seed": ["list"]},
        {"now": "yesterday"},
        {"rateLimit": "yes"},
        {"colour": "red"},
        ["list"],
    ],
)
def test_invalid_parameters_are_rejected_and_create_no_world(api: ApiClient, body: Any) -> None:
    response = api.control("POST", "/worlds", json=body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "SC400"
    assert len(assert_status(api.control("GET", "/worlds"))["worlds"]) == 1


def test_the_tokens_of_a_world_are_listed_with_their_scopes(api: ApiClient) -> None:
    assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)
    body = {"scopes": ["teams:read", "hooks:read"], "userId": 3, "label": "mine"}
    made = assert_status(api.control("POST", "/worlds/default/tokens", json=body), 201)
    assert {**made, "token": ""} == {**body, "token": "", "scopes": ["hooks:read", "teams:read"]}
    allow = {"scenarios": ["read"]}
    agent = assert_status(api.control("PUT", "/worlds/default/agents/bot", json={"allow": allow}), 201)
    tokens = assert_status(api.control("GET", "/worlds/default/tokens"))["tokens"]
    assert [each["label"] for each in tokens] == ["admin", "read-only", "other", "mine", "bot"]
    assert (tokens[0]["token"], tokens[3]) == (ADMIN_TOKEN, made)
    assert tokens[4]["token"] == agent["agent"]["token"]
    elsewhere = assert_status(api.control("GET", "/worlds/other/tokens"))["tokens"]
    assert not {each["token"] for each in tokens} & {each["token"] for each in elsewhere}


def test_a_token_has_just_the_scopes_that_were_requested(api: ApiClient) -> None:
    body = {"scopes": ["teams:read"], "userId": 3}
    made = assert_status(api.control("POST", "/worlds/default/tokens", json=body), 201)
    assert (made["scopes"], made["userId"]) == (["teams:read"], 3)
    me = assert_status(api.get("/users/me", token=made["token"]))
    assert me["authUser"]["name"] == "Mia Member"
    assert api.get("/users?teamId=1", token=made["token"]).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scopes": "all"},
        {"scopes": ["no:such"]},
        {"scopes": [], "userId": 99},
        {"scopes": [[]]},
        {"scopes": [], "userId": True},
        {"scopes": [], "foo": 1},
    ],
)
def test_a_token_that_is_invalid_is_rejected(api: ApiClient, body: Any) -> None:
    assert api.control("POST", "/worlds/default/tokens", json=body).status_code == 400


def test_the_clock_is_frozen_set_and_advanced(api: ApiClient) -> None:
    clock = "/worlds/default/clock"
    set_ = assert_status(api.control("PATCH", clock, json={"now": "2026-06-01T00:00:00Z", "frozen": True}))
    assert set_ == {"now": "2026-06-01T00:00:00.000Z", "frozen": True}
    assert (
        assert_status(api.control("POST", f"{clock}/advance", json={"seconds": 90}))["now"]
        == "2026-06-01T00:01:30.000Z"
    )
    assert assert_status(api.control("PATCH", clock, json={"frozen": False}))["frozen"] is False


@pytest.mark.parametrize("seconds", [None, "5", True, -1, 1e30, [1]])
def test_the_clock_rejects_what_is_no_step_ahead(api: ApiClient, seconds: Any) -> None:
    response = api.control("POST", "/worlds/default/clock/advance", json={"seconds": seconds})
    assert response.status_code == 400
    assert assert_status(api.control("GET", "/worlds/default/clock"))["now"] == "2026-03-02T12:00:00.000Z"


def test_unknown_worlds_are_404(api: ApiClient) -> None:
    for method, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/reset"),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("GET", "/clock"),
        ("GET", "/requests"),
    ]:
        assert api.control(method, f"/worlds/nowhere{path}", json={}).status_code == 404, path


def test_without_a_key_only_loopback_is_served() -> None:
    api = ApiClient(create_app())
    for address, status in [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("10.0.0.5", 403)]:
        response = api.control("GET", "/worlds", environ_base={"REMOTE_ADDR": address})
        assert response.status_code == status, address


def test_with_a_key_every_client_that_sends_it_is_served() -> None:
    api = ApiClient(create_app(control_key="sesame"))
    far = {"REMOTE_ADDR": "10.0.0.5"}
    assert api.control("GET", "/worlds").status_code == 403
    assert api.control("GET", "/worlds", headers={"X-Emulator-Key": "wrong"}).status_code == 403
    response = api.control("GET", "/worlds", headers={"X-Emulator-Key": "sesame"}, environ_base=far)
    assert response.status_code == 200
    assert api.control("GET", "/health", environ_base=far).status_code == 200
    assert api.control("GET", "/ready", environ_base=far).json["status"] == "ready"  # type: ignore[index]


def test_the_openapi_document_names_every_route_with_its_scopes(api: ApiClient) -> None:
    document = assert_status(api.control("GET", "/openapi.json"))
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://localhost/api/v2"}]
    operation = document["paths"]["/scenarios/{scenarioId}/run"]["post"]
    assert operation["operationId"] == "run_scenario"
    assert sorted(operation["x-scopes"]) == ["scenarios:read", "scenarios:run", "scenarios:write"]
    parameters = {p["name"] for p in document["paths"]["/data-stores"]["get"]["parameters"]}
    assert {"teamId", "cols[]", "pg[limit]", "pg[offset]", "pg[sortBy]", "pg[sortDir]"} <= parameters


def test_mistyped_parameters_of_the_clock_are_rejected(api: ApiClient) -> None:
    for method, path, body in [
        ("PATCH", "/clock", {"nwo": "2026-01-01T00:00:00Z"}),
        ("PATCH", "/clock", {"frozen": "yes"}),
        ("PATCH", "/clock", {"now": "tomorrow", "frozen": True}),
        ("POST", "/clock/advance", {"second": 5}),
        ("POST", "/clock/advance", {}),
    ]:
        assert api.control(method, f"/worlds/default{path}", json=body).status_code == 400, body
    assert assert_status(api.control("GET", "/worlds/default/clock"))["now"] == "2026-03-02T12:00:00.000Z"


def test_a_key_can_leave_loopback_open() -> None:
    api = ApiClient(create_app(control_key="sesame", control_serves_loopback=True))
    far = {"REMOTE_ADDR": "10.0.0.5"}
    assert api.control("GET", "/worlds").status_code == 200
    assert api.control("GET", "/worlds", headers={"X-Emulator-Key": "old"}).status_code == 200
    refused = api.control("GET", "/worlds", environ_base=far)
    assert refused.status_code == 403
    assert refused.json is not None
    assert "the key that the server printed at its start" in refused.json["detail"]
    wrong = api.control("GET", "/worlds", headers={"X-Emulator-Key": "wrong"}, environ_base=far)
    assert wrong.status_code == 403
    right = api.control("GET", "/worlds", headers={"X-Emulator-Key": "sesame"}, environ_base=far)
    assert [world["name"] for world in assert_status(right)["worlds"]] == ["default"]


def test_an_open_loopback_is_not_open_under_the_name_of_another_host() -> None:
    app = create_app(control_key="sesame", control_serves_loopback=True, allowed_hosts=["make.example"])
    client = app.test_client()
    host = {"Host": "make.example"}
    assert client.get("/_emulator/worlds", headers=host).status_code == 403
    assert client.get("/_emulator/worlds", headers={**host, "X-Emulator-Key": "sesame"}).status_code == 200


def test_an_empty_key_is_rejected_at_the_start() -> None:
    with pytest.raises(ValueError, match="control key is empty"):
        create_app(control_key="")
