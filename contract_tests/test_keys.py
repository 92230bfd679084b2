"""Keys of the keychain: made of a type and its parameters, which are never shown again."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ApiResponse, ContractClient

from .behaviours import failure, step
from .resources import FreshResources

SECRET = "contract-secret-key"
COLUMNS = ["id", "name", "typeName", "teamId", "packageName", "theme"]
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def create(
    api: ContractClient, make: FreshResources, type: str = "apikeyauth", **parameters: Any
) -> ApiResponse:
    body = {
        "name": make.name("key"),
        "teamId": api.target.team_id,
        "typeName": type,
        "parameters": parameters,
    }
    return api.post("/keys", body)


def signed_request(key: int) -> dict[str, Any]:
    mapper = {
        "url": "https://example.com/",
        "method": "get",
        "followRedirect": True,
        "serializeUrl": False,
        "parseResponse": False,
        "shareCookies": False,
        "rejectUnauthorized": True,
        "followAllRedirects": False,
        "useQuerystring": False,
        "gzip": True,
        "useMtls": False,
    }
    return step(1, "http:ActionSendDataAPIKeyAuth", mapper, version=3, parameters={"auth": key})


@pytest.fixture
def key(api: ContractClient, make: FreshResources) -> int:
    return int(create(api, make, key=SECRET).ok()["key"]["id"])


@pytest.mark.fidelity("keys.columns", "keys.secrets")
def test_a_key_shows_all_but_its_parameters(api: ContractClient, make: FreshResources) -> None:
    made = create(api, make, key=SECRET)
    row = made.fits()["key"]
    assert list(row) == COLUMNS
    assert (row["typeName"], row["teamId"], row["packageName"]) == ("apikeyauth", api.target.team_id, None)
    one = api.get(f"/keys/{row['id']}")
    assert one.fits()["key"] == {"id": row["id"], "name": row["name"]}
    listed = api.call("GET", "/keys", query={"teamId": api.target.team_id, "cols[]": "*"})
    assert row in listed.fits()["keys"]
    assert {SECRET in answer.text for answer in (made, one, listed)} == {False}


@pytest.mark.fidelity("keys.types-fields")
def test_every_type_has_its_parameters(api: ContractClient) -> None:
    types = {row["name"]: row for row in api.get("/keys/types").fits()["keysTypes"]}
    assert {"apikeyauth", "basicauth", "clientcertauth", "gpg-private", "gpg-public"} <= set(types)
    assert all(row["label"] and row["author"] and row["parameters"] for row in types.values())


@pytest.mark.fidelity("keys.parameters")
@pytest.mark.parametrize(
    ("type", "parameters"),
    [
        ("apikeyauth", {}),
        ("apikeyauth", {"key": 5}),
        ("apikeyauth", {"key": "k", "placement": "body"}),
        ("basicauth", {"username": "ann"}),
    ],
)
def test_parameters_that_the_type_has_not_are_refused(
    type: str, parameters: dict[str, Any], api: ContractClient, make: FreshResources
) -> None:
    create(api, make, type, **parameters).refused(400, "SC400")


@pytest.mark.fidelity("keys.unknown-type")
def test_a_type_that_there_is_not_is_refused(api: ContractClient, make: FreshResources) -> None:
    assert create(api, make, "contract").refused(400, "IM005")["detail"] == "Invalid key type"


@pytest.mark.fidelity("keys.files")
@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"certificate": "x", "privateKey": PRIVATE_KEY}, "File is not a valid certificate"),
        ({"certificate": CERTIFICATE, "privateKey": "x"}, "File is not a valid primary key"),
        ({"certificate": CERTIFICATE + "x" * 70_000, "privateKey": PRIVATE_KEY}, "File is too big"),
    ],
)
def test_a_file_that_is_none_is_refused(
    parameters: dict[str, str], detail: str, api: ContractClient, make: FreshResources
) -> None:
    answer = create(api, make, "clientcertauth", **parameters).refused(400, "IM005")
    assert answer["detail"] == detail


@pytest.mark.fidelity("keys.parameters-replaced")
def test_new_parameters_replace_all_others(key: int, api: ContractClient, make: FreshResources) -> None:
    name = make.name("renamed")
    assert api.patch(f"/keys/{key}", {"name": name}).fits()["key"]["name"] == name
    api.patch(f"/keys/{key}", {"parameters": {"placement": "qs"}}).refused(400, "SC400")
    assert api.patch(f"/keys/{key}", {"parameters": {"key": "other"}}).fits()["key"]["name"] == name


@pytest.mark.fidelity("keys.delete", "keys.delete-used")
def test_a_key_is_deleted_with_confirmation_and_its_scenarios_become_invalid(
    key: int, api: ContractClient, make: FreshResources
) -> None:
    scenario = make.scenario(signed_request(key), inputs=None)["id"]
    assert api.get(f"/scenarios/{scenario}").fits()["scenario"]["isinvalid"] is False
    api.delete(f"/keys/{key}").refused(406, "IM004")
    assert api.get(f"/keys/{key}").fits()["key"]["id"] == key
    assert api.delete(f"/keys/{key}", confirmed="true").fits() == {"key": key}
    api.get(f"/keys/{key}").refused(404)
    assert api.get(f"/scenarios/{scenario}").fits()["scenario"]["isinvalid"] is True


@pytest.mark.fidelity("http.unknown-key")
def test_a_key_of_another_type_fails_the_module(api: ContractClient, make: FreshResources) -> None:
    key = create(api, make, "basicauth", authUser="ann", authPass=SECRET).ok()["key"]["id"]
    name, message = failure(make, signed_request(key))
    assert (name, SECRET in message) == ("InvalidConfigurationError", False)
