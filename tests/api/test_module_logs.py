"""Operations of modules, stopped and replayed executions, and what modules keep between runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, assert_status
from helpers.engine import set_variable
from helpers.webhooks import WebhookHarness
from make_emulator.world.models import Execution

FLOW = [
    {"id": 1, "module": "builtin:BasicFeeder", "mapper": {"array": ["1", "{", "3"]}},
    {
        "id": 2,
        "module": "json:ParseJSON",
        "mapper": {"json": "{{1.value}}"},
        "onerror": [{"id": 3, "module": "builtin:Ignore"}],
    },
    {"id": 4, "module": "util:FunctionIncrement", "parameters": {"reset": "scenario"}},
]


def create_live(api: ApiClient, flow: Any, scheduling: Any = None) -> int:
    body = {
        "teamId": 1,
        "blueprint": json.dumps({"name": "Logged", "flow": flow, "metadata": {}}),
        "scheduling": json.dumps(scheduling or {"type": "on-demand"}),
    }
    id = int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def run(api: ApiClient, id: int, **body: Any) -> str:
    return str(assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True, **body}))["executionId"])


def execution(api: ApiClient, scenario: int, id: str) -> Execution:
    found = api.world.logs[scenario, id]
    assert isinstance(found, Execution)
    return found


@pytest.fixture
def scenario(api: ApiClient) -> int:
    return create_live(api, FLOW)


def test_a_module_has_one_entry_an_execution_with_its_status_and_the_size_of_its_output(
    api: ApiClient, scenario: int
) -> None:
    first, second = run(api, scenario), run(api, scenario)
    response = assert_ok(api.get(f"/scenarios/{scenario}/modules/2/logs"))
    assert response["pg"] == {
        "sortBy": "imtId",
        "limit": 50,
        "sortDir": "desc",
        "offset": 0,
        "returnTotalCount": False,
    }
    later, earlier = response["moduleLogs"]
    assert [later["executionId"], earlier["executionId"]] == [second, first]
    assert earlier == {
        "imtId": execution(api, scenario, first).imt_id,
        "executionId": first,
        "organizationId": 1,
        "teamId": 1,
        "scenarioId": scenario,
        "timestamp": earlier["timestamp"],
        "status": 2,
        "bundles": 2,
        "size": len('[{"value":1},{"value":3}]'),
        "warning": {"message": "Source is not valid JSON."},
    }
    [feeder, _] = assert_ok(api.get(f"/scenarios/{scenario}/modules/1/logs"))["moduleLogs"]
    assert (feeder["status"], feeder["bundles"]) == (1, 3)
    assert "warning" not in feeder
    assert "error" not in feeder


def test_a_failure_that_nothing_handles_is_an_error_of_its_module(api: ApiClient) -> None:
    scenario = create_live(api, [FLOW[0], {"id": 2, "module": "json:ParseJSON", "mapper": {"json": "{"}}])
    assert_ok(api.post(f"/scenarios/{scenario}/run", json={"responsive": True}))
    [row] = assert_ok(api.get(f"/scenarios/{scenario}/modules/2/logs"))["moduleLogs"]
    assert (row["status"], row["error"]) == (3, {"message": "Source is not valid JSON."})
    assert "warning" not in row


def test_the_logs_of_a_module_go_on_behind_an_entry(api: ApiClient, scenario: int) -> None:
    for _ in range(3):
        run(api, scenario)
    path = f"/scenarios/{scenario}/modules/1/logs"
    ids = [row["imtId"] for row in assert_ok(api.get(path))["moduleLogs"]]
    shown = assert_ok(api.get(f"{path}?pg[last]={ids[0]}&pg[limit]=1"))
    assert [row["imtId"] for row in shown["moduleLogs"]] == ids[1:2]
    assert (shown["pg"]["last"], shown["pg"]["showLast"]) == (ids[0], False)
    shown = assert_ok(api.get(f"{path}?pg[last]={ids[2]}&pg[showLast]=true"))
    assert [row["imtId"] for row in shown["moduleLogs"]] == ids[2:]
    oldest_first = assert_ok(api.get(f"{path}?pg[sortDir]=asc&pg[offset]=1"))["moduleLogs"]
    assert [row["imtId"] for row in oldest_first] == [ids[1], ids[0]]
    assert_refused(api.get(f"{path}?pg[last]=nothing"), 400, code="SC400")


def test_the_operations_of_each_module_are_counted_for_the_last_days(api: ApiClient, scenario: int) -> None:
    run(api, scenario)
    path = f"/scenarios/{scenario}/modules/operations"
    assert assert_ok(api.get(path))["operations"] == [
        {"moduleId": 1, "total": 1, "warnings": 0, "errors": 0},
        {"moduleId": 2, "total": 3, "warnings": 1, "errors": 0},
        {"moduleId": 4, "total": 2, "warnings": 0, "errors": 0},
    ]
    api.world.clock.advance(days=2)
    assert assert_ok(api.get(path))["operations"] == []
    assert len(assert_ok(api.get(f"{path}?days=3"))["operations"]) == 3
    assert_refused(api.get(f"{path}?days=31"), 400, code="SC400")


def test_a_module_that_a_scenario_never_had_is_404(api: ApiClient, scenario: int) -> None:
    for path in ("modules/99/logs", "data/99", "modules/x/logs"):
        assert_refused(api.get(f"/scenarios/{scenario}/{path}"), 404, code="SC404")


def test_a_module_of_an_earlier_version_keeps_its_logs(api: ApiClient, scenario: int) -> None:
    run(api, scenario)
    shorter = json.dumps({"name": "Logged", "flow": FLOW[:1], "metadata": {}})
    assert_ok(api.patch(f"/scenarios/{scenario}", json={"blueprint": shorter}))
    assert len(assert_ok(api.get(f"/scenarios/{scenario}/modules/2/logs"))["moduleLogs"]) == 1


def test_the_data_of_a_module_exist_once_it_counted_or_polled(api: ApiClient, scenario: int) -> None:
    def exists(id: int, module: int) -> Any:
        return assert_ok(api.get(f"/scenarios/{id}/data/{module}"))["exists"]

    assert [exists(scenario, module) for module in (1, 4)] == [False, False]
    run(api, scenario)
    assert [exists(scenario, module) for module in (1, 4)] == [False, True]
    polling = create_live(api, [{"id": 1, "module": "rss:TriggerNewArticle", "version": 4}])
    assert exists(polling, 1) is False
    run(api, polling)
    assert exists(polling, 1) is True


# --- stopping ------------------------------------------------------------------------------------


def test_a_running_execution_stops_at_once_or_after_its_module(api: ApiClient, scenario: int) -> None:
    id = str(assert_ok(api.post(f"/scenarios/{scenario}/run", json={}))["executionId"])
    row = replace(execution(api, scenario, id), duration=60_000, operations=6)
    api.world.logs.put(row)
    api.world.logs.put(replace(row, id="other"))
    api.world.clock.advance(seconds=15)
    assert assert_ok(api.post(f"/scenarios/{scenario}/executions/{id}/stop", json={"force": True})) == {}
    stopped = assert_ok(api.get(f"/scenarios/{scenario}/executions/{id}"))
    assert stopped["status"] == "WARNING"
    assert stopped["error"]["name"] == "ExecutionInterruptedError"
    assert execution(api, scenario, id).duration == 15_000
    assert assert_ok(api.get(f"/scenarios/{scenario}/logs/{id}"))["scenarioLog"]["status"] == 2

    assert_ok(api.post(f"/scenarios/{scenario}/executions/other/stop"))
    assert assert_ok(api.get(f"/scenarios/{scenario}/executions/other"))["status"] == "RUNNING"
    api.world.clock.advance(seconds=5)
    assert assert_ok(api.get(f"/scenarios/{scenario}/executions/other"))["status"] == "WARNING"


def test_a_scenario_that_is_stopped_stops_its_runs(api: ApiClient, scenario: int) -> None:
    id = str(assert_ok(api.post(f"/scenarios/{scenario}/run", json={}))["executionId"])
    api.world.logs.put(replace(execution(api, scenario, id), duration=60_000, operations=6))
    api.world.clock.advance(seconds=15)
    assert_ok(api.post(f"/scenarios/{scenario}/stop"))
    assert execution(api, scenario, id).duration == 20_000
    api.world.clock.advance(seconds=5)
    assert assert_ok(api.get(f"/scenarios/{scenario}/executions/{id}"))["status"] == "WARNING"


def test_an_execution_that_does_not_run_cannot_be_stopped(api: ApiClient, scenario: int) -> None:
    id = run(api, scenario)
    before = execution(api, scenario, id)
    path = f"/scenarios/{scenario}/executions"
    assert_refused(api.post(f"{path}/{id}/stop", json={"force": True}), 400)
    assert execution(api, scenario, id) == before
    assert_refused(api.post(f"{path}/unknown/stop"), 404, code="SC404")
    assert_refused(api.post(f"{path}/{id}/stop", token=api.token_with("scenarios:write")), 403, code="SC403")


# --- replays -------------------------------------------------------------------------------------


def test_a_replay_runs_with_the_inputs_of_the_earlier_run(api: ApiClient) -> None:
    first = run(api, 1, data={"name": "Zoe"})
    response = api.post("/scenarios/1/replay", json={"executionIds": [first]})
    again = assert_status(response, 202)["executionId"]
    assert again != first
    replayed, original = execution(api, 1, again), execution(api, 1, first)
    assert (replayed.inputs, replayed.outputs) == (original.inputs, original.outputs)
    assert (replayed.type, replayed.author_id) == ("manual", 1)
    api.world.clock.set(replayed.ends)
    row = next(
        row for row in assert_ok(api.get("/scenarios/1/logs"))["scenarioLogs"] if row.get("id") == again
    )
    assert row["replayOfExecutionId"] == first
    assert (
        row["replayOfExecutionTimestamp"]
        == assert_ok(api.get(f"/scenarios/1/logs/{first}"))["scenarioLog"]["timestamp"]
    )
    detail = assert_ok(api.get(f"/scenarios/1/logs/{first}"))["scenarioLog"]
    assert (detail["isReplayable"], detail["replayOfExecutionId"]) == (True, None)


def test_a_replay_of_a_webhook_gives_the_trigger_what_it_had_received(
    api: ApiClient, gateway: WebhookHarness
) -> None:
    id = gateway.listen(set_variable(2, "{{1.sku}}"))
    assert gateway.send(json={"sku": "A-1"}).status_code == 200
    [first] = [row for row in api.world.logs.where(scenario=id) if isinstance(row, Execution)]
    api.world.clock.set(first.ends)
    body = {"executionIds": [first.id, "ignored"]}
    again = assert_status(api.post(f"/scenarios/{id}/replay", json=body), 202)["executionId"]
    replayed = execution(api, id, again)
    assert [step.output for step in replayed.steps] == [step.output for step in first.steps]
    assert replayed.steps[0].output == ({"sku": "A-1"},)


def test_what_cannot_be_replayed_is_refused(api: ApiClient) -> None:
    first = run(api, 1, data={"name": "Zoe"})
    path = "/scenarios/1/replay"
    assert_refused(api.post(path, json={"executionIds": ["unknown"]}), 404, code="SC404")
    assert_refused(api.post(path, json={"executionIds": []}), 400)
    assert_refused(api.post(path, json={}), 400)
    row = execution(api, 1, first)
    api.world.logs.put(replace(row, steps=(), inputs=None))
    assert_refused(
        api.post(path, json={"executionIds": [first]}),
        422,
        code="SC422",
        message="Unprocessable Entity",
        detail="Execution is not replayable",
    )
    api.world.logs.put(row)
    assert_ok(api.post("/scenarios/1/stop"))
    assert api.post(path, json={"executionIds": [first]}).status_code in (400, 422)
    assert len([row for row in api.world.logs.where(scenario=1) if getattr(row, "replay_of", None)]) == 0


def test_nothing_is_replayable_on_the_plan_free(api: ApiClient) -> None:
    first = run(api, 1, data={"name": "Zoe"})
    api.world.organizations.put(replace(api.world.organizations[1], plan="free"))
    assert assert_ok(api.get(f"/scenarios/1/logs/{first}"))["scenarioLog"]["isReplayable"] is False
    assert_refused(api.post("/scenarios/1/replay", json={"executionIds": [first]}), 422, code="SC422")
