"""Workers that end, are restarted or cannot start, and the end of a fleet."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.fleet import FleetClient, is_running, name_at, run_fleet
from helpers.server import run_server
from helpers.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads processes from /proc")


def _kill(fleet: FleetClient, worker: int) -> None:
    """Kill a worker, and wait until another has taken its place."""
    pids = fleet.worker_pids()
    os.kill(pids[worker], signal.SIGKILL)
    wait_until(lambda: len(fleet.worker_pids()) == 2 and fleet.worker_pids() != pids)


def _restart(fleet: FleetClient) -> None:
    """Restart the workers one after another, and wait until all are others."""
    pids = fleet.worker_pids()
    fleet.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: len(fleet.worker_pids()) == 2 and not set(fleet.worker_pids()) & set(pids))


def test_a_worker_that_dies_loses_only_its_own_worlds_and_is_replaced() -> None:
    with run_fleet() as fleet:
        kept, lost = (fleet.create_world(name_at(index)) for index in range(2))
        with fleet.session() as session:
            headers = {"Authorization": f"Token {kept['token']}"}
            assert session.get(f"{fleet.base_url}/users/me", headers=headers, timeout=60).ok
            _kill(fleet, 1)
            # The connection of the client of another world is still there.
            assert session.get(f"{fleet.base_url}/users/me", headers=headers, timeout=60).ok
        assert fleet.get("/users/me", lost["token"]).status_code == 401
        assert fleet.worlds() == ["default", kept["name"]]
        again = fleet.create_world(lost["name"])
        assert fleet.get("/users/me", again["token"]).ok
        assert fleet.get("/users/me", ADMIN_TOKEN).ok


def test_a_call_to_a_worker_that_died_waits_for_its_replacement() -> None:
    with run_fleet() as fleet:
        world = fleet.create_world(name_at(1))
        pids = fleet.worker_pids()
        # Stopped, so that the other one accepts the connection.
        os.kill(pids[1], signal.SIGSTOP)
        wait_until(lambda: "\nState:\tT" in Path(f"/proc/{pids[1]}/status").read_text())
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: statuses.append(fleet.get("/users/me", world["token"]).status_code)
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        os.kill(pids[1], signal.SIGKILL)
        for thread in threads:
            thread.join(60)
        assert statuses == [401] * 4


def test_the_state_of_all_workers_is_kept_when_one_is_killed_and_when_all_are_restarted(
    tmp_path: Path,
) -> None:
    state = ("--state", str(tmp_path / "state.json"), "--state-worlds", "all")
    with run_fleet(*state) as fleet:
        # The names of the files of long names are cut.
        names = [name_at(index, prefix) for index in range(2) for prefix in ("w", "x" * 100)]
        worlds = [fleet.create_world(name) for name in names]
        _kill(fleet, 0)
        _kill(fleet, 1)
        assert set(fleet.worlds()) == {"default", *names}
        statuses: list[int] = []
        is_done = threading.Event()

        def call() -> None:
            while not is_done.is_set():
                statuses.extend(fleet.get("/users/me", world["token"]).status_code for world in worlds)

        thread = threading.Thread(target=call)
        thread.start()
        _restart(fleet)
        is_done.set()
        thread.join(60)
        assert set(statuses) == {200}
        assert set(fleet.worlds()) == {"default", *names}
    # The slots do not depend on the number of workers.
    with run_fleet(*state, workers=3) as fleet:
        assert set(fleet.worlds()) == {"default", *names}
        for world in worlds:
            assert fleet.get("/users/me", world["token"]).ok
    with run_server(*state) as (_, url):
        for world in worlds:
            headers = {"Authorization": f"Token {world['token']}"}
            assert requests.get(f"{url}/users/me", headers=headers, timeout=60).ok


def test_connections_that_wait_outlive_the_restart_of_their_worker(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.json"), "--state-worlds", "all")
    with run_fleet(*state) as fleet, ExitStack() as stack:
        calls = []
        for index in range(2):
            token = fleet.create_world(name_at(index))["token"]
            connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=60)
            stack.callback(connection.close)
            calls.append((connection, {"Authorization": f"Token {token}"}))
        fresh = stack.enter_context(fleet.connect())
        for _ in range(2):
            sockets = []
            for connection, headers in calls:
                connection.request("GET", "/api/v2/users/me", headers=headers)
                response = connection.getresponse()
                assert response.status == 200
                response.read()
                sockets.append(connection.sock)
            _restart(fleet)
            assert sockets == [connection.sock for connection, _ in calls]
        fresh.sendall(b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert fresh.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_signal_ends_all_workers_in_two_seconds_whatever_they_do() -> None:
    with run_fleet() as fleet, ExitStack() as stack:
        for index in range(2):
            world = fleet.create_world(name_at(index))
            body = {"path": "/users/me", "action": "timeout"}
            assert fleet.control("POST", f"/worlds/{world['name']}/faults", json=body).ok
            for _ in range(5):
                peer = stack.enter_context(fleet.connect())
                head = f"GET /api/v2/users/me HTTP/1.1\r\nHost: a\r\nAuthorization: Token {world['token']}\r\n\r\n"
                peer.sendall(head.encode())
        pids = fleet.worker_pids()
        os.kill(pids[1], signal.SIGSTOP)
        fleet.process.send_signal(signal.SIGINT)
        # Machines differ in speed; the time-out of the supervisor is its own.
        assert fleet.process.wait(timeout=60) == 0
        assert not any(map(is_running, pids))


def test_workers_end_with_a_supervisor_that_is_killed() -> None:
    with run_fleet() as fleet:
        pids = fleet.worker_pids()
        fleet.process.kill()
        wait_until(lambda: not any(map(is_running, pids)))


def _fail(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "make_emulator", "serve", "--workers", "2", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_what_stops_a_worker_from_starting_is_one_error_of_the_command(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("teams: 1\n")
    code, text = _fail("--port", "0", "--seed", str(seed))
    assert code == 1
    assert text.count(str(seed)) == len(text.splitlines()) > 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, text = _fail("--port", str(taken.getsockname()[1]))
    assert code == 1
    assert text.startswith("make-emulator: port ")
    state = tmp_path / "state.json"
    state.write_text("{}")
    code, text = _fail("--port", "0", "--state", str(state))
    assert code == 1
    assert len(text.splitlines()) == 1
    assert _fail("--workers", "0")[0] == 2
