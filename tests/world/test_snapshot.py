from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.api import ADMIN_TOKEN, ApiClient
from make_emulator.app import create_app
from make_emulator.redaction.rules import MASK
from make_emulator.world import functions, slots, snapshot
from make_emulator.world.models import CustomModule, IncompleteExecution, ModuleScript, Record
from make_emulator.world.schema import TABLES
from make_emulator.world.snapshot_reader import InvalidSnapshotError
from make_emulator.world.tables import Table
from make_emulator.world.world import World

NOW = "2026-03-02T12:00:00Z"


def document(world: World) -> dict[str, Any]:
    taken: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(world)))
    return taken


def rows(world: World) -> dict[str, list[Any]]:
    """Every table, in its order; lists and tuples of JSON are the same."""
    tables = {name: table for name, table in vars(world).items() if isinstance(table, Table)}
    return {name: [_plain(row) for row in table] for name, table in tables.items()}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return (type(value).__name__, fields)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def restore(api: ApiClient, data: bytes) -> None:
    response = api.control("PUT", "/worlds/default/snapshot", data=data)
    assert response.status_code == 200, response.json


# --- round trips ---------------------------------------------------------------------------------

Operation = Callable[[ApiClient], Any]


def _call(method: str, path: str, **options: Any) -> Operation:
    return lambda api: api.call(method, path, **options).get_json(silent=True)


def _control(method: str, path: str, **options: Any) -> Operation:
    return lambda api: api.control(method, f"/worlds/default{path}", **options).get_json(silent=True)


def _hook(api: ApiClient) -> Any:
    hook = next(iter(api.world.hooks), None)
    if hook is None:
        return None
    order = {"sku": "A-1", "quantity": 2, "customer": "ann@example.com"}
    return api.app.test_client().post(f"/hook/{hook.udid}", json=order).get_data()


_HOOK = {"name": "New", "teamId": 1, "typeName": "gateway-webhook", "method": False, "headers": False, "stringify": False}  # fmt: skip
_RUN = {"data": {"name": "Zoe"}, "responsive": True}

OPERATIONS: dict[str, Operation] = {
    "run": _call("POST", "/scenarios/1/run", json=_RUN),
    "run with mock data": _call("POST", "/scenarios/3/run", json={}),
    "stop": _call("POST", "/scenarios/1/stop"),
    "start": _call("POST", "/scenarios/1/start"),
    "clone": _call("POST", "/scenarios/1/clone?organizationId=1&confirmed=true", json={"name": "Copy", "teamId": 1, "states": False}),
    "delete a scenario": _call("DELETE", "/scenarios/2"),
    "add a record": _call("POST", "/data-stores/1/data", json={"data": {"sku": "X", "quantity": 1}}),
    "delete a store": _call("DELETE", "/data-stores?teamId=1&confirmed=true", json={"ids": [1]}),
    "add a hook": _call("POST", "/hooks", json=_HOOK),
    "delete a hook": _call("DELETE", "/hooks/1?confirmed=true"),
    "receive": _hook,
    "add a team": _call("POST", "/teams", json={"name": "Another", "organizationId": 1}),
    "delete a connection": _call("DELETE", "/connections/1?confirmed=true"),
    "describe a function": _call("PATCH", "/functions/1", json={"description": "New"}),
    "delete a function": _call("DELETE", "/functions/1"),
    "list": _call("GET", "/scenarios?teamId=1"),
    "advance": _control("POST", "/clock/advance", json={"seconds": 86_400 * 3}),
    "add a token": _control("POST", "/tokens", json={"scopes": ["teams:read"]}),
    "mock a service": _control("POST", "/http", json={"url": "https://*", "body": {"a": 1}, "headers": {"x": ["1", "2"]}, "times": 1}),
    "mock a service that pages": _control("POST", "/http", json={"url": "https://*", "pages": [{"a": 1}, "b"]}),
    "script": _control("PUT", "/modules/slack:CreateMessage", json={"error": {"name": "DataError"}, "times": 2}),
}  # fmt: skip

