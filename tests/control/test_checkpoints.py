from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.api import ApiClient, assert_ok, assert_refused, assert_status, frozen_api
from make_emulator.control import checkpoints
from make_emulator.world import snapshot
from make_emulator.world.checkpoints import MAX_CHECKPOINTS

CHECKPOINTS = "/worlds/default/checkpoints"
SCHEDULING = json.dumps({"type": "on-demand"})
SECRET = "sk-live-4f9a77c2d1e84b06"


def checkpoint(api: ApiClient, name: str = "before") -> dict[str, Any]:
    created: dict[str, Any] = assert_status(api.control("POST", CHECKPOINTS, json={"name": name}), 201)
    return created["checkpoint"]  # type: ignore[no-any-return]


def report(api: ApiClient, name: str = "before") -> dict[str, Any]:
    return assert_ok(api.control("GET", f"{CHECKPOINTS}/{name}/changes"))


def changes(api: ApiClient, kind: str) -> list[dict[str, Any]]:
    return [each for each in report(api)["changes"] if each["kind"] == kind]


def undo(api: ApiClient, name: str = "before", **change: Any) -> list[dict[str, Any]]:
    response = api.control("POST", f"{CHECKPOINTS}/{name}/undo", json=change)
    undone: list[dict[str, Any]] = assert_ok(response)["undone"]
    return undone


def refused(api: ApiClient, status: int = 409, **change: Any) -> str:
    before = state(api)
    body = assert_refused(api.control("POST", f"{CHECKPOINTS}/before/undo", json=change), status)
    assert state(api) == before
    return str(body["detail"])


def state(api: ApiClient) -> dict[str, Any]:
    """The state of the world without its clock."""
    document: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(api.world)))
    del document["clock"]
    return document


# --- changes of an agent ---------------------------------------------------------------------------


def blueprint(name: str) -> str:
    module = {"id": 1, "module": "json:ParseJSON", "version": 1, "parameters": {}, "mapper": {"json": "{}"}}
    return json.dumps({"name": name, "flow": [module], "metadata": {"version": 1}})


def calling_blueprint(connection: int) -> str:
    module = {
        "id": 1,
        "module": "make:MakeApiCall",
        "version": 1,
        "parameters": {"__IMTCONN__": connection},
        "mapper": {"url": "/teams", "method": "GET"},
    }
    return json.dumps({"name": "Caller", "flow": [module], "metadata": {"version": 1}})


def create_scenario(api: ApiClient, name: str = "Built", **fields: Any) -> int:
    body = {"teamId": 1, "blueprint": blueprint(name), "scheduling": SCHEDULING, **fields}
    created = assert_ok(api.post("/scenarios?confirmed=true", json=body))
    return int(created["scenario"]["id"])


def change_scenario(api: ApiClient) -> None:
    api.patch("/scenarios/1?confirmed=true", json={"blueprint": blueprint("Changed")})


def delete_scenario(api: ApiClient) -> None:
    api.delete("/scenarios/1?confirmed=true")


def add_record(api: ApiClient) -> None:
    api.post("/data-stores/1/data", json={"key": "new", "data": {"sku": "N", "quantity": 4}})


def delete_records(api: ApiClient) -> None:
    api.delete("/data-stores/1/data?confirmed=true", json={"all": True, "exceptKeys": []})


def delete_store(api: ApiClient) -> None:
    api.delete("/data-stores?confirmed=true&teamId=1", json={"ids": [1]})


def create_connection(api: ApiClient) -> None:
    body = {
        "accountName": "Agent",
        "accountType": "make",
        "url": "https://eu1.make.com/api/v2",
        "apiKey": SECRET,
    }
    assert_ok(api.post("/connections?teamId=1", json=body))


def rename_team(api: ApiClient) -> None:
    api.patch("/teams/1", json={"name": "Renamed"})


def delete_team(api: ApiClient) -> None:
    api.delete("/teams/1?confirmed=true")


def create_folder(api: ApiClient) -> None:
    id = assert_ok(api.post("/scenarios-folders", json={"name": "F", "teamId": 1}))["scenarioFolder"]["id"]
    create_scenario(api, "In a folder", folderId=id)


def create_token(api: ApiClient) -> None:
    api.token_with("teams:read")


