"""Errors of modules: handlers, rollbacks, errors in a row, and incomplete executions with their retries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ApiResponse, ContractClient

from .behaviours import (
    behaviour,
    failure,
    iterator,
    live,
    log_of,
    parsed,
    passes,
    result,
    return_data,
    run,
    run_again,
    step,
    variable,
)
from .resources import FreshResources

NOT_JSON = ("DataError", "Source is not valid JSON.")
DLQ = {"dlq": True}

#: Directive at the end of a handler with its fields, the status of the run, and the bundles that came behind the module.
DIRECTIVES = [
    behaviour("Ignore", {}, 1, ["2"], checks="engine.handlers"),
    behaviour("Resume", {"v": "own"}, 1, ["own", "2"], checks="engine.handlers"),
    behaviour("Commit", {}, 1, [], checks="engine.handlers"),
    behaviour("Rollback", {}, 3, [], checks="engine.handlers"),
    behaviour("Break", {}, 3, [], checks="engine.break-disabled"),
]


def parser(text: str, *handler: Any, id: int = 2) -> dict[str, Any]:
    return parsed(id, text, **({"onerror": list(handler)} if handler else {}))


def stored_in(api: ContractClient, scenario: int) -> list[dict[str, Any]]:
    """Returns the incomplete executions of a scenario."""
    rows: list[dict[str, Any]] = api.get("/dlqs", scenarioId=scenario).fits()["dlqs"]
    return rows


@pytest.mark.parametrize(("directive", "mapper", "status", "behind"), DIRECTIVES)
def test_the_directive_decides_how_the_run_goes_on(
    directive: str,
    mapper: dict[str, Any],
    status: int,
    behind: list[str],
    api: ContractClient,
    make: FreshResources,
) -> None:
    store = make.data_store(strict=False)
    handled = parser("{{1.value}}", step(9, f"builtin:{directive}", mapper))
    kept = step(
        3,
        "datastore:AddRecord",
        {"key": "{{2.v}}", "overwrite": True, "data": {"sku": "x"}},
        parameters={"datastore": store},
    )
    ran = run(make, iterator(1, "{", '{"v": "2"}'), handled, kept)
    assert ran["status"] == status
    records = api.get(f"/data-stores/{store}/data").fits()["records"]
    assert sorted(record["key"] for record in records) == sorted(behind)


@pytest.mark.fidelity("engine.handler-filter")
def test_a_handler_whose_filter_is_closed_handles_nothing(make: FreshResources) -> None:
    for kind, status in (("ConnectionError", 3), ("DataError", 1)):
        handler = step(9, "builtin:Ignore", filter=passes("{{2.error.type}}", "text:equal", kind))
        assert run(make, iterator(1, "x"), parser("{", handler))["status"] == status
    later = variable(9, "x", filter=passes("{{2.error.type}}", "text:equal", "ConnectionError"))
    assert run(make, iterator(1, "x"), parser("{", variable(8, "x"), later))["status"] == 1


@pytest.mark.fidelity("engine.throw-error")
def test_an_error_is_thrown_with_a_message_and_a_warning_lets_the_run_continue(make: FreshResources) -> None:
    error = step(2, "builtin:ThrowError", {"message": "No {{1.x}}"})
    assert failure(make, variable(1, "Ada"), error) == ("RuntimeError", "No Ada")
    warning = step(2, "builtin:ThrowWarning", {"message": "Hm"})
    ran = run(make, variable(1, "Ada"), warning, return_data("x"))
    assert (ran["status"], ran["outputs"]) == (2, {"result": "x"})


@pytest.mark.fidelity("executions.cause-module")
def test_the_error_of_a_run_names_its_module(api: ContractClient, make: FreshResources) -> None:
    scenario = live(make, parser("{", id=1))
    ran = run_again(make, scenario)
    error = {
        "name": NOT_JSON[0],
        "message": NOT_JSON[1],
        "causeModule": {"name": "ParseJSON", "appName": "json"},
    }
    assert ran["error"] == error
    path = f"/scenarios/{scenario}/executions/{ran['executionId']}"
    detail = api.poll_until(lambda: api.get(path), lambda answer: answer.fits()["status"] != "RUNNING").fits()
    assert detail == {"status": "ERROR", "error": error}


@pytest.mark.fidelity("engine.max-errors", "engine.uncounted-errors", "notifications.made")
def test_as_many_errors_in_a_row_as_are_set_stop_the_scenario(
    api: ContractClient, make: FreshResources
) -> None:
    scenario = live(make, parser("{", id=1), settings={"maxErrors": 2})
    for active in (True, False):
        assert run_again(make, scenario)["status"] == 3
        log = api.get(f"/scenarios/{scenario}").fits()["scenario"]
        assert (log["isActive"], log["isinvalid"]) == (active, not active)
    subjects = [row["subject"] for row in api.get("/notifications").fits()["notifications"]]
    name = api.get(f"/scenarios/{scenario}").fits()["scenario"]["name"]
    assert any(name in subject for subject in subjects)


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        behaviour({"autoCommit": False}, [], checks="engine.undo"),
        behaviour({"autoCommit": True}, ["second"], checks=("engine.auto-commit", "engine.trigger-last")),
        behaviour(
            {"autoCommit": True, "autoCommitTriggerLast": False},
            ["first", "second"],
            checks="engine.trigger-last",
        ),
    ],
)
def test_a_rollback_undoes_what_was_not_committed(
    settings: dict[str, Any], keys: list[str], api: ContractClient, make: FreshResources
) -> None:
    store = make.data_store(strict=False)
    writes = [
        step(
            place,
            "datastore:AddRecord",
            {"key": key, "overwrite": True, "data": {"sku": "x"}},
            parameters={"datastore": store},
        )
        for place, key in enumerate(("first", "second"), 1)
    ]
    assert run(make, *writes, parser("{", id=3), settings=settings)["status"] == 3
    records = api.get(f"/data-stores/{store}/data").fits()["records"]
    assert sorted(record["key"] for record in records) == keys


# --- modules of data stores ----------------------------------------------------------------------


def on_store(id: int, name: str, store: int, mapper: Any = None, **parameters: Any) -> dict[str, Any]:
    return step(id, f"datastore:{name}", mapper, parameters={"datastore": store, **parameters})


NEW = {"key": "new", "overwrite": False, "data": {"sku": "x"}}
UPDATE = {"key": "key-1", "upsert": False, "overwriteArrays": False}
SEARCHED = {"filter": [[{"a": "sku", "o": "text:equal", "b": "nothing"}]]}

#: Module of the data store with the records key-1 and key-2, its fields, the expression that is returned, and its value.
STORE_OUTPUTS = [
    behaviour(
        "GetRecord",
        {"key": "none", "returnWrapped": False},
        "<{{1.sku}}>",
        "<>",
        checks="engine.datastore-get-missing",
    ),
    behaviour(
        "AddRecord",
        {**NEW, "data": {"sku": "x", "more": 1}},
        "{{1.data}}",
        {"sku": "x"},
        checks="engine.datastore-drop",
    ),
    behaviour(
        "UpdateRecord",
        {**UPDATE, "data": {"quantity": "{{erase}}", "sku": ""}},
        "{{1.data.sku}}|{{1.data.quantity}}",
        "A-1|",
        checks="engine.datastore-erase",
    ),
]

#: Module of that data store, its fields, and the error with which it fails.
STORE_ERRORS = [
    behaviour(
        "AddRecord",
        {**NEW, "key": "key-1"},
        "DataError",
        "Duplicate key error",
        checks="engine.datastore-add-duplicate",
    ),
    behaviour(
        "UpdateRecord",
        {**UPDATE, "key": "none", "data": {"sku": "x"}},
        "DataError",
        "Record not found.",
        checks="engine.datastore-missing-record",
    ),
    behaviour(
        "DeleteRecord",
        {"key": "none"},
        "DataError",
        "Record not found.",
        checks="engine.datastore-missing-record",
    ),
    behaviour(
        "SearchRecord",
        {"filter": [[{"a": "sku", "o": "text:contract", "b": "x"}]]},
        "DataError",
        None,
        checks="engine.search-operators",
    ),
]


@pytest.mark.parametrize(("name", "mapper", "expression", "value"), STORE_OUTPUTS)
def test_a_module_of_a_data_store_outputs_its_record(
    name: str, mapper: Any, expression: str, value: Any, make: FreshResources
) -> None:
    store = make.data_store(records=2, strict=False)
    assert result(make, on_store(1, name, store, mapper), return_data(expression)) == value


@pytest.mark.parametrize(("name", "mapper", "error", "message"), STORE_ERRORS)
def test_a_module_of_a_data_store_fails(
    name: str, mapper: Any, error: str, message: str | None, make: FreshResources
) -> None:
    failed = failure(make, on_store(1, name, make.data_store(records=2, strict=False), mapper))
    assert failed == (error, failed[1] if message is None else message)


@pytest.mark.fidelity("engine.datastore-strict")
def test_a_strict_structure_takes_no_other_fields(make: FreshResources) -> None:
    mapper = {**NEW, "data": {"sku": "x", "more": 1}}
    assert failure(make, on_store(1, "AddRecord", make.data_store(), mapper))[0] == "BundleValidationError"


@pytest.mark.fidelity("engine.datastore-search", "engine.no-results")
def test_a_search_emits_a_bundle_for_each_record_and_is_one_operation(make: FreshResources) -> None:
    store = make.data_store(records=2)
    scenario = live(make, on_store(1, "SearchRecord", store, {}), variable(2, "{{1.key}}"))
    log = log_of(make, scenario, run_again(make, scenario)["executionId"])
    assert log["operations"] == 3
    nothing = on_store(1, "SearchRecord", store, SEARCHED, continueWhenNoRes=True)
    assert result(make, nothing, return_data("{{1.__IMTLENGTH__}}<{{1.key}}>")) == "0<>"


@pytest.mark.fidelity("engine.side-effects")
def test_what_a_run_writes_is_there_at_once(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store()
    scenario = live(make, on_store(1, "AddRecord", store, {**NEW, "data": {"sku": "x", "quantity": 1}}))
    api.post(f"/scenarios/{scenario}/run", {}).fits()
    records = api.get(f"/data-stores/{store}/data").fits()["records"]
    assert [record["key"] for record in records] == ["new"]


# --- incomplete executions -----------------------------------------------------------------------


@pytest.fixture
def broken(make: FreshResources) -> int:
    """A live scenario of which one run left two incomplete executions."""
    scenario = live(make, iterator(1, "{", "1", "["), parser("{{1.value}}"), settings=DLQ)
    assert run_again(make, scenario)["status"] == 2
    return scenario


def repaired(scenario: int, api: ContractClient) -> str:
    """Returns the blueprint of a scenario with text that is JSON."""
    blueprint = api.get(f"/scenarios/{scenario}/blueprint").fits()["response"]["blueprint"]
    blueprint["flow"][1]["mapper"]["json"] = "2"
    return json.dumps(blueprint)


@pytest.mark.fidelity("dlqs.list", "dlqs.list-fields", "engine.dlq-default")
def test_a_bundle_that_failed_is_stored_and_listed(api: ContractClient, broken: int) -> None:
    answer = api.get("/dlqs", scenarioId=broken).fits()
    assert (answer["pg"]["limit"], answer["pg"]["sortBy"]) == (25, "")
    later, earlier = answer["dlqs"]
    assert later["created"] >= earlier["created"]
    assert list(later) == ["id", "reason", "created", "size", "resolved", "retry", "attempts"]
    assert (later["reason"], later["resolved"], later["attempts"]) == (NOT_JSON[1], False, 0)


@pytest.mark.fidelity("dlqs.get", "dlqs.bundle", "dlqs.blueprint")
def test_an_incomplete_execution_shows_where_it_came_from(api: ContractClient, broken: int) -> None:
    id = stored_in(api, broken)[1]["id"]
    row = api.get(f"/dlqs/{id}").fits()["dlq"]
    assert (row["id"], row["scenarioId"], row["companyId"]) == (id, broken, api.target.team_id)
    assert len(row["executionId"]) == 32
    bundle = api.get(f"/dlqs/{id}/bundle").fits()["response"]
    assert bundle["1"] == {"value": "{"}
    assert bundle["2"]["error"] == {"type": NOT_JSON[0], "message": NOT_JSON[1]}
    retried = api.get(f"/dlqs/{id}/blueprint").fits()["response"]
    assert (retried["company"], retried["idSequence"], retried["reason"]) == (
        api.target.team_id,
        3,
        NOT_JSON[1],
    )
    assert retried["blueprint"] == api.get(f"/scenarios/{broken}/blueprint").fits()["response"]["blueprint"]


@pytest.mark.fidelity(
    "dlqs.update", "dlqs.update-check", "dlqs.retry", "dlqs.retry-at-once", "dlqs.list-resolved", "dlqs.count"
)
def test_a_retry_with_a_repaired_blueprint_resolves_it(api: ContractClient, broken: int) -> None:
    def counts() -> tuple[int, int]:
        row = api.get(f"/scenarios/{broken}").fits()["scenario"]
        return row["dlqCount"], row["allDlqCount"]

    assert counts() == (2, 2)
    id = stored_in(api, broken)[0]["id"]
    api.patch(f"/dlqs/{id}", {"failer": 9}).refused(400, "IM007")
    changed = api.patch(f"/dlqs/{id}", {"blueprint": repaired(broken, api)}).fits()["dlq"]
    assert (changed["failer"], changed["blueprint"]["flow"][1]["mapper"]) == (2, {"json": "2"})
    assert api.post(f"/dlqs/{id}/retry").fits() == {"dlq": id}

    def resolved(answer: ApiResponse) -> bool:
        return bool(answer.fits()["dlq"]["resolved"])

    row = api.poll_until(lambda: api.get(f"/dlqs/{id}"), resolved).fits()["dlq"]
    assert (row["resolved"], row["attempts"]) == (True, 1)
    assert id in [row["id"] for row in stored_in(api, broken)]
    assert counts() == (1, 2)
    api.post(f"/dlqs/{id}/retry").refused(400)


@pytest.mark.fidelity("dlqs.logs", "dlqs.logs-filters", "dlqs.logs-apart", "description.ids")
def test_a_retry_has_a_log_of_its_own(api: ContractClient, broken: int) -> None:
    id = stored_in(api, broken)[0]["id"]
    api.post(f"/dlqs/{id}/retry").fits()
    path = f"/dlqs/{id}/logs"
    [row] = api.poll_until(lambda: api.get(path), lambda answer: bool(answer.fits()["dlqLogs"])).fits()[
        "dlqLogs"
    ]
    assert row["imtId"] == f"{row['imtId'].partition('_')[0]}_dlq.{id}.manual.{row['id']}"
    assert (row["status"], row["operations"], len(row["id"])) == (3, 1, 32)
    assert isinstance(row["authorId"], int)
    assert api.get(f"{path}/{row['id']}").fits()["dlqLog"]["imtId"] == row["imtId"]
    moment = int(row["imtId"].partition("_")[0])
    for query, count in (
        ({"status": 1}, 0),
        ({"status": 3}, 1),
        ({"from": moment}, 1),
        ({"from": moment + 1}, 0),
        ({"to": moment}, 1),
        ({"to": moment - 1}, 0),
    ):
        assert len(api.call("GET", path, query=query).fits()["dlqLogs"]) == count, query
    runs = api.get(f"/scenarios/{broken}/logs").fits()["scenarioLogs"]
    assert row["id"] not in [entry["id"] for entry in runs]


@pytest.mark.fidelity("dlqs.retry-many")
def test_several_are_retried_at_once(api: ContractClient, broken: int) -> None:
    later, earlier = (row["id"] for row in stored_in(api, broken))
    path = "/dlqs/retry"
    assert api.post(path, {"ids": [later]}, scenarioId=broken).fits() == {"dlqs": [later]}
    answer = api.post(path, {"ids": [later, earlier]}, scenarioId=broken).fits()
    assert sorted(answer["dlqs"]) == sorted([later, earlier])


@pytest.mark.fidelity("dlqs.delete", "dlqs.delete-one")
def test_incomplete_executions_are_deleted_by_their_ids(api: ContractClient, broken: int) -> None:
    later, earlier = (row["id"] for row in stored_in(api, broken))
    assert api.delete("/dlqs", {"ids": [later]}, scenarioId=broken).fits() == {"dlqs": [later]}
    assert api.delete(f"/dlqs/{earlier}").fits() == {"dlq": earlier}
    assert stored_in(api, broken) == []
    api.get(f"/dlqs/{later}").refused(404)


@pytest.mark.fidelity("dlqs.delete-busy", "dlqs.delete-one-busy")
def test_what_is_being_retried_is_not_deleted(api: ContractClient, broken: int) -> None:
    later, earlier = (row["id"] for row in stored_in(api, broken))
    api.post(f"/dlqs/{later}/retry").fits()
    api.delete(f"/dlqs/{later}").refused(400)
    answer = api.delete("/dlqs", {"ids": [later, earlier]}, scenarioId=broken).fits()
    assert sorted(answer["dlqs"]) == sorted([later, earlier])
    assert answer["error"]["name"] == "APIError"
    assert [row["id"] for row in stored_in(api, broken)] == [later]


@pytest.mark.fidelity("engine.break")
def test_break_stores_the_bundle_and_retries_later(api: ContractClient, make: FreshResources) -> None:
    handler = step(9, "builtin:Break", {"retry": True})
    flow = iterator(1, "{", "1"), parser("{{1.value}}", handler), return_data("{{1.value}}")
    scenario = live(make, *flow, settings=DLQ)
    ran = run_again(make, scenario)
    assert (ran["status"], ran["outputs"]) == (2, {"result": "1"})
    [row] = stored_in(api, scenario)
    assert (row["retry"], row["attempts"]) == (True, 0)


@pytest.mark.fidelity("engine.dlq-default")
def test_an_error_of_the_first_module_is_not_stored(api: ContractClient, make: FreshResources) -> None:
    scenario = live(make, parser("{", id=1), settings=DLQ)
    assert run_again(make, scenario)["status"] == 3
    assert stored_in(api, scenario) == []


@pytest.mark.fidelity("engine.dlq-aggregator")
def test_the_failure_of_an_aggregator_is_not_stored(api: ContractClient, make: FreshResources) -> None:
    total = step(
        2, "util:FunctionAggregator2", {"value": "{{1.value}}"}, parameters={"feeder": 1, "fn": "sum"}
    )
    scenario = live(make, iterator(1, "two"), total, settings=DLQ)
    assert run_again(make, scenario)["status"] == 3
    assert stored_in(api, scenario) == []


@pytest.mark.fidelity("engine.dlq-handler")
def test_a_failure_within_a_handler_is_stored_from_the_handled_module(
    api: ContractClient, make: FreshResources
) -> None:
    handler = parser("{", id=8), step(9, "builtin:Ignore")
    scenario = live(make, iterator(1, "x"), parser("[", *handler), settings=DLQ)
    run_again(make, scenario)
    [row] = stored_in(api, scenario)
    changed = api.patch(f"/dlqs/{row['id']}", {"blueprint": repaired(scenario, api)}).fits()["dlq"]
    assert changed["failer"] == 2


@pytest.mark.fidelity("executions.replay", "executions.replayable")
def test_a_run_is_replayed_with_what_it_received(api: ContractClient, make: FreshResources) -> None:
    scenario = make.live_scenario()
    ran = make.run(scenario, "Ann")["executionId"]
    assert log_of(make, scenario, ran)["isReplayable"] is True
    answer = api.post(f"/scenarios/{scenario}/replay", {"executionIds": [ran]})
    assert answer.status == 202
    [id] = [value for value in json.loads(answer.text).values() if isinstance(value, str)]
    assert id != ran
    path = f"/scenarios/{scenario}/executions/{id}"
    detail = api.poll_until(lambda: api.get(path), lambda answer: answer.ok()["status"] != "RUNNING").fits()
    assert detail["outputs"] == {"greeting": "Hello, Ann!"}
    api.post(f"/scenarios/{scenario}/replay", {"executionIds": ["0" * 32]}).refused(404)
