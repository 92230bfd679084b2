from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused
from helpers.engine import set_variable

BLUEPRINT = {
    "name": "Double",
    "flow": [
        {
            "id": 1,
            "module": "scenario-service:ReturnData",
            "version": 2,
            "parameters": {},
            "mapper": {"twice": "{{var.input.n * 2}}"},
        }
    ],
    "metadata": {"version": 1},
}
INPUTS = [{"name": "n", "type": "number", "required": True}]
OUTPUTS = [{"name": "twice", "type": "number"}]


def body(
    blueprint: Any = BLUEPRINT, scheduling: Any = None, inputs: Any = INPUTS, **more: Any
) -> dict[str, Any]:
    return {
        "teamId": 1,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps(scheduling or {"type": "on-demand"}),
        "metadata": {"input_spec": inputs, "output_spec": OUTPUTS},
        **more,
    }


def create(api: ApiClient, *args: Any, **kwargs: Any) -> int:
    return int(assert_ok(api.post("/scenarios", json=body(*args, **kwargs)))["scenario"]["id"])


def test_a_new_scenario_is_named_by_its_blueprint_and_not_live(api: ApiClient) -> None:
    scenario = assert_ok(api.post("/scenarios", json=body()))["scenario"]
    assert list(scenario) == [
        "id", "name", "teamId", "hookId", "devices", "deviceId", "deviceScope", "concept", "description",
        "folderId", "slots", "isinvalid", "islinked", "islocked", "isPaused", "usedPackages", "lastEdit",
        "scheduling", "iswaiting", "dlqCount", "allDlqCount", "createdByUser", "updatedByUser", "nextExec",
        "created", "chainingRole", "type", "isShared", "isActive",
    ]  # fmt: skip
    assert (scenario["name"], scenario["isActive"], scenario["nextExec"]) == ("Double", False, None)
    assert scenario["usedPackages"] == ["scenario-service"]
    assert scenario["created"] == scenario["lastEdit"] == "2026-03-02T12:00:00.000Z"
    assert scenario["createdByUser"] == {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}


def test_the_list_adds_what_each_scenario_consumed_and_puts_live_ones_first(api: ApiClient) -> None:
    create(api)
    rows = assert_ok(api.get("/scenarios?teamId=1"))["scenarios"]
    assert [row["name"] for row in rows] == [
        "Greeting",
        "Webhook to data store",
        "Weekly report",
        "Double",
        "Order intake",
    ]
    assert list(rows[0])[-5:] == ["operations", "centicredits", "transfer", "usedModules", "isActive"]
    assert (rows[1]["operations"], rows[1]["centicredits"], rows[1]["hookId"]) == (2, 200, 1)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("organizationId=1", [1, 2, 3, 4]),
        ("teamId=1&isActive=true", [1, 2, 3]),
        ("teamId=1&islinked=false", [4]),
        ("teamId=1&id[]=3&id[]=1", [1, 3]),
        ("teamId=1&concept=true", []),
        ("teamId=1&type=tool", []),
        ("teamId=1&pg[sortBy]=name&pg[sortDir]=desc", [3, 2, 4, 1]),
        ("teamId=1&pg[limit]=2&pg[offset]=1&pg[sortBy]=id&pg[sortDir]=asc", [2, 3]),
    ],
)
def test_the_list_can_be_filtered_and_sorted(api: ApiClient, query: str, ids: list[int]) -> None:
    rows = assert_ok(api.get(f"/scenarios?{query}&cols[]=id"))["scenarios"]
    assert [row["id"] for row in rows] == ids


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "Missing required parameter teamId or organizationId"),
        ("?teamId=1&organizationId=1", "teamId and organizationId cannot be used together"),
    ],
)
def test_the_list_needs_exactly_one_owner(api: ApiClient, query: str, detail: str) -> None:
    assert assert_refused(api.get(f"/scenarios{query}"))["detail"] == detail


def test_a_run_answers_status_and_outputs_and_leaves_log_and_detail(api: ApiClient) -> None:
    id = create(api)
    assert assert_ok(api.post(f"/scenarios/{id}/start"))["scenario"] == {
        "id": id,
        "islinked": True,
        "isActive": True,
    }
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"data": {"n": 21}, "responsive": True}))
    assert (run["status"], run["outputs"]) == (1, {"twice": 42})
    detail = assert_ok(api.get(f"/scenarios/{id}/executions/{run['executionId']}"))
    assert detail == {"status": "SUCCESS", "outputs": {"twice": 42}}
    log = assert_ok(api.get(f"/scenarios/{id}/logs/{run['executionId']}"))["scenarioLog"]
    assert (log["status"], log["scenarioName"], log["authorId"], log["@kindId"]) == (1, "Double", 1, id)
    assert log["imtId"] == f"1772452800000_{run['executionId']}"
    assert "error" not in log


