"""Credential requests: their creation, the approval by the control API, and what becomes of their credentials."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
    token_of_role,
)
from helpers.api_resources import create_hook

REQUESTS = "/credential-requests/requests"
CREDENTIALS = "/credential-requests/credentials"
ACTIONS = "/credential-requests/actions"

KEY = {"type": "basicauth", "appName": "http", "appModules": ["ActionSendDataBasicAuth"], "appVersion": "3"}
SLACK = {"type": "slack", "appName": "slack", "appModules": ["CreateMessage"], "appVersion": "4"}
NEW_USER = {"newUser": {"name": "Nele New", "email": "nele@example.com"}}


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    """A request with one key, addressed to user 3."""
    body = {"name": "Please", "teamId": 1, "keys": [KEY], "provider": {"providerMakeUserId": 3}, **changes}
    request: dict[str, Any] = assert_ok(api.post(REQUESTS, json=body))["request"]
    return request


def act(api: ApiClient, **body: Any) -> dict[str, Any]:
    """A request by types, with its credentials."""
    created: dict[str, Any] = assert_ok(
        api.post(f"{ACTIONS}/create-by-credentials", json={"teamId": 1, **body})
    )
    return created


def approve(api: ApiClient, id: str, **body: Any) -> dict[str, Any]:
    path = f"/worlds/default/credential-requests/{id}/approve"
    approved: dict[str, Any] = assert_ok(api.control("POST", path, json=body))["credentialRequest"]
    return approved


def credentials(api: ApiClient, id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = assert_ok(api.get(f"{REQUESTS}/{id}/detail"))["requestDetail"]["credentials"]
    return rows


def counts(api: ApiClient) -> tuple[int, int]:
    """The numbers of requests and of users."""
    return len(api.world.credential_requests), len(api.world.users)


# --- creation ------------------------------------------------------------------------------------


def test_a_request_is_pending_and_expires_in_a_month(api: ApiClient) -> None:
    provider = {"providerMakeUserId": 3}
    body = {"name": "Please", "teamId": 1, "description": "For news.", "keys": [KEY], "provider": provider}
    response = assert_ok(api.post(REQUESTS, json=body))
    request = response["request"]
    assert request == {
        "id": request["id"],
        "organizationId": 1,
        "teamId": 1,
        "userId": 1,
        "name": "Please",
        "description": "For news.",
        "externalProviderId": None,
        "makeProviderId": "3",
        "createdAt": "2026-03-02T12:00:00.000Z",
        "updatedAt": "2026-03-02T12:00:00.000Z",
        "expiresAt": "2026-04-02T12:00:00.000Z",
        "status": "pending",
        "shouldSendEmail": True,
        "emailSentAt": None,
    }
    assert uuid.UUID(request["id"]).version == 4
    assert response["publicUri"].endswith(f"/credence/1/{request['id']}")
    shown = assert_ok(api.get(f"{REQUESTS}/{request['id']}"))["request"]
    mia = {"id": 3, "name": "Mia Member", "email": "mia@example.com"}
    assert shown == {**request, "makeProvider": mia}
    detail = assert_ok(api.get(f"{REQUESTS}/{request['id']}/detail"))["requestDetail"]
    [credential] = detail.pop("credentials")
    assert detail == {**shown, "user": {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}}
    assert credential == {
        "id": credential["id"],
        "requestId": request["id"],
        "component": "keychain",
        "type": "key",
        "name": "basicauth",
        "label": credential["label"],
        "description": None,
        "scope": [],
        "remoteId": None,
        "remoteScope": [],
        "tokenId": None,
        "createdAt": "2026-03-02T12:00:00.000Z",
        "updatedAt": "2026-03-02T12:00:00.000Z",
        "state": "pending",
        "declineReason": None,
        "appName": "http",
        "appModules": ["ActionSendDataBasicAuth"],
        "appVersion": "3",
        "nameOverride": None,
    }


def test_the_same_calls_give_the_same_ids_and_shift_no_others(api: ApiClient) -> None:
    def run() -> Any:
        return assert_ok(api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}}))["executionId"]

    first, execution = create(api)["id"], run()
    assert_ok(api.control("POST", "/worlds/default/reset"))
    assert run() == execution
    assert create(api)["id"] == first


def test_an_addressed_user_becomes_a_member_of_the_team(api: ApiClient) -> None:
    request = create(api, provider=NEW_USER)
    [user] = [row for row in api.world.users if row.email == "nele@example.com"]
    assert request["makeProviderId"] == str(user.id)
    assert (user.id, 1) in api.world.organization_members
    assert (user.id, 1) in api.world.team_members
    assert create(api, provider=NEW_USER)["makeProviderId"] == str(user.id)
    assert counts(api) == (2, 4)


@pytest.mark.parametrize(
    ("provider", "status"),
    [
        ({}, 400),
        ({"providerMakeUserId": 3, **NEW_USER}, 400),
        ({"providerMakeUserId": "3"}, 400),
        ({"newUser": {"name": "N"}}, 400),
        ({"newUser": {"name": "N", "email": "n@example.com", "role": 1}}, 400),
        ({"providerMakeUserId": 2}, 404),
        ({"providerMakeUserId": 99}, 404),
    ],
)
def test_a_provider_that_is_not_valid_is_refused_and_nothing_changes(
    api: ApiClient, provider: Any, status: int
) -> None:
    body = {"name": "Please", "teamId": 1, "keys": [KEY], "provider": provider}
    assert_refused(api.post(REQUESTS, json=body), status)
    assert counts(api) == (0, 3)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"keys": []}, "SC400"),
        ({"keys": [{**KEY, "type": "nothing"}]}, "IM005"),
        ({"keys": [{**KEY, "scope": ["x"]}]}, "SC400"),
        ({"keys": [], "connections": [{**SLACK, "type": "make", "scope": ["x"]}]}, "IM005"),
        ({"keys": [{**KEY, "appVersion": 3}]}, "SC400"),
        ({"keys": [KEY] * 33}, "SC400"),
    ],
)
def test_credentials_that_are_not_valid_are_refused_before_a_user_is_invited(
    api: ApiClient, changes: Any, code: str
) -> None:
    body = {"name": "Please", "teamId": 1, "keys": [KEY], "provider": NEW_USER, **changes}
    assert_refused(api.post(REQUESTS, json=body), 400, code=code)
    assert counts(api) == (0, 3)


def test_credentials_follow_from_modules_of_apps(api: ApiClient) -> None:
    body = {
        "name": "Please",
        "teamId": 1,
        "credentials": [
            {"appName": "google-sheets", "appModules": ["*"], "nameOverride": "Sheets"},
            {"appName": "http", "appModules": ["ActionSendDataBasicAuth"], "appVersion": 3},
            {"appName": "slack", "appModules": ["CreateMessage", "AddReaction"]},
        ],
        "provider": {"providerMakeUserId": 3},
    }
    id = assert_ok(api.post(f"{REQUESTS}/v2", json=body))["request"]["id"]
    columns = ("component", "name", "type", "appName", "appVersion", "nameOverride")
    assert [tuple(row[column] for column in columns) for row in credentials(api, id)] == [
        ("account", "google", "oauth", "google-sheets", "2", "Sheets"),
        ("keychain", "basicauth", "key", "http", "3", None),
        ("account", "slack2", "oauth", "slack", "4", None),
    ]
    assert credentials(api, id)[2]["appModules"] == ["AddReaction", "CreateMessage"]
    [row] = assert_ok(api.get(f"{REQUESTS}?teamId=1"))["requests"]
    assert row["appNames"] == ["google-sheets", "http", "slack"]


@pytest.mark.parametrize(
    ("selection", "status", "text"),
    [
        ({"appName": "no-such-app", "appModules": ["*"]}, 404, "Package not found."),
        ({"appName": "http", "appModules": ["*"], "appVersion": 99}, 404, "Package not found."),
        ({"appName": "json", "appModules": ["*"]}, 400, "No module of the app 'json' needs credentials."),
        (
            {"appName": "http", "appModules": ["Nothing"], "appVersion": 3},
            400,
            "The app 'http' has no module 'Nothing' with credentials.",
        ),
    ],
)
def test_an_app_or_module_without_credentials_is_refused(
    api: ApiClient, selection: Any, status: int, text: str
) -> None:
    response = api.post(f"{ACTIONS}/create", json={"teamId": 1, "credentials": [selection]})
    body = assert_refused(response, status)
    assert text in (body["message"], *(suberror["message"] for suberror in body.get("suberrors", ())))


def test_an_action_is_for_any_user_with_its_link(api: ApiClient) -> None:
    selection = {"appName": "http", "appEndpoints": ["*"], "appVersion": 3}
    response = assert_ok(api.post(f"{ACTIONS}/create", json={"teamId": 1, "credentials": [selection]}))
    request = response["request"]
    assert (request["name"], request["makeProviderId"]) == ("Request for credentials", None)
    assert request["shouldSendEmail"] is False
    assert response["publicUri"].endswith(f"/credential-requests/action/{request['id']}")
    assert {row["name"] for row in credentials(api, request["id"])} == {"apikeyauth", "basicauth", "oauth2"}


def test_an_action_for_one_connection_or_key_names_its_team_inside(api: ApiClient) -> None:
    path = f"{ACTIONS}/create"
    connection = {"teamId": 1, "accountName": "google", "name": "Drive", "scopes": ["drive"]}
    request = assert_ok(api.post(path, json={"name": "One", "connection": connection}))["request"]
    [row] = credentials(api, request["id"])
    assert (row["name"], row["nameOverride"], row["scope"]) == ("google", "Drive", ["drive"])
    key = {"teamId": 1, "type": "apikeyauth", "name": "Shop"}
    request = assert_ok(api.post(path, json={"key": key}))["request"]
    assert credentials(api, request["id"])[0]["component"] == "keychain"
    for body in (
        {},
        {"teamId": 1},
        {"connection": connection, "key": key},
        {"teamId": 2, "key": key},
        {"key": {**key, "teamId": "1"}},
        {"key": {"type": "apikeyauth", "name": "Shop"}},
    ):
        assert_refused(api.post(path, json=body), 400, code="SC400")
    assert api.post(path, json={"key": {**key, "teamId": 2}}).status_code in (403, 404)
    assert counts(api) == (2, 3)


# --- lists ---------------------------------------------------------------------------------------


def test_the_requests_of_a_team_are_filtered(api: ApiClient) -> None:
    first = create(api, name="Shop keys")
    approve(api, act(api, name="Drive", keys=[{"type": "apikeyauth"}])["request"]["id"])

    def names(query: str) -> list[str]:
        rows = assert_ok(api.get(f"{REQUESTS}?teamId=1&{query}"))["requests"]
        return [row["name"] for row in rows]

    assert names("") == ["Shop keys", "Drive"]
    assert names("name=shop") == ["Shop keys"]
    assert names("status=pending") == ["Shop keys"]
    assert names("status=authorized") == ["Drive"]
    assert names("makeProviderId=3") == ["Shop keys"]
    assert names("userId=2") == []
    assert_refused(api.get(f"{REQUESTS}?teamId=1&status=approved"), 400)
    for query in ("cols=id&cols=appNames", "cols[]=id&cols[]=appNames"):
        rows = assert_ok(api.get(f"{REQUESTS}?teamId=1&{query}"))["requests"]
        assert rows[0] == {"id": first["id"], "appNames": ["http"]}
    assert_refused(api.get(f"{REQUESTS}?teamId=1&cols=secret"), 400)
    assert "pg" not in assert_ok(api.get(f"{REQUESTS}?teamId=1"))


def test_requests_of_others_do_not_exist_and_roles_count(api: ApiClient) -> None:
    id = create(api)["id"]
    [credential] = credentials(api, id)
    assert_refused(api.get(f"{REQUESTS}/{id}", token=OUTSIDER_TOKEN), 404, code="SC404")
    path = f"{CREDENTIALS}/{credential['id']}/decline"
    assert_refused(api.post(path, token=OUTSIDER_TOKEN), 404, code="SC404")
    assert_refused(api.post(path, token=token_of_role(api, "operator")), 403, code="IM002")
    assert_refused(api.post(path, token=api.token_with("credential-requests:read")), 403, code="SC403")
    assert credentials(api, id)[0]["state"] == "pending"


# --- approval ------------------------------------------------------------------------------------


def test_an_approval_creates_the_connection_that_scenarios_use(api: ApiClient) -> None:
    google = {"type": "google", "scope": ["drive", "drive"], "nameOverride": "Ann's Drive"}
    request = act(api, connections=[google])["request"]
    assert approve(api, request["id"])["status"] == "authorized"
    [credential] = credentials(api, request["id"])
    assert credential["state"] == "authorized"
    assert credential["remoteScope"] == ["drive"]
    assert uuid.UUID(credential["tokenId"]).version == 4
    id = int(credential["remoteId"])
    connection = assert_ok(api.get(f"/connections/{id}"))["connection"]
    assert (connection["name"], connection["accountName"], connection["teamId"]) == (
        "Ann's Drive",
        "google",
        1,
    )
    assert [scope["id"] for scope in connection["scopes"]] == ["drive"]
    assert assert_ok(api.post(f"/connections/{id}/test"))["verified"] is True
    module = {
        "id": 1,
        "module": "google-sheets:getCell",
        "version": 2,
        "parameters": {"__IMTCONN__": id},
        "mapper": {},
    }
    blueprint = {"name": "Uses it", "flow": [module], "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": json.dumps({"type": "on-demand"})}
    scenario = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{scenario}/start"))
    assert assert_ok(api.post(f"/scenarios/{scenario}/run", json={"responsive": True}))["status"] in (1,)


def test_the_data_of_an_approval_are_stored_as_secrets(api: ApiClient) -> None:
    prefill = {"hard": {"placement": "qs"}, "soft": {"name": "key", "key": "from-the-request"}}
    created = act(api, keys=[{"type": "apikeyauth", "prefill": prefill}])
    [credential] = created["credentials"]
    data = {credential["id"]: {"key": "from-the-user", "placement": "header"}}
    approved = approve(api, created["request"]["id"], data=data)
    key = api.world.keys[approved["credentials"][0]["remoteId"]]
    assert key.parameters == {"key": "from-the-user", "placement": "qs", "name": "key"}
    shown = api.control("GET", "/worlds/default/snapshot?redact=true").get_data(as_text=True)
    assert "from-the-user" not in shown
    assert "from-the-request" not in shown
    log = api.control("GET", "/worlds/default/requests").get_data(as_text=True)
    assert "from-the-request" not in log
    assert "from-the-request" not in json.dumps(created)


def test_an_approval_with_data_that_do_not_fit_changes_nothing(api: ApiClient) -> None:
    created = act(api, connections=[{"type": "google"}], keys=[{"type": "apikeyauth"}])
    account, key = (row["id"] for row in created["credentials"])
    path = f"/worlds/default/credential-requests/{created['request']['id']}/approve"
    before = len(api.world.keys)
    data: Any
    for data in ({key: {"other": "x"}}, {key: {"placement": "header"}}, {"unknown": {}}, {account: "x"}):
        assert_refused(api.control("POST", path, json={"data": data}), 400)
    assert_refused(api.control("POST", "/worlds/default/credential-requests/x/approve"), 404)
    assert len(api.world.keys) == before
    assert {row["state"] for row in credentials(api, created["request"]["id"])} == {"pending"}


def test_an_expired_request_cannot_be_approved(api: ApiClient) -> None:
    id = create(api)["id"]
    api.world.clock.advance(days=32)
    path = f"/worlds/default/credential-requests/{id}/approve"
    body = assert_refused(api.control("POST", path, json={}), 400)
    assert body["detail"] == "The credential request has expired."


def test_the_control_api_lists_the_requests_of_all_teams(api: ApiClient) -> None:
    id = create(api)["id"]
    [row] = assert_ok(api.control("GET", "/worlds/default/credential-requests"))["credentialRequests"]
    assert (row["id"], row["teamId"], row["status"]) == (id, 1, "pending")
    [credential] = row["credentials"]
    assert (credential["name"], credential["state"], credential["remoteId"]) == ("basicauth", "pending", None)


# --- changes -------------------------------------------------------------------------------------


def test_a_credential_is_declined_with_a_reason(api: ApiClient) -> None:
    id = create(api, connections=[SLACK])["id"]
    account, key = (row["id"] for row in credentials(api, id))
    for reason in ("No.", "Never."):
        declined = assert_ok(api.post(f"{CREDENTIALS}/{key}/decline", json={"reason": reason}))["credential"]
        assert (declined["state"], declined["declineReason"]) == ("declined", reason)
    assert assert_ok(api.post(f"{CREDENTIALS}/{key}/decline"))["credential"]["declineReason"] is None
    assert assert_ok(api.get(f"{REQUESTS}/{id}"))["request"]["status"] == "pending"
    assert_ok(api.post(f"{CREDENTIALS}/{account}/decline"))
    assert assert_ok(api.get(f"{REQUESTS}/{id}"))["request"]["status"] == "declined"
    shown = assert_ok(api.post(f"{CREDENTIALS}/{key}/decline?cols=state"))["credential"]
    assert shown == {"state": "declined"}
    assert_refused(api.post(f"{CREDENTIALS}/{key}/decline", json={"reason": "x" * 2049}), 400)


def test_what_came_of_a_credential_can_be_deleted_and_made_again(api: ApiClient) -> None:
    id = create(api, connections=[SLACK])["id"]
    account, key = (row["id"] for row in credentials(api, id))
    assert_refused(api.post(f"{CREDENTIALS}/{key}/delete-remote"), 400)
    approve(api, id)
    assert_refused(api.post(f"{CREDENTIALS}/{key}/decline"), 400)
    made = {row["id"]: int(row["remoteId"]) for row in credentials(api, id)}
    deleted = assert_ok(api.post(f"{CREDENTIALS}/{key}/delete-remote"))["credential"]
    assert (deleted["state"], deleted["remoteId"], deleted["tokenId"]) == ("pending", None, None)
    assert made[key] not in api.world.keys
    assert made[account] in api.world.connections
    assert assert_ok(api.get(f"{REQUESTS}/{id}"))["request"]["status"] == "partially_authorized"
    assert approve(api, id)["status"] == "authorized"
    assert_ok(api.delete(f"/connections/{made[account]}"))
    assert [row["state"] for row in credentials(api, id)] == ["invalid", "authorized"]
    assert approve(api, id)["status"] == "authorized"


def test_deleting_a_request_with_connections_needs_confirmation(api: ApiClient) -> None:
    id = create(api, connections=[SLACK])["id"]
    approve(api, id)
    remote = {row["component"]: int(row["remoteId"]) for row in credentials(api, id)}
    assert_refused(api.delete(f"{REQUESTS}/{id}"), 406, code="IM004")
    assert remote["account"] in api.world.connections
    assert assert_ok(api.delete(f"{REQUESTS}/{id}?confirmed=true")) == {"deleted": True}
    assert remote["account"] not in api.world.connections
    assert remote["keychain"] not in api.world.keys
    assert (len(api.world.credential_requests), len(api.world.credentials)) == (0, 0)
    id = create(api)["id"]
    assert assert_ok(api.delete(f"{REQUESTS}/{id}")) == {"deleted": True}


def test_a_connection_that_a_hook_uses_keeps_its_request(api: ApiClient) -> None:
    id = act(api, connections=[{"type": "google-email"}], keys=[{"type": "apikeyauth"}])["request"]["id"]
    approve(api, id)
    remote = {row["component"]: int(row["remoteId"]) for row in credentials(api, id)}
    hook = api.world.hooks[create_hook(api)["id"]]
    api.world.hooks.put(replace(hook, data={**hook.data, "__IMTCONN__": remote["account"]}))
    assert_refused(api.delete(f"{REQUESTS}/{id}?confirmed=true"), 422, code="IM016")
    assert remote["keychain"] in api.world.keys
    assert id in api.world.credential_requests


def test_only_a_broken_oauth_connection_is_authorized_again(api: ApiClient) -> None:
    id = create(api, connections=[SLACK])["id"]
    account, key = (row["id"] for row in credentials(api, id))
    path = f"{CREDENTIALS}/{account}/request-reauthorize"
    assert_refused(api.post(path), 400, code="IM005")
    approve(api, id)
    assert_refused(api.post(f"{CREDENTIALS}/{key}/request-reauthorize"), 400, code="IM005")
    assert_refused(api.post(path), 400, code="SC400")
    remote = int(credentials(api, id)[0]["remoteId"])
    assert_ok(api.control("PUT", f"/worlds/default/connections/{remote}", json={"verify": "invalid"}))
    assert assert_ok(api.post(path))["credential"]["state"] == "reauthorizing"
    assert approve(api, id)["status"] == "authorized"
    assert int(credentials(api, id)[0]["remoteId"]) == remote
    assert assert_ok(api.post(f"/connections/{remote}/test"))["verified"] is True


def test_a_connection_gets_more_scopes(api: ApiClient) -> None:
    path = f"{ACTIONS}/extend"
    body = {"connectionId": 1, "scopes": ["channels:read", "chat:write"]}
    request = assert_ok(api.post(path, json=body))["request"]
    assert credentials(api, request["id"])[0]["scope"] == ["chat:write", "channels:read"]
    before = api.world.connections[1].scopes
    assert approve(api, request["id"])["credentials"][0]["remoteId"] == 1
    assert api.world.connections[1].scopes == (*before, "channels:read")
    assert_refused(api.post(path, json=body), 400, code="IM005")
    assert_ok(api.delete(f"{REQUESTS}/{request['id']}"))
    assert 1 in api.world.connections
    assert_refused(api.post(path, json={"connectionId": 99, "scopes": ["x"]}), 404)
    assert_refused(api.post(path, json={"connectionId": 1, "scopes": []}), 400)


# --- modules -------------------------------------------------------------------------------------


def test_the_modules_of_an_app_show_the_credentials_that_they_need(api: ApiClient) -> None:
    path = "/credential-requests/apps/slack/4/modules-with-credentials"
    rows = {row["id"]: row for row in assert_ok(api.get(path))["appModules"]}
    assert rows["CreateMessage"] == {
        "id": "CreateMessage",
        "name": "CreateMessage",
        "label": "Create message",
        "type": "account:slack2,slack3",
        "scope": [],
        "hook": False,
    }
    assert assert_ok(api.get("/imt/apps/slack/4/modules-with-credentials")) == assert_ok(api.get(path))
    http = assert_ok(api.get("/credential-requests/apps/http/latest/modules-with-credentials"))["appModules"]
    choices = {row["id"]: row for row in http}
    assert choices["MakeRequest:authenticationType:apiKey"]["type"] == "keychain:apikeyauth"
    assert "scope" not in choices["MakeRequest:authenticationType:basicAuth"]


@pytest.mark.parametrize("app", ["no-such-app/1", "slack/99", "slack/0", "slack/x", "app%23mine/1"])
def test_an_app_that_is_not_known_is_404(api: ApiClient, app: str) -> None:
    response = api.get(f"/credential-requests/apps/{app}/modules-with-credentials")
    assert_refused(response, 404, code="SC404", message="Package not found.")


def test_requests_survive_a_snapshot_and_go_with_their_team(api: ApiClient) -> None:
    id = create(api, connections=[SLACK])["id"]
    snapshot = json.loads(api.control("GET", "/worlds/default/snapshot").get_data())
    before = credentials(api, id)
    assert_ok(api.delete("/teams/1?confirmed=true"))
    assert (len(api.world.credential_requests), len(api.world.credentials)) == (0, 0)
    assert_ok(api.control("PUT", "/worlds/default/snapshot", json=snapshot))
    assert credentials(api, id) == before


def test_a_prefill_holds_plain_values_of_two_kinds(api: ApiClient) -> None:
    path = f"{ACTIONS}/create-by-credentials"
    prefill: Any
    for prefill in ({"hard": {"key": {}}}, {"soft": {"key": None}}, {"other": {}}, {"hard": []}):
        body = {"teamId": 1, "keys": [{"type": "apikeyauth", "prefill": prefill}]}
        assert_refused(api.post(path, json=body), 400, code="SC400")
    assert suberror_messages(api.post(path, json={"teamId": 1})) == ["A request needs a connection or a key."]
