"""Recorded sessions of the vendor's own client: replayed in a fresh world, every answer is as recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from make_emulator import MakeEmulator
from make_emulator.app import registry_of
from make_emulator.proxy.app import Pace, ProxyApp
from make_emulator.proxy.gate import Gate
from make_emulator.proxy.recorder import Recorder
from make_emulator.proxy.upstream import Upstream
from make_emulator.replay.archive import parse_archive, read_archive
from make_emulator.replay.replay import replay_archive
from make_emulator.server.wsgi import Server
from proxy.conftest import FakeTimer
from replay.recording import RecordingApp

from .conftest import RunScript, script_runner

pytestmark = pytest.mark.e2e

RunAt = Callable[[str], RunScript]


@pytest.fixture
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as make:
        yield make


@pytest.fixture
def run_at(node: str, make: MakeEmulator) -> RunAt:
    """Runner of the scripts of the client at an address."""

    def runner(url: str) -> RunScript:
        address = urlsplit(url)
        environment = {
            **os.environ,
            "MAKE_API_KEY": make.token,
            "MAKE_PROTOCOL": address.scheme,
            "MAKE_ZONE": address.netloc,
            "MAKE_TEAM": str(make.team_id),
            "MAKE_ORGANIZATION": str(make.organization_id),
            "MAKE_WORLD": make.world.name,
        }
        return script_runner(node, environment, "sdk")

    return runner


#: Sessions that need nothing but the default world.
FLOWS = [
    "connections",
    "data-stores",
    "data-structures",
    "enums",
    "executions",
    "functions",
    "hooks",
    "organizations",
    "scenarios",
]


@pytest.mark.parametrize(
    ("script", "given", "least"),
    [
        ("main-job", {"records": 40, "limit": 15}, 70),
        ("every-method", {}, 120),
        ("flows/credential-requests", {"userId": 1}, 8),
        *((f"flows/{flow}", {}, 3) for flow in FLOWS),
    ],
)
def test_a_session_of_the_client_is_answered_as_recorded(
    script: str, given: dict[str, int], least: int, make: MakeEmulator, run_at: RunAt
) -> None:
    handle = registry_of(make.app).default()
    assert handle is not None
    recorder = RecordingApp(make.app.wsgi_app, lambda: handle.world.now())
    make.app.wsgi_app = recorder  # type: ignore[method-assign]
    run_at(make.url)(script, **given)
    archive = parse_archive(recorder.archive())
    report = replay_archive(archive, f"{script}.har", seed="default")
    assert report.differences == [], report.render_text()
    assert report.skipped == [], report.render_text()
    assert len(report.compared) >= least
    # The file for a bug report says the same, without the token.
    assert make.token not in json.dumps(archive.document)
    assert parse_archive(archive.document).exchanges == archive.exchanges


def test_the_client_works_through_the_proxy(make: MakeEmulator, run_at: RunAt, tmp_path: Path) -> None:
    har = tmp_path / "session.har"
    recorder, upstream = Recorder(har), Upstream(make.url)
    app = ProxyApp(upstream, Gate(None, allow_writes=True), Pace(FakeTimer()), recorder)
    with Server(app) as server:
        run_at(server.url)("main-job", records=40, limit=15)
    upstream.close()
    recorder.close()
    assert make.token not in har.read_text("utf-8")
    report = replay_archive(read_archive(har), "session.har", seed="default")
    assert report.differences == [], report.render_text()
    assert len(report.compared) >= 70