def run(api: ApiClient) -> None:
    api.post("/scenarios/1/run", json={"responsive": True, "data": {"name": "Zoe"}})


def script(api: ApiClient) -> None:
    api.control("PUT", "/worlds/default/modules/slack:CreateMessage", json={"output": {"ts": "1"}})
    api.control("PATCH", "/worlds/default", json={"unmatched": "fail"})


def run_by_schedule(api: ApiClient) -> None:
    scheduling = json.dumps({"type": "indefinitely", "interval": 900})
    assert_ok(api.post(f"/scenarios/{create_scenario(api, scheduling=scheduling)}/start"))
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 90_000})
    api.get("/scenarios?teamId=1")


def delete_hook(api: ApiClient) -> None:
    api.delete("/hooks/1?confirmed=true")


CHANGES = [
    create_folder,
    change_scenario,
    delete_scenario,
    add_record,
    delete_records,
    delete_store,
    create_connection,
    rename_team,
    create_token,
    run,
    script,
    run_by_schedule,
    delete_hook,
]


@pytest.mark.parametrize("change", [*CHANGES, delete_team])
def test_every_change_is_reported(api: ApiClient, change: Callable[[ApiClient], None]) -> None:
    checkpoint(api)
    change(api)
    answer = report(api)
    assert answer["changes"] or answer["counts"]


SOME_CHANGES = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=6)


@settings(max_examples=15)
@given(SOME_CHANGES, st.booleans())
def test_the_undo_of_all_is_the_state_of_the_checkpoint(steps: list[Any], ends_without_team: bool) -> None:
    api = frozen_api()
    run(api)
    before = state(api)
    checkpoint(api)
    for step in [*steps, *([delete_team] if ends_without_team else [])]:
        try:
            step(api)
        except AssertionError:
            # An earlier step has removed the resource.
            continue
    now = api.world.now()
    undo(api)
    assert state(api) == before
    assert api.world.now() == now
    assert report(api)["changes"] == []
    assert report(api)["counts"] == {}


@settings(max_examples=15)
@given(SOME_CHANGES, st.randoms(use_true_random=False))
def test_changes_are_undone_one_by_one_in_any_order(steps: list[Any], random: Any) -> None:
    api = frozen_api()
    checkpoint(api)
    for step in steps:
        try:
            step(api)
        except AssertionError:
            continue
    while waiting := report(api)["changes"]:
        random.shuffle(waiting)
        statuses = []
        for change in waiting:
            body = {name: change[name] for name in ("kind", "id")}
            response = api.control("POST", f"{CHECKPOINTS}/before/undo", json=body)
            statuses.append(response.status_code)
            assert response.status_code in (200, 404, 409), response.text
            # References and owners are those of a world that can be restored.
            assert snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "copy").name == "copy"
            for store in api.world.data_stores:
                assert store.records == len(api.world.records.where(store=store.id))
        assert 200 in statuses, waiting


# --- checkpoints -----------------------------------------------------------------------------------


def test_checkpoints_are_listed_and_the_oldest_is_forgotten(api: ApiClient) -> None:
    made = checkpoint(api, "0")
    assert made == {"name": "0", "at": "2026-03-02T12:00:00.000Z"}
    assert assert_ok(api.control("GET", CHECKPOINTS)) == {"checkpoints": [made]}
    for number in range(1, MAX_CHECKPOINTS + 1):
        checkpoint(api, str(number))
    names = [each["name"] for each in assert_ok(api.control("GET", CHECKPOINTS))["checkpoints"]]
    assert names == [str(number) for number in range(1, MAX_CHECKPOINTS + 1)]
    body = assert_refused(api.control("GET", f"{CHECKPOINTS}/0/changes"), 404)
    assert body["detail"] == "There is no checkpoint named '0' in that world."


