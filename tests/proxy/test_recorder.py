from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from make_emulator import World
from make_emulator.proxy.recorder import Recorder, decode_body, make_entry
from make_emulator.replay.archive import read_archive
from make_emulator.replay.replay import replay_archive

from .conftest import ProxiedZone

TOKEN = "5f2b1c3d-1111-4222-8333-abcdefabcdef"


def entry(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "started": 1_772_452_800_000,
        "elapsed": 5.0,
        "method": "GET",
        "url": "https://eu1.make.com/api/v2/teams/1",
        "request_headers": [("authorization", f"Token {TOKEN}"), ("cookie", "sid=hunter2")],
        "request_body": b"",
        "status": 200,
        "reason": "OK",
        "response_headers": [("Content-Type", "application/json"), ("Set-Cookie", "sid=hunter3")],
        "response_body": b"{}",
    }
    return make_entry(**{**values, **changes})


def test_the_archive_is_complete_after_each_exchange(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    recorder = Recorder(path)
    assert json.loads(path.read_text("utf-8"))["log"]["entries"] == []
    for count in (1, 2, 3):
        recorder.record(entry())
        assert len(read_archive(path).exchanges) == count
    assert recorder.count == 3
    assert path.stat().st_mode & 0o077 == 0


def test_no_secret_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    recorder = Recorder(path)
    later = "q8w7e6r5t4z3u2i1o0p9a8s7d6f5g4h3"
    recorder.record(entry(url=f"https://eu1.make.com/api/v2/teams?note={later}"))
    hook = {"hook": {"udid": later, "url": f"https://hook.eu1.make.com/{later}"}}
    recorder.record(entry(response_body=json.dumps(hook).encode()))
    assert later in path.read_text("utf-8")
    recorder.close()
    text = path.read_text("utf-8")
    for secret in (TOKEN, later, "hunter2", "hunter3"):
        assert secret not in text
    first, second = read_archive(path).exchanges
    body: Any = second.response.json()
    assert first.query == f"note={body['hook']['udid']}"


def test_without_a_file_exchanges_are_masked_all_the_same() -> None:
    recorder = Recorder(None)
    exchange = recorder.record(entry())
    assert exchange.credentials == ("Token", "********-1")
    recorder.close()


def test_a_long_body_is_left_out(proxied: ProxiedZone, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.proxy.app.BODY_LIMIT", 50)
    with proxied.open() as proxy:
        response = proxy.call("GET", "/api/v2/users/me", world.token)
    assert len(response.content) > 50
    assert proxy.exchanges[0].response.body is None


def test_a_body_that_broke_off_is_kept_as_it_is() -> None:
    assert decode_body(b"\x1f\x8bbroken", "gzip") == b"\x1f\x8bbroken"
    assert decode_body(b"abc", "br") == b"abc"


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recorder(tmp_path / "absent" / "x.har")


def test_what_was_recorded_is_replayed_without_a_difference(proxied: ProxiedZone, world: World) -> None:
    with proxied.open(allow_writes=True) as proxy:
        proxy.call("GET", "/api/v2/scenarios?teamId=1", world.token)
        proxy.call(
            "POST", "/api/v2/scenarios/1/run", world.token, json={"data": {"name": "Zoe"}, "responsive": True}
        )
        proxy.call("GET", "/api/v2/scenarios/99", world.token)
    report = replay_archive(read_archive(proxy.har), "session.har", seed="default")
    assert report.differences == [], report.render_text()
    assert report.counts()["same"] == 3