def test_a_run_that_is_not_waited_for_is_revealed_by_the_clock(api: ApiClient) -> None:
    id = create(api)
    api.post(f"/scenarios/{id}/start")
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"data": {"n": 1}}))
    assert list(run) == ["executionId", "statusUrl"]
    path = run["statusUrl"].partition("/api/v2")[2]
    assert path == f"/scenarios/{id}/executions/{run['executionId']}"
    assert assert_ok(api.get(path)) == {"status": "RUNNING"}
    assert api.get(f"/scenarios/{id}/logs/{run['executionId']}").status_code == 404
    assert run["executionId"] not in str(assert_ok(api.get(f"/scenarios/{id}/logs")))
    api.world.clock.advance(40)
    assert assert_ok(api.get(path)) == {"status": "SUCCESS", "outputs": {"twice": 2}}
    assert run["executionId"] in str(assert_ok(api.get(f"/scenarios/{id}/logs")))


def test_only_recent_versions_of_a_blueprint_are_listed(api: ApiClient) -> None:
    id = create(api)
    api.world.clock.advance(days=30)
    assert_ok(api.patch(f"/scenarios/{id}", json={"blueprint": body()["blueprint"]}))

    def versions() -> list[int]:
        rows = assert_ok(api.get(f"/scenarios/{id}/blueprints"))["scenariosBlueprints"]
        return [row["version"] for row in rows]

    assert versions() == [2, 1]
    api.world.clock.advance(days=31)
    assert versions() == [2]
    api.world.clock.advance(days=60)
    assert versions() == [2]
    assert assert_ok(api.get(f"/scenarios/{id}/blueprint?blueprintId=1"))["response"]["version"] == 1


def test_a_responsive_run_takes_the_time_of_the_run(api: ApiClient) -> None:
    id = create(api)
    api.post(f"/scenarios/{id}/start")
    before = api.world.now()
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"data": {"n": 1}, "responsive": True}))
    log = assert_ok(api.get(f"/scenarios/{id}/logs/{run['executionId']}"))["scenarioLog"]
    assert api.world.now() - before == log["duration"] > 0


def test_a_missing_input_is_named_and_nothing_runs(api: ApiClient) -> None:
    id = create(api)
    api.post(f"/scenarios/{id}/start")
    response = assert_refused(api.post(f"/scenarios/{id}/run", json={"data": {}}))
    assert response["suberrors"] == [{"message": "Missing value of required parameter 'n'.", "name": "Error"}]
    assert [row["type"] for row in assert_ok(api.get(f"/scenarios/{id}/logs"))["scenarioLogs"]] == [
        "start",
        "modify",
    ]


def test_a_scenario_that_is_not_live_does_not_run(api: ApiClient) -> None:
    id = create(api)
    response = api.post(f"/scenarios/{id}/run", json={"data": {"n": 1}})
    assert_refused(response, 422, message="Scenario is not activated", code="IM325")


def test_an_organization_without_operations_left_runs_nothing(api: ApiClient) -> None:
    response = api.control("POST", "/worlds", json={"name": "poor", "plan": "free"})
    assert response.json is not None
    token = response.json["world"]["token"]
    from make_emulator.app import registry_of
    from make_emulator.world.models import Consumption

    handle = registry_of(api.app).get("poor")
    assert handle is not None
    handle.world.tallies[("organization", 1)] = Consumption(operations=1000)
    run = api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}}, token=token)
    assert assert_refused(run, 429)["code"] == "IM310"


def test_starting_twice_and_stopping_twice_are_rejected(api: ApiClient) -> None:
    id = create(api)
    stopped = api.post(f"/scenarios/{id}/stop")
    assert_refused(stopped, 422, message="Scenario is not running", code="IM306")
    assert_ok(api.post(f"/scenarios/{id}/start"))
    started = api.post(f"/scenarios/{id}/start")
    assert_refused(started, 422, message="Scenario is already running", code="IM306")
    assert assert_ok(api.post(f"/scenarios/{id}/stop"))["scenario"] == {
        "id": id,
        "islinked": False,
        "isActive": False,
    }


def test_the_free_plan_allows_two_live_scenarios(api: ApiClient) -> None:
    response = api.control("POST", "/worlds", json={"plan": "free"})
    assert response.json is not None
    rejection = assert_refused(api.post("/scenarios/4/start", token=response.json["world"]["token"]))
    assert rejection["code"] == "IM011"


