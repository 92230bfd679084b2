"""The state file: what a server leaves behind when it stops, or is stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from helpers.api import ADMIN_TOKEN, ApiClient
from helpers.waiting import wait_until
from make_emulator.app import create_app, registry_of
from make_emulator.server.persistence import StateFile
from make_emulator.world import snapshot


def state_of(api: ApiClient, path: Path, **options: Any) -> StateFile:
    return StateFile(path, registry_of(api.app), "default", **options)


def test_what_was_saved_is_there_in_the_next_server(api: ApiClient, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file = state_of(api, path)
    assert file.load() is False
    api.delete("/scenarios/1")
    token = api.token_with("teams:read")
    file.save()
    later = ApiClient(create_app())
    assert state_of(later, path).load() is True
    assert later.get("/scenarios/1").status_code == 404
    assert later.get("/teams/1", token=token).status_code == 200
    assert later.world.clock.frozen


def test_the_file_is_for_its_owner_only_and_nothing_lies_beside_it(api: ApiClient, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state_of(api, path).save()
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        lambda api: api.delete("/scenarios/1"),
        lambda api: api.get("/teams/1"),  # counts against the rate limit
        lambda api: api.world.clock.advance(1),
        lambda api: api.control("POST", "/worlds/default/reset"),
        lambda api: api.control("PUT", "/worlds/default/modules/a:B", json={"output": {}}),
        lambda api: api.token_with("teams:read"),
    ],
)
def test_it_is_written_when_something_changed_and_only_then(
    api: ApiClient, tmp_path: Path, change: Any
) -> None:
    path = tmp_path / "state.json"
    file = state_of(api, path)
    file.save()
    path.unlink()
    file.save()
    assert not path.exists()
    change(api)
    file.save()
    assert path.exists()


def test_time_that_passes_is_no_change(tmp_path: Path) -> None:
    api = ApiClient(create_app())
    path = tmp_path / "state.json"
    file = state_of(api, path)
    file.save()
    path.unlink()
    before = api.world.clock.now()
    wait_until(lambda: api.world.clock.now() > before)
    file.save()
    assert not path.exists()


def test_a_thread_saves_what_changed_and_stopping_saves_the_rest(api: ApiClient, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file = state_of(api, path, every=0.001)
    file.start()
    api.delete("/scenarios/1")
    wait_until(lambda: snapshot.loads(path.read_bytes(), "w").scenarios.get(1) is None)
    file.stop()
    api.delete("/scenarios/2")
    file.stop()
    assert snapshot.loads(path.read_bytes(), "w").scenarios.get(2) is None


def test_a_world_that_was_deleted_leaves_its_last_state(api: ApiClient, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file = state_of(api, path)
    file.save()
    api.control("DELETE", "/worlds/default")
    file.save()
    assert path.exists()


_WRITER = f"""
import sys
from pathlib import Path
from make_emulator.app import create_app, registry_of
from make_emulator.server.persistence import StateFile

app = create_app()
file = StateFile(Path(sys.argv[1]), registry_of(app), "default", every=0.0001)
file.start()
client = app.test_client()
print("ready", flush=True)
for number in range(10**9):
    client.post(
        "/api/v2/data-stores/1/data",
        json={{"key": str(number), "data": {{"sku": "X" * 5000, "quantity": 1}}}},
        headers={{"Authorization": "Token {ADMIN_TOKEN}"}},
    )
    print(number, flush=True)
"""


def test_a_server_that_is_killed_at_any_moment_leaves_a_file_that_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for moment in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        wait_until(path.exists)
        for _ in range(1 + 7 * moment):
            assert writer.stdout.readline()
        writer.kill()
        writer.communicate()
        assert len(snapshot.loads(path.read_bytes(), "w").records) > 0


def test_a_file_without_a_state_is_rejected_and_left_alone(api: ApiClient, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(orjson.dumps({"version": 9}))
    with pytest.raises(ValueError, match="its version is 9, not 1"):
        state_of(api, path).load()
    assert path.read_bytes() == b'{"version":9}'