APP = create_app(now=NOW)
operations = st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=operations, after=operations)
def test_after_a_restore_the_same_calls_give_the_same_answers_and_the_same_state(
    before: list[str], after: list[str]
) -> None:
    api = ApiClient(APP)
    api.control("POST", "/worlds/default/reset")
    api.control("PATCH", "/worlds/default/clock", json={"now": NOW, "frozen": True})
    for name in before:
        OPERATIONS[name](api)
    data, kept = api.control("GET", "/worlds/default/snapshot").get_data(), rows(api.world)
    first = [OPERATIONS[name](api) for name in after]
    reached = document(api.world)
    restore(api, data)
    assert rows(api.world) == kept
    assert document(api.world) == orjson.loads(data)
    assert [OPERATIONS[name](api) for name in after] == first
    assert document(api.world) == reached


def test_every_attribute_of_a_world_is_in_a_snapshot_or_left_out_on_purpose() -> None:
    tables = {name for name, value in vars(World("w")).items() if isinstance(value, Table)}
    assert TABLES.keys() == tables
    others = vars(World("w")).keys() - tables
    left_out = {"name", "lock", "register_lookup_key", "transport", "interceptor", "telemetry"}
    left_out |= {
        "interruption",
        "is_undone",
        "run_time_limit",
        "next_event",
        "runs_in_progress",
        "_run_ended",
    }
    assert others == left_out | {
        "seed", "clock", "ids", "rate_limited", "rate_windows", "tallies", "counters_until",
        "installed_apps", "scripts", "detailed", "increments", "settings", "custom_modules",
    }  # fmt: skip


def test_what_is_no_row_comes_back_too(api: ApiClient) -> None:
    world = api.world
    api.get("/teams/1")
    world.scripts["a:B"] = ModuleScript(module="a:B", output=[{"x": 1}], left=3)
    world.increments[1, 2] = 3
    world.custom_modules["myapp:doIt"] = CustomModule(
        name="myapp:doIt",
        versions=(1, 2),
        connection_parameter="account",
        parameters=[],
        mapper=[],
        output=[{"name": "id", "type": "text"}],
    )
    twin = snapshot.loads(snapshot.dumps(snapshot.take(world)), "twin")
    for name in (
        "seed",
        "rate_limited",
        "rate_windows",
        "tallies",
        "counters_until",
        "installed_apps",
        "scripts",
        "detailed",
        "increments",
        "custom_modules",
    ):
        assert getattr(twin, name) == getattr(world, name), name
    assert world.rate_windows
    assert world.tallies
    assert (twin.name, twin.now(), twin.clock.frozen) == ("twin", world.now(), True)
    assert [twin.ids.hex(8), twin.ids.next("scenario")] == [world.ids.hex(8), world.ids.next("scenario")]
    # The slot at the beginning is that of the name.
    assert twin.ids.uuid4()[slots.TAG_LENGTH :] == world.ids.uuid4()[slots.TAG_LENGTH :]


def test_declared_modules_of_an_earlier_release_have_names_only(api: ApiClient) -> None:
    taken = document(api.world)
    taken["custom_modules"] = [["myapp:doIt", True]]
    restored = snapshot.loads(orjson.dumps(taken), "twin")
    assert dict(restored.custom_modules) == {"myapp:doIt": CustomModule(name="myapp:doIt")}
    wrongs: tuple[Any, ...] = (
        5,
        [[]],
        [5],
        ["x"],
        [{}],
        [{"name": 5}],
        [[5, True]],
        [{"name": "a:B", "versions": ["x"]}],
    )
    for wrong in wrongs:
        with pytest.raises(InvalidSnapshotError):
            snapshot.loads(orjson.dumps(taken | {"custom_modules": wrong}), "twin")