def test_a_scenario_at_intervals_first_runs_seconds_after_its_start(api: ApiClient) -> None:
    blueprint = {"name": "Tick", "flow": [set_variable(1, "1")], "metadata": {}}
    id = create(api, blueprint, {"type": "indefinitely", "interval": 900}, inputs=[])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["nextExec"] == "2026-03-02T12:00:03.000Z"
    api.world.clock.advance(minutes=31)
    runs = [row for row in assert_ok(api.get(f"/scenarios/{id}/logs"))["scenarioLogs"] if "status" in row]
    assert [row["timestamp"][11:19] for row in runs] == ["12:30:03", "12:15:03", "12:00:03"]
    assert {row["authorId"] for row in runs} == {None}
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["nextExec"] == "2026-03-02T12:45:03.000Z"
    usage = assert_ok(api.get(f"/scenarios/{id}/usage"))
    assert usage == {
        "data": [{"date": "02-03-2026", "operations": 3, "dataTransfer": 0, "centicredits": 300}]
    }


def test_logs_mix_runs_with_what_people_did_newest_first(api: ApiClient) -> None:
    id = create(api)
    api.world.clock.advance(1)
    api.post(f"/scenarios/{id}/start")
    api.world.clock.advance(1)
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"data": {"n": 1}, "responsive": True}))
    response = assert_ok(api.get(f"/scenarios/{id}/logs"))
    assert response["pg"] == {
        "sortBy": "imtId",
        "limit": 50,
        "sortDir": "desc",
        "offset": 0,
        "returnTotalCount": False,
    }
    execution, start, modify = response["scenarioLogs"]
    assert list(execution) == [
        "imtId", "scenarioName", "replayOfExecutionId", "eventType", "teamId", "type", "scenarioId", "instant",
        "duration", "centicredits", "operations", "transfer", "replayOfExecutionName", "organizationId", "id",
        "authorId", "replayOfExecutionTimestamp", "timestamp", "status", "authorName",
    ]  # fmt: skip
    assert (execution["id"], execution["eventType"]) == (run["executionId"], "EXECUTION_END")
    assert start == {
        "imtId": f"1772452801000_{start['id']}",
        "id": start["id"],
        "detail": {"author": {"name": "Ada Maker", "staff": False}},
        "type": "start",
        "authorId": 1,
        "timestamp": "2026-03-02T12:00:01.000Z",
        "authorName": "Ada Maker",
    }
    assert modify["type"] == "modify"


def test_logs_can_be_filtered(api: ApiClient) -> None:
    def count(query: str) -> int:
        return len(assert_ok(api.get(f"/scenarios/1/logs?{query}"))["scenarioLogs"])

    assert count("status=1") == 2
    assert count("status=3") == 0
    two_hours_ago = 1772452800000 - 2 * 3600 * 1000
    assert count(f"status=1&from={two_hours_ago}") == 1
    assert count(f"status=1&to={two_hours_ago - 1}") == 1
    assert count("operationsFrom=1") == 0
    assert count("durationTo=100000") == 2
    assert (count("creditsFrom=0"), count("creditsFrom=1"), count("creditsTo=0&status=1")) == (2, 0, 2)
    assert count("executionName=nightly") == 0


def test_a_failed_run_shows_its_error(api: ApiClient) -> None:
    blueprint = {
        "name": "Fails",
        "flow": [{"id": 1, "module": "util:SetVariable2", "version": 1, "mapper": {}}],
        "metadata": {},
    }
    id = create(api, blueprint, inputs=[])
    api.post(f"/scenarios/{id}/start")
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    assert run == {
        "executionId": run["executionId"],
        "status": 3,
        "error": {"name": "BundleValidationError", "message": "Validation failed for 2 parameter(s)."},
    }
    detail = assert_ok(api.get(f"/scenarios/{id}/executions/{run['executionId']}"))
    assert detail["status"] == "ERROR"
    assert detail["error"]["name"] == "BundleValidationError"
    assert detail["error"]["message"] == "Validation failed for 2 parameter(s)."
    log = assert_ok(api.get(f"/scenarios/{id}/logs/{run['executionId']}"))["scenarioLog"]
    assert (log["error"]["name"], log["operations"], log["centicredits"]) == ("BundleValidationError", 1, 100)


