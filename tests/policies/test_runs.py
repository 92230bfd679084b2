"""Runs of agents whose modules need grants too: data stores, called scenarios, connections, keys and apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from helpers.api import ApiClient, assert_ok, assert_refused
from helpers.engine import add_record_module, module, return_data, set_variable
from helpers.mcp import McpHarness
from helpers.scenarios import http_request_module
from make_emulator.policies import agents
from make_emulator.policies.grants import parse_grants
from make_emulator.world import connections, data_stores, keys
from make_emulator.world.executions import FAILURE, SUCCESS
from make_emulator.world.models import Agent, Execution

ON_DEMAND = '{"type": "on-demand"}'
GET_RECORD = module(
    1, "datastore:GetRecord", {"key": "a", "returnWrapped": False}, parameters={"datastore": 1}
)
CALL_OUT = http_request_module("https://api.example.com/")


def slack_module(connection_id: int | None = None) -> dict[str, Any]:
    parameters = {} if connection_id is None else {"__IMTCONN__": connection_id}
    return module(1, "slack:CreateMessage", {"channel": "C1", "text": "Hi"}, parameters=parameters, version=4)


@pytest.fixture(autouse=True)
def store(api: ApiClient) -> None:
    """The only data store takes any record."""
    world = api.world
    world.data_stores.remove(1)
    data_stores.create_store(world, world.teams[1], name="Cities", max_size_mb=1, id=1)


def create(api: ApiClient, *flow: Any, start: bool = True, settings: Mapping[str, Any] | None = None) -> int:
    """The id of a scenario of these modules."""
    blueprint = {"name": "Made", "flow": list(flow), "metadata": {"scenario": dict(settings or {})}}
    body = {"blueprint": orjson.dumps(blueprint).decode(), "teamId": 1, "scheduling": ON_DEMAND}
    id: int = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    if start:
        assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def agent_of(api: ApiClient, allow: Mapping[str, Any], *, runs: str = "check") -> Agent:
    return agents.put(api.world, "ops", parse_grants(dict(allow)), user=api.world.users[1], runs=runs)


def run_as_agent(api: ApiClient, id: int, allow: Mapping[str, Any], **options: Any) -> Any:
    """The response to a run that an agent starts, which may run the scenario, and what else is granted."""
    ops = ApiClient(api.app, agent_of(api, {f"scenarios/{id}": "run", **allow}, **options).token or "")
    return assert_ok(ops.post(f"/scenarios/{id}/run", json={"responsive": True}))


def entry_of(api: ApiClient) -> Any:
    return list(api.handle.request_log)[-1].to_json()


def assert_denied_in_run(api: ApiClient, id: int, allow: Mapping[str, Any], *missing: str) -> Execution:
    """Asserts that the run of an agent with these grants ends at a module that lacks some; returns the run."""
    body = run_as_agent(api, id, allow)
    assert (body["status"], body["error"]["name"]) == (FAILURE, "RuntimeError")
    assert body["error"]["message"] == "[403] Access denied."
    assert entry_of(api)["deniedInRun"] == list(missing)
    execution = api.world.logs[id, body["executionId"]]
    assert isinstance(execution, Execution)
    assert execution.error is not None
    for access in missing:
        assert f"the agent ops lacks the grant {access} " in (execution.error.hint or "")
    assert execution.steps[-1].error is not None
    assert execution.steps[-1].error.hint == execution.error.hint
    return execution


@pytest.mark.parametrize(
    ("node", "access"),
    [(add_record_module(1, "a", "Oslo"), "data-stores/1: write"), (GET_RECORD, "data-stores/1: read")],
)
def test_modules_of_data_stores_need_their_grant(api: ApiClient, node: Any, access: str) -> None:
    id = create(api, node)
    records = list(api.world.records)
    other = "read" if access.endswith("write") else "run"
    execution = assert_denied_in_run(api, id, {"data-stores/1": "off" if other == "run" else other}, access)
    assert list(api.world.records) == records
    assert (execution.agent, [row.is_allowed for row in execution.accesses]) == ("ops", [False])
    body = run_as_agent(api, id, {"data-stores/1": access.split(": ")[1]})
    assert body["status"] == SUCCESS
    assert entry_of(api)["accesses"] == [f"scenarios/{id}: run", access]


def test_a_denial_is_handled_by_no_error_handler_and_undoes_the_cycle(api: ApiClient) -> None:
    handler = [module(9, "builtin:Ignore")]
    id = create(
        api,
        set_variable(1, "a"),
        add_record_module(2, "first", "Oslo"),
        {**CALL_OUT, "id": 3, "onerror": handler},
        settings={"autoCommit": False, "dlq": True},
    )
    assert_denied_in_run(api, id, {"data-stores/1": "write"}, "apps/http: run")
    assert (1, "first") not in api.world.records
    assert len(api.world.incomplete_executions.where(scenario=id)) == 0
    assert len(api.world.http_requests) == 0


def test_a_called_scenario_needs_its_grant_and_has_the_same_limits(api: ApiClient) -> None:
    called = create(api, add_record_module(1, "b", "Oslo"))
    call = module(
        1,
        "scenario-service:CallSubscenario",
        {},
        parameters={"scenario": f"SCN_{called}", "shouldWaitForExecutionEnd": True},
        version=2,
    )
    id = create(api, call)
    assert_denied_in_run(api, id, {"data-stores/1": "write"}, f"scenarios/{called}: run")
    body = run_as_agent(api, id, {f"scenarios/{called}": "run", "data-stores/1": "read"})
    assert body["error"]["message"] == "[403] Access denied."
    assert entry_of(api)["deniedInRun"] == ["data-stores/1: write"]
    body = run_as_agent(api, id, {f"scenarios/{called}": "run", "data-stores/1": "write"})
    assert body["status"] == SUCCESS
    assert entry_of(api)["accesses"] == [
        f"scenarios/{id}: run",
        "data-stores/1: write",
        f"scenarios/{called}: run",
    ]


def test_a_denial_in_a_called_scenario_is_handled_by_no_error_handler(api: ApiClient) -> None:
    called = create(api, CALL_OUT)
    parameters = {"scenario": called, "shouldWaitForExecutionEnd": True}
    call = module(1, "scenario-service:CallSubscenario", {}, parameters=parameters, version=2)
    id = create(api, {**call, "onerror": [module(9, "builtin:Ignore")]}, return_data(2, done=True))
    body = run_as_agent(api, id, {f"scenarios/{called}": "run"})
    assert (body["status"], body["error"]["message"]) == (FAILURE, "[403] Access denied.")


def test_an_agent_stops_no_scenario_by_what_it_may_not_do(api: ApiClient) -> None:
    called = create(api, CALL_OUT)
    parameters = {"scenario": called, "shouldWaitForExecutionEnd": True}
    call = module(1, "scenario-service:CallSubscenario", {}, parameters=parameters, version=2)
    for id, allow in ((called, {}), (create(api, call), {f"scenarios/{called}": "run"})):
        for _ in range(4):
            assert run_as_agent(api, id, allow)["status"] == FAILURE
        assert api.world.scenarios[id].is_active
        assert api.world.scenarios[called].is_active


def test_a_call_of_a_scenario_that_is_none_is_denied_all_the_same(api: ApiClient) -> None:
    id = create(api, module(1, "scenario-service:RunScenario", {}, parameters={"scenario": 99}, version=2))
    assert_denied_in_run(api, id, {}, "scenarios/99: run")


@pytest.mark.parametrize(
    ("node", "app"), [(CALL_OUT, "http"), (module(1, "acme:CreateMessage", {"text": "Hi"}), "acme")]
)
def test_modules_that_call_out_without_a_connection_need_the_grant_of_their_app(
    api: ApiClient, node: Any, app: str
) -> None:
    id = create(api, node)
    assert_denied_in_run(api, id, {"apps": "read"}, f"apps/{app}: run")
    assert len(api.world.http_requests) == 0
    assert run_as_agent(api, id, {f"apps/{app}": "run"})["status"] == SUCCESS
    assert run_as_agent(api, id, {"apps": "run", "*": "off"})["status"] == SUCCESS


def test_a_module_with_a_connection_needs_that(api: ApiClient) -> None:
    world = api.world
    slack = connections.insert(world, 1, name="Bot", type_name="slack3", author_id=1)
    id = create(api, slack_module(slack.id))
    grant = f"connections/{slack.id}"
    assert_denied_in_run(api, id, {"apps": "full", grant: "write"}, f"{grant}: run")
    assert run_as_agent(api, id, {grant: "run"})["status"] == SUCCESS


def test_a_callback_is_a_call_of_any_address(api: ApiClient) -> None:
    id = create(api, set_variable(1, "a"))
    ops = ApiClient(api.app, agent_of(api, {f"scenarios/{id}": "run"}).token or "")
    body = {"responsive": False, "callbackUrl": "https://app.example.com/runs"}
    assert "lacks the grant apps/http: run" in why(ops.post(f"/scenarios/{id}/run", json=body))
    assert len(api.world.callbacks) == 0
    agent_of(api, {f"scenarios/{id}": "run", "apps/http": "run"})
    assert_ok(ops.post(f"/scenarios/{id}/run", json=body))
    agent_of(api, {f"scenarios/{id}": "run"}, runs="trust")
    assert_ok(ops.post(f"/scenarios/{id}/run", json=body))


def test_a_request_with_a_key_needs_the_key_too(api: ApiClient) -> None:
    world = api.world
    key = keys.create(
        world,
        world.teams[1],
        name="Key",
        type_name="apikeyauth",
        parameters={"key": "k", "placement": "header", "name": "X"},
    )
    request = http_request_module("https://api.example.com/")
    request["parameters"] = {"authenticationType": "apiKey", "apiKeyKeychain": key.id}
    id = create(api, request)
    assert_denied_in_run(api, id, {"apps/http": "run"}, f"keys/{key.id}: run")
    assert_denied_in_run(api, id, {}, "apps/http: run", f"keys/{key.id}: run")
    assert run_as_agent(api, id, {"apps/http": "run", f"keys/{key.id}": "run"})["status"] == SUCCESS


def test_a_script_answers_for_no_module_that_is_denied(api: ApiClient) -> None:
    assert_ok(api.control("PUT", "/worlds/default/modules/http:MakeRequest", json={"output": {"a": 1}}))
    assert_denied_in_run(api, create(api, CALL_OUT), {}, "apps/http: run")


def test_runs_are_trusted_unless_the_agent_says_otherwise(api: ApiClient) -> None:
    id = create(api, CALL_OUT)
    assert run_as_agent(api, id, {}, runs="trust")["status"] == SUCCESS
    assert (entry_of(api)["accesses"], entry_of(api)["deniedInRun"]) == ([f"scenarios/{id}: run"], [])
    body = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    execution = api.world.logs[id, body["executionId"]]
    assert isinstance(execution, Execution)
    assert (execution.agent, execution.accesses) == (None, ())


def test_a_replay_by_an_agent_is_checked(api: ApiClient) -> None:
    id = create(api, CALL_OUT)
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))["executionId"]
    ops = ApiClient(api.app, agent_of(api, {f"scenarios/{id}": "run"}).token or "")
    response = ops.post(f"/scenarios/{id}/replay", json={"executionIds": [run]})
    assert response.status_code == 202, response.get_data(as_text=True)
    assert entry_of(api)["deniedInRun"] == ["apps/http: run"]


def test_a_mail_that_is_sent_again_needs_its_connection(api: ApiClient) -> None:
    """The first module of a replay gets the bundles of the earlier run, and sends its mail all the same."""
    server = {"host": "smtp.example.com", "port": 587, "userName": "ann", "password": "hush-4711"}
    body = {"accountName": "Mail", "accountType": "smtp", **server}
    account = assert_ok(api.post("/connections?teamId=1", json=body))["connection"]["id"]
    fields = {"to": ["ann@example.com"], "subject": "Hi", "contentType": "text", "text": "Hi"}
    id = create(api, module(1, "email:ActionSendEmail", fields, parameters={"account": account}, version=7))
    run = assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))["executionId"]
    ops = ApiClient(api.app, agent_of(api, {f"scenarios/{id}": "run"}).token or "")
    ops.post(f"/scenarios/{id}/replay", json={"executionIds": [run]})
    assert entry_of(api)["deniedInRun"] == [f"connections/{account}: run"]
    assert len(api.world.outbox) == 1


def broken_run(api: ApiClient, allow: Mapping[str, Any]) -> int:
    """The id of a scenario whose run by an agent is stored as incomplete at its second module, to be retried."""
    failing = module(
        2,
        "json:ParseJSON",
        {"json": "{"},
        onerror=[module(9, "builtin:Break", {"retry": True, "count": 3, "interval": 15})],
    )
    id = create(api, set_variable(1, "a"), failing, settings={"dlq": True})
    run_as_agent(api, id, allow)
    return id


def fix(api: ApiClient, client: ApiClient, id: int) -> Any:
    """The response to a change of the stored run: its second module sends a mail."""
    [row] = api.world.incomplete_executions.where(scenario=id)
    blueprint = {
        "name": "Fixed",
        "flow": [set_variable(1, "a"), {**CALL_OUT, "id": 2}],
        "metadata": {"scenario": {"dlq": True}},
    }
    return client.patch(f"/dlqs/{row.id}", json={"blueprint": orjson.dumps(blueprint).decode()})


def test_a_retry_that_is_due_has_the_limits_of_the_run(api: ApiClient) -> None:
    id = broken_run(api, {})
    assert_ok(fix(api, api, id))
    api.world.clock.advance(3_600_000)
    assert_ok(api.get("/users/me"))
    attempts = [row.execution for row in api.world.retries if row.execution.scenario_id == id]
    assert attempts
    for attempt in attempts:
        assert attempt.agent == "ops"
        assert [row.access for row in attempt.accesses] == ["apps/http: run"]
        assert attempt.status == FAILURE
    assert len(api.world.http_requests) == 0


def test_a_retry_by_a_user_has_no_limits_and_one_by_an_agent_has(api: ApiClient) -> None:
    id = broken_run(api, {})
    assert_ok(fix(api, api, id))
    [row] = api.world.incomplete_executions.where(scenario=id)
    ops = ApiClient(api.app, agent_of(api, {"scenarios": "run", "dlqs": "write"}).token or "")
    for path, body in ((f"/dlqs/{row.id}/retry", None), (f"/dlqs/retry?scenarioId={id}", {"ids": [row.id]})):
        assert_ok(ops.post(path, json=body))
        assert entry_of(api)["deniedInRun"] == ["apps/http: run"]
    assert len(api.world.http_requests) == 0
    assert_ok(api.post(f"/dlqs/{row.id}/retry"))
    assert len(api.world.http_requests) == 1


# --- blueprints that agents save -------------------------------------------------------------------


def why(response: Any) -> str:
    assert_refused(response, 403, code="SC403")
    return str(response.headers["X-Emulator-Why"])


def test_what_a_new_blueprint_uses_needs_its_grant(api: ApiClient) -> None:
    body = {
        "blueprint": orjson.dumps({"name": "Spy", "flow": [GET_RECORD], "metadata": {}}).decode(),
        "teamId": 1,
        "scheduling": ON_DEMAND,
    }
    count = len(api.world.scenarios)
    ops = ApiClient(api.app, agent_of(api, {"scenarios": "write"}).token or "")
    assert "lacks the grant data-stores/1: read" in why(ops.post("/scenarios?confirmed=true", json=body))
    assert len(api.world.scenarios) == count
    agent_of(api, {"scenarios": "write"}, runs="trust")
    assert_ok(ops.post("/scenarios?confirmed=true", json=body))


def test_a_change_needs_the_grants_of_what_it_adds_only(api: ApiClient) -> None:
    id = create(api, GET_RECORD)
    ops = ApiClient(api.app, agent_of(api, {"scenarios": "write"}).token or "")

    def save(*flow: Any) -> Any:
        blueprint = {"name": "Changed", "flow": list(flow), "metadata": {}}
        return ops.patch(
            f"/scenarios/{id}?confirmed=true", json={"blueprint": orjson.dumps(blueprint).decode()}
        )

    assert_ok(save(GET_RECORD, set_variable(2, "a")))
    assert_ok(ops.patch(f"/scenarios/{id}", json={"name": "Renamed"}))
    assert "lacks the grant data-stores/1: write" in why(save(GET_RECORD, add_record_module(2, "a", "Oslo")))


def test_the_maps_of_a_copy_need_the_grants_of_what_they_name(api: ApiClient) -> None:
    id = create(api, GET_RECORD)
    body = {"teamId": 1, "name": "Copy", "states": False, "datastore": {"1": 2, "²": 3}}
    ops = ApiClient(api.app, agent_of(api, {"scenarios": "full"}).token or "")
    response = ops.post(f"/scenarios/{id}/clone?organizationId=1", json=body)
    assert "lacks the grant data-stores/2: read" in why(response)


def test_the_blueprint_of_a_retry_needs_the_grants_of_what_it_adds(api: ApiClient) -> None:
    id = broken_run(api, {})
    ops = ApiClient(api.app, agent_of(api, {"dlqs": "write"}).token or "")
    assert "lacks the grant apps/http: run" in why(fix(api, ops, id))


# --- tools ---------------------------------------------------------------------------------------


def test_runs_of_scenario_tools_are_checked(api: ApiClient) -> None:
    id = create(api, CALL_OUT, return_data(2, sent=True))
    ops = McpHarness(api, token=agent_of(api, {f"scenarios/{id}": "run"}).token)
    assert ops.error(f"s{id}_made") == "MakeError: [403] Access denied."
    entry = entry_of(api)
    assert (entry["accesses"], entry["deniedInRun"]) == ([f"scenarios/{id}: run"], ["apps/http: run"])
    assert len(api.world.http_requests) == 0


def test_a_tool_of_a_single_module_is_checked_when_it_is_made(api: ApiClient) -> None:
    fields = {"name": "Mail", "description": "Sends", "inputs": [], "module": CALL_OUT}
    ops = McpHarness(api, token=agent_of(api, {"scenarios": "full"}).token)
    count = len(api.world.scenarios)
    assert "Access denied." in ops.error("tools_create", {"teamId": 1, **fields})
    assert entry_of(api)["missing"] == ["apps/http: run"]
    assert len(api.world.scenarios) == count
