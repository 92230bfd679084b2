"""Many threads in one world: no call fails, no update is lost, and at the end the books balance."""

from __future__ import annotations

import http.client
import io
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import cycle, islice
from threading import Barrier
from typing import Any

import orjson
import pytest

from helpers.api import ADMIN_TOKEN
from helpers.populated_app import PopulatedApp, tables_of
from helpers.valid_requests import BLUEPRINT, ON_DEMAND
from make_emulator.app import API_PREFIX
from make_emulator.server.wsgi import Server
from make_emulator.world.data_stores import RECORD_OVERHEAD, bson_size
from make_emulator.world.models import Execution, ScenarioEvent
from make_emulator.world.world import World

THREADS = 32
CALLS = 20_000
CALLS_OVER_SOCKETS = 1_920

#: The scenario that all threads start and stop; it is not live at first.
CONTESTED = 4

#: The teams of the two private spaces.
PRIVATE_SPACES = (901, 902)

#: Method, path below /api/v2, body -> status and answer.
Send = Callable[[str, str, Any], tuple[int, Any]]


@pytest.fixture(autouse=True)
def _eager_switching() -> Iterator[None]:
    """Let the interpreter change threads a hundred times as often as it would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def target() -> PopulatedApp:
    target = PopulatedApp()
    target.world.clock.unfreeze()
    return target


@pytest.fixture
def store(target: PopulatedApp) -> int:
    """A data store for all threads, whose data structure has no fields: it keeps whatever it is sent."""
    body = {"name": "Busy", "teamId": 1, "datastructureId": 3, "maxSizeMB": 100}
    response = target.call("POST", "/data-stores", json=body)
    assert response.json is not None
    id: int = response.json["dataStore"]["id"]
    assert target.call("PUT", f"/data-stores/{id}/data/shared", json={}).status_code == 200
    return id


class Worker:
    """One thread's client: does one call after the other, and remembers what must have become of them."""

    def __init__(self, number: int, send: Send, store: int) -> None:
        self.number = number
        self.send = send
        self.store = store
        self.keys: set[str] = set()
        self.made_up: list[str] = []
        self.last = 0
        self.runs: list[str] = []
        self.teams: list[int] = []
        self.scenarios: list[int] = []
        self.deleted: list[int] = []
        self.starts = 0
        self.stops = 0
        self.calls = 0

    def work(self, calls: int) -> None:
        steps = cycle(
            [
                self.add_record,
                self.patch_the_shared_record,
                self.add_record_without_key,
                self.contend,
                self.replace_record,
                self.run_the_common_scenario,
                self.read,
                self.delete_record,
                *[self.create_team, self.create_scenario, self.start_own, self.run_own],
                self.patch_the_shared_record,
                *[self.stop_own, self.rename_own, self.create_scenario, self.delete_own],
                *[self.read, self.contend, self.add_record, self.patch_the_shared_record],
            ]
        )
        for step in islice(steps, calls):
            step()

    def call(self, method: str, path: str, body: Any = None, *, or_422: bool = False) -> Any:
        self.calls += 1
        status, response = self.send(method, path, body)
        assert status == 200 or (or_422 and status == 422), (method, path, status, response)
        return response if status == 200 else None

    @property
    def records(self) -> str:
        return f"/data-stores/{self.store}/data"

    def add_record(self) -> None:
        key = f"{self.number}-{self.calls}"
        self.call("POST", self.records, {"key": key, "data": {"n": self.number}})
        self.keys.add(key)

    def add_record_without_key(self) -> None:
        key = self.call("POST", self.records, {"data": {"text": "x" * (self.calls % 50)}})["key"]
        assert key not in self.keys
        self.keys.add(key)
        self.made_up.append(key)

    def replace_record(self) -> None:
        key = self.made_up[-1]
        data = {"list": list(range(self.calls % 9)), "n": self.calls}
        assert self.call("PUT", f"{self.records}/{key}", data) == {"key": key, "data": data}

    def delete_record(self) -> None:
        key = self.made_up[-1]
        path = f"{self.records}?confirmed=true"
        assert self.call("DELETE", path, {"keys": [key, "unknown"]}) == {"keys": [key]}
        self.keys.remove(key)

    def patch_the_shared_record(self) -> None:
        self.last = self.calls + 1
        response = self.call("PATCH", f"{self.records}/shared", {f"field {self.number}": self.last})
        assert response["data"][f"field {self.number}"] == self.last

    def read(self) -> None:
        response = self.call("GET", f"{self.records}?pg%5Blimit%5D=3")
        assert response["count"] >= len(response["records"]) > 0

    def contend(self) -> None:
        """All threads start and stop one scenario; the second call of a kind is rejected."""
        if self.calls % 2:
            self.starts += self.call("POST", f"/scenarios/{CONTESTED}/start", or_422=True) is not None
        else:
            self.stops += self.call("POST", f"/scenarios/{CONTESTED}/stop", or_422=True) is not None

    def run_the_common_scenario(self) -> None:
        response = self.call("POST", "/scenarios/1/run", {"data": {"name": str(self.number)}})
        self.runs.append(response["executionId"])

    def create_team(self) -> None:
        response = self.call("POST", "/teams", {"name": f"Team {self.number}", "organizationId": 1})
        self.teams.append(response["team"]["id"])

    def create_scenario(self) -> None:
        body = {"teamId": 1, "blueprint": BLUEPRINT, "scheduling": ON_DEMAND}
        self.scenarios.append(self.call("POST", "/scenarios", body)["scenario"]["id"])

    def start_own(self) -> None:
        assert self.call("POST", f"/scenarios/{self.scenarios[-1]}/start")["scenario"]["isActive"] is True

    def run_own(self) -> None:
        """A run that is waited for: it moves the world's clock to its end."""
        response = self.call("POST", f"/scenarios/{self.scenarios[-1]}/run", {"responsive": True})
        self.runs.append(response["executionId"])

    def stop_own(self) -> None:
        assert self.call("POST", f"/scenarios/{self.scenarios[-1]}/stop")["scenario"]["isActive"] is False

    def rename_own(self) -> None:
        name = f"Renamed {self.number}-{self.calls}"
        response = self.call("PATCH", f"/scenarios/{self.scenarios[-1]}", {"name": name})
        assert response["scenario"]["name"] == name

    def delete_own(self) -> None:
        id = self.scenarios.pop()
        assert self.call("DELETE", f"/scenarios/{id}") == {"scenario": id}
        self.deleted.append(id)