def test_checkpoints_share_the_tables_without_a_change(api: ApiClient) -> None:
    checkpoint(api, "a")
    add_record(api)
    checkpoint(api, "b")
    a, b = api.handle.checkpoints
    assert a.parts["scenarios"] is b.parts["scenarios"]
    assert a.parts["records"] is not b.parts["records"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Parameter 'name' must be a text of up to 100 characters without a slash."),
        ({"name": "a/b"}, "Parameter 'name' must be a text of up to 100 characters without a slash."),
        ({"name": ".."}, "Parameter 'name' must be a text of up to 100 characters without a slash."),
        ({"name": "x" * 101}, "Parameter 'name' must be a text of up to 100 characters without a slash."),
        ({"name": 1}, "Invalid value of parameter 'name'."),
        (
            {"name": "before"},
            "The checkpoint cannot be created: there is a checkpoint named 'before' already.",
        ),
    ],
)
def test_an_invalid_name_is_refused(api: ApiClient, body: dict[str, Any], detail: str) -> None:
    checkpoint(api)
    assert assert_refused(api.control("POST", CHECKPOINTS, json=body))["detail"] == detail
    assert len(api.handle.checkpoints) == 1


def test_a_reset_forgets_the_checkpoints_and_a_restore_keeps_them(api: ApiClient) -> None:
    data = api.control("GET", "/worlds/default/snapshot").get_data()
    rename_team(api)
    checkpoint(api)
    assert_ok(api.control("PUT", "/worlds/default/snapshot", data=data))
    [change] = changes(api, "team")
    assert change["before"] == {"name": "Renamed"}
    undo(api)
    assert api.world.teams[1].name == "Renamed"
    api.control("POST", "/worlds/default/reset")
    assert assert_ok(api.control("GET", CHECKPOINTS)) == {"checkpoints": []}


# --- changes ---------------------------------------------------------------------------------------


def test_a_changed_scenario_shows_what_differs_in_it_and_in_its_blueprint(api: ApiClient) -> None:
    checkpoint(api)
    change_scenario(api)
    [change] = changes(api, "scenario")
    assert (change["id"], change["change"], change["name"]) == (1, "changed", "Changed")
    assert (change["before"]["name"], change["after"]["name"]) == ("Greeting", "Changed")
    assert change["after"]["blueprint"]["flow"][0]["module"] == "json:ParseJSON"
    assert "teamId" not in change["before"]
    assert report(api)["counts"]["blueprintVersion"] == {"created": 1}


def test_a_changed_record_shows_the_members_that_differ(api: ApiClient) -> None:
    add_record(api)
    checkpoint(api)
    assert_ok(api.patch("/data-stores/1/data/new", json={"quantity": 5}))
    [change] = report(api)["changes"]
    assert (change["kind"], change["id"], change["change"]) == ("record", [1, "new"], "changed")
    assert (change["before"]["data"], change["after"]["data"]) == ({"quantity": 4}, {"quantity": 5})


def test_runs_are_counted_only(api: ApiClient) -> None:
    checkpoint(api)
    run(api)
    run(api)
    answer = report(api)
    assert answer["counts"] == {"execution": {"created": 2}}
    assert answer["changes"] == []


def test_settings_and_scripts_of_modules_are_changes(api: ApiClient) -> None:
    checkpoint(api)
    script(api)
    found = {(each["kind"], each["id"], each["change"]) for each in report(api)["changes"]}
    assert found == {("setting", "unmatched", "created"), ("moduleScript", "slack:CreateMessage", "created")}
    undo(api, kind="setting", id="unmatched")
    assert "unmatched" not in api.world.settings
    undo(api, kind="moduleScript", id="slack:CreateMessage")
    assert report(api)["changes"] == []


def test_secrets_are_masked_those_of_deleted_rows_too(api: ApiClient) -> None:
    token = api.token_with("teams:read")
    create_connection(api)
    checkpoint(api)
    id = max(row.id for row in api.world.connections)
    assert_ok(api.delete(f"/connections/{id}?confirmed=true"))
    made = api.token_with("teams:read")
    api.world.tokens.remove(token)
    add = {"key": "leak", "data": {"sku": SECRET, "quantity": 1}}
    assert_ok(api.post("/data-stores/1/data", json=add))
    text = api.control("GET", f"{CHECKPOINTS}/before/changes").get_data(as_text=True)
    for secret in (SECRET, token, made):
        assert secret not in text
    kinds = {(each["kind"], each["change"]) for each in report(api)["changes"]}
    assert kinds >= {("token", "created"), ("token", "deleted"), ("connection", "deleted")}
    page = api.control("GET", "/checkpoints?world=default").get_data(as_text=True)
    for secret in (SECRET, token, made):
        assert secret not in page


