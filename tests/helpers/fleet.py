"""Several workers behind one address, as processes of the command ``serve --workers``."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from helpers.api import ADMIN_TOKEN
from helpers.server import run_server
from helpers.waiting import wait_until
from make_emulator.world.slots import slot_of_name


@dataclass(frozen=True)
class FleetClient:
    """Client of a fleet."""

    process: subprocess.Popen[str]
    base_url: str
    count: int
    verify: str | None = None

    @property
    def root(self) -> str:
        return self.base_url.removesuffix("/api/v2")

    @property
    def port(self) -> int:
        return int(self.root.rpartition(":")[2])

    def session(self) -> requests.Session:
        session = requests.Session()
        session.verify = self.verify or True
        # A CA file of the environment would take its place.
        session.trust_env = False
        return session

    def control(self, method: str, path: str, **options: Any) -> requests.Response:
        """A call of the control API, on a connection of its own."""
        with self.session() as session:
            return session.request(method, f"{self.root}/_emulator{path}", timeout=60, **options)

    def get(self, path: str, token: str = ADMIN_TOKEN, **options: Any) -> requests.Response:
        """A call of the API, on a connection of its own."""
        headers = {"Authorization": f"Token {token}"}
        with self.session() as session:
            return session.get(f"{self.base_url}{path}", headers=headers, timeout=60, **options)

    def create_world(self, name: str | None = None, **body: Any) -> dict[str, Any]:
        response = self.control("POST", "/worlds", json=body if name is None else {"name": name, **body})
        assert response.status_code == 201, response.text
        world: dict[str, Any] = response.json()["world"]
        return world

    def worlds(self) -> list[str]:
        """The names of all worlds."""
        return [world["name"] for world in self.control("GET", "/worlds").json()["worlds"]]

    def worker_pids(self) -> list[int]:
        """The processes of the workers, in the order of their start."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(map(int, text.split()))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@contextmanager
def run_fleet(*arguments: str, workers: int = 2, **environment: str) -> Iterator[FleetClient]:
    """A fleet on a free port; all its processes have ended afterwards."""
    with run_server("--workers", str(workers), "--log-format", "none", *arguments, **environment) as (
        process,
        url,
    ):
        client = FleetClient(process, url, workers)
        pids = client.worker_pids()
        try:
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            wait_until(lambda: not any(map(is_running, pids)))


def is_running(pid: int) -> bool:
    """True for a process that runs: one that has ended may stay as a zombie until its parent collects it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def name_at(worker: int, prefix: str = "w", *, workers: int = 2) -> str:
    """A name of a world that a worker has."""
    number = 0
    while slot_of_name(f"{prefix}-{number}") % workers != worker:
        number += 1
    return f"{prefix}-{number}"