@pytest.mark.parametrize(
    ("module", "mapper", "name", "message", "cause"),
    [
        ("builtin:ThrowError", {"message": "Off"}, "RuntimeError", "Off", ("ThrowError", "builtin")),
        ("json:ParseJSON", {"json": "{"}, "DataError", "Source is not valid JSON.", ("ParseJSON", "json")),
        (
            "json:ParseJSON",
            {"json": "{{none()}}"},
            "DataError",
            "Failed to map 'json': Function 'none' not found!",
            ("ParseJSON", "json"),
        ),
        (
            "builtin:Ignore",
            {},
            "RuntimeError",
            "Module 'builtin:Ignore' stands outside of an error handler.",
            ("Ignore", "builtin"),
        ),
        (
            "builtin:BasicMerge",
            {},
            "BlueprintValidationError",
            "Module 'builtin:BasicMerge' (1) follows no if-else.",
            ("BasicMerge", "builtin"),
        ),
    ],
)
def test_every_failure_shows_its_error_and_the_module_that_caused_it(
    api: ApiClient, module: str, mapper: Any, name: str, message: str, cause: tuple[str, str]
) -> None:
    flow = [{"id": 1, "module": module, "version": 1, "mapper": mapper}]
    id = create(api, {"name": "Fails", "flow": flow, "metadata": {}}, inputs=[])
    api.post(f"/scenarios/{id}/start")
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    detail = assert_ok(api.get(f"/scenarios/{id}/executions/{run['executionId']}"))
    assert detail == {
        "status": "ERROR",
        "error": {
            "name": name,
            "message": message,
            "causeModule": {"name": cause[0], "appName": cause[1]},
        },
    }


def test_a_run_whose_error_was_put_off_is_a_warning_and_one_whose_error_was_ignored_a_success(
    api: ApiClient,
) -> None:
    for directive, status in (("Break", "WARNING"), ("Ignore", "SUCCESS")):
        handler = {"id": 3, "module": f"builtin:{directive}", "version": 1, "mapper": {}}
        flow = [
            {"id": 1, "module": "builtin:BasicRepeater", "version": 1, "mapper": {"repeats": 1}},
            {"id": 2, "module": "builtin:ThrowError", "version": 1, "mapper": {}, "onerror": [handler]},
        ]
        id = create(api, {"name": "Fails", "flow": flow, "metadata": {"scenario": {"dlq": True}}}, inputs=[])
        api.post(f"/scenarios/{id}/start")
        run = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
        assert assert_ok(api.get(f"/scenarios/{id}/executions/{run['executionId']}")) == {"status": status}


def test_outputs_larger_than_requested_are_413(api: ApiClient) -> None:
    id = create(api)
    api.post(f"/scenarios/{id}/start")
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"data": {"n": 21}, "responsive": True}))
    path = f"/scenarios/{id}/executions/{run['executionId']}"
    assert assert_ok(api.get(f"{path}?maxBytes=12"))["outputs"] == {"twice": 42}
    assert assert_refused(api.get(f"{path}?maxBytes=11"), 413)["code"] == "SC413"


def test_the_blueprint_comes_back_in_the_recorded_shape(api: ApiClient) -> None:
    id = create(api)
    answer = assert_ok(api.get(f"/scenarios/{id}/blueprint"))
    assert answer["code"] == "OK"
    response = answer["response"]
    assert list(response["blueprint"]) == ["flow", "name", "metadata"]
    assert response["blueprint"] == {**BLUEPRINT, "metadata": {"instant": False, "version": 1}}
    assert response["scheduling"] == {"type": "on-demand"}
    assert response["metadata"] == {"input_spec": INPUTS, "output_spec": OUTPUTS}
    assert (response["idSequence"], response["version"]) == (2, 1)


def test_a_new_blueprint_becomes_a_version_and_the_old_one_stays(api: ApiClient) -> None:
    id = create(api)
    changed = {**BLUEPRINT, "name": "Triple"}
    api.world.clock.advance(5)
    assert (
        assert_ok(api.patch(f"/scenarios/{id}", json={"blueprint": json.dumps(changed)}))["scenario"]["name"]
        == "Triple"
    )
    versions = assert_ok(api.get(f"/scenarios/{id}/blueprints"))["scenariosBlueprints"]
    assert [(row["version"], row["created"][17:19]) for row in versions] == [(2, "05"), (1, "00")]
    old = assert_ok(api.get(f"/scenarios/{id}/blueprint?blueprintId=1"))["response"]
    assert old["blueprint"]["name"] == "Double"
    assert assert_refused(api.get(f"/scenarios/{id}/blueprint?blueprintId=9"), 404)["code"] == "SC404"


