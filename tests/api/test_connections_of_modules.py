"""Connections that modules need: a missing one makes the scenario invalid, one of another app is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from make_emulator.engine.blueprints.completeness import find_blueprint_errors
from make_emulator.json_types import Json, JsonObject
from make_emulator.module_catalogue import CatalogueModule, module_catalogue
from make_emulator.world import connections
from make_emulator.world.models import ConnectionTestResult

WITH_CONNECTION = [
    known
    for app in module_catalogue().app_names()
    for name in module_catalogue().module_names(app)
    for known in module_catalogue().iter_versions(name)
    if known.requires_connection and known.version is not None
]
#: One module of each parameter that holds a connection.
OF_EACH_PARAMETER = list(
    {known.connection_parameter: known for known in WITH_CONNECTION if known.connection_types}.values()
)


def create(api: ApiClient, known: CatalogueModule, **parameters: Any) -> Any:
    node = {"id": 1, "module": known.name, "version": known.version, "parameters": parameters, "mapper": {}}
    blueprint = json.dumps({"name": "t", "flow": [node], "metadata": {}})
    body = {"teamId": 1, "blueprint": blueprint, "scheduling": '{"type": "on-demand"}'}
    return api.post("/scenarios?confirmed=true", json=body)


def connection(api: ApiClient, type: str) -> int:
    """The id of a connection of a type, whatever it takes to make one in the API."""
    return connections.insert(
        api.world,
        1,
        name=type,
        type_name=type,
        account_label=type,
        account_type=connections.OAUTH,
        theme=connections.DEFAULT_THEME,
        editable=True,
        author_id=1,
        verdict=ConnectionTestResult("ok"),
    ).id


def test_every_module_with_a_connection_is_incomplete_without_one() -> None:
    assert len(WITH_CONNECTION) > 220
    assert {known.connection_parameter for known in WITH_CONNECTION} == {
        "__IMTCONN__",
        "account",
        "makeConnectionId",
    }
    for known in WITH_CONNECTION:
        node: JsonObject = {"id": 1, "module": known.name, "version": known.version}
        text = f"Module 1, {known.name}, needs the parameter '{known.connection_parameter}'."
        assert text in list(find_blueprint_errors({"flow": [node]}))
        for value in (7, "7"):
            parameters: JsonObject = {str(known.connection_parameter): value}
            assert text not in list(find_blueprint_errors({"flow": [{**node, "parameters": parameters}]}))


@pytest.mark.parametrize("known", OF_EACH_PARAMETER, ids=lambda known: str(known.connection_parameter))
def test_a_module_without_its_connection_makes_the_scenario_invalid(
    api: ApiClient, known: CatalogueModule
) -> None:
    scenario = assert_status(create(api, known))["scenario"]
    assert scenario["isinvalid"] is True
    refused = api.post(f"/scenarios/{scenario['id']}/start")
    assert assert_status(refused, 400)["detail"] == "Scenario contains errors."
    assert (
        f"{known.name}, needs the parameter '{known.connection_parameter}'"
        in refused.headers["X-Emulator-Why"]
    )
    made = connection(api, known.connection_types[0])
    repaired = create(api, known, **{str(known.connection_parameter): made})
    scenario = assert_status(repaired)["scenario"]
    assert scenario["isinvalid"] is False
    assert_status(api.post(f"/scenarios/{scenario['id']}/start"))


@pytest.mark.parametrize("known", OF_EACH_PARAMETER, ids=lambda known: str(known.connection_parameter))
def test_the_connection_of_another_app_is_im007(api: ApiClient, known: CatalogueModule) -> None:
    other = connection(api, "discord")
    refused = create(api, known, **{str(known.connection_parameter): other})
    body = assert_status(refused, 400)
    assert body["code"] == "IM007"
    assert body["detail"] == f"Provided account '{other}' is not compatible with '{known.name}' module."
    assert "takes a connection of the type" in refused.headers["X-Emulator-Why"]


@pytest.mark.parametrize("known", OF_EACH_PARAMETER, ids=lambda known: str(known.connection_parameter))
def test_a_text_in_place_of_a_connection_is_refused(api: ApiClient, known: CatalogueModule) -> None:
    refused = create(api, known, **{str(known.connection_parameter): "YOUR_CONNECTION"})
    assert assert_status(refused, 400)["detail"] == 'invalid input syntax for type integer: "YOUR_CONNECTION"'


def test_each_parameter_of_a_module_takes_its_own_types(api: ApiClient) -> None:
    known = module_catalogue().find_module("email:ActionSendEmail", 7)
    assert known is not None
    smtp, imap = connection(api, "smtp"), connection(api, "imap")
    assert_status(create(api, known, account=smtp, accountImap=imap))
    for parameters in ({"account": imap}, {"account": smtp, "accountImap": smtp}):
        assert assert_status(create(api, known, **parameters), 400)["code"] == "IM007"


def test_modules_of_which_less_is_known_need_no_connection(api: ApiClient) -> None:
    """Another version, a name from a list without its fields, a key, an own declaration that it is not required."""
    other_version = CatalogueModule(name="slack:CreateMessage", version=9, kind="action", trust="full")
    listed = module_catalogue().find_module("stripe:ListCharges", 1)
    request = module_catalogue().find_module("http:MakeRequest", 4)
    assert listed is not None
    assert request is not None
    for known in (other_version, listed, request):
        assert assert_status(create(api, known))["scenario"]["isinvalid"] is False
    declared: list[Json] = [{"name": "__IMTCONN__", "type": "account:slack2,slack3", "required": False}]
    node: JsonObject = {
        "id": 1,
        "module": "slack:CreateMessage",
        "version": 4,
        "metadata": {"parameters": declared},
    }
    assert list(find_blueprint_errors({"flow": [node]})) == []


def test_google_connections_are_of_two_kinds(api: ApiClient) -> None:
    known = module_catalogue().find_module("google-email:ActionSendEmail", 2)
    assert known is not None
    assert assert_status(create(api, known, account=connection(api, "google")), 400)["code"] == "IM007"
    assert_status(create(api, known, account=connection(api, "google-restricted")))
