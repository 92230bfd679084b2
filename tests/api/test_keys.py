"""Keys of the keychain over the API. What every route refuses is tested in tests/robustness."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused, suberror_messages, token_of_role
from helpers.http_modules import http_v4_module

SECRET = "sup3r-s3cret"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
DOCUMENTED: dict[str, dict[str, Any]] = {
    "aes-key": {"key": SECRET, "keyEncoding": "plain"},
    "apikeyauth": {"key": SECRET, "placement": "qs", "name": "api_key"},
    "apn": {"privateKey": PRIVATE_KEY, "method": "tokens", "keyId": "K", "teamId": "T", "production": True},
    "basicauth": {"authUser": "ann", "authPass": SECRET},
}


def create(api: ApiClient, type: str = "apikeyauth", /, **parameters: Any) -> Any:
    body = {"name": "New", "teamId": 1, "typeName": type, "parameters": parameters}
    return api.post("/keys", json=body)


def key_id(api: ApiClient, type: str = "apikeyauth", /, **parameters: Any) -> int:
    return int(assert_ok(create(api, type, **parameters))["key"]["id"])


@pytest.mark.parametrize("type", DOCUMENTED)
def test_a_key_is_created_and_its_parameters_never_come_back(api: ApiClient, type: str) -> None:
    response = create(api, type, **DOCUMENTED[type])
    key = assert_ok(response)["key"]
    theme = {"aes-key": "#fa6f57", "apn": "#666666"}.get(type, "#007ee5")
    assert key == {
        "id": 2,
        "name": "New",
        "typeName": type,
        "teamId": 1,
        "packageName": None,
        "theme": theme,
    }
    assert assert_ok(api.get("/keys/2?cols[]=*")) == {"key": key}
    shown = "".join(api.get(path).get_data(as_text=True) for path in ("/keys?teamId=1&cols[]=*", "/keys/2"))
    assert SECRET not in shown + api.control("GET", "/worlds/default/requests").get_data(as_text=True)


def test_keys_show_their_id_and_name_unless_columns_are_named(api: ApiClient) -> None:
    assert assert_ok(api.get("/keys?teamId=1")) == {"keys": [{"id": 1, "name": "Webshop API"}]}
    assert assert_ok(api.get("/keys/1")) == {"key": {"id": 1, "name": "Webshop API"}}
    response = assert_ok(api.get("/keys?teamId=1&cols[]=typeName&cols[]=theme"))
    assert response == {"keys": [{"typeName": "apikeyauth", "theme": "#007ee5"}]}


def test_the_list_can_be_narrowed_to_a_type(api: ApiClient) -> None:
    id = key_id(api, "basicauth", authUser="ann")
    assert assert_ok(api.get("/keys?teamId=1&typeName=basicauth"))["keys"] == [{"id": id, "name": "New"}]
    assert assert_ok(api.get("/keys?teamId=1&typeName=webpay"))["keys"] == []
    [text] = suberror_messages(api.get("/keys?teamId=1&typeName=slack"))
    assert text.startswith("Parameter 'typeName' must be one of: aes-key, ")


def test_the_types_have_the_documented_fields(api: ApiClient) -> None:
    types = {row["name"]: row for row in assert_ok(api.get("/keys/types"))["keysTypes"]}
    assert list(types) == [
        *("aes-key", "apikeyauth", "apn", "basicauth", "clientcertauth"),
        *("eet", "gpg-private", "gpg-public", "webpay"),
    ]
    key = types["apikeyauth"]
    assert list(key) == ["name", "label", "parameters", "componentType", "author", "version", "theme", "icon"]
    assert (key["componentType"], key["icon"]) == ("key", "/img/packages/apikeyauth.png")
    fields = {field["name"]: field for field in key["parameters"]}
    assert fields["placement"]["default"] == "header"
    assert [option["value"] for option in fields["placement"]["options"]] == ["header", "qs"]
    assert fields["name"]["default"] == "X-API-Key"
    assert {field["name"]: "required" in field for field in types["basicauth"]["parameters"]} == {
        "authUser": False,
        "authPass": False,
    }


@pytest.mark.parametrize(
    ("type", "parameters", "messages"),
    [
        ("apikeyauth", {}, ["Missing value of required parameter 'parameters.key'."]),
        ("apikeyauth", {"key": ""}, ["Missing value of required parameter 'parameters.key'."]),
        ("apikeyauth", {"key": 5}, ["Parameter 'parameters.key' must be a string."]),
        (
            "apikeyauth",
            {"key": "k", "placement": "body"},
            ["Parameter 'parameters.placement' must be one of: header, qs."],
        ),
        ("basicauth", {"username": "ann"}, ["Unknown parameter 'parameters.username'."]),
        (
            "apn",
            {"privateKey": PRIVATE_KEY, "production": "yes"},
            [
                "Missing value of required parameter 'parameters.keyId'.",
                "Missing value of required parameter 'parameters.teamId'.",
                "Parameter 'parameters.production' must be a boolean.",
            ],
        ),
        (
            "apn",
            {"privateKey": PRIVATE_KEY, "method": "cert", "keyId": "K"},
            [
                "Unknown parameter 'parameters.keyId'.",
                "Missing value of required parameter 'parameters.certificate'.",
            ],
        ),
    ],
)
def test_parameters_that_do_not_fit_the_type_are_refused(
    api: ApiClient, type: str, parameters: dict[str, Any], messages: list[str]
) -> None:
    assert suberror_messages(create(api, type, **parameters)) == messages
    assert len(api.world.keys.where(team=1)) == 1


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"certificate": "x", "privateKey": PRIVATE_KEY}, "File is not a valid certificate"),
        ({"certificate": CERTIFICATE, "privateKey": "x"}, "File is not a valid primary key"),
        ({"certificate": CERTIFICATE + "x" * 70_000, "privateKey": PRIVATE_KEY}, "File is too big"),
    ],
)
def test_files_that_are_none_are_refused(api: ApiClient, parameters: dict[str, str], detail: str) -> None:
    assert_refused(create(api, "clientcertauth", **parameters), 400, code="IM005", detail=detail)


def test_a_key_of_an_unknown_type_is_refused(api: ApiClient) -> None:
    assert_refused(create(api, "slack", token="x"), 400, code="IM005", detail="Invalid key type")


def test_name_and_parameters_change_on_their_own(api: ApiClient) -> None:
    id = key_id(api, key=SECRET)
    renamed = assert_ok(api.patch(f"/keys/{id}", json={"name": "Renamed"}))["key"]
    assert (renamed["name"], list(renamed)) == (
        "Renamed",
        ["id", "name", "typeName", "teamId", "packageName", "theme"],
    )
    complete = {"key": SECRET, "placement": "header", "name": "X-API-Key"}
    assert api.world.keys[id].parameters == complete
    assert_ok(api.patch(f"/keys/{id}", json={"parameters": {"key": "other", "placement": "qs"}}))
    changed = api.world.keys[id]
    assert changed.name == "Renamed"
    assert changed.parameters == {"key": "other", "placement": "qs", "name": "X-API-Key"}
    missing = api.patch(f"/keys/{id}", json={"name": "Lost", "parameters": {"placement": "qs"}})
    assert suberror_messages(missing) == ["Missing value of required parameter 'parameters.key'."]
    assert api.world.keys[id] == changed


def test_deleting_a_key_always_needs_confirmation(api: ApiClient) -> None:
    assert_refused(api.delete("/keys/1"), 406, code="IM004")
    assert assert_ok(api.get("/keys/1"))
    assert assert_ok(api.delete("/keys/1?confirmed=true")) == {"key": 1}
    assert api.get("/keys/1").status_code == 404


@pytest.mark.parametrize("field", ["apiKeyKeychain", "auth"])
def test_scenarios_that_used_a_deleted_key_become_invalid(api: ApiClient, field: str) -> None:
    node: dict[str, Any] = http_v4_module(parameters={"authenticationType": "apiKey", field: 1})
    if field == "auth":
        node |= {"module": "http:ActionSendDataAPIKeyAuth", "version": 3}
    blueprint = {"name": "Uses it", "flow": [node], "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isinvalid"] is False
    assert_ok(api.delete("/keys/1?confirmed=true"))
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isinvalid"] is True
    assert assert_ok(api.get("/scenarios/1"))["scenario"]["isinvalid"] is False


def test_a_clone_in_another_team_needs_a_key_of_that_team(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))["team"]["id"]
    other = {"name": "Its own", "teamId": team, "typeName": "apikeyauth", "parameters": {"key": "k"}}
    key = assert_ok(api.post("/keys", json=other))["key"]["id"]
    node = http_v4_module(parameters={"authenticationType": "apiKey", "apiKeyKeychain": 1})
    blueprint = {"name": "Uses it", "flow": [node], "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    path = f"/scenarios/{id}/clone?organizationId=1&confirmed=true"
    refused = api.post(path, json={"name": "Copy", "teamId": team, "states": False})
    assert suberror_messages(refused) == ["Missing mapping of key '1'."]
    copy = assert_ok(
        api.post(path, json={"name": "Copy", "teamId": team, "states": False, "key": {"1": key}})
    )
    copied = copy.get("scenario", copy)["id"]
    flow = assert_ok(api.get(f"/scenarios/{copied}/blueprint"))["response"]["blueprint"]["flow"]
    assert flow[0]["parameters"]["apiKeyKeychain"] == key


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("Team Operator", (200, 403, 403, 403)),
        ("Team Monitoring", (403, 403, 403, 403)),
        ("Team Member", (200, 200, 200, 200)),
    ],
)
def test_roles_may_do_with_keys_what_they_include(
    api: ApiClient, role: str, statuses: tuple[int, ...]
) -> None:
    token = token_of_role(api, role)
    body = {"name": "New", "teamId": 1, "typeName": "basicauth", "parameters": {}}
    found = (
        api.get("/keys?teamId=1", token=token).status_code,
        api.post("/keys", json=body, token=token).status_code,
        api.patch("/keys/1", json={"name": "Renamed"}, token=token).status_code,
        api.delete("/keys/1?confirmed=true", token=token).status_code,
    )
    assert found == statuses


def test_keys_of_others_are_hidden(api: ApiClient) -> None:
    for method, options in (("GET", {}), ("PATCH", {"json": {"name": "Mine"}}), ("DELETE", {})):
        response = api.call(method, "/keys/1", token=OUTSIDER_TOKEN, **options)
        assert_refused(response, 404, code="SC404")


def test_a_team_takes_its_keys_along(api: ApiClient) -> None:
    assert_ok(api.delete("/teams/1?confirmed=true"))
    assert len(api.world.keys) == 0