def test_a_change_that_builds_on_an_old_version_is_a_conflict(api: ApiClient) -> None:
    id = create(api)
    api.patch(f"/scenarios/{id}", json={"blueprint": json.dumps(BLUEPRINT), "baseVersion": 1})
    response = assert_refused(api.patch(f"/scenarios/{id}", json={"name": "late", "baseVersion": 1}), 409)
    assert (response["code"], response["currentVersion"]) == ("SC409", 2)
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["name"] == "Double"


def test_renaming_keeps_it_live_and_leaves_the_last_edit_alone(api: ApiClient) -> None:
    before = assert_ok(api.get("/scenarios/1"))["scenario"]
    after = assert_ok(api.patch("/scenarios/1", json={"name": "New name", "description": "What it does"}))[
        "scenario"
    ]
    assert (after["name"], after["description"], after["isActive"]) == ("New name", "What it does", True)
    assert after["lastEdit"] == before["lastEdit"]


def test_inputs_need_on_demand_scheduling(api: ApiClient) -> None:
    response = api.post("/scenarios", json=body(scheduling={"type": "indefinitely", "interval": 900}))
    assert assert_refused(response, 422)["code"] == "IM016"
    id = create(api)
    scheduling = json.dumps({"type": "indefinitely", "interval": 900})
    assert (
        assert_refused(api.patch(f"/scenarios/{id}", json={"scheduling": scheduling}), 422)["code"] == "IM016"
    )
    patch = {"interface": {"input": INPUTS, "output": None}}
    assert assert_refused(api.patch("/scenarios/3/interface", json=patch), 422)["code"] == "IM016"


def test_the_interface_is_null_where_nothing_is_declared(api: ApiClient) -> None:
    id = create(api)
    patch = {"interface": {"input": INPUTS, "output": []}}
    assert assert_ok(api.patch(f"/scenarios/{id}/interface", json=patch)) == {
        "interface": {"input": INPUTS, "output": None}
    }
    assert assert_ok(api.get("/scenarios/3/interface")) == {"interface": {"input": None, "output": None}}


@pytest.mark.parametrize(
    ("blueprint", "code", "fault"),
    [
        ({"flow": [], "metadata": {}}, "SC400", "name"),
        ({"name": "x", "metadata": {}}, "SC400", "flow"),
        ({"name": "x", "flow": []}, "SC400", "metadata"),
        ({"name": "x", "flow": "no", "metadata": {}}, "SC400", "flow"),
        (
            {"name": "x", "flow": [{"id": 1, "module": "util:NoSuchThing", "version": 1}], "metadata": {}},
            "IM007",
            "Module not found 'util:NoSuchThing' version '1'.",
        ),
        ({"name": "x", "flow": [{"id": 1, "module": "nonsense", "version": 1}], "metadata": {}}, "IM007", ""),
        (
            {
                "name": "x",
                "flow": [
                    {"id": 1, "module": "slack:A", "version": 1, "parameters": {"__IMTCONN__": 99}},
                ],
                "metadata": {},
            },
            "IM304",
            "Connection not found 'slack:99'.",
        ),
    ],
)
def test_a_blueprint_that_does_not_hang_together_is_rejected(
    api: ApiClient, blueprint: Any, code: str, fault: str
) -> None:
    response = api.post("/scenarios", json=body(blueprint, inputs=[]))
    assert response.status_code == (404 if code == "IM304" else 400)
    assert response.json is not None
    assert response.json["code"] == code
    assert fault in json.dumps(response.json)
    assert len(api.world.scenarios) == 5


@pytest.mark.parametrize(
    "scheduling",
    [
        {},
        {"type": "indefinitely", "interval": 59},
        {"type": "indefinitely", "interval": "900"},
        {"type": "daily"},
        {"type": "weekly", "time": "08:00"},
        {"type": "weekly", "time": "08:00", "days": [7]},
        {"type": "monthly", "time": "25:00", "days": [1]},
        {"type": "yearly", "time": "08:00", "days": [1]},
        {"type": "once"},
    ],
)
def test_a_scheduling_that_is_invalid_is_rejected(api: ApiClient, scheduling: Any) -> None:
    response = api.post("/scenarios", json={**body(inputs=[]), "scheduling": json.dumps(scheduling)})
    assert assert_refused(response)["code"] == "SC400"


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ({"module": "ai-tools:Ask", "parameters": {"makeConnectionId": 987}}, "ai-tools:987"),
        (
            {
                "module": "ai-local-agent:RunLocalAIAgent",
                "tools": [
                    {
                        "name": "Tell",
                        "flow": [
                            {"id": 2, "module": "discord:createMessage", "parameters": {"__IMTCONN__": 987}}
                        ],
                    }
                ],
            },
            "discord:987",
        ),
    ],
)
def test_connections_of_ai_modules_and_of_agents_tools_must_be_the_teams(
    api: ApiClient, node: dict[str, Any], named: str
) -> None:
    blueprint = {"name": "AI", "flow": [{"id": 1, "version": 0, **node}], "metadata": {}}
    response = api.post(
        "/scenarios?confirmed=true", json={**body(inputs=[]), "blueprint": json.dumps(blueprint)}
    )
    assert assert_refused(response, 404)["detail"] == f"Connection not found '{named}'."


