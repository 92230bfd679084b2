"""Runs that lend the lock of their world: what they change is stored as a whole when they end, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from helpers.api import ADMIN_TOKEN, ApiClient, assert_ok
from helpers.scenarios import http_request_module
from helpers.server import run_server
from helpers.transports import HeldService
from helpers.webhooks import WebhookHarness
from make_emulator.app import registry_of
from make_emulator.server import world_store
from make_emulator.server.persistence import StateFiles
from make_emulator.server.recovery import read_state
from make_emulator.world import snapshot
from make_emulator.world.hook_queues import oldest_first
from make_emulator.world.models import Execution
from make_emulator.world.world import World

AUTHORIZATION = {"Authorization": f"Token {ADMIN_TOKEN}"}

WRITE_RECORD = {
    "id": 2,
    "module": "datastore:AddRecord",
    "version": 1,
    "parameters": {"datastore": 1},
    "mapper": {"key": "{{1.n}}", "overwrite": True, "data": {"sku": "run", "quantity": 1}},
}
CALL = {**http_request_module("https://slow.example/"), "id": 3}
SCHEDULE = {"type": "indefinitely", "interval": 900}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def files(api: ApiClient, path: Path) -> Iterator[StateFiles]:
    files = StateFiles(path, registry_of(api.app), "default")
    files.start()
    yield files
    files.stop()


@pytest.fixture
def service(api: ApiClient) -> HeldService:
    api.world.transport = service = HeldService()
    return service


@pytest.fixture
def harness(api: ApiClient) -> WebhookHarness:
    """A scenario that takes two of three bundles off a queue, writes them, and waits for a service."""
    harness = WebhookHarness(api)
    harness.listen(WRITE_RECORD, CALL, scheduling=SCHEDULE)
    for number in range(3):
        harness.send(json={"n": f"run-{number}"})
    return harness


def stored(path: Path) -> World:
    """The state that the next server would load after a kill."""
    state = read_state(path, "default")
    assert state is not None
    return state.world


def rows(world: World) -> Any:
    """The rows of a world, in any order."""
    return {
        section: sorted(values, key=orjson.dumps)
        for section, values in orjson.loads(snapshot.dumps(snapshot.take(world)))["rows"].items()
    }


def keys(world: World) -> set[str]:
    return {record.key for record in world.records.where(store=1)}


def runs_of(world: World, id: int) -> list[str]:
    return [row.id for row in world.logs.where(scenario=id) if isinstance(row, Execution)]


def assert_counted(world: World) -> None:
    store, records = world.data_stores[1], list(world.records.where(store=1))
    assert (store.records, store.size) == (len(records), sum(record.size for record in records))


@contextmanager
def held_run(harness: WebhookHarness, service: HeldService) -> Iterator[Future[Any]]:
    """The run of the scenario in a thread of its own, waiting for its service."""
    client = ApiClient(harness.api.app)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.post, f"/scenarios/{harness.scenario}/run", json={"responsive": False})
        assert service.called.wait(60)
        try:
            yield future
        finally:
            service.gate.set()


def write_meanwhile(api: ApiClient) -> None:
    assert_ok(api.put("/data-stores/1/data/meanwhile", json={"sku": "theirs", "quantity": 1}))
    assert_ok(api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": False}))


def compact_meanwhile(api: ApiClient) -> None:
    write_meanwhile(api)
    store = api.handle.store
    assert isinstance(store, world_store.WorldStore)
    store.compact(api.handle)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("change", [write_meanwhile, compact_meanwhile])
def test_a_run_is_stored_as_a_whole_beside_the_calls_that_it_lets_through(
    api: ApiClient,
    path: Path,
    harness: WebhookHarness,
    service: HeldService,
    change: Callable[[ApiClient], None],
) -> None:
    before, known = api.world.tallies["organization", 1], set(runs_of(api.world, 1))
    with held_run(harness, service) as run:
        change(api)
        assert not run.done()
        assert {"run-0", "meanwhile"} <= keys(api.world)
        state = stored(path)
        assert keys(state) & {"run-0", "run-1", "meanwhile"} == {"meanwhile"}
        assert_counted(state)
        queue = sorted(state.incomings.where(hook=harness.hook), key=oldest_first)
        assert [row.data for row in queue] == [{"n": f"run-{number}"} for number in range(3)]
        assert runs_of(state, harness.scenario) == []
        [other] = set(runs_of(state, 1)) - known
        run_meanwhile = state.logs[1, other]
        assert isinstance(run_meanwhile, Execution)
        operations = before.operations + run_meanwhile.operations
        assert state.tallies["organization", 1].operations == operations
        service.gate.set()
        assert run.result().status_code == 200
    state = stored(path)
    assert rows(state) == rows(api.world)
    assert state.tallies == api.world.tallies
    assert {"run-0", "run-1", "meanwhile"} <= keys(state)
    assert len(state.incomings.where(hook=harness.hook)) == 1
    assert [row.status for row in state.logs.where(scenario=harness.scenario) if type(row) is Execution] == [
        1
    ]


def test_a_server_that_stops_leaves_no_half_run(
    api: ApiClient,
    path: Path,
    harness: WebhookHarness,
    service: HeldService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world_store, "_RUN_TIMEOUT", 0)
    files = StateFiles(path, registry_of(api.app), "default")
    files.start()
    with held_run(harness, service):
        write_meanwhile(api)
        files.stop()
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        state = stored(path)
        assert keys(state) & {"run-0", "run-1", "meanwhile"} == {"meanwhile"}
        assert_counted(state)
        assert len(state.incomings.where(hook=harness.hook)) == 3


def test_a_server_that_is_killed_during_a_run_loses_the_run_and_nothing_else(path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as outside,
        run_server("--state", str(path), "--allow-network", "--allow-private-network") as (process, url),
    ):
        outside.settimeout(60)

        def post(path: str, body: Any) -> Any:
            response = requests.post(f"{url}{path}", json=body, headers=AUTHORIZATION, timeout=60)
            assert response.status_code == 200, response.text
            return response.json()

        call = {**http_request_module(f"http://127.0.0.1:{outside.getsockname()[1]}/"), "id": 3}
        write = {**WRITE_RECORD, "mapper": {**WRITE_RECORD["mapper"], "key": "run"}}  # type: ignore[dict-item]
        scenario = {
            "teamId": 1,
            "blueprint": orjson.dumps({"name": "Long", "flow": [write, call], "metadata": {}}).decode(),
            "scheduling": '{"type": "on-demand"}',
        }
        id = post("/scenarios?confirmed=true", scenario)["scenario"]["id"]
        post(f"/scenarios/{id}/start", {})

        def run() -> None:
            with pytest.raises(requests.ConnectionError):
                post(f"/scenarios/{id}/run", {"responsive": False})

        thread = threading.Thread(target=run)
        thread.start()
        waiting, _ = outside.accept()
        with waiting:
            for number in range(20):
                post("/data-stores/1/data", {"key": f"k{number}", "data": {"sku": "X", "quantity": 1}})
            process.kill()
            thread.join()
    state = stored(path)
    assert {f"k{number}" for number in range(20)} <= keys(state)
    assert "run" not in keys(state)
    assert_counted(state)
    assert runs_of(state, id) == []
    with run_server("--state", str(path)) as (_, url):
        found = requests.get(f"{url}/data-stores/1", headers=AUTHORIZATION, timeout=60).json()["dataStore"]
        assert found["records"] == str(state.data_stores[1].records)


def test_a_long_computation_is_stored_as_a_whole(
    api: ApiClient, path: Path, files: StateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that lends the lock many times, with a call each time."""
    repeater = {
        "id": 1,
        "module": "builtin:BasicRepeater",
        "version": 1,
        "mapper": {"start": "1", "repeats": "200", "step": "1"},
    }
    write = {**WRITE_RECORD, "mapper": {**WRITE_RECORD["mapper"], "key": "run-{{1.i}}"}}  # type: ignore[dict-item]
    scenario = {
        "teamId": 1,
        "blueprint": orjson.dumps({"name": "Long", "flow": [repeater, write], "metadata": {}}).decode(),
        "scheduling": '{"type": "on-demand"}',
    }
    id = assert_ok(api.post("/scenarios?confirmed=true", json=scenario))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{id}/start"))
    world, client = api.world, ApiClient(api.app)
    acknowledged: set[str] = set()

    def give_way(_lock: Any) -> None:
        with world.lock.lent():
            key = f"k{len(acknowledged)}"
            assert_ok(client.put(f"/data-stores/1/data/{key}", json={"sku": "theirs", "quantity": 1}))
            acknowledged.add(key)
            state = stored(path)
            assert acknowledged <= keys(state)
            assert not any(key.startswith("run-") for key in keys(state))
            assert_counted(state)

    monkeypatch.setattr(type(world.lock), "give_way", give_way)
    monkeypatch.setattr(type(world.lock), "is_overdue", property(lambda _: len(acknowledged) < 20))
    assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": False}))
    monkeypatch.undo()
    assert len(acknowledged) == 20
    state = stored(path)
    assert acknowledged | {f"run-{number}" for number in range(1, 201)} <= keys(state)
    assert rows(state) == rows(world)