# --- undo ------------------------------------------------------------------------------------------


def test_an_undo_of_all_keeps_the_request_log_and_the_clock_and_returns_the_tokens(api: ApiClient) -> None:
    kept = api.token_with("teams:read")
    checkpoint(api)
    made = api.token_with("teams:read")
    delete_team(api)
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60})
    undone = undo(api)
    assert {(each["kind"], each["change"]) for each in undone} >= {("team", "deleted"), ("token", "created")}
    assert api.get("/teams/1", token=kept).status_code == 200
    assert api.get("/teams/1", token=made).status_code == 401
    assert assert_ok(api.control("GET", "/worlds/default/clock"))["now"] == "2026-03-02T12:01:00.000Z"
    assert next(iter(api.handle.request_log)).method == "DELETE"


def test_a_later_checkpoint_returns_after_an_undo_to_an_earlier_one(api: ApiClient) -> None:
    checkpoint(api, "a")
    rename_team(api)
    later = state(api)
    checkpoint(api, "b")
    undo(api, "a")
    assert api.world.teams[1].name != "Renamed"
    undo(api, "b")
    assert state(api) == later


def test_a_deleted_scenario_returns_with_its_blueprint_and_executions(api: ApiClient) -> None:
    run(api)
    runs = assert_ok(api.get("/scenarios/1/logs"))
    before = assert_ok(api.get("/scenarios/1/blueprint"))
    checkpoint(api)
    delete_scenario(api)
    rename_team(api)
    [undone] = undo(api, kind="scenario", id=1)
    assert undone == {"kind": "scenario", "id": 1, "change": "deleted", "name": "Greeting"}
    assert assert_ok(api.get("/scenarios/1/blueprint")) == before
    assert assert_ok(api.get("/scenarios/1/logs")) == runs
    assert api.world.teams[1].name == "Renamed"
    assert [each["kind"] for each in report(api)["changes"]] == ["team"]


def test_a_changed_scenario_returns_with_its_blueprint(api: ApiClient) -> None:
    before = assert_ok(api.get("/scenarios/1/blueprint"))
    checkpoint(api)
    change_scenario(api)
    undo(api, kind="scenario", id=1)
    assert assert_ok(api.get("/scenarios/1/blueprint")) == before
    assert report(api)["changes"] == []
    assert "blueprintVersion" not in report(api)["counts"]


def test_a_created_scenario_goes_with_what_it_owns(api: ApiClient) -> None:
    checkpoint(api)
    id = create_scenario(api)
    undo(api, kind="scenario", id=id)
    assert api.get(f"/scenarios/{id}").status_code == 404
    assert report(api)["changes"] == []


def test_a_deleted_data_store_returns_with_its_records_and_a_record_counts(api: ApiClient) -> None:
    before = assert_ok(api.get("/data-stores/1"))
    records = assert_ok(api.get("/data-stores/1/data"))
    checkpoint(api)
    delete_store(api)
    assert api.get("/data-stores/1").status_code == 404
    undo(api, kind="dataStore", id=1)
    assert assert_ok(api.get("/data-stores/1")) == before
    assert assert_ok(api.get("/data-stores/1/data")) == records
    add_record(api)
    undo(api, kind="record", id=[1, "new"])
    assert assert_ok(api.get("/data-stores/1")) == before


def test_a_deleted_token_is_known_again(api: ApiClient) -> None:
    token = api.token_with("teams:read")
    checkpoint(api)
    api.world.tokens.remove(token)
    assert api.get("/teams/1", token=token).status_code == 401
    [change] = changes(api, "token")
    assert change["id"] != token
    undo(api, kind="token", id=change["id"])
    assert api.get("/teams/1", token=token).status_code == 200


def test_the_deletion_of_a_scenario_whose_team_is_gone_stays(api: ApiClient) -> None:
    checkpoint(api)
    delete_team(api)
    assert refused(api, kind="scenario", id=1) == (
        "Scenario 1 cannot be undone: scenario 1 refers to team 1, which does not exist."
    )
    undo(api, kind="team", id=1)
    assert api.get("/scenarios/1").status_code == 200
    assert [each for each in report(api)["changes"] if each["change"] == "deleted"] == []