def needing(type: str, name: str) -> dict[str, Any]:
    """A module that must have a component of a type."""
    fields = [{"name": name, "type": type, "label": "Needed", "required": True}]
    return {"id": 1, "module": "google-sheets:watchRows", "version": 2, "metadata": {"parameters": fields}}


@pytest.mark.parametrize(
    "node",
    [
        {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {}},
        needing("account:google", "__IMTCONN__"),
        needing("hook:google-sheets", "__IMTHOOK__"),
        needing("datastore", "datastore"),
    ],
)
def test_a_module_without_the_connection_or_hook_that_it_must_have_makes_a_scenario_invalid(
    api: ApiClient, node: dict[str, Any]
) -> None:
    incomplete = {"name": "Incomplete", "flow": [node], "metadata": {}}
    id = create(api, incomplete, inputs=[])
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isinvalid"] is True
    assert assert_refused(api.post(f"/scenarios/{id}/start"))["detail"] == "Scenario contains errors."
    assert_refused(api.patch("/scenarios/3", json={"blueprint": json.dumps(incomplete)}))
    assert_ok(api.patch(f"/scenarios/{id}", json={"blueprint": json.dumps(BLUEPRINT)}))
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isinvalid"] is False


def test_a_connection_that_a_module_may_have_can_be_left_out(api: ApiClient) -> None:
    node = needing("account:google", "__IMTCONN__")
    node["metadata"]["parameters"][0]["required"] = False
    id = create(api, {"name": "Complete", "flow": [node], "metadata": {}}, inputs=[])
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isinvalid"] is False


def test_only_a_scenario_with_an_instant_trigger_runs_immediately(api: ApiClient) -> None:
    id = create(api, scheduling={"type": "immediately"}, inputs=[])
    [fault] = assert_refused(api.post(f"/scenarios/{id}/start"))["suberrors"]
    assert fault["message"] == "Only a scenario with an instant trigger can run immediately."


def test_blueprint_and_scheduling_are_strings_of_json(api: ApiClient) -> None:
    wrong = api.post("/scenarios", json={**body(), "blueprint": BLUEPRINT, "scheduling": "{"})
    assert {fault["message"] for fault in assert_refused(wrong)["suberrors"]} == {
        "Parameter 'blueprint' must be a JSON string.",
        "Parameter 'scheduling' is not valid JSON.",
    }


def test_a_clone_is_a_fresh_inactive_copy(api: ApiClient) -> None:
    clone = assert_ok(
        api.post("/scenarios/1/clone?organizationId=1", json={"name": "Copy", "teamId": 1, "states": {}})
    )
    scenario = clone["scenario"]
    assert (scenario["name"], scenario["isActive"], scenario["updatedByUser"], scenario["isShared"]) == (
        "Copy",
        False,
        None,
        None,
    )
    assert assert_ok(api.get(f"/scenarios/{scenario['id']}/interface")) == assert_ok(
        api.get("/scenarios/1/interface")
    )
    blueprint = assert_ok(api.get(f"/scenarios/{scenario['id']}/blueprint"))["response"]["blueprint"]
    assert blueprint["name"] == "Copy"


def test_a_clone_for_another_team_needs_a_map_of_what_the_blueprint_uses(api: ApiClient) -> None:
    assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))
    store = assert_ok(api.post("/data-stores", json={"name": "There", "teamId": 3, "maxSizeMB": 1}))[
        "dataStore"
    ]["id"]
    structure = assert_ok(api.post("/data-structures", json={"name": "There", "teamId": 3, "spec": []}))[
        "dataStructure"
    ]["id"]
    path = "/scenarios/4/clone?organizationId=1"
    params = {"name": "Copy", "teamId": 3, "states": False}
    assert "datastore '1'" in json.dumps(assert_refused(api.post(path, json=params)))
    assert assert_refused(api.post(path, json={**params, "datastore": {"1": 2}}))["code"] == "SC400"
    copy = assert_ok(api.post(path, json={**params, "datastore": {"1": store}, "udt": {"1": structure}}))[
        "scenario"
    ]
    flow = assert_ok(api.get(f"/scenarios/{copy['id']}/blueprint"))["response"]["blueprint"]["flow"]
    used = {node["parameters"]["datastore"] for node in flow if node["module"].startswith("datastore:")}
    assert used == {store}
    assert assert_ok(api.post(f"{path}&notAnalyze=true", json=params))["scenario"]["teamId"] == 3


