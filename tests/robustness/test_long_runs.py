"""Long runs, and runs that wait for the network: other calls of the world are answered, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
import requests

from helpers.api import ApiClient, json_of
from helpers.scenarios import create_live_scenario, http_request_module
from helpers.transports import HeldService
from helpers.waiting import wait_until
from make_emulator import MakeEmulator
from make_emulator.app import create_app, registry_of
from make_emulator.control import snapshots
from make_emulator.engine import budget
from make_emulator.engine.apps import catalog
from make_emulator.engine.apps.context import BundleGroup, ModuleContext, Outcome
from make_emulator.engine.expressions.values import Value
from make_emulator.engine.runtime.interpreter import Interpreter
from make_emulator.registry import WorldNameTakenError, WorldRegistry, WorldSpec
from make_emulator.seeds import SeedError
from make_emulator.world import lock
from make_emulator.world.models import Execution
from make_emulator.world.world import World

#: So many bundles that a run of them lasts longer than any other call.
MANY = 20_000

REPEATER = {
    "id": 1,
    "module": "builtin:BasicRepeater",
    "version": 1,
    "mapper": {"start": "1", "repeats": str(MANY // 2), "step": "1"},
}
COUNTER = {
    "id": 2,
    "module": "util:SetVariable2",
    "version": 1,
    "mapper": {"name": "n", "scope": "roundtrip", "value": "{{1.i}}"},
}
WRITE_RECORD = {
    "id": 3,
    "module": "datastore:AddRecord",
    "version": 1,
    "parameters": {"datastore": 1},
    "mapper": {"key": "written", "overwrite": True, "data": {"sku": "x", "quantity": 1}},
}


@pytest.fixture
def service(api: ApiClient) -> HeldService:
    api.world.transport = service = HeldService()
    return service


def create_scenario(api: ApiClient, *flow: Any, settings: Any = None, scheduling: Any = None) -> int:
    blueprint = {"name": "Long", "flow": flow, "metadata": {"scenario": settings or {}}}
    body = {
        "teamId": 1,
        "blueprint": orjson.dumps(blueprint).decode(),
        "scheduling": orjson.dumps(scheduling or {"type": "on-demand"}).decode(),
    }
    id = int(json_of(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    assert api.post(f"/scenarios/{id}/start").status_code == 200
    return id


@contextmanager
def running(api: ApiClient, id: int) -> Iterator[Future[Any]]:
    """The run of a scenario in a thread of its own."""
    world, client = api.world, ApiClient(api.app)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.post, f"/scenarios/{id}/run", json={"responsive": False})
        wait_until(lambda: world.runs_in_progress or future.done())
        try:
            yield future
        except BaseException:
            # The failed test leaves the run waiting.
            world.interruption.set()
            raise


def runs_of(world: World, id: int) -> list[Execution]:
    return [row for row in world.logs.where(scenario=id) if isinstance(row, Execution)]


# --- long computations ---------------------------------------------------------------------------


def test_calls_are_answered_during_a_long_run(api: ApiClient) -> None:
    id = create_scenario(api, REPEATER, COUNTER)
    with running(api, id) as run:
        assert json_of(api.get("/scenarios/1"))["scenario"]["id"] == 1
        body = {"name": "Meanwhile", "teamId": 1, "maxSizeMB": 1}
        store = json_of(api.post("/data-stores", json=body))["dataStore"]["id"]
        assert not run.done()
        assert runs_of(api.world, id) == []
        assert run.result().status_code == 200
    [execution] = runs_of(api.world, id)
    assert (execution.status, execution.operations) == (1, 1 + MANY // 2)
    assert store in api.world.data_stores


LONG_EXPRESSION = ('{{join(sort(split("' + "ab,cd," * 50 + '"; ",")); "")}}') * 300
FILTER = {"name": "Long", "conditions": [[{"a": LONG_EXPRESSION, "o": "exist"}]]}
SHORT_COUNTER = {**COUNTER, "mapper": {**COUNTER["mapper"], "value": "x"}}  # type: ignore[dict-item]
ONE = {**REPEATER, "mapper": {"start": "1", "repeats": "1", "step": "1"}}


@pytest.mark.parametrize(
    "flow",
    [
        [{**COUNTER, "mapper": {**COUNTER["mapper"], "value": LONG_EXPRESSION}}],  # type: ignore[dict-item]
        [ONE, {**SHORT_COUNTER, "filter": FILTER}],
        [
            ONE,
            {
                "id": 2,
                "module": "util:TextAggregator",
                "version": 1,
                "parameters": {"feeder": 1},
                "flags": {"groupBy": LONG_EXPRESSION},
                "mapper": {"value": "x"},
            },
        ],
    ],
    ids=["mapper", "filter", "group by"],
)
def test_an_expression_that_is_evaluated_for_long_gives_way_too(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, flow: list[Any]
) -> None:
    given: list[int] = []
    monkeypatch.setattr(lock.WorldLock, "is_overdue", True)
    monkeypatch.setattr(lock.WorldLock, "give_way", lambda _: given.append(1))
    monkeypatch.setattr(budget, "CHECK_INTERVAL", 2_000)
    id = create_scenario(api, *flow)
    assert api.post(f"/scenarios/{id}/run", json={"responsive": False}).status_code == 200
    [execution] = runs_of(api.world, id)
    assert execution.error is None
    # Before each frame, of which there are few, and in the middle of the evaluation.
    assert len(given) > 10


def test_the_inference_of_mock_data_gives_way_too(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(lock.WorldLock, "is_overdue", True)
    monkeypatch.setattr(lock.WorldLock, "give_way", lambda _: given.append(1))
    monkeypatch.setattr(budget, "CHECK_INTERVAL", 100)
    simulated = {"id": 1, "module": "acme:GetThing", "version": 1, "mapper": {}}
    value = "{{if(false; 1; 2)}}" + "".join(f"{{{{upper(1.field{number})}}}}" for number in range(300))
    # A filter that no bundle passes: nothing is evaluated but the filter, and all is inferred.
    closed = {"name": "Closed", "conditions": [[{"a": "1", "b": "2", "o": "text:equal"}]]}
    using = {**COUNTER, "filter": closed, "mapper": {**COUNTER["mapper"], "value": value}}  # type: ignore[dict-item]
    id = create_scenario(api, simulated, *({**using, "id": 2 + number} for number in range(20)))
    assert api.post(f"/scenarios/{id}/run", json={"responsive": False}).status_code == 200
    [execution] = runs_of(api.world, id)
    assert (execution.error, execution.operations) == (None, 1)
    assert len(given) > 10


def test_a_run_does_not_give_way_without_need(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(lock, "MAX_HOLD", -1)
    monkeypatch.setattr(lock.WorldLock, "give_way", lambda _: given.append(1))
    id = create_scenario(api, {**REPEATER, "mapper": {"start": "1", "repeats": "50", "step": "1"}}, COUNTER)
    assert api.post(f"/scenarios/{id}/run", json={"responsive": False}).status_code == 200
    assert given == []


LARGE = "x" * 60_000
COMPUTING_MODULES = {
    "json:ParseJSON": {"json": f'{{"a": "{LARGE}"}}'},
    "json:CreateJSON": {"a": LARGE},
    "json:TransformToJSON": {"object": LARGE},
    "csv:ParseCSV": {"csv": LARGE},
    "xml:ParseXML": {"xml": f"<a>{LARGE}</a>"},
    "xml:TransformToXML": {"a": LARGE},
    "regexp:Parser": {"text": LARGE},
    "regexp:AdvancedParser": {"pattern": "x", "text": LARGE},
    "json:JSONtoXML": {"json": f'{{"a": "{LARGE}"}}'},
    "regexp:GetElementsFromText": {"pattern": "y", "text": LARGE},
    "regexp:Replace": {"pattern": "y", "value": "z", "text": LARGE},
    "regexp:HTMLToText": {"html": LARGE, "newline": "lf", "uppercaseHeadings": False},
    "util:Switcher": {"input": LARGE, "casesTable": []},
}


def test_the_modules_that_compute_are_known() -> None:
    declared = {
        definition.name
        for app in catalog.APPS.values()
        for definition in app.modules.values()
        if definition.computes and definition.combine is None
    }
    assert declared == COMPUTING_MODULES.keys()


@pytest.mark.parametrize("name", COMPUTING_MODULES)
def test_calls_are_answered_while_a_module_computes_with_large_data(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    app, _, module_name = name.partition(":")
    entered, gate = threading.Event(), threading.Event()
    definition = catalog.APPS[app].modules[module_name]

    def compute(context: ModuleContext) -> Outcome:
        entered.set()
        assert gate.wait(60)
        return definition.handler(context)

    monkeypatch.setitem(catalog.APPS[app].modules, module_name, replace(definition, handler=compute))
    module = {"id": 1, "module": name, "version": 1, "parameters": {"pattern": "x"}}
    id = create_scenario(api, {**module, "mapper": COMPUTING_MODULES[name]})
    with running(api, id) as run:
        assert entered.wait(60)
        assert api.put("/data-stores/1/data/new", json={"sku": "new", "quantity": 1}).status_code == 200
        assert not run.done()
        gate.set()
        assert run.result().status_code == 200
    [execution] = runs_of(api.world, id)
    assert execution.error is None


def test_calls_are_answered_while_an_aggregator_combines_large_data(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()
    definition = catalog.APPS["util"].modules["TextAggregator"]

    def combine(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
        entered.set()
        assert gate.wait(60)
        assert definition.combine is not None
        return definition.combine(context, group)

    monkeypatch.setitem(catalog.APPS["util"].modules, "TextAggregator", replace(definition, combine=combine))
    aggregator = {"id": 2, "module": "util:TextAggregator", "version": 1, "parameters": {"feeder": 1}}
    repeater = {**REPEATER, "mapper": {"start": "1", "repeats": "2", "step": "1"}}
    id = create_scenario(api, repeater, {**aggregator, "mapper": {"value": LARGE}})
    with running(api, id) as run:
        assert entered.wait(60)
        assert api.get("/scenarios/1").status_code == 200
        gate.set()
        assert run.result().status_code == 200
    [execution] = runs_of(api.world, id)
    assert execution.error is None


def test_an_interrupted_computation_ends_its_run(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = catalog.APPS["json"].modules["ParseJSON"]
    computed: list[str] = []

    def compute(context: ModuleContext) -> Outcome:
        computed.append(context.module.name)
        api.world.interruption.set()
        return definition.handler(context)

    monkeypatch.setitem(catalog.APPS["json"].modules, "ParseJSON", replace(definition, handler=compute))
    module = {"id": 1, "module": "json:ParseJSON", "version": 1}
    id = create_scenario(api, {**module, "mapper": COMPUTING_MODULES["json:ParseJSON"]}, COUNTER)
    assert api.post(f"/scenarios/{id}/run", json={"responsive": False}).status_code == 200
    [execution] = runs_of(api.world, id)
    assert (execution.status, execution.operations, computed) == (2, 1, ["ParseJSON"])


# --- waits for the network -----------------------------------------------------------------------

CALL = http_request_module("https://slow.example/")


def test_calls_are_answered_while_a_run_waits_for_the_network(api: ApiClient, service: HeldService) -> None:
    id = create_scenario(api, CALL)
    with running(api, id) as run:
        assert service.called.wait(60)
        assert api.get("/scenarios/1").status_code == 200
        assert api.put("/data-stores/1/data/new", json={"sku": "new", "quantity": 1}).status_code == 200
        assert not run.done()
        service.gate.set()
        assert run.result().status_code == 200
    [execution] = runs_of(api.world, id)
    assert (execution.status, execution.error) == (1, None)
    assert (1, "new") in api.world.records


def test_a_scenario_may_call_its_own_world() -> None:
    with MakeEmulator(allow_network=True, allow_private_network=True) as make:
        world = make.create_world()
        headers = [{"name": name, "value": value} for name, value in world.headers.items()]
        url = f"{world.base_url}/users/me"
        id = create_live_scenario(world, http_request_module(url, method="get", headers=headers, timeout=60))
        [step] = world.steps(world.run(id)["executionId"])
        assert step.get("error") is None
        assert step["output"][0]["statusCode"] == 200
        assert step["output"][0]["data"]["authUser"]["id"] == world.user_id


def test_what_another_call_changed_meanwhile_is_not_rolled_back(api: ApiClient, service: HeldService) -> None:
    broken = {"id": 4, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{"}}
    id = create_scenario(api, WRITE_RECORD, {**CALL, "id": 2}, broken, settings={"autoCommit": False})
    with running(api, id) as run:
        assert service.called.wait(60)
        assert (
            api.put("/data-stores/1/data/written", json={"sku": "theirs", "quantity": 1}).status_code == 200
        )
        service.gate.set()
        assert run.result().status_code == 200
    [execution] = runs_of(api.world, id)
    assert execution.error is not None
    assert execution.error.name == "InconsistencyError"
    assert api.world.records[1, "written"].data["sku"] == "theirs"


def test_a_scenario_can_be_deleted_while_it_runs(api: ApiClient, service: HeldService) -> None:
    id = create_scenario(api, CALL, {**COUNTER, "mapper": {**COUNTER["mapper"], "value": "x"}})  # type: ignore[dict-item]
    with running(api, id) as run:
        assert service.called.wait(60)
        assert api.delete(f"/scenarios/{id}").status_code == 200
        service.gate.set()
        assert run.result().status_code == 200
    assert id not in api.world.scenarios
    assert runs_of(api.world, id) == []
    assert api.get("/scenarios/1").status_code == 200


def test_a_world_can_be_reset_while_a_scenario_of_it_waits(api: ApiClient, service: HeldService) -> None:
    id, before = create_scenario(api, CALL), api.world
    with running(api, id) as run:
        assert service.called.wait(60)
        assert api.control("POST", "/worlds/default/reset").status_code == 200
        assert run.result().status_code == 200
    assert api.world is not before
    assert id not in api.world.scenarios
    assert not api.world.interruption.is_set()
    assert api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).status_code == 200


def test_a_snapshot_does_not_hold_half_a_run(
    api: ApiClient, service: HeldService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "RUN_TIMEOUT", 0)
    id = create_scenario(api, WRITE_RECORD, {**CALL, "id": 2})
    with running(api, id) as run:
        assert service.called.wait(60)
        response = api.control("GET", "/worlds/default/snapshot")
        assert (response.status_code, json_of(response)["code"]) == (503, "SC503")
        assert json_of(response)["detail"].startswith("A scenario is running")
        service.gate.set()
        run.result()
    assert api.control("GET", "/worlds/default/snapshot").status_code == 200


def test_a_scheduled_run_that_waits_is_not_computed_twice(api: ApiClient, service: HeldService) -> None:
    id = create_scenario(api, CALL, scheduling={"type": "indefinitely", "interval": 900})
    api.world.clock.advance(seconds=900)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ApiClient(api.app).get, "/scenarios/1")
        assert service.called.wait(60)
        service.called.clear()
        assert api.get("/scenarios/1").status_code == 200
        assert not service.called.is_set()
        service.gate.set()
        assert first.result().status_code == 200
    assert len(runs_of(api.world, id)) in (1, 2)
    started = [run.started for run in runs_of(api.world, id)]
    assert len(set(started)) == len(started)


# --- interruptions -------------------------------------------------------------------------------


def test_a_stop_interrupts_a_run_that_waits_and_one_that_computes(
    api: ApiClient, service: HeldService, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_of(api.app)
    waiting, computing = create_scenario(api, CALL), create_scenario(api, REPEATER, COUNTER)
    with running(api, waiting) as run:
        assert service.called.wait(60)
        registry.interrupt_runs()
        assert run.result().status_code == 200
    registry.resume_runs()
    frames, whole = [0], Interpreter._enter_module

    def count(self: Interpreter, entry: Any) -> None:
        frames[0] += 1
        if frames[0] == 100:
            registry.interrupt_runs()
        whole(self, entry)

    monkeypatch.setattr(Interpreter, "_enter_module", count)
    assert api.post(f"/scenarios/{computing}/run", json={"responsive": False}).status_code == 200
    [one], [other] = runs_of(api.world, waiting), runs_of(api.world, computing)
    assert (one.status, other.status) == (2, 2)
    assert 100 <= other.operations < MANY // 2
    registry.resume_runs()
    assert api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).status_code == 200


def test_a_server_that_stops_interrupts_a_run() -> None:
    with MakeEmulator() as make:
        id = create_live_scenario(make.world, REPEATER, COUNTER)
        world = make.app.extensions["make-emulator"].get("default").world

        def run() -> None:
            with suppress(requests.ConnectionError):
                requests.post(
                    f"{make.world.base_url}/scenarios/{id}/run",
                    json={},
                    headers=make.world.headers,
                    timeout=60,
                )

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: world.runs_in_progress)
    with world.lock:
        assert world.wait_for_runs(60)
    thread.join()
    [execution] = runs_of(world, id)
    assert (execution.status, execution.error) == (2, None)
    assert execution.operations < 1 + MANY // 2


# --- seeds ---------------------------------------------------------------------------------------


def test_other_worlds_are_created_while_a_seed_runs_long(api: ApiClient) -> None:
    started, gate = threading.Event(), threading.Event()

    def build(world: World, spec: WorldSpec) -> None:
        if spec.name == "long":
            started.set()
            assert gate.wait(60)

    registry = WorldRegistry(build)
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(registry.create, WorldSpec(name="long"))
        assert started.wait(60)
        assert registry.create(WorldSpec(name="short")).name == "short"
        assert registry.get("long") is None
        with pytest.raises(WorldNameTakenError):
            registry.create(WorldSpec(name="long"))
        gate.set()
        assert long.result() is registry.get("long")


def test_a_name_is_free_again_if_its_seed_failed() -> None:
    def build(world: World, spec: WorldSpec) -> None:
        if spec.seed == "broken":
            raise ValueError("broken")

    registry = WorldRegistry(build)
    with pytest.raises(ValueError, match="broken"):
        registry.create(WorldSpec(name="mine", seed="broken"))
    assert registry.create(WorldSpec(name="mine")).name == "mine"


def test_the_runs_of_a_seed_share_one_limit() -> None:
    with pytest.raises(SeedError, match="the runs of the seed take too long together"):
        create_app(run_time_limit=1e-9)
