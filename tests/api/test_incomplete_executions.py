"""The routes of incomplete executions: what broke off, the attempts to complete it, and the counts of scenarios."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient, json_of

TEXT = "Source is not valid JSON."


def blueprint(*texts: str) -> dict[str, Any]:
    """Parses each of some texts, and breaks off where one is no JSON."""
    return {
        "name": "Breaks",
        "flow": [
            {"id": 1, "module": "builtin:BasicFeeder", "mapper": {"array": list(texts)}},
            {"id": 2, "module": "json:ParseJSON", "mapper": {"json": "{{1.value}}"}},
        ],
        "metadata": {"scenario": {"dlq": True}},
    }


@pytest.fixture
def scenario(api: ApiClient) -> int:
    """A scenario of which one run left two incomplete executions."""
    body = {
        "teamId": 1,
        "blueprint": json.dumps(blueprint("{", "1", "[")),
        "scheduling": json.dumps({"type": "on-demand"}),
    }
    id = int(json_of(api.post("/scenarios", json=body))["scenario"]["id"])
    api.post(f"/scenarios/{id}/start")
    response = json_of(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    assert response["status"] == 2
    return id


def ids_of(api: ApiClient, scenario: int) -> list[str]:
    return [row["id"] for row in json_of(api.get(f"/dlqs?scenarioId={scenario}"))["dlqs"]]


def test_the_list_shows_what_broke_off_newest_first(api: ApiClient, scenario: int) -> None:
    response = json_of(api.get(f"/dlqs?scenarioId={scenario}"))
    assert response["pg"] == {
        "sortBy": "",
        "limit": 25,
        "sortDir": "asc",
        "offset": 0,
        "returnTotalCount": False,
    }
    later, earlier = response["dlqs"]
    assert later["created"] >= earlier["created"]
    assert later == {
        "id": later["id"],
        "reason": TEXT,
        "created": later["created"],
        "size": later["size"],
        "resolved": False,
        "retry": False,
        "attempts": 0,
    }
    assert len(later["id"]) == 32
    assert later["size"] > 0
    assert json_of(api.get("/dlqs?scenarioId=1"))["dlqs"] == []
    assert api.get("/dlqs").status_code == 400


def test_an_incomplete_execution_shows_its_scenario_and_run(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[1]
    row = api.world.incomplete_executions[id]
    assert json_of(api.get(f"/dlqs/{id}"))["dlq"] == {
        "id": id,
        "scenarioId": scenario,
        "scenarioName": "Breaks",
        "companyId": 1,
        "companyName": api.world.teams[1].name,
        "resolved": False,
        "deleted": False,
        "index": 1,
        "created": json_of(api.get(f"/dlqs?scenarioId={scenario}"))["dlqs"][1]["created"],
        "executionId": row.execution_id,
        "retry": False,
        "attempts": 0,
        "size": row.size,
    }


def test_its_bundle_holds_what_the_modules_output_and_the_error(api: ApiClient, scenario: int) -> None:
    assert json_of(api.get(f"/dlqs/{ids_of(api, scenario)[1]}/bundle")) == {
        "code": "OK",
        "response": {"1": {"value": "{"}, "2": {"error": {"type": "DataError", "message": TEXT}}},
    }


def test_a_repaired_blueprint_is_what_the_next_attempt_runs(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[0]
    repaired = blueprint()
    repaired["flow"][1]["mapper"]["json"] = "2"
    response = api.patch(f"/dlqs/{id}", json={"blueprint": json.dumps(repaired)})
    assert json_of(response)["dlq"] == {"failer": 2, "blueprint": repaired}
    assert json_of(api.post(f"/dlqs/{id}/retry")) == {"dlq": id}
    after = json_of(api.get(f"/dlqs/{id}"))["dlq"]
    assert (after["resolved"], after["attempts"]) == (True, 1)
    assert api.post(f"/dlqs/{id}/retry").status_code == 400


def test_a_blueprint_without_the_failing_module_is_rejected_and_nothing_changes(
    api: ApiClient, scenario: int
) -> None:
    id = ids_of(api, scenario)[0]
    before = api.world.incomplete_executions[id]
    response = api.patch(f"/dlqs/{id}", json={"failer": 9})
    assert (response.status_code, json_of(response)["code"]) == (400, "IM007")
    assert api.patch(f"/dlqs/{id}", json={"blueprint": "{}"}).status_code == 400
    assert api.world.incomplete_executions[id] == before


def test_every_attempt_is_in_the_logs_once_it_has_ended(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[0]
    api.post(f"/dlqs/{id}/retry")
    assert json_of(api.get(f"/dlqs/{id}/logs"))["dlqLogs"] == []
    [retry] = api.world.retries
    assert api.get(f"/dlqs/{id}/logs/{retry.id}").status_code == 404
    api.world.clock.set(retry.execution.ends)
    response = json_of(api.get(f"/dlqs/{id}/logs"))
    assert response["pg"]["sortBy"] == "imtId"
    [row] = response["dlqLogs"]
    assert row == {
        "imtId": f"{retry.execution.started}_dlq.{id}.manual.{retry.id}",
        "duration": retry.execution.duration,
        "transfer": 0,
        "operations": 1,
        "centicredits": 100,
        "teamId": 1,
        "id": retry.id,
        "type": "manual",
        "authorId": 1,
        "timestamp": row["timestamp"],
        "status": 3,
    }
    detail = json_of(api.get(f"/dlqs/{id}/logs/{retry.id}"))["dlqLog"]
    assert detail == {**row, "organizationId": 1, "instant": False}
    assert len(json_of(api.get(f"/scenarios/{scenario}/logs?status=2"))["scenarioLogs"]) == 1


def test_several_can_be_tried_again_at_once(api: ApiClient, scenario: int) -> None:
    later, earlier = ids_of(api, scenario)
    path = f"/dlqs/retry?scenarioId={scenario}"
    assert json_of(api.post(path, json={"ids": [later]})) == {"dlqs": [later]}
    assert json_of(api.post(path, json={"all": True})) == {"dlqs": [earlier, later]}
    assert json_of(api.post(path, json={"all": True, "exceptIds": [later]})) == {"dlqs": [earlier]}
    attempts = [row["attempts"] for row in json_of(api.get(f"/dlqs?scenarioId={scenario}"))["dlqs"]]
    assert attempts == [2, 2]
    assert api.post(path, json={"ids": ["unknown"]}).status_code == 404
    assert api.post(path, json={}).status_code == 400
    assert api.post(path, json={"ids": [later], "all": True}).status_code == 400


def test_deleting_all_needs_confirmation_and_takes_the_attempts_along(api: ApiClient, scenario: int) -> None:
    later, earlier = ids_of(api, scenario)
    api.post(f"/dlqs/{later}/retry")
    path = f"/dlqs?scenarioId={scenario}"
    api.world.clock.set(max(retry.execution.ends for retry in api.world.retries))
    assert json_of(api.delete(path, json={"all": True}))["code"] == "IM004"
    assert json_of(api.delete(path, json={"all": False}))["code"] == "SC400"
    assert json_of(api.delete(path, json={"ids": [later]})) == {"dlqs": [later]}
    assert len(api.world.retries) == 0
    assert ids_of(api, scenario) == [earlier]
    assert json_of(api.delete(f"{path}&confirmed=true", json={"all": True})) == {"dlqs": [earlier]}
    assert json_of(api.delete(f"{path}&confirmed=true", json={"all": True})) == {"dlqs": []}


def test_one_is_deleted_without_confirmation(api: ApiClient, scenario: int) -> None:
    later, earlier = ids_of(api, scenario)
    assert json_of(api.delete(f"/dlqs/{later}")) == {"dlq": later}
    assert ids_of(api, scenario) == [earlier]
    assert api.delete(f"/dlqs/{later}").status_code == 404
    assert api.delete(f"/dlqs/{earlier}", token=OUTSIDER_TOKEN).status_code == 404
    assert api.delete(f"/dlqs/{earlier}", token=api.token_with("dlqs:read")).status_code == 403
    assert ids_of(api, scenario) == [earlier]


def test_what_is_being_retried_is_not_deleted(api: ApiClient, scenario: int) -> None:
    later, earlier = ids_of(api, scenario)
    api.post(f"/dlqs/{later}/retry")
    response = api.delete(f"/dlqs/{later}")
    text = "Some of the executions could not be deleted because they are being processed right now"
    assert (response.status_code, json_of(response)["detail"]) == (400, text)
    path = f"/dlqs?scenarioId={scenario}&confirmed=true"
    assert json_of(api.delete(path, json={"all": True})) == {
        "dlqs": [earlier, later],
        "error": {"name": "APIError", "message": text},
    }
    assert ids_of(api, scenario) == [later]


def test_its_blueprint_is_the_one_of_the_retry(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[0]
    assert json_of(api.get(f"/dlqs/{id}/blueprint")) == {
        "code": "OK",
        "response": {
            "blueprint": blueprint("{", "1", "["),
            "company": 1,
            "idSequence": 3,
            "reason": TEXT,
        },
    }


def test_the_attempts_are_filtered_by_status_and_time(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[0]
    api.post(f"/dlqs/{id}/retry")
    [retry] = api.world.retries
    api.world.clock.set(retry.execution.ends)
    started = retry.execution.started

    def count(query: str) -> int:
        return len(json_of(api.get(f"/dlqs/{id}/logs?{query}"))["dlqLogs"])

    assert [count(f"status={status}") for status in (1, 2, 3)] == [0, 0, 1]
    assert [count(f"from={started + shift}") for shift in (0, 1)] == [1, 0]
    assert [count(f"to={started + shift}") for shift in (0, -1)] == [1, 0]
    assert api.get(f"/dlqs/{id}/logs?status=4").status_code == 400


def test_a_scenario_counts_what_is_not_resolved_in_lists_too(api: ApiClient, scenario: int) -> None:
    def counts() -> list[tuple[int, int]]:
        one = json_of(api.get(f"/scenarios/{scenario}"))["scenario"]
        [row] = [row for row in json_of(api.get("/scenarios?teamId=1"))["scenarios"] if row["id"] == scenario]
        return [(shown["dlqCount"], shown["allDlqCount"]) for shown in (one, row)]

    assert counts() == [(2, 2), (2, 2)]
    later, _ = ids_of(api, scenario)
    repaired = blueprint()
    repaired["flow"][1]["mapper"]["json"] = "2"
    api.patch(f"/dlqs/{later}", json={"blueprint": json.dumps(repaired)})
    api.post(f"/dlqs/{later}/retry")
    assert counts() == [(1, 2), (1, 2)]


def test_what_belongs_to_others_does_not_exist(api: ApiClient, scenario: int) -> None:
    id = ids_of(api, scenario)[0]
    for path in (f"/dlqs/{id}", f"/dlqs/{id}/bundle", f"/dlqs?scenarioId={scenario}", "/dlqs/unknown"):
        token = OUTSIDER_TOKEN if path != "/dlqs/unknown" else api.token
        assert api.get(path, token=token).status_code == 404


def test_deleting_a_scenario_deletes_what_broke_off_in_it(api: ApiClient, scenario: int) -> None:
    api.post(f"/dlqs/{ids_of(api, scenario)[0]}/retry")
    assert api.delete(f"/scenarios/{scenario}").status_code == 200
    assert (len(api.world.incomplete_executions), len(api.world.retries)) == (0, 0)
