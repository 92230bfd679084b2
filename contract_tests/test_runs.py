"""Runs: started, awaited, read from their details and from the logs."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ApiResponse, ContractClient
from make_emulator.schemas.executions import LogRow

from .resources import Resources

RUN = "POST /scenarios/{scenarioId}/run"
DETAIL = "GET /scenarios/{scenarioId}/executions/{executionId}"
LOG = "GET /scenarios/{scenarioId}/logs/{executionId}"
LOGS = "GET /scenarios/{scenarioId}/logs"

#: The keys of a run in the list, as recorded; ``error`` comes after a failure only.
RUN_KEYS = [name for name in LogRow.columns() if name != "error"]


@pytest.fixture(scope="module")
def ran(api: ContractClient, shared: Resources) -> tuple[int, str]:
    """A live scenario, and a run of it that has ended and is in its logs."""
    scenario, execution = shared.id("live scenario"), shared.id("execution")
    path = f"/scenarios/{scenario}/logs/{execution}"
    api.poll_until(lambda: api.get(path), lambda answer: answer.status == 200).fits()
    return scenario, execution


def logs(api: ContractClient, scenario: int, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.call("GET", f"/scenarios/{scenario}/logs", query=query).fits()[
        "scenarioLogs"
    ]
    return rows


# --- running -------------------------------------------------------------------------------------


@pytest.mark.covers(RUN, "success")
@pytest.mark.fidelity("scenarios.run-responsive")
def test_a_run_that_is_waited_for_answers_its_outputs(api: ContractClient, shared: Resources) -> None:
    body = {"data": {"name": "Zoe"}, "responsive": True}
    run = api.post(f"/scenarios/{shared.id('live scenario')}/run", body).fits()
    assert (run["status"], run["outputs"]) == (1, {"greeting": "Hello, Zoe!"})
    assert len(run["executionId"]) == 32


@pytest.mark.covers(RUN, "success")
@pytest.mark.covers(DETAIL, "success")
@pytest.mark.fidelity("scenarios.run", "executions.get", "executions.outputs", "executions.at-once")
def test_a_run_that_is_not_waited_for_can_be_looked_up(api: ContractClient, shared: Resources) -> None:
    scenario = shared.id("live scenario")
    run = api.post(f"/scenarios/{scenario}/run", {"data": {"name": "Ann"}}).fits()
    assert list(run) == ["executionId", "statusUrl"]
    path = f"/scenarios/{scenario}/executions/{run['executionId']}"
    assert run["statusUrl"].endswith(f"/api/v2{path}")

    def ended(answer: ApiResponse) -> bool:
        return bool(answer.fits()["status"] != "RUNNING")

    detail = api.poll_until(lambda: api.get(path), ended).fits()
    assert detail == {"status": "SUCCESS", "outputs": {"greeting": "Hello, Ann!"}}


@pytest.mark.covers(RUN, "validation")
@pytest.mark.fidelity("scenarios.run-inactive")
def test_a_scenario_that_is_not_live_cannot_be_run(api: ContractClient, shared: Resources) -> None:
    body = {"data": {"name": "Zoe"}, "responsive": True}
    answer = api.post(f"/scenarios/{shared.id('scenario')}/run", body).refused(422, "IM325")
    assert answer["message"] == "Scenario is not activated"


@pytest.mark.covers(RUN, "validation")
@pytest.mark.fidelity("scenarios.run-missing-input")
def test_a_required_input_that_is_missing_is_named(api: ContractClient, shared: Resources) -> None:
    body = {"data": {}, "responsive": True}
    answer = api.post(f"/scenarios/{shared.id('live scenario')}/run", body)
    answer.refused(400, "SC400")
    assert "Missing value of required parameter 'name'." in answer.error_messages


@pytest.mark.covers(RUN, "validation")
@pytest.mark.fidelity("scenarios.run-undeclared-input")
def test_an_input_that_was_not_declared_is_refused(api: ContractClient, shared: Resources) -> None:
    body = {"data": {"name": "Zoe", "contract": 1}, "responsive": True}
    api.post(f"/scenarios/{shared.id('live scenario')}/run", body).refused(400)


# --- details and logs ----------------------------------------------------------------------------


@pytest.mark.covers(DETAIL, "query maxBytes")
@pytest.mark.fidelity("executions.max-bytes")
def test_outputs_that_are_larger_than_asked_for_are_refused(
    api: ContractClient, ran: tuple[int, str]
) -> None:
    scenario, execution = ran
    path = f"/scenarios/{scenario}/executions/{execution}"
    assert api.get(path, maxBytes=100_000).fits() == api.get(path).fits()
    api.get(path, maxBytes=1).refused(413, "SC413")


@pytest.mark.covers(DETAIL, "hidden")
@pytest.mark.covers(LOG, "hidden")
@pytest.mark.parametrize("place", ["executions", "logs"])
def test_a_run_that_there_was_not_is_404(place: str, api: ContractClient, shared: Resources) -> None:
    api.get(f"/scenarios/{shared.id('live scenario')}/{place}/{'0' * 32}").refused(404, "SC404")


@pytest.mark.covers(LOG, "success")
@pytest.mark.fidelity("logs.get")
def test_a_run_has_a_log_of_its_own(api: ContractClient, ran: tuple[int, str]) -> None:
    scenario, execution = ran
    log = api.get(f"/scenarios/{scenario}/logs/{execution}").fits()["scenarioLog"]
    assert (log["id"], log["@scenarioId"], log["@kindId"], log["status"]) == (
        execution,
        scenario,
        scenario,
        1,
    )
    assert log["imtId"].endswith(f"_{execution}")
    assert "authorName" not in log


@pytest.mark.covers(LOGS, "success")
@pytest.mark.fidelity("logs.list", "logs.rows", "logs.imt-id", "logs.type")
def test_the_logs_show_the_runs(api: ContractClient, ran: tuple[int, str]) -> None:
    scenario, execution = ran
    rows = logs(api, scenario)
    [row] = [row for row in rows if row["id"] == execution]
    assert list(row) == RUN_KEYS
    assert (row["type"], row["status"], row["scenarioId"]) == ("auto", 1, scenario)
    page = api.get(f"/scenarios/{scenario}/logs").fits()["pg"]
    assert (page["sortBy"], page["sortDir"], page["limit"]) == ("imtId", "desc", 50)
    moments = [int(row["imtId"].partition("_")[0]) for row in rows]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.covers(LOGS, "success")
@pytest.mark.fidelity("logs.events")
def test_the_logs_show_who_set_the_scenario_live(api: ContractClient, ran: tuple[int, str]) -> None:
    if api.read_only:
        pytest.skip("--read-only: the scenario may never have been started")
    starts = [row for row in logs(api, ran[0]) if row["type"] == "start"]
    assert starts
    assert set(starts[0]) == {"imtId", "id", "detail", "type", "authorId", "timestamp", "authorName"}


@pytest.mark.covers(
    LOGS,
    "query status",
    "query durationFrom",
    "query durationTo",
    "query operationsFrom",
    "query operationsTo",
    "query transferFrom",
    "query transferTo",
)
@pytest.mark.fidelity("logs.filters")
@pytest.mark.parametrize("measure", ["duration", "operations", "transfer"])
def test_the_logs_can_be_narrowed_by_a_measure(
    measure: str, api: ContractClient, ran: tuple[int, str]
) -> None:
    scenario, execution = ran
    [row] = [row for row in logs(api, scenario) if row["id"] == execution]
    value = row[measure]

    def found(**query: Any) -> list[str]:
        return [row["id"] for row in logs(api, scenario, **query)]

    within = {f"{measure}From": value, f"{measure}To": value}
    assert execution in found(**within)
    assert execution not in found(**{f"{measure}From": value + 1})
    if value:
        assert execution not in found(**{f"{measure}To": value - 1})
    assert execution in found(status="1")
    assert execution not in found(status="3")


@pytest.mark.covers(LOGS, "query from", "query to")
@pytest.mark.fidelity("logs.filters")
def test_the_logs_can_be_narrowed_to_a_span_of_time(api: ContractClient, ran: tuple[int, str]) -> None:
    scenario, execution = ran
    [row] = [row for row in logs(api, scenario) if row["id"] == execution]
    moment = int(row["imtId"].partition("_")[0])

    def found(**query: Any) -> list[str]:
        return [row["id"] for row in logs(api, scenario, **query)]

    assert execution in found(**{"from": moment, "to": moment})
    assert execution not in found(**{"from": moment + 1})
    assert execution not in found(to=moment - 1)


@pytest.mark.covers(
    LOGS, "query executionName", "query creditsFrom", "query creditsTo", "query showCheckRuns"
)
@pytest.mark.fidelity("logs.filters", "logs.check-runs")
def test_the_logs_take_the_other_filters_too(api: ContractClient, ran: tuple[int, str]) -> None:
    scenario, execution = ran
    [used] = [row["centicredits"] for row in logs(api, scenario) if row["id"] == execution]
    assert execution in [row["id"] for row in logs(api, scenario, creditsFrom=used, creditsTo=used)]
    assert execution not in [row["id"] for row in logs(api, scenario, creditsFrom=used + 1)]
    assert [row["id"] for row in logs(api, scenario, executionName="no run has this name")] == []
    assert execution in [row["id"] for row in logs(api, scenario, showCheckRuns="true")]


@pytest.mark.covers(LOGS, "query pg[last]", "query pg[showLast]")
def test_the_logs_go_on_behind_a_row(api: ContractClient, ran: tuple[int, str]) -> None:
    scenario, _ = ran
    rows = [row["id"] for row in logs(api, scenario)]
    if len(rows) < 2:
        pytest.skip("the log has fewer than two rows")
    first = logs(api, scenario)[0]["imtId"]
    assert [row["id"] for row in logs(api, scenario, **{"pg[last]": first})] == rows[1:]
    shown = logs(api, scenario, **{"pg[last]": first, "pg[showLast]": "true"})
    assert [row["id"] for row in shown] == rows