def work_together(sends: list[Send], store: int, calls: int) -> list[Worker]:
    """Let one worker a thread make its share of the calls, all at the same time."""
    workers = [Worker(number, send, store) for number, send in enumerate(sends)]
    gate = Barrier(len(workers))

    def start(worker: Worker) -> None:
        gate.wait()
        worker.work(calls // len(workers))

    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(start, worker) for worker in workers]:
            done.result()
    assert sum(worker.calls for worker in workers) == calls
    return workers


def without_a_socket(target: PopulatedApp) -> Send:
    """Calls the application as a WSGI server does, without the cost of a test client."""
    app = target.app.wsgi_app

    def send(method: str, path: str, body: Any) -> tuple[int, Any]:
        data = b"" if body is None else orjson.dumps(body)
        path, _, query = path.partition("?")
        statuses: list[str] = []
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": API_PREFIX + path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"Token {ADMIN_TOKEN}",
            "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": "application/json",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

        def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda data: None

        response = b"".join(app(environ, start_response))
        return int(statuses[0][:3]), orjson.loads(response)

    return send


def over(connection: http.client.HTTPConnection) -> Send:
    """Calls a server over one connection that stays open."""
    headers = {"Authorization": f"Token {ADMIN_TOKEN}", "Content-Type": "application/json"}

    def send(method: str, path: str, body: Any) -> tuple[int, Any]:
        connection.request(method, API_PREFIX + path, None if body is None else orjson.dumps(body), headers)
        response = connection.getresponse()
        return response.status, orjson.loads(response.read())

    return send


