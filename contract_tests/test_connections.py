"""Connections: made, shown without what they keep secret, tested, renamed, deleted."""

from __future__ import annotations

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target

from .resources import FreshResources, Resources, module
from .valid_requests import default_columns

SECRET = "contract-secret-key"


def calling_with(connection: int) -> dict[str, object]:
    """A module that uses a connection."""
    return module("make:MakeApiCall", parameters={"__IMTCONN__": connection}, mapper={"url": "/users/me"})


@pytest.mark.covers("GET /connections", "success", "query teamId")
@pytest.mark.fidelity("connections.list", "connections.order")
def test_the_list_shows_the_connections_of_a_team_by_name(api: ContractClient, shared: Resources) -> None:
    id = shared.id("connection")
    body = api.get("/connections", teamId=api.target.team_id).fits()
    assert list(body) == ["connections"]
    rows = body["connections"]
    assert id in [row["id"] for row in rows]
    assert {row["teamId"] for row in rows} == {api.target.team_id}
    names = [row["name"].casefold() for row in rows]
    assert names == sorted(names)


@pytest.mark.fidelity("scenarios.missing-connection", "scenarios.missing-connection-known")
def test_a_scenario_whose_module_lacks_its_connection_cannot_be_started(
    api: ContractClient, make: FreshResources
) -> None:
    scenario = make.scenario(module("slack:CreateMessage", version=4, mapper={"text": "x"}))
    assert scenario["isinvalid"] is True
    api.post(f"/scenarios/{scenario['id']}/start").refused(400)


@pytest.mark.covers("GET /connections", "query type")
@pytest.mark.fidelity("connections.order")
def test_the_list_can_be_narrowed_to_types(api: ContractClient, shared: Resources) -> None:
    id, team = shared.id("connection"), api.target.team_id
    [type] = {
        row["accountName"]
        for row in api.get("/connections", teamId=team).fits()["connections"]
        if row["id"] == id
    }
    rows = api.call("GET", "/connections", query={"teamId": team, "type[]": type}).fits()["connections"]
    assert {row["accountName"] for row in rows} == {type}
    assert id in [row["id"] for row in rows]
    others = api.call("GET", "/connections", query={"teamId": team, "type[]": "contract"}).fits()
    assert others["connections"] == []


@pytest.mark.covers("GET /connections/{connectionId}", "success")
@pytest.mark.fidelity("connections.scopes", "connections.fields")
def test_one_connection_comes_with_its_scopes(api: ContractClient, shared: Resources) -> None:
    id = shared.id("connection")
    connection = api.get(f"/connections/{id}").fits()["connection"]
    assert list(connection) == default_columns("GET /connections/{connectionId}")
    assert connection["scopesCnt"] == len(connection["scopes"])
    assert connection["authorId"] is None or connection["authorId"] > 0
    columns = api.call("GET", f"/connections/{id}", query={"cols[]": "organizationId"}).fits()["connection"]
    assert columns == {"organizationId": api.target.organization_id}


@pytest.mark.covers("POST /connections", "success", "query teamId")
@pytest.mark.fidelity("connections.create", "connections.created")
def test_a_connection_is_made_of_a_name_a_type_and_the_types_own_fields(
    api: ContractClient, make: FreshResources
) -> None:
    sent = make.connection_body()
    made = api.post("/connections", sent, teamId=api.target.team_id).fits()["connection"]
    assert (made["name"], made["accountName"], made["teamId"]) == (
        sent["accountName"],
        "make",
        api.target.team_id,
    )
    assert made["scopes"] == 0
    assert "scopesCnt" not in made


@pytest.mark.covers("POST /connections", "query inspector")
@pytest.mark.fidelity("connections.inspector")
def test_a_connection_that_is_made_for_the_inspector_is_answered_by_its_id(
    api: ContractClient, make: FreshResources
) -> None:
    sent, team = make.connection_body(), api.target.team_id
    answer = api.post("/connections", sent, teamId=team, inspector=1).ok()
    [id] = answer["formula"]["success"]
    assert answer == {"formula": {"success": [id]}}
    rows = api.get("/connections", teamId=team).fits()["connections"]
    made = next(row for row in rows if row["id"] == id)
    assert made["name"] == sent["accountName"]
    api.guard.claim("connection", made)