def test_a_live_scenario_can_be_deleted_and_its_logs_go_along(api: ApiClient) -> None:
    assert assert_ok(api.delete("/scenarios/1")) == {"scenario": 1}
    for path in ("", "/logs", "/blueprint", "/interface"):
        assert api.get(f"/scenarios/1{path}").status_code == 404


def test_scenarios_of_others_are_404_on_every_route(api: ApiClient) -> None:
    for method, path in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/start"),
        ("POST", "/stop"),
        ("POST", "/run"),
        ("GET", "/logs"),
        ("GET", "/blueprint"),
        ("GET", "/usage"),
    ]:
        options: dict[str, Any] = {"json": {}} if method in ("PATCH", "POST") else {}
        assert api.call(method, f"/scenarios/5{path}", **options).status_code == 404, path
    assert api.get("/scenarios/5", token=OUTSIDER_TOKEN).status_code == 200


def test_folders_hold_scenarios_and_let_them_go(api: ApiClient) -> None:
    folder = assert_ok(api.post("/scenarios-folders", json={"name": "Finance", "teamId": 1}))[
        "scenarioFolder"
    ]
    assert folder == {
        "id": 1,
        "name": "Finance",
        "path": "Finance",
        "parentId": None,
        "position": None,
        "scenariosTotal": 0,
        "scenariosSubtreeTotal": 0,
        "hasChildren": False,
    }
    assert_ok(api.patch("/scenarios/1", json={"folderId": 1}))
    listed = assert_ok(api.get("/scenarios-folders?teamId=1"))
    assert listed == {"scenariosFolders": [{**folder, "scenariosTotal": 1, "scenariosSubtreeTotal": 1}]}
    assert [row["id"] for row in assert_ok(api.get("/scenarios?teamId=1&folderId=1"))["scenarios"]] == [1]
    assert (
        assert_ok(api.patch("/scenarios-folders/1", json={"name": "Money"}))["scenarioFolder"]["name"]
        == "Money"
    )
    assert assert_ok(api.delete("/scenarios-folders/1")) == {"scenarioFolder": 1}
    assert assert_ok(api.get("/scenarios/1"))["scenario"]["folderId"] is None


def test_folders_lie_in_one_another(api: ApiClient) -> None:
    for name, parent in (("Alpha", None), ("Beta", 1), ("Gamma", 2)):
        assert_ok(api.post("/scenarios-folders", json={"name": name, "teamId": 1, "parentId": parent}))
    assert_ok(api.patch("/scenarios/1", json={"folderId": 3}))
    [alpha] = assert_ok(api.get("/scenarios-folders?teamId=1"))["scenariosFolders"]
    assert (alpha["hasChildren"], alpha["scenariosTotal"], alpha["scenariosSubtreeTotal"]) == (True, 0, 1)
    [beta] = alpha["children"]
    assert (beta["path"], beta["hasChildren"]) == ("Alpha/Beta", True)
    assert "children" not in beta
    [whole] = assert_ok(api.get("/scenarios-folders?teamId=1&childrenDepth=all"))["scenariosFolders"]
    assert whole["children"][0]["children"][0]["path"] == "Alpha/Beta/Gamma"
    assert [
        row["id"] for row in assert_ok(api.get("/scenarios-folders?teamId=1&parentId=2"))["scenariosFolders"]
    ] == [3]
    columns = "cols[]=name&cols[]=scenariosTotal"
    assert assert_ok(api.get(f"/scenarios-folders?teamId=1&{columns}"))["scenariosFolders"] == [
        {"name": "Alpha", "scenariosTotal": 0}
    ]
    path = "/scenarios-folders?teamId=1&childrenDepth=all&cols[]=id&cols[]=children"
    assert assert_ok(api.get(path))["scenariosFolders"] == [
        {"id": 1, "children": [{"id": 2, "children": [{"id": 3, "children": []}]}]}
    ]
    assert assert_refused(api.patch("/scenarios-folders/1", json={"parentId": 3}))["code"] == "SC400"
    assert assert_refused(api.delete("/scenarios-folders/1"), 422)["code"] == "IM016"
    moved = assert_ok(api.patch("/scenarios-folders/3", json={"parentId": None}))["scenarioFolder"]
    assert moved["path"] == "Gamma"