def assert_balanced(world: World, store_id: int, workers: list[Worker]) -> None:
    """Compare the world with what the workers remember, and with itself."""
    store = world.data_stores[store_id]
    records = {record.key: record for record in world.records.where(store=store_id)}
    assert set(records) == {"shared"}.union(*(worker.keys for worker in workers))
    assert store.records == len(records)
    assert store.size == sum(record.size for record in records.values())
    for record in records.values():
        assert record.size == RECORD_OVERHEAD + len(record.key) + bson_size(record.data)
    assert records["shared"].data == {f"field {worker.number}": worker.last for worker in workers}
    sequences = [record.sequence for record in world.records.all()]
    assert len(sequences) == len(set(sequences))

    scenarios = [id for worker in workers for id in worker.scenarios]
    deleted = [id for worker in workers for id in worker.deleted]
    teams = [id for worker in workers for id in worker.teams]
    for ids in (scenarios + deleted, teams):
        assert len(ids) == len(set(ids))
    assert {row.id for row in world.scenarios.all()} == {1, 2, 3, 4, 5, *scenarios}
    assert {row.id for row in world.teams.all()} == {1, 2, *PRIVATE_SPACES, *teams}
    # Of the first team, of a private space, and of those that were made.
    assert len(world.team_members.where(user=1)) == 2 + len(teams)

    starts, stops = sum(worker.starts for worker in workers), sum(worker.stops for worker in workers)
    events = [row.type for row in world.logs.where(scenario=CONTESTED) if isinstance(row, ScenarioEvent)]
    assert (events.count("start"), events.count("stop")) == (starts, stops)
    assert starts - stops == world.scenarios[CONTESTED].is_active

    runs = [id for worker in workers for id in worker.runs]
    executions = [row for row in world.logs.all() if isinstance(row, Execution)]
    assert len(runs) == len(set(runs))
    assert set(runs) <= {row.id for row in executions}
    for kind, owner in (
        ("organization", "organization_id"),
        ("team", "team_id"),
        ("scenario", "scenario_id"),
    ):
        for id in {getattr(row, owner) for row in executions}:
            mine = [row for row in executions if getattr(row, owner) == id]
            tally = world.tallies[kind, id]
            assert tally.operations == sum(row.operations for row in mine)
            assert tally.centicredits == sum(row.centicredits for row in mine)
            assert tally.transfer == sum(row.transfer for row in mine)


def assert_indexes_hold(world: World) -> None:
    """Every index holds exactly the rows that it should, in every requested order."""
    for table in tables_of(world).values():
        rows = list(table.all())
        for index, value_of in table._indexes.items():
            expected: dict[Any, list[Any]] = {}
            for row in rows:
                if (value := value_of(row)) is not None:
                    expected.setdefault(value, []).append(row)
            assert table._lookups[index].keys() == expected.keys()
            for value, members in expected.items():
                bucket = table._lookups[index][value]
                assert {id(row) for row in bucket} == {id(row) for row in members}
                for sort_key, order in bucket._orders.items():
                    assert list(order) == sorted(members, key=sort_key)


def test_twenty_thousand_calls_of_32_threads_lose_nothing(target: PopulatedApp, store: int) -> None:
    workers = work_together([without_a_socket(target)] * THREADS, store, CALLS)
    assert_balanced(target.world, store, workers)
    assert_indexes_hold(target.world)
    entries = list(target.handle.request_log)
    assert len({entry.id for entry in entries}) == len(entries)
    assert all(entry.status in (200, 422) for entry in entries)


def test_32_connections_that_stay_open_lose_nothing(target: PopulatedApp, store: int) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(target.app))
        connections = [
            stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)))
            for _ in range(THREADS)
        ]
        workers = work_together([over(connection) for connection in connections], store, CALLS_OVER_SOCKETS)
    assert_balanced(target.world, store, workers)
    assert_indexes_hold(target.world)


def test_worlds_come_and_go_while_others_are_called(target: PopulatedApp) -> None:
    def come_and_go(number: int) -> None:
        for turn in range(5):
            name = f"world {number}-{turn}"
            response = target.control("POST", "/worlds", json={"name": name, "rateLimit": False})
            assert response.json is not None
            token = response.json["world"]["token"]
            assert target.call("GET", "/scenarios?teamId=1", token=token).status_code == 200
            made = target.control("POST", f"/worlds/{name}/tokens", json={"scopes": ["teams:read"]})
            assert made.json is not None
            assert target.call("GET", "/teams/1", token=made.json["token"]).status_code == 200
            assert target.control("GET", "/worlds").status_code == 200
            assert target.control("POST", f"/worlds/{name}/reset").status_code == 200
            assert target.call("GET", "/teams/1", token=made.json["token"]).status_code == 401
            assert target.control("DELETE", f"/worlds/{name}").status_code == 204
            assert target.call("GET", "/scenarios?teamId=1", token=token).status_code == 401

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    assert [handle.name for handle in target.registry] == ["default"]
