"""Scenarios: made from blueprints, changed, cloned, started, stopped, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.guard import UNUSED_ID

from .resources import ON_DEMAND, OUTPUTS, FreshResources, Resources, blueprint, module
from .valid_requests import default_columns


def listed(api: ContractClient, **query: Any) -> list[int]:
    """The ids of the scenarios of the team that a list shows."""
    query = {"teamId": api.target.team_id, "pg[limit]": 10_000, **query}
    return [row["id"] for row in api.call("GET", "/scenarios", query=query).fits()["scenarios"]]


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.covers("GET /scenarios", "success", "query teamId")
@pytest.mark.fidelity("scenarios.list-row")
def test_the_list_shows_the_scenarios_of_a_team(api: ContractClient, shared: Resources) -> None:
    id = shared.id("scenario")
    rows = api.get("/scenarios", teamId=api.target.team_id).fits()["scenarios"]
    assert {row["teamId"] for row in rows} == {api.target.team_id}
    assert list(rows[0]) == default_columns("GET /scenarios")
    assert id in [row["id"] for row in rows]


@pytest.mark.covers("GET /scenarios", "query organizationId")
def test_the_list_shows_the_scenarios_of_an_organization(api: ContractClient, shared: Resources) -> None:
    id = shared.id("scenario")
    rows = api.get("/scenarios", organizationId=api.target.organization_id).fits()["scenarios"]
    assert id in [row["id"] for row in rows]


@pytest.mark.covers("GET /scenarios", "validation")
@pytest.mark.fidelity("scenarios.list-owner")
def test_the_list_needs_exactly_one_owner(api: ContractClient) -> None:
    team, organization = api.target.team_id, api.target.organization_id
    none = api.get("/scenarios").refused(400, "SC400")
    assert none["detail"] == "Missing required parameter teamId or organizationId"
    both = api.get("/scenarios", teamId=team, organizationId=organization).refused(400, "SC400")
    assert both["detail"] == "teamId and organizationId cannot be used together"


@pytest.mark.covers("GET /scenarios", "query id")
@pytest.mark.fidelity("scenarios.list-filters")
def test_the_list_can_be_narrowed_to_some_ids(api: ContractClient, shared: Resources) -> None:
    id = shared.id("scenario")
    assert listed(api, **{"id[]": [id, UNUSED_ID]}) == [id]


@pytest.mark.covers("GET /scenarios", "query isActive", "query islinked")
@pytest.mark.fidelity("scenarios.list-filters")
@pytest.mark.parametrize("name", ["isActive", "islinked"])
def test_the_list_can_be_narrowed_to_what_is_live(name: str, api: ContractClient, shared: Resources) -> None:
    if api.read_only:
        pytest.skip("--read-only: the test needs an active and an inactive scenario")
    live, idle = shared.id("live scenario"), shared.id("scenario")
    active, others = set(listed(api, **{name: "true"})), set(listed(api, **{name: "false"}))
    assert live in active
    assert idle not in active
    assert idle in others
    assert live not in others


@pytest.mark.covers("GET /scenarios", "query concept", "query type")
@pytest.mark.fidelity("scenarios.list-filters")
def test_the_list_can_be_narrowed_to_kinds(api: ContractClient, shared: Resources) -> None:
    id = shared.id("scenario")
    assert id in listed(api, concept="false")
    assert id not in listed(api, concept="true")
    assert id in listed(api, type="scenario")
    assert id not in listed(api, type="tool")


@pytest.mark.covers("GET /scenarios", "query folderId")
@pytest.mark.fidelity("scenarios.list-filters")
def test_the_list_can_be_narrowed_to_a_folder(
    api: ContractClient, shared: Resources, make: FreshResources
) -> None:
    folder = shared.id("folder")
    inside = make.scenario(folderId=folder)["id"]
    assert listed(api, folderId=folder) == [inside]


@pytest.mark.covers("GET /scenarios/{scenarioId}", "success")
@pytest.mark.fidelity("scenarios.get")
def test_a_scenario_comes_without_what_it_consumed(api: ContractClient, shared: Resources) -> None:
    id = shared.id("scenario")
    scenario = api.get(f"/scenarios/{id}").fits()["scenario"]
    assert scenario["id"] == id
    assert list(scenario) == default_columns("GET /scenarios/{scenarioId}")
    assert "operations" not in scenario


@pytest.mark.covers("GET /scenarios/{scenarioId}/blueprint", "success", "query draft")
@pytest.mark.fidelity("scenarios.blueprint", "scenarios.blueprint-version")
def test_the_blueprint_comes_as_it_was_sent(api: ContractClient, make: FreshResources) -> None:
    sent = make.scenario_body()
    id = api.post("/scenarios", sent).fits()["scenario"]["id"]
    body = api.get(f"/scenarios/{id}/blueprint").fits()
    kept = body["response"]
    assert kept["blueprint"]["flow"] == json.loads(sent["blueprint"])["flow"]
    assert kept["scheduling"] == ON_DEMAND
    assert kept["metadata"] == {"input_spec": sent["metadata"]["input_spec"], "output_spec": OUTPUTS}
    assert kept["version"] == 1
    assert api.get(f"/scenarios/{id}/blueprint", draft="false").fits() == body


@pytest.mark.covers("GET /scenarios/{scenarioId}/blueprint", "query blueprintId")
@pytest.mark.fidelity("scenarios.blueprint-id")
def test_an_earlier_blueprint_can_be_asked_for(api: ContractClient, make: FreshResources) -> None:
    id = make.scenario()["id"]
    api.patch(f"/scenarios/{id}", {"blueprint": json.dumps(blueprint(make.name("second")))}).ok()
    path = f"/scenarios/{id}/blueprint"
    assert api.get(path).fits()["response"]["version"] == 2
    assert api.get(path, blueprintId=1).fits()["response"]["version"] == 1
    api.get(path, blueprintId=99).refused(404)


# --- creating ------------------------------------------------------------------------------------


@pytest.mark.covers("POST /scenarios", "success")
@pytest.mark.fidelity("scenarios.create", "scenarios.create-name", "routes.success-200", "routes.envelope")
def test_a_new_scenario_is_named_as_its_blueprint_and_not_live(
    api: ContractClient, make: FreshResources
) -> None:
    sent = make.scenario_body(name=make.name("unused"))
    scenario = api.post("/scenarios", sent).fits()["scenario"]
    assert scenario["name"] == json.loads(sent["blueprint"])["name"]
    assert (scenario["isActive"], scenario["islinked"], scenario["isinvalid"]) == (False, False, False)
    assert (scenario["teamId"], scenario["nextExec"]) == (api.target.team_id, None)
    assert scenario["usedPackages"] == ["scenario-service"]
    assert scenario["scheduling"] == ON_DEMAND


@pytest.mark.covers("POST /scenarios", "query confirmed")
@pytest.mark.covers("PATCH /scenarios/{scenarioId}", "query confirmed")
def test_a_confirmation_does_no_harm_where_none_is_needed(api: ContractClient, make: FreshResources) -> None:
    id = api.post("/scenarios", make.scenario_body(), confirmed="true").fits()["scenario"]["id"]
    sent = {"blueprint": json.dumps(blueprint(make.name("confirmed")))}
    assert api.patch(f"/scenarios/{id}", sent, confirmed="true").fits()["scenario"]["id"] == id


@pytest.mark.covers("POST /scenarios", "validation")
@pytest.mark.fidelity("errors.im007")
def test_a_blueprint_with_a_module_that_there_is_not_is_refused(
    api: ContractClient, make: FreshResources
) -> None:
    sent = make.scenario_body(module("util:ContractNothing"))
    assert api.post("/scenarios", sent).refused(400, "IM007")["message"] == "Invalid blueprint"


@pytest.mark.covers("POST /scenarios", "validation")
@pytest.mark.fidelity("errors.im304")
def test_a_blueprint_with_a_connection_that_there_is_not_is_refused(
    api: ContractClient, make: FreshResources
) -> None:
    call = module("make:MakeApiCall", parameters={"__IMTCONN__": UNUSED_ID}, mapper={"url": "/users/me"})
    body = api.post("/scenarios", make.scenario_body(call)).refused(404, "IM304")
    assert body["message"] == "Account doesn't exist"


@pytest.mark.covers("POST /scenarios", "validation")
@pytest.mark.fidelity("scenarios.create-parts")
@pytest.mark.parametrize("part", ["flow", "metadata"])
def test_a_blueprint_without_one_of_its_parts_is_refused(
    part: str, api: ContractClient, make: FreshResources
) -> None:
    sent = make.scenario_body()
    whole = json.loads(sent["blueprint"])
    lacking = json.dumps({name: value for name, value in whole.items() if name != part})
    api.post("/scenarios", {**sent, "blueprint": lacking}).refused(400)


@pytest.mark.covers("POST /scenarios", "validation")
@pytest.mark.fidelity("errors.im016")
def test_inputs_go_with_on_demand_scheduling_only(api: ContractClient, make: FreshResources) -> None:
    sent = make.scenario_body(scheduling={"type": "indefinitely", "interval": 3600})
    api.post("/scenarios", sent).refused(422, "IM016")


# --- changing ------------------------------------------------------------------------------------


@pytest.mark.covers("PATCH /scenarios/{scenarioId}", "success")
@pytest.mark.fidelity("scenarios.update")
def test_what_is_not_sent_stays(api: ContractClient, make: FreshResources) -> None:
    before = make.scenario()
    name = make.name("renamed")
    after = api.patch(f"/scenarios/{before['id']}", {"name": name}).fits()["scenario"]
    assert after == {**before, "name": name}


@pytest.mark.covers("PATCH /scenarios/{scenarioId}", "success")
@pytest.mark.fidelity("scenarios.update-blueprint")
def test_a_new_blueprint_renames_the_scenario_and_is_a_new_version(
    api: ContractClient, make: FreshResources
) -> None:
    id, name = make.scenario()["id"], make.name("second")
    after = api.patch(f"/scenarios/{id}", {"blueprint": json.dumps(blueprint(name))}).fits()["scenario"]
    assert after["name"] == name
    assert api.get(f"/scenarios/{id}/blueprint").fits()["response"]["version"] == 2


@pytest.mark.covers("PATCH /scenarios/{scenarioId}", "validation")
@pytest.mark.fidelity("errors.sc409")
def test_a_change_that_builds_on_an_old_version_is_a_conflict(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.scenario()["id"]
    body = api.patch(f"/scenarios/{id}", {"name": make.name("late"), "baseVersion": 7}).refused(409, "SC409")
    assert body["currentVersion"] == 1
    assert api.get(f"/scenarios/{id}").fits()["scenario"]["lastEdit"] == body["lastEdit"]


@pytest.mark.covers(
    "POST /scenarios/{scenarioId}/clone",
    "success",
    "query organizationId",
    "query notAnalyze",
    "query confirmed",
)
@pytest.mark.fidelity("scenarios.clone")
@pytest.mark.parametrize("query", [{}, {"notAnalyze": "true"}, {"confirmed": "true"}], ids=str)
def test_a_clone_is_a_new_scenario_that_is_not_live(
    query: dict[str, str], api: ContractClient, make: FreshResources
) -> None:
    id, name, target = make.scenario()["id"], make.name("clone"), api.target
    query = {"organizationId": str(target.organization_id), **query}
    sent = {"name": name, "teamId": target.team_id, "states": False}
    clone = api.call("POST", f"/scenarios/{id}/clone", query=query, body=sent).fits()["scenario"]
    assert (clone["name"], clone["isActive"], clone["folderId"]) == (name, False, None)
    assert clone["id"] != id
    assert (clone["isShared"], clone["updatedByUser"]) == (None, None)


@pytest.mark.covers("POST /scenarios/{scenarioId}/clone", "validation")
@pytest.mark.fidelity("scenarios.clone-hook", "scenarios.clone-refusal")
def test_a_scenario_with_a_hook_is_cloned_with_a_map_for_it(
    api: ContractClient, make: FreshResources
) -> None:
    hook, other, target = make.hook()["id"], make.hook()["id"], api.target
    trigger = module("gateway:CustomWebHook", parameters={"hook": hook, "maxResults": 1})
    id = make.scenario(trigger, scheduling={"type": "immediately"}, inputs=None)["id"]
    sent = {"name": make.name("clone"), "teamId": target.team_id, "states": False}
    path = f"/scenarios/{id}/clone"
    api.post(path, sent, organizationId=target.organization_id).refused(400, "SC400")
    mapped = {**sent, "hook": {str(hook): other}}
    clone = api.post(path, mapped, organizationId=target.organization_id).fits()["scenario"]
    assert clone["hookId"] == other


# --- starting, stopping, deleting ----------------------------------------------------------------


@pytest.mark.covers("POST /scenarios/{scenarioId}/start", "success")
@pytest.mark.covers("POST /scenarios/{scenarioId}/stop", "success")
@pytest.mark.fidelity("scenarios.start", "scenarios.stop")
def test_a_scenario_is_set_live_and_taken_out_of_service(api: ContractClient, make: FreshResources) -> None:
    id = make.scenario()["id"]
    for verb, live in (("start", True), ("stop", False)):
        scenario = api.post(f"/scenarios/{id}/{verb}").fits()["scenario"]
        assert scenario == {"id": id, "islinked": live, "isActive": live}
        assert list(scenario) == ["id", "islinked", "isActive"]
        assert api.get(f"/scenarios/{id}").fits()["scenario"]["isActive"] is live


@pytest.mark.covers("POST /scenarios/{scenarioId}/start", "validation")
@pytest.mark.fidelity("scenarios.start-active")
def test_a_live_scenario_cannot_be_started(api: ContractClient, shared: Resources) -> None:
    body = api.post(f"/scenarios/{shared.id('live scenario')}/start").refused(422, "IM306")
    assert body["message"] == "Scenario is already running"


@pytest.mark.covers("POST /scenarios/{scenarioId}/stop", "validation")
@pytest.mark.fidelity("scenarios.stop-inactive")
def test_a_scenario_that_is_not_live_cannot_be_stopped(api: ContractClient, shared: Resources) -> None:
    body = api.post(f"/scenarios/{shared.id('scenario')}/stop").refused(422, "IM306")
    assert body["message"] == "Scenario is not running"


@pytest.mark.covers("DELETE /scenarios/{scenarioId}", "success")
@pytest.mark.fidelity("scenarios.delete")
def test_a_deleted_scenario_is_gone(api: ContractClient, make: FreshResources) -> None:
    id = make.scenario()["id"]
    assert api.delete(f"/scenarios/{id}").fits() == {"scenario": id}
    api.get(f"/scenarios/{id}").refused(404)
    assert id not in listed(api)


@pytest.mark.covers("DELETE /scenarios/{scenarioId}", "success")
@pytest.mark.fidelity("scenarios.delete-active")
def test_a_live_scenario_can_be_deleted(api: ContractClient, make: FreshResources) -> None:
    id = make.live_scenario()
    assert api.delete(f"/scenarios/{id}").fits() == {"scenario": id}
    api.get(f"/scenarios/{id}").refused(404)
