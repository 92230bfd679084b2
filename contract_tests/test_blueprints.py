"""Blueprints, schedulings and interfaces: what is accepted of them, and how they are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.guard import UNUSED_ID

from .behaviours import behaviour, live, parsed, run_again, step, variable
from .resources import FreshResources, blueprint, module

ROUTED = step(2, "builtin:BasicRouter", routes=[{"flow": [], "filter": {}}])

#: Change of a blueprint, and the codes with which it may be refused.
REFUSED = [
    behaviour(
        {"interface": {}},
        400,
        "SC400",
        checks=("scenarios.additional-properties", "scenarios.additional-properties-body"),
    ),
    behaviour(
        {"scheduling": {}},
        400,
        "SC400",
        checks=("scenarios.additional-properties", "scenarios.additional-properties-body"),
    ),
    behaviour({"flow": [parsed(1, "{}"), ROUTED]}, 400, "SC400", checks="scenarios.additional-properties"),
    behaviour({"flow": [step(1, "json:ParseJSON", version=-1)]}, 400, "IM007", checks="engine.version-zero"),
    behaviour({"flow": [step(1, "json:Contract")]}, 400, "IM007", checks="scenarios.create-known-apps"),
    behaviour({"flow": [step(1, "http:Contract")]}, 400, "IM007", checks="http.other-modules"),
    behaviour({"flow": [step(1, "regexp:Parser", version=3)]}, 400, "IM007", checks="apps.in-part"),
    behaviour(
        {"flow": [step(1, "make:MakeApiCall", parameters={"__IMTCONN__": "contract"})]},
        400,
        "SC400",
        checks=("scenarios.connection-text", "scenarios.connection-text-body"),
    ),
    behaviour(
        {"flow": [step(1, "ai-tools:Ask", parameters={"makeConnectionId": UNUSED_ID})]},
        404,
        "IM304",
        checks="connections.ai-provider",
    ),
    behaviour({"name": None}, 400, None, checks="scenarios.create-no-name"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
def test_a_blueprint_that_is_not_valid_is_refused(
    changes: dict[str, Any], status: int, code: str | None, api: ContractClient, make: FreshResources
) -> None:
    changed = {**blueprint(make.name("scenario")), **changes}
    body = make.scenario_body() | {
        "blueprint": json.dumps({name: value for name, value in changed.items() if value is not None})
    }
    api.post("/scenarios", body).refused(status, code)


#: Module of a blueprint that is accepted.
ACCEPTED = [
    behaviour(
        {"id": 1, "module": "json:ParseJSON", "mapper": {"json": "{}"}},
        checks="scenarios.module-without-version",
    ),
    behaviour(step(1, "regexp:Contract"), checks="apps.in-part"),
    behaviour(step(1, "csv:ContractAggregator", parameters={"feeder": 1}), checks="apps.in-part"),
    behaviour(step(1, "email:Contract", version=7), checks="email.other-modules"),
    behaviour(step(1, "http:MakeRequest", version=4), checks="http.modules"),
    behaviour(step(1, "http:ActionGetFile", version=3), checks="http.modules"),
]


@pytest.mark.parametrize("module", ACCEPTED)
def test_a_module_is_accepted(module: dict[str, Any], api: ContractClient, make: FreshResources) -> None:
    id = make.scenario(module, inputs=None)["id"]
    flow = api.get(f"/scenarios/{id}/blueprint").fits()["response"]["blueprint"]["flow"]
    assert flow[0]["module"] == module["module"]


#: Scheduling, and the answer to it: the code of its refusal, or none.
SCHEDULINGS = [
    behaviour({"type": "indefinitely", "interval": 900}, None, checks="scheduling.types"),
    behaviour({"type": "once", "date": "2030-01-01T00:00:00.000Z"}, None, checks="scheduling.types"),
    behaviour({"type": "daily", "time": "12:00"}, None, checks="scheduling.types"),
    behaviour({"type": "weekly", "days": [1], "time": "12:00"}, None, checks="scheduling.types"),
    behaviour({"type": "monthly", "days": [1], "time": "12:00"}, None, checks="scheduling.types"),
    behaviour(
        {"type": "yearly", "months": [1], "days": [1], "time": "12:00"}, None, checks="scheduling.types"
    ),
    behaviour({"type": "contract"}, "IM307", checks="errors.im307"),
    behaviour({"type": "daily"}, "SC400", checks="scheduling.checked"),
    behaviour({"type": "once", "date": "2030-01-01"}, "SC400", checks="scheduling.once-date"),
    behaviour({"type": "indefinitely", "interval": 0.5}, "SC400", checks="plans.interval-status"),
    behaviour(
        {"type": "indefinitely", "interval": 900, "restrict": [{"days": [1]}] * 51},
        "SC400",
        checks="engine.restrictions-limit",
    ),
]


@pytest.mark.parametrize(("scheduling", "code"), SCHEDULINGS)
def test_a_scheduling_has_what_its_type_needs(
    scheduling: dict[str, Any], code: str | None, api: ContractClient, make: FreshResources
) -> None:
    answer = api.post("/scenarios", make.scenario_body(parsed(1, "{}"), scheduling=scheduling, inputs=None))
    if code is None:
        id = answer.ok()["scenario"]["id"]
        shown = api.get(f"/scenarios/{id}").fits()["scenario"]["scheduling"]
        assert {**shown, **scheduling} == shown
    else:
        answer.refused(422 if code == "IM307" else 400, code)


@pytest.mark.fidelity("scenarios.blueprints")
def test_the_versions_of_a_blueprint_are_listed_newest_first(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.scenario()["id"]
    api.patch(f"/scenarios/{id}", {"blueprint": json.dumps(blueprint(make.name("scenario")))}).fits()
    rows = api.get(f"/scenarios/{id}/blueprints").fits()["scenariosBlueprints"]
    assert [(row["version"], row["scenarioId"], row["draft"]) for row in rows] == [
        (2, id, False),
        (1, id, False),
    ]


@pytest.mark.fidelity("scenarios.interface", "scenarios.interface-empty")
def test_the_interface_has_inputs_and_outputs(api: ContractClient, make: FreshResources) -> None:
    id = make.scenario(inputs=None, metadata={"input_spec": None, "output_spec": None})["id"]
    path = f"/scenarios/{id}/interface"
    assert api.get(path).fits()["interface"] == {"input": None, "output": None}
    spec = [{"name": "name", "type": "text", "required": True}]
    api.patch(path, {"interface": {"input": spec, "output": None}}).ok()
    assert api.get(path).fits()["interface"] == {"input": spec, "output": None}
    api.patch(path, {"interface": {"input": [], "output": None}}).ok()
    assert not api.get(path).fits()["interface"]["input"]
    assert len(api.get(f"/scenarios/{id}/blueprints").fits()["scenariosBlueprints"]) == 1


@pytest.mark.fidelity("scenarios.interface-names")
@pytest.mark.parametrize("name", ["a-b", "1a", "_1", "a b"])
def test_inputs_have_names_of_letters_digits_and_underscores(
    name: str, api: ContractClient, make: FreshResources
) -> None:
    spec = {"input": [{"name": name, "type": "text"}], "output": None}
    api.patch(f"/scenarios/{make.scenario()['id']}/interface", {"interface": spec}).refused(400)


#: Input of a scenario, values that it takes, and values that it refuses.
INPUTS = [
    behaviour({"type": "number"}, [1.5], ["many"], checks="scenarios.run-wrong-input"),
    behaviour({"type": "boolean"}, [True], ["maybe"], checks="scenarios.run-wrong-input"),
    behaviour(
        {"type": "select", "options": [{"label": "A", "value": "a"}]},
        ["a"],
        ["b"],
        checks="scenarios.run-wrong-input",
    ),
    behaviour({"type": "select", "validate": {"enum": ["a"]}}, ["a"], ["b"], checks="engine.inputs-enum"),
    behaviour({"type": "uinteger"}, [1], [-1], checks="scenarios.run-open-collection"),
    behaviour(
        {"type": "collection", "spec": []}, [{"a": {"b": 1}}], ["x"], checks="scenarios.run-open-collection"
    ),
]


@pytest.mark.parametrize(("field", "good", "bad"), INPUTS)
def test_an_input_has_its_type(
    field: dict[str, Any], good: list[Any], bad: list[Any], api: ContractClient, make: FreshResources
) -> None:
    scenario = live(make, variable(1, "x"), inputs=[{"name": "given", **field}])
    for value in bad:
        body = {"data": {"given": value}, "responsive": True}
        api.post(f"/scenarios/{scenario}/run", body).refused(400, "SC400")
    for value in good:
        assert run_again(make, scenario, given=value)["status"] == 1


@pytest.mark.fidelity("scenarios.run-no-interface", "scenarios.run-callback")
def test_inputs_of_a_scenario_without_an_interface_are_dropped(
    api: ContractClient, make: FreshResources
) -> None:
    scenario = live(make, step(1, "scenario-service:ReturnData", {"result": "<{{var.input.x}}>"}, version=2))
    body = {"data": {"x": 1}, "responsive": True, "callbackUrl": "https://example.com/"}
    assert api.post(f"/scenarios/{scenario}/run", body).fits()["outputs"] == {"result": "<>"}


@pytest.mark.fidelity("scenarios.incomplete", "scenarios.start-invalid")
def test_a_scenario_that_lacks_a_hook_is_invalid_and_cannot_be_started(
    api: ContractClient, make: FreshResources
) -> None:
    trigger = module("gateway:CustomWebHook")
    id = make.scenario(trigger, scheduling={"type": "immediately"}, inputs=None)["id"]
    assert api.get(f"/scenarios/{id}").fits()["scenario"]["isinvalid"] is True
    answer = api.post(f"/scenarios/{id}/start").refused(400)
    assert "Scenario contains errors." in json.dumps(answer)
    active = make.live_scenario(inputs=None)
    body = make.scenario_body(trigger, inputs=None)["blueprint"]
    api.patch(f"/scenarios/{active}", {"blueprint": body}).refused(400)


@pytest.mark.fidelity("scenarios.undocumented-fields", "templates.based-on")
def test_fields_that_no_document_has_are_accepted(api: ContractClient, make: FreshResources) -> None:
    made = api.post("/scenarios", make.scenario_body(concept=True)).ok()["scenario"]
    api.patch(f"/scenarios/{made['id']}", {"concept": False, "basedon": None}).ok()
    api.post("/scenarios", make.scenario_body(basedon=UNUSED_ID)).refused(404, "SC404")


@pytest.mark.fidelity("scenarios.list-default", "scenarios.list-proprietal")
def test_active_scenarios_are_listed_first(api: ContractClient, make: FreshResources) -> None:
    idle, active = make.scenario()["id"], make.live_scenario()
    answer = api.get("/scenarios", teamId=api.target.team_id).fits()
    assert (answer["pg"]["limit"], answer["pg"]["sortBy"], answer["pg"]["sortDir"]) == (
        500,
        "proprietal",
        "desc",
    )
    ids = [row["id"] for row in answer["scenarios"]]
    assert ids.index(active) < ids.index(idle)
    states = [row["isActive"] for row in answer["scenarios"]]
    assert states == sorted(states, reverse=True)


@pytest.mark.fidelity("scenarios.start-first-run", "scenarios.state-code")
def test_a_scenario_at_intervals_runs_soon_after_its_start(api: ContractClient, make: FreshResources) -> None:
    scheduling = {"type": "indefinitely", "interval": 86400}
    id = make.live_scenario(variable(1, "x"), scheduling=scheduling, inputs=None)
    api.post(f"/scenarios/{id}/start").refused(422, "IM306")

    def ran(answer: Any) -> bool:
        return any(row.get("eventType") == "EXECUTION_END" for row in answer.fits()["scenarioLogs"])

    rows = api.poll_until(lambda: api.get(f"/scenarios/{id}/logs"), ran).fits()["scenarioLogs"]
    assert [row["type"] for row in rows if row.get("eventType") == "EXECUTION_END"] == ["auto"]
    api.post(f"/scenarios/{id}/stop").fits()
    api.post(f"/scenarios/{id}/stop").refused(422, "IM306")


@pytest.mark.fidelity("scenarios.clone-other-team", "visibility.team-of-other-organization")
def test_a_clone_to_another_team_maps_what_it_uses(api: ContractClient, make: FreshResources) -> None:
    store, team = make.data_store(), make.team()
    row = make.scenario(step(1, "datastore:Stats", parameters={"datastore": store}), inputs=None)
    body = {"name": make.name("clone"), "teamId": team, "states": False}
    path, owner = f"/scenarios/{row['id']}/clone", api.target.organization_id
    api.post(path, body, organizationId=owner).refused(400)
    copy = api.post(path, {**body, "name": make.name("clone")}, organizationId=owner, notAnalyze="true").ok()
    api.delete(f"/scenarios/{copy.get('scenario', copy)['id']}").ok()


@pytest.mark.fidelity("scenarios.usage")
def test_the_usage_of_a_scenario_is_dated_by_the_day(api: ContractClient, make: FreshResources) -> None:
    id = live(make, variable(1, "x"))
    run_again(make, id)
    [row] = api.get(f"/scenarios/{id}/usage").fits()["data"]
    day, month, year = row["date"].split("-")
    assert (len(day), len(month), len(year)) == (2, 2, 4)
    assert row["operations"] == 1


# --- modules -------------------------------------------------------------------------------------


@pytest.mark.fidelity("modules.logs", "modules.logs-rows", "modules.operations", "modules.unknown")
def test_a_module_has_logs_and_operations(api: ContractClient, make: FreshResources) -> None:
    scenario = live(make, parsed(1, '{"a": 1}'), parsed(2, "{"))
    ran = run_again(make, scenario)["executionId"]
    path = f"/scenarios/{scenario}/modules"

    def logs(id: int) -> list[dict[str, Any]]:
        answer = api.poll_until(
            lambda: api.get(f"{path}/{id}/logs"), lambda answer: answer.fits()["moduleLogs"]
        )
        rows: list[dict[str, Any]] = answer.fits()["moduleLogs"]
        return rows

    good, bad = logs(1), logs(2)
    assert [(row["executionId"], row["status"], row["bundles"]) for row in good] == [(ran, 1, 1)]
    assert [(row["executionId"], row["status"]) for row in bad] == [(ran, 3)]
    assert good[0]["scenarioId"] == scenario
    api.get(f"{path}/99/logs").refused(404)
    assert "1" in json.dumps(api.get(f"{path}/operations").ok())


@pytest.mark.fidelity("modules.data", "modules.data-kinds")
def test_a_counter_that_is_never_reset_has_stored_data(api: ContractClient, make: FreshResources) -> None:
    counter = step(1, "util:FunctionIncrement", parameters={"reset": "scenario"})
    flow = counter, step(2, "scenario-service:ReturnData", {"result": "{{1.i}}"}, version=2)
    scenario = live(make, *flow)
    assert [run_again(make, scenario)["outputs"]["result"] for _ in range(2)] == [1, 2]
    answers = [json.dumps(api.get(f"/scenarios/{scenario}/data/{id}").ok()) for id in (1, 2)]
    assert answers[0] != answers[1]