def test_a_created_folder_with_scenarios_stays(api: ApiClient) -> None:
    checkpoint(api)
    create_folder(api)
    [folder], [scenario] = changes(api, "folder"), changes(api, "scenario")
    assert refused(api, kind="folder", id=folder["id"]) == (
        f"Folder {folder['id']} cannot be undone: scenario {scenario['id']} refers to folder {folder['id']}."
    )
    undo(api, kind="scenario", id=scenario["id"])
    undo(api, kind="folder", id=folder["id"])
    assert report(api)["changes"] == []


def test_what_a_blueprint_uses_is_undone_in_order(api: ApiClient) -> None:
    checkpoint(api)
    create_connection(api)
    id = max(row.id for row in api.world.connections)
    scenario = create_scenario(api, blueprint=calling_blueprint(id))
    assert refused(api, kind="connection", id=id) == (
        f"Connection {id} cannot be undone: scenario {scenario} uses connection {id}."
    )
    undo(api, kind="scenario", id=scenario)
    undo(api, kind="connection", id=id)
    assert report(api)["changes"] == []


def test_a_deleted_scenario_waits_for_its_deleted_connection(api: ApiClient) -> None:
    create_connection(api)
    id = max(row.id for row in api.world.connections)
    scenario = create_scenario(api, blueprint=calling_blueprint(id))
    checkpoint(api)
    assert_ok(api.delete(f"/scenarios/{scenario}?confirmed=true"))
    assert_ok(api.delete(f"/connections/{id}?confirmed=true"))
    assert refused(api, kind="scenario", id=scenario) == (
        f"Scenario {scenario} cannot be undone: scenario {scenario} uses connection {id}, which does not exist."
    )
    undo(api, kind="connection", id=id)
    undo(api, kind="scenario", id=scenario)
    assert report(api)["changes"] == []


def test_a_run_in_progress_delays_checkpoint_and_undo(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint(api)
    monkeypatch.setattr(checkpoints, "RUN_TIMEOUT", 0.0)
    with api.world.run_in_progress(1):
        for path, body in ((CHECKPOINTS, {"name": "b"}), (f"{CHECKPOINTS}/before/undo", {})):
            answer = assert_refused(api.control("POST", path, json=body), 503)
            assert answer["detail"].startswith("A scenario is running")
    assert undo(api) == []


def test_a_token_that_another_world_has_now_stays_away(api: ApiClient) -> None:
    checkpoint(api, "empty")
    token = api.token_with("teams:read")
    checkpoint(api)
    data = api.control("GET", "/worlds/default/snapshot").get_json()
    [row] = [row for row in data["rows"]["tokens"] if row["token"] == token]
    undo(api, "empty")
    assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)
    other = api.control("GET", "/worlds/other/snapshot").get_json()
    other["rows"]["tokens"].append({**row, "user_id": other["rows"]["tokens"][0]["user_id"]})
    assert_ok(api.control("PUT", "/worlds/other/snapshot", json=other))
    [change] = changes(api, "token")
    assert refused(api, kind="token", id=change["id"]) == "Another world has one of its tokens or udids."
    assert refused(api) == "The changes cannot be undone: another world has one of its tokens or udids."


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"kind": "scenario", "id": 77}, 404, "No scenario 77 was changed since the checkpoint."),
        ({"kind": "execution", "id": [1, "x"]}, 404, "No execution 1/x was changed since the checkpoint."),
        ({"kind": "scenario"}, 400, "Parameters 'kind' and 'id' belong together."),
        ({"kind": "scenario", "id": 1.5}, 400, "Invalid value of parameter 'id'."),
    ],
)
def test_an_unknown_change_is_refused(
    api: ApiClient, change: dict[str, Any], status: int, detail: str
) -> None:
    checkpoint(api)
    assert refused(api, status, **change) == detail


def test_an_unknown_checkpoint_is_not_found(api: ApiClient) -> None:
    assert_refused(api.control("POST", f"{CHECKPOINTS}/x/undo", json={}), 404)
    assert_refused(api.control("GET", "/worlds/x/checkpoints"), 404)
    assert_refused(api.control("GET", "/checkpoints?world=default&name=x"), 404)