def test_a_document_without_increments_is_one_of_an_earlier_release(api: ApiClient) -> None:
    taken = document(api.world)
    del taken["increments"]
    assert snapshot.restore(taken, "w").increments == {}


def test_a_document_without_functions_is_one_of_an_earlier_release(api: ApiClient) -> None:
    taken = document(api.world)
    del taken["rows"]["functions"], taken["rows"]["function_changes"]
    assert len(snapshot.restore(taken, "w").functions) == 0


def test_a_document_without_variables_is_one_of_an_earlier_release(api: ApiClient) -> None:
    taken = document(api.world)
    del taken["rows"]["variables"], taken["rows"]["variable_changes"]
    assert len(snapshot.restore(taken, "w").variables) == 0


@pytest.mark.parametrize(("field", "id"), [("scenario_id", 404), ("team_id", 405)])
def test_an_incomplete_execution_belongs_to_an_existing_scenario_and_team(
    api: ApiClient, field: str, id: int
) -> None:
    broken = IncompleteExecution(
        id="b" * 32,
        scenario_id=1,
        team_id=1,
        execution_id="e" * 32,
        failer=1,
        reason="no",
        created=0,
        size=2,
        index=1,
        blueprint={"name": "x", "flow": [], "metadata": {}},
        inputs=None,
        bundles={},
        variables={},
        retry=True,
        most_attempts=3,
        interval=0,
        next_retry=0,
    )
    taken = document(api.world)
    taken["rows"]["incomplete_executions"] = [{**orjson.loads(orjson.dumps(broken)), field: id}]
    with pytest.raises(
        InvalidSnapshotError, match=f"'incomplete_executions' refer to the {field} {id}, which does not exist"
    ):
        snapshot.restore(taken, "w")


def test_functions_come_back_with_their_history(api: ApiClient) -> None:
    function = api.world.functions[1]
    functions.update(api.world, api.world.users[1], function, code="function initials() {}")
    twin = snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "twin")
    assert list(twin.functions) == list(api.world.functions)
    assert [row.previous_code for row in functions.history(twin, twin.functions[1])] == [function.code]


def test_a_running_clock_goes_on_from_the_snapshot_or_as_if_it_had_never_stopped() -> None:
    world = World("w", now="2026-01-01T00:00:00Z")
    api = ApiClient(create_app(now="2026-01-01T00:00:00Z"))
    world = api.world
    taken = document(world)
    taken["clock"]["now"] -= 3_600_000  # it was taken an hour ago
    back = snapshot.restore(copy.deepcopy(taken), "w")
    assert not back.clock.frozen
    assert 3_590_000 < world.now() - back.now() < 3_610_000
    resumed = snapshot.restore(taken, "w", resume=True)
    assert abs(resumed.now() - world.now()) < 10_000


def test_rows_that_share_a_table_keep_their_order(api: ApiClient) -> None:
    api.post("/scenarios/1/stop")
    api.post("/scenarios/1/start")
    api.post("/scenarios/1/run", json=_RUN)
    twin = snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "twin")
    assert [entry.id for entry in twin.logs] == [entry.id for entry in api.world.logs]


def test_a_hundred_thousand_records_come_back() -> None:
    api = ApiClient(create_app())
    for number in range(100_000):
        api.world.records.put(
            Record(data_store_id=1, key=f"k{number}", data={"n": number}, size=40, sequence=number)
        )
    twin = snapshot.loads(snapshot.dumps(snapshot.take(api.world)), "twin")
    assert len(twin.records) == len(api.world.records) >= 100_000
    assert twin.records[1, "k99999"].data == {"n": 99_999}


