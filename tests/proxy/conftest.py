"""The proxy in front of an emulator that stands for a zone, over TLS."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from contract.mutants import MutatedApp
from helpers.waiting import wait_until
from make_emulator import MakeEmulator, World
from make_emulator.policies.grants import parse_grants
from make_emulator.proxy.app import Pace, ProxyApp
from make_emulator.proxy.gate import Gate
from make_emulator.proxy.recorder import Recorder
from make_emulator.proxy.upstream import Upstream
from make_emulator.replay.archive import Exchange
from make_emulator.server.wsgi import Server
from make_emulator.world.models import Agent


@dataclass
class RunningProxy:
    """A proxy that serves, and what came of it."""

    url: str
    har: Path
    log: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/v2"

    def call(
        self, method: str, path: str, token: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Send a request, and wait until the proxy has recorded or refused it."""
        lines = len(self.log)
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method,
                self.url + path,
                headers={"Authorization": f"Token {token}", **(headers or {})},
                timeout=30,
                allow_redirects=False,
                **options,
            )
        wait_until(lambda: len(self.log) > lines)
        return response


@dataclass
class ProxiedZone:
    """Emulator over TLS that stands for a zone; its application may have a mutant."""

    make: MakeEmulator
    mutated_app: MutatedApp
    folder: Path

    @contextmanager
    def open(
        self,
        *,
        allow: Mapping[str, Any] | None = None,
        allow_writes: bool = False,
        pace: Pace | None = None,
        origin: str | None = None,
    ) -> Iterator[RunningProxy]:
        """Runs a proxy, with the grants of an agent called ops if there are some."""
        har = self.folder / "session.har"
        agent = None if allow is None else Agent(name="ops", grants=parse_grants(dict(allow)), created=0)
        recorder, upstream = Recorder(har), Upstream(origin or self.make.url, self.make.ca_file)
        proxy = RunningProxy("", har)
        app = ProxyApp(
            upstream,
            Gate(agent, allow_writes=allow_writes),
            pace or Pace(),
            recorder,
            record=proxy.exchanges.append,
            log=proxy.log.append,
        )
        with Server(app) as server:
            proxy.url = server.url
            yield proxy
        upstream.close()
        recorder.close()


@pytest.fixture(scope="module")
def _zone() -> Iterator[tuple[MakeEmulator, MutatedApp]]:
    with MakeEmulator(tls=True) as make:
        mutated_app = MutatedApp(make.app.wsgi_app)
        make.app.wsgi_app = mutated_app  # type: ignore[method-assign]
        yield make, mutated_app


@pytest.fixture
def proxied(_zone: tuple[MakeEmulator, MutatedApp], tmp_path: Path) -> ProxiedZone:
    return ProxiedZone(*_zone, tmp_path)


@pytest.fixture
def world(proxied: ProxiedZone) -> Iterator[World]:
    """A world of the zone of the test's own."""
    created = proxied.make.create_world()
    yield created
    created.delete()


class FakeTimer:
    """Clock on which sleeping takes no time."""

    def __init__(self) -> None:
        self._now = 1_000_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += seconds