def test_the_first_use_of_an_app_must_be_confirmed_once(api: ApiClient) -> None:
    def uses(app: str) -> dict[str, Any]:
        node = {"id": 1, "module": f"{app}:DoSomething", "version": 1, "mapper": {}}
        return body({"name": "x", "flow": [node], "metadata": {}}, inputs=[])

    response = api.post("/scenarios", json=uses("airtable"))
    refusal = assert_refused(response, 406)
    assert (refusal["code"], refusal["metadata"]) == ("IM004", [{"type": "installApps"}])
    assert response.headers["X-Emulator-Why"].startswith("First use of: airtable.")
    assert len(api.world.scenarios) == 5
    assert_ok(api.post("/scenarios?confirmed=true", json=uses("airtable")))
    assert_ok(api.post("/scenarios", json=uses("airtable")))
    assert_ok(api.post("/scenarios", json=uses("slack")))


def test_the_version_of_the_blueprint_is_a_column_to_ask_for(api: ApiClient) -> None:
    response = assert_ok(api.get("/scenarios/4?cols[]=scenarioVersion&cols[]=moduleSequenceId"))
    assert response == {"scenario": {"scenarioVersion": 1, "moduleSequenceId": 7}}


def test_logs_can_be_read_on_from_the_last_entry_seen(api: ApiClient) -> None:
    id = create(api)
    for _ in range(3):
        api.world.clock.advance(1)
        assert_ok(api.post(f"/scenarios/{id}/start"))
        assert_ok(api.post(f"/scenarios/{id}/stop"))
    everything = [row["imtId"] for row in assert_ok(api.get(f"/scenarios/{id}/logs"))["scenarioLogs"]]
    assert len(everything) == 7
    read: list[str] = []
    while True:
        behind = f"&pg[last]={read[-1]}" if read else ""
        response = assert_ok(api.get(f"/scenarios/{id}/logs?pg[limit]=2{behind}"))
        if not response["scenarioLogs"]:
            break
        read += [row["imtId"] for row in response["scenarioLogs"]]
    assert read == everything
    assert response["pg"]["last"] == everything[-1]
    shown = assert_ok(api.get(f"/scenarios/{id}/logs?pg[last]={everything[2]}&pg[showLast]=true&pg[limit]=1"))
    assert [row["imtId"] for row in shown["scenarioLogs"]] == [everything[2]]
    assert_refused(api.get(f"/scenarios/{id}/logs?pg[last]=0_nothing"))


def test_the_list_can_be_sorted_by_the_names_of_users(api: ApiClient) -> None:
    mia = api.control(
        "POST", "/worlds/default/tokens", json={"scopes": ["scenarios:write"], "userId": 3}
    ).json
    assert mia is not None
    assert_ok(api.post("/scenarios", json=body(), token=mia["token"]))
    path = "/scenarios?teamId=1&cols[]=createdByUser&pg[sortBy]=createdByUserName"
    for direction, names in (("asc", ["Ada Maker", "Mia Member"]), ("desc", ["Mia Member", "Ada Maker"])):
        rows = assert_ok(api.get(f"{path}&pg[sortDir]={direction}"))["scenarios"]
        assert list(dict.fromkeys(row["createdByUser"]["name"] for row in rows)) == names
    assert len(assert_ok(api.get(f"{path}&pg[limit]=2&pg[offset]=4"))["scenarios"]) == 1


def test_what_cannot_be_live_is_rejected_for_a_live_scenario(api: ApiClient) -> None:
    assert_refused(api.patch("/scenarios/3", json={"scheduling": json.dumps({"type": "indefinitely"})}))
    empty = json.dumps({"name": "Empty", "flow": [], "metadata": {}})
    assert (
        assert_refused(api.patch("/scenarios/3", json={"blueprint": empty}))["detail"]
        == "Scenario contains errors."
    )
    scenario = assert_ok(api.get("/scenarios/3"))["scenario"]
    assert (scenario["name"], scenario["scheduling"]["type"]) == ("Weekly report", "weekly")


def test_a_run_at_the_end_of_time_is_a_run(api: ApiClient) -> None:
    api.post("/scenarios/3/stop")
    api.world.clock.freeze("9998-12-31T23:59:59Z")
    run = assert_ok(api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}))
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