# --- rejections ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corrupt", "reason"),
    [
        (lambda d: d.pop("version"), "its version is None, not 1"),
        (lambda d: d.update(version=2), "its version is 2, not 1"),
        (lambda d: d.update(redacted=True), "its secrets were redacted"),
        (lambda d: d.pop("clock"), "'clock' is missing"),
        (lambda d: d["clock"].update(now="noon"), "'now' is no int but str"),
        (lambda d: d["clock"].update(now=-1), "'clock' is out of range"),
        (lambda d: d["ids"].update(random="AAAA"), "'ids.random' is not a state of a generator"),
        (lambda d: d["ids"].update(names="*"), "'ids.names' is not a state of a generator"),
        (lambda d: d["ids"]["last"].update(scenario="9"), "is no int but str"),
        (lambda d: d["rows"].pop("teams"), "'teams' is missing"),
        (lambda d: d["rows"].update(things=[]), "'rows' has an unknown part 'things'"),
        (lambda d: d["rows"].update(teams={}), "'teams' is not a list"),
        (lambda d: d["rows"]["teams"].append(5), "is no dict but int"),
        (lambda d: d["rows"]["teams"][0].pop("name"), "Team.name is missing"),
        (lambda d: d["rows"]["teams"][0].update(name=5), "Team.name is no str but int"),
        (lambda d: d["rows"]["teams"][0].update(colour="red"), "Team has an unknown field 'colour'"),
        (lambda d: d["rows"]["teams"][0].update(organization_id=99), "refer to the organization_id 99, which does not exist"),
        (lambda d: d["rows"]["teams"].append(d["rows"]["teams"][0]), "two rows of the table 'teams' have the same key"),
        (lambda d: d["rows"].update(teams=[]), "1 is missing"),
        (lambda d: d["rows"].update(tokens=[]), "there is no token, so the world could not be looked up"),
        (lambda d: d["rows"].update(blueprints=[]), "scenario 1 has no blueprint 1"),
        (lambda d: d["rows"]["executions"][0]["steps"][0].update(operation=None), "Execution.steps Step.operation is no int but NoneType"),
        (lambda d: d["rows"]["tokens"][0].update(scopes=[1]), "Token.scopes is no str but int"),
        (lambda d: d.update(rate_windows=[["a", 1]]), "'rate_windows' has not 4 items"),
    ],
)  # fmt: skip
def test_a_malformed_document_is_rejected_with_its_issue(
    api: ApiClient, corrupt: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    corrupted = document(api.world)
    corrupt(corrupted)
    with pytest.raises(InvalidSnapshotError) as rejection:
        snapshot.restore(corrupted, "w")
    assert reason in str(rejection.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"5", b"\xff", b"[" * 2000])
def test_what_is_no_document_is_rejected(data: bytes) -> None:
    with pytest.raises(InvalidSnapshotError):
        snapshot.loads(data, "w")


def test_fields_with_a_default_may_be_missing(api: ApiClient) -> None:
    taken = document(api.world)
    del taken["rows"]["scenarios"][0]["errors_in_a_row"]
    del taken["rows"]["scenarios"][1]["description"]
    scenarios = list(snapshot.restore(taken, "w").scenarios)
    assert (scenarios[0].errors_in_a_row, scenarios[1].description) == (0, "")


def test_a_redacted_document_holds_no_secret(api: ApiClient) -> None:
    made = api.token_with("teams:read")
    hook = api.world.hooks[1]
    api.app.test_client().post(f"/hook/{hook.udid}", json={"sku": "A-1", "quantity": 1})
    text = b"".join(snapshot.iter_dumps(snapshot.redact(snapshot.take(api.world)))).decode()
    for secret in (ADMIN_TOKEN, made, *(hook.udid for hook in api.world.hooks)):
        assert secret not in text
    shown = orjson.loads(text)
    admin = next(row for row in document(api.world)["rows"]["tokens"] if row["token"] == ADMIN_TOKEN)
    assert shown["rows"]["tokens"][0] == {**admin, "token": MASK}
    assert shown["ids"]["random"] is shown["ids"]["names"] is None
    with pytest.raises(InvalidSnapshotError, match="redacted"):
        snapshot.restore(shown, "w")