@pytest.mark.covers("POST /connections", "success")
@pytest.mark.fidelity("connections.secret")
def test_what_a_connection_is_made_with_is_never_shown(api: ContractClient, make: FreshResources) -> None:
    team = api.target.team_id
    answer = api.post("/connections", make.connection_body(SECRET), teamId=team)
    id = answer.fits()["connection"]["id"]
    shown = [answer, api.get(f"/connections/{id}"), api.get("/connections", teamId=team)]
    assert [SECRET in each.text for each in shown] == [False, False, False]


@pytest.mark.covers("POST /connections", "validation")
@pytest.mark.fidelity("connections.missing-type", "connections.missing-name")
@pytest.mark.parametrize("name", ["accountType", "accountName"])
def test_a_connection_needs_a_type_and_a_name(name: str, api: ContractClient, make: FreshResources) -> None:
    sent = {key: value for key, value in make.connection_body().items() if key != name}
    answer = api.post("/connections", sent, teamId=api.target.team_id)
    answer.refused(400, "SC400")
    assert f"Missing value of required parameter '{name}'." in answer.error_messages


@pytest.mark.covers("POST /connections", "validation")
@pytest.mark.fidelity("connections.unknown-type", "connections.unknown-type-status")
def test_a_type_that_there_is_not_is_refused(api: ContractClient, make: FreshResources) -> None:
    sent = {"accountName": make.name("connection"), "accountType": "contract-nothing"}
    body = api.post("/connections", sent, teamId=api.target.team_id).refused(424, "SC424")
    assert body["detail"] == "Failed to load manifest for connection 'contract-nothing'"


@pytest.mark.covers("PATCH /connections/{connectionId}", "success")
@pytest.mark.fidelity("connections.rename")
def test_a_connection_is_renamed(api: ContractClient, make: FreshResources) -> None:
    id, name = make.connection()["id"], make.name("renamed")
    body = api.patch(f"/connections/{id}", {"name": name}).fits()
    assert list(body) == ["connection"]
    assert body["connection"]["name"] == name
    assert api.get(f"/connections/{id}").fits()["connection"]["name"] == name


@pytest.mark.covers("POST /connections/{connectionId}/test", "success")
@pytest.mark.fidelity("connections.test")
def test_a_connection_with_a_good_key_passes_its_test(
    api: ContractClient, target: Target, make: FreshResources
) -> None:
    id = make.connection(target.token)["id"]
    body = api.post(f"/connections/{id}/test").fits()
    assert body["verified"] is True
    assert set(body["connection"]) == {"id", "name", "accountName", "accountType"}
    assert body["connection"]["id"] == id


@pytest.mark.covers("POST /connections/{connectionId}/test", "success")
@pytest.mark.fidelity("connections.test-fails", "connections.test-failure-body", "errors.sc424")
def test_a_connection_with_a_wrong_key_fails_its_test(api: ContractClient, make: FreshResources) -> None:
    body = api.post(f"/connections/{make.connection()['id']}/test").refused(424, "SC424")
    assert body["message"] == "The request failed due to failure of a previous request."
    assert "Access denied" in body["suberrors"][0]["message"]


@pytest.mark.covers("DELETE /connections/{connectionId}", "success")
@pytest.mark.fidelity("connections.delete")
def test_a_deleted_connection_is_gone(api: ContractClient, make: FreshResources) -> None:
    id = make.connection()["id"]
    assert api.delete(f"/connections/{id}").fits() == {"connection": id}
    api.get(f"/connections/{id}").refused(404)


@pytest.mark.covers("DELETE /connections/{connectionId}", "confirmation")
@pytest.mark.fidelity("connections.delete", "connections.delete-unconfirmed", "errors.im004")
def test_a_connection_that_a_scenario_uses_is_deleted_with_confirmation_only(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.connection()["id"]
    make.scenario(calling_with(id))
    api.delete(f"/connections/{id}").refused(406, "IM004")
    assert api.get(f"/connections/{id}").fits()["connection"]["id"] == id
    assert api.delete(f"/connections/{id}", confirmed="true").fits() == {"connection": id}
    api.get(f"/connections/{id}").refused(404)
