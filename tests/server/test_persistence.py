"""The state files: what a server leaves behind when it stops, is stopped, or cannot write."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import requests

from helpers.api import ADMIN_TOKEN, ApiClient, assert_ok, assert_status, frozen_api, json_of
from helpers.oauth import PKCE, VERIFIER, OAuthHarness
from helpers.server import run_server
from helpers.waiting import wait_until
from helpers.webhooks import WebhookHarness
from make_emulator.app import create_app, registry_of
from make_emulator.server import world_store
from make_emulator.server.persistence import StateFiles
from make_emulator.server.recovery import read_state
from make_emulator.server.write_ahead_log import Segment
from make_emulator.webhooks.mail import NOT_STORED, deliver_mail
from make_emulator.world import snapshot
from make_emulator.world.exceptions import StateNotStoredError
from make_emulator.world.world import World

AUTHORIZATION = {"Authorization": f"Token {ADMIN_TOKEN}"}


def files_of(api: ApiClient, path: Path, **options: Any) -> StateFiles:
    return StateFiles(path, registry_of(api.app), "default", **options)


def kill(api: ApiClient) -> None:
    """Let go of the files as the end of the process does."""
    for handle in registry_of(api.app):
        if isinstance(handle.store, world_store.WorldStore):
            handle.store._close_segment()
            handle.store = None


def stored(path: Path) -> World:
    """The state that the next server would load."""
    state = read_state(path, "default")
    assert state is not None
    return state.world


def document(world: World) -> dict[str, Any]:
    taken: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(world)))
    return taken


def put_record(api: ApiClient, key: str, sku: str = "X") -> Any:
    return api.post("/data-stores/1/data", json={"key": key, "data": {"sku": sku, "quantity": 1}})


def keys(world: World) -> set[str]:
    return {record.key for record in world.records.where(store=1)}


@pytest.fixture(autouse=True)
def _propagated_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets pytest see the log, also after a test that configured the one of a server."""
    monkeypatch.setattr(logging.getLogger("make_emulator"), "propagate", True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def files(api: ApiClient, path: Path) -> Iterator[StateFiles]:
    files = files_of(api, path)
    files.load()
    files.start()
    yield files
    files.stop()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Makes a disk full, or gives it room again."""
    write = Segment._write

    def fail(segment: Segment, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    def switch(is_full: bool) -> None:
        monkeypatch.setattr(Segment, "_write", fail if is_full else write)

    yield switch
    switch(False)


# --- what is stored ------------------------------------------------------------------------------


def test_the_next_server_continues_the_state(api: ApiClient, path: Path) -> None:
    files = files_of(api, path)
    assert files.load() is False
    files.start()
    assert_ok(api.delete("/scenarios/1"))
    token = api.token_with("teams:read")
    files.stop()
    later = ApiClient(create_app())
    assert files_of(later, path).load() is True
    assert later.get("/scenarios/1").status_code == 404
    assert later.get("/teams/1", token=token).status_code == 200
    assert later.world.clock.frozen


def test_tokens_of_oauth_survive_a_restart(api: ApiClient, path: Path) -> None:
    files = files_of(api, path)
    files.start()
    oauth = OAuthHarness(api)
    agent = oauth.register()
    own = {"client_id": agent["client_id"], "client_secret": agent["client_secret"]}
    code = oauth.code(client_id=agent["client_id"], **PKCE)
    tokens = assert_ok(oauth.token(code=code, code_verifier=VERIFIER, **own))
    app_tokens = oauth.tokens()
    files.stop()
    later = ApiClient(create_app())
    assert files_of(later, path).load() is True
    again = OAuthHarness(later)
    assert_ok(again.call("/teams/1", tokens["access_token"]))
    assert_ok(again.call("/teams/1", app_tokens["access_token"]))
    assert_ok(again.refresh(app_tokens["refresh_token"]))
    assert_ok(again.refresh(tokens["refresh_token"], **own))
    assert_status(again.authorize(client_id=agent["client_id"], **PKCE))


def test_a_snapshot_of_another_origin_is_loaded_and_continued(api: ApiClient, path: Path) -> None:
    put_record(api, "old")
    path.write_bytes(snapshot.dumps(snapshot.take(api.world)))
    later = frozen_api()
    files = files_of(later, path)
    assert files.load() is True
    files.start()
    put_record(later, "new")
    assert {"old", "new"} <= keys(stored(path))
    files.stop()


@pytest.mark.parametrize("is_continued", [False, True])
def test_a_file_of_an_earlier_release_names_its_log_after_the_rows(
    api: ApiClient, path: Path, is_continued: bool
) -> None:
    files = files_of(api, path, all_worlds=True)
    files.start()
    mine = assert_status(api.control("POST", "/worlds", json={"name": "mine"}), 201)["world"]
    if is_continued:
        put_record(api, "logged")
        kill(api)
    else:
        files.stop()
    for file in (path, *path.with_name("state.json.worlds").glob("*.json")):
        whole = orjson.loads(file.read_bytes())
        log, spec = whole.pop("log"), whole.pop("spec", None)
        file.write_bytes(orjson.dumps({**whole, "log": log, **({} if spec is None else {"spec": spec})}))
    later = frozen_api()
    assert files_of(later, path, all_worlds=True).load() is True
    assert ("logged" in keys(later.world)) is is_continued
    assert later.get("/users/me", token=mine["token"]).status_code == 200
    state = read_state(path, "default")
    assert state is not None
    assert state.name is not None
    assert (state.name.id, state.log_size > 0) == (log_id(path), is_continued)


def log_id(path: Path) -> str:
    return str(orjson.loads(path.read_bytes())["log"]["id"])


def _undo(api: ApiClient, **change: Any) -> None:
    checkpoints = "/worlds/default/checkpoints"
    assert api.control("POST", checkpoints, json={"name": "start"}).status_code == 201
    put_record(api, "k")
    api.delete("/scenarios/1?confirmed=true")
    assert api.control("POST", f"{checkpoints}/start/undo", json=change).status_code == 200
    assert 1 in api.world.scenarios


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "change",
    [
        lambda api: put_record(api, "k"),
        lambda api: api.delete("/scenarios/1"),
        lambda api: api.token_with("teams:read"),
        lambda api: api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}),
        lambda api: api.control("POST", "/worlds/default/clock/advance", json={"seconds": 5}),
        lambda api: api.control("PUT", "/worlds/default/modules/a:B", json={"output": {}}),
        lambda api: api.control("POST", "/worlds/default/reset"),
        lambda api: api.control(
            "PUT", "/worlds/default/snapshot", data=snapshot.dumps(snapshot.take(frozen_api().world))
        ),
        lambda api: WebhookHarness(api).send(json={"a": 1}),
        lambda api: _undo(api),
    ],
)
def test_each_change_is_stored_when_its_response_is_there(
    api: ApiClient, path: Path, change: Callable[[ApiClient], Any]
) -> None:
    before = document(api.world)
    change(api)
    now = document(api.world)
    restored = document(stored(path))
    if api.world.clock.frozen:
        assert restored["rows"] == now["rows"] or before == now
    assert restored["ids"] == now["ids"]
    assert restored["rows"].keys() == now["rows"].keys()
    assert restored["scripts"] == now["scripts"]


@pytest.mark.usefixtures("files")
def test_the_undo_of_one_change_is_stored(api: ApiClient, path: Path) -> None:
    _undo(api, kind="scenario", id=1)
    now, restored = (document(world)["rows"] for world in (api.world, stored(path)))
    assert now.keys() == restored.keys()
    for section, rows in now.items():
        assert sorted(rows, key=orjson.dumps) == sorted(restored[section], key=orjson.dumps)


@pytest.mark.usefixtures("files")
def test_scheduled_runs_and_mails_are_stored(api: ApiClient, path: Path) -> None:
    harness = WebhookHarness(api)
    hook = harness.create("gateway-mailhook")
    udid = api.world.hooks[hook].udid
    scenario = harness.listen()
    assert scenario
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 86_400})
    assert_ok(api.get("/teams/1"))
    deliver_mail(registry_of(api.app), udid, {"subject": "Hello"}, 10)
    assert document(stored(path))["rows"] == document(api.world)["rows"]


def test_an_error_response_keeps_what_the_request_changed_all_the_same(
    api: ApiClient, path: Path, files: StateFiles
) -> None:
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 86_400})
    assert api.get("/scenarios/999").status_code == 404
    assert document(stored(path))["rows"] == document(api.world)["rows"]
    files.stop()


def test_a_stopped_server_leaves_a_snapshot_alone_for_its_owner_only(api: ApiClient, path: Path) -> None:
    files = files_of(api, path)
    files.start()
    put_record(api, "k")
    assert len(list(path.parent.iterdir())) == 2
    files.stop()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert document(snapshot.loads(path.read_bytes(), "w")) == document(api.world)


def test_a_server_without_changes_leaves_the_file_as_it_was(api: ApiClient, path: Path) -> None:
    for _ in range(2):
        files = files_of(api, path)
        files.load()
        files.start()
        before = path.read_bytes()
        files.stop()
        assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_large_log_stays_where_it_is_when_the_server_stops(
    api: ApiClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_store, "FINAL_SNAPSHOT_SIZE", 1000)
    files = files_of(api, path)
    files.start()
    put_record(api, "k")
    files.stop()
    assert len(list(path.parent.iterdir())) == 2
    assert document(stored(path)) == document(api.world)


def test_rate_windows_are_stored_when_the_server_stops(api: ApiClient, path: Path) -> None:
    files = files_of(api, path)
    files.start()
    assert_ok(api.get("/teams/1"))
    assert not stored(path).rate_windows
    files.flush()
    assert stored(path).rate_windows == api.world.rate_windows
    files.stop()


def test_a_world_that_was_deleted_leaves_its_last_state(api: ApiClient, path: Path) -> None:
    files = files_of(api, path)
    files.start()
    put_record(api, "k")
    api.control("DELETE", "/worlds/default")
    assert "k" in keys(stored(path))
    files.stop()
    assert "k" in keys(stored(path))


def test_a_file_without_a_state_is_rejected_and_left_alone(api: ApiClient, path: Path) -> None:
    path.write_bytes(orjson.dumps({"version": 9}))
    with pytest.raises(ValueError, match="its version is 9, not 1"):
        files_of(api, path).load()
    assert path.read_bytes() == b'{"version":9}'


# --- logs ----------------------------------------------------------------------------------------


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings that were logged; requests are logged too once a server has configured the log."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_an_unfinished_change_is_cut_off_with_one_line_in_the_log(
    api: ApiClient, path: Path, files: StateFiles, caplog: pytest.LogCaptureFixture
) -> None:
    put_record(api, "whole")
    [segment] = path.parent.glob("*.log.*")
    size = segment.stat().st_size
    put_record(api, "torn")
    data = segment.read_bytes()
    segment.write_bytes(data[:-3])
    kill(api)
    with caplog.at_level(logging.WARNING):
        state = read_state(path, "default", cut=True)
    assert state is not None
    assert "whole" in keys(state.world)
    assert "torn" not in keys(state.world)
    assert warnings_of(caplog) == [
        f"{segment}: {len(data) - 3 - size} bytes of an unfinished change were cut off"
    ]
    assert segment.stat().st_size == size
    files.stop()


def test_a_log_continues_no_other_snapshot(
    api: ApiClient, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = snapshot.dumps(snapshot.take(api.world))
    files = files_of(api, path)
    files.start()
    put_record(api, "k")
    kill(api)
    path.write_bytes(other)
    later = frozen_api()
    again = files_of(later, path)
    again.load()
    assert "k" not in keys(later.world)
    again.start()
    put_record(later, "new")
    world = stored(path)
    assert "k" not in keys(world)
    assert "new" in keys(world)
    again.stop()
    segment = path.with_name(f"{path.name}.log.1")
    assert warnings_of(caplog) == [f"{segment} does not continue {path}, and is left out"]


def test_a_damaged_record_before_the_end_is_an_error(api: ApiClient, path: Path, files: StateFiles) -> None:
    put_record(api, "k")
    handle = api.handle
    assert isinstance(handle.store, world_store.WorldStore)
    [segment] = path.parent.glob("*.log.*")
    segment.write_bytes(segment.read_bytes()[:-3])
    segment.with_name(f"{path.name}.log.2").write_bytes(b"")
    with pytest.raises(ValueError, match="has a damaged record at byte"):
        read_state(path, "default")
    files.stop()


def test_a_log_that_has_grown_is_compacted_while_changes_go_on(
    api: ApiClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_store, "COMPACTION_SIZE", 2000)
    files = files_of(api, path)
    files.start()
    first = path.read_bytes()
    store = api.handle.store
    assert isinstance(store, world_store.WorldStore)
    for number in range(300):
        assert_ok(put_record(api, f"k{number}", "X" * 400))
        with store._files:  # no snapshot takes the place of the files while they are read
            assert keys(stored(path)) == keys(api.world)
    wait_until(lambda: path.read_bytes() != first)
    with store._files:
        pass
    assert document(stored(path))["rows"] == document(api.world)["rows"]
    files.stop()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert document(stored(path)) == document(api.world)


def test_a_snapshot_that_another_state_overtook_is_dropped(
    api: ApiClient, path: Path, files: StateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_record(api, "k")
    handle = api.handle
    store = handle.store
    assert isinstance(store, world_store.WorldStore)
    dumps = snapshot.iter_dumps

    def reset_meanwhile(state: Any) -> Iterator[bytes]:
        monkeypatch.setattr(snapshot, "iter_dumps", dumps)
        api.control("POST", "/worlds/default/reset")
        return dumps(state)

    monkeypatch.setattr(snapshot, "iter_dumps", reset_meanwhile)
    store.compact(handle)
    assert "k" not in keys(stored(path))
    put_record(api, "after")
    assert "after" in keys(stored(path))
    files.stop()


def test_concurrent_changes_share_the_wait_for_the_disk(
    api: ApiClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(api, path, sync=True)
    files.start()
    entered, leave, calls = threading.Event(), threading.Event(), []
    sync = Segment.sync

    def slow_sync(segment: Segment) -> None:
        calls.append(segment)
        if len(calls) == 1:
            entered.set()
            leave.wait()
        sync(segment)

    monkeypatch.setattr(Segment, "sync", slow_sync)
    clients = [threading.Thread(target=put_record, args=(ApiClient(api.app), str(n))) for n in range(8)]
    clients[0].start()
    entered.wait()
    for client in clients[1:]:
        client.start()
    wait_until(lambda: len(keys(stored(path)) & set("01234567")) == 8)
    leave.set()
    for client in clients:
        client.join()
    assert 2 <= len(calls) < 8
    files.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
@pytest.mark.usefixtures("files")
def test_a_file_that_another_server_has_open_is_left_alone(api: ApiClient, path: Path) -> None:
    put_record(api, "k")
    again = files_of(frozen_api(), path)
    again.load()
    with pytest.raises(OSError, match="another server has it open"):
        again.start()
    [segment] = path.parent.glob("*.log.*")
    with segment.open("ab") as file:
        file.write(b"\x09")
    with pytest.raises(OSError, match="another server has it open"):
        read_state(path, "default", cut=True)
    put_record(api, "k2")
    assert {"k", "k2"} <= keys(stored(path))


# --- a full disk ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("files")
def test_a_full_disk_refuses_changes_undoes_them_and_serves_reads(
    api: ApiClient, path: Path, full_disk: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    harness = WebhookHarness(api)
    harness.listen()
    assert_ok(put_record(api, "before"))
    before = document(api.world)["rows"]
    full_disk(True)
    for number in range(3):
        body = assert_status(put_record(api, f"refused{number}"), 503)
        assert (body["code"], body["message"]) == ("SC503", "Service Unavailable")
        assert document(api.world)["rows"] == before
        assert_ok(api.get("/data-stores/1/data"))
        assert_ok(api.get("/scenarios?teamId=1"))
    assert harness.send(json={"a": 1}).status_code == 503
    assert harness.send(json={"a": 1}, method="GET").status_code == 503
    entries = json_of(api.control("GET", "/worlds/default/requests"))["requests"]
    refused = [entry for entry in entries if entry["status"] == 503]
    assert {entry["decision"] for entry in refused} == {"refused: storage"}
    assert len(refused) == 5
    assert "cannot be stored" in refused[-1]["sentence"]
    response = api.control("POST", "/worlds/default/tokens", json={"scopes": ["teams:read"]})
    assert (response.status_code, json_of(response)["code"]) == (503, "SC503")
    assert api.control("POST", "/worlds/default/clock/advance", json={"seconds": 5}).status_code == 503
    assert api.control("GET", "/worlds/default/snapshot").status_code == 200
    assert deliver_mail(registry_of(api.app), api.world.hooks[harness.hook].udid, {}, 1) == NOT_STORED
    assert document(api.world)["rows"] == before == document(stored(path))["rows"]
    warnings = [message for message in caplog.messages if "changes are refused" in message]
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    full_disk(False)
    assert_ok(put_record(api, "after"))
    assert {"before", "after"} == keys(stored(path)) & {"before", "after", "refused0", "refused1"}
    assert document(stored(path))["rows"] == document(api.world)["rows"]


@pytest.mark.usefixtures("files")
def test_a_consent_that_cannot_be_stored_can_be_repeated(
    oauth: OAuthHarness, full_disk: Callable[[bool], None]
) -> None:
    assert_status(oauth.authorize())
    code = oauth.code(state="stored before")
    full_disk(True)
    assert_status(oauth.api.control("POST", "/worlds/default/oauth/requests/1/approve"), 503)
    assert_status(oauth.token(code=code), 503)
    full_disk(False)
    assert [row["id"] for row in oauth.waiting()] == [1]
    assert_ok(oauth.token(code=oauth.approve(1)["code"]))
    assert_ok(oauth.token(code=code))


@pytest.mark.usefixtures("files")
def test_a_full_disk_has_the_state_read_again_once_only(
    api: ApiClient, full_disk: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def count(path: Path, name: str) -> Any:
        read.append(path)
        return read_state(path, name)

    monkeypatch.setattr(world_store, "read_state", count)
    before = document(api.world)["rows"]
    full_disk(True)
    rule = {"url": "https://example.com/*"}
    for _ in range(2):
        for method, path, body in [
            ("POST", "/clock/advance", {"seconds": 5}),
            ("PATCH", "/clock", {"frozen": False}),
            ("POST", "/tokens", {"scopes": ["teams:read"]}),
            ("PUT", "/modules/a:B", {"output": {}}),
            ("DELETE", "/modules", None),
            ("POST", "/http", rule),
            ("DELETE", "/http", None),
            ("DELETE", "/outbox", None),
            ("PUT", "/connections/1", {"verify": "invalid"}),
            ("POST", "/reset", None),
        ]:
            response = api.control(method, f"/worlds/default{path}", json=body)
            assert response.status_code == 503, (path, response.text)
            assert json_of(response)["code"] == "SC503"
    assert len(read) <= 1
    assert document(api.world)["rows"] == before
    full_disk(False)
    assert_ok(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 5}))


@pytest.mark.usefixtures("files")
def test_reads_do_not_start_what_cannot_be_stored(api: ApiClient, full_disk: Callable[[bool], None]) -> None:
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 864_000})
    before = document(api.world)["rows"]
    full_disk(True)
    for _ in range(2):
        assert_ok(api.get("/teams/1"))
        assert document(api.world)["rows"] == before
    full_disk(False)
    assert_ok(api.get("/teams/1"))
    assert document(api.world)["rows"] != before


@pytest.mark.usefixtures("files")
def test_a_request_whose_world_was_undone_meanwhile_is_refused(
    api: ApiClient, path: Path, full_disk: Callable[[bool], None]
) -> None:
    handle = api.handle

    def change() -> None:
        with handle.locked() as world:
            world.records.remove((1, next(iter(keys(world)))))
            full_disk(True)
            with pytest.raises(StateNotStoredError, match="cannot be stored"), handle.locked():
                pass
            full_disk(False)

    with pytest.raises(StateNotStoredError, match="could not be stored"):
        change()
    assert document(api.world)["rows"] == document(stored(path))["rows"]


@pytest.mark.usefixtures("files")
def test_tokens_and_ids_after_a_refused_change_are_those_without_it(
    api: ApiClient, full_disk: Callable[[bool], None]
) -> None:
    expected = frozen_api().token_with("teams:read")
    full_disk(True)
    api.control("POST", "/worlds/default/tokens", json={"scopes": ["teams:read"]})
    full_disk(False)
    token = api.token_with("teams:read")
    assert token == expected
    assert_ok(api.get("/teams/1", token=token))


@pytest.mark.parametrize("path_of_change", ["reset", "snapshot"])
def test_a_state_that_cannot_be_stored_takes_no_world_s_place(
    api: ApiClient, path: Path, files: StateFiles, monkeypatch: pytest.MonkeyPatch, path_of_change: str
) -> None:
    put_record(api, "k")
    taken = snapshot.dumps(snapshot.take(frozen_api().world))

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(world_store, "write_synced", fail)
        method = "POST" if path_of_change == "reset" else "PUT"
        response = api.control(method, f"/worlds/default/{path_of_change}", data=taken)
        assert response.status_code == 503
    assert "k" in keys(api.world)
    assert_ok(put_record(api, "k2"))
    assert {"k", "k2"} <= keys(stored(path))
    files.stop()


def test_a_disk_that_does_not_take_a_change_refuses_until_a_snapshot_is_written(
    api: ApiClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(api, path, sync=True)
    files.start()

    def fail(_segment: Segment) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "sync", fail)
        assert_status(put_record(api, "k"), 503)
        assert_status(put_record(api, "k2"), 503)
        assert_ok(api.get("/teams/1"))
    wait_until(lambda: put_record(api, "k3").status_code == 200)
    assert "k3" in keys(stored(path))
    files.stop()


_LIMITED = f"""
import resource, sys
from pathlib import Path
from make_emulator.app import create_app, registry_of
from make_emulator.server.persistence import StateFiles

app = create_app()
files = StateFiles(Path(sys.argv[1]), registry_of(app), "default")
files.load()
files.start()
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
client = app.test_client()
headers = {{"Authorization": "Token {ADMIN_TOKEN}"}}
for number in range(200):
    response = client.post(
        "/api/v2/data-stores/1/data",
        json={{"key": str(number), "data": {{"sku": "X" * 900, "quantity": 1}}}},
        headers=headers,
    )
    assert client.get("/api/v2/teams/1", headers=headers).status_code == 200
    print(response.status_code, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert client.post("/api/v2/data-stores/1/data", json={{"key": "last", "data": {{"sku": "s", "quantity": 1}}}},
    headers=headers).status_code == 200
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are those of POSIX")
def test_a_limit_of_the_system_loses_no_acknowledged_change(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED.replace("create_app()", "create_app(rate_limit=False)"), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    statuses = done.stdout.split()
    assert set(statuses) == {"200", "503"}
    acknowledged = {str(number) for number, status in enumerate(statuses) if status == "200"}
    assert keys(stored(path)) & {str(number) for number in range(200)} == acknowledged
    assert "last" in keys(stored(path))


# --- kills ---------------------------------------------------------------------------------------


def _write_until_killed(url: str, thread: int, acknowledged: set[str], started: threading.Event) -> None:
    session = requests.Session()
    session.headers.update(AUTHORIZATION)
    number = 0
    while True:
        key = f"{thread}-{number}"
        body = {"key": key, "data": {"sku": "X" * 2000, "quantity": number}}
        try:
            response = session.post(f"{url}/data-stores/1/data", json=body, timeout=60)
        except requests.RequestException:
            return
        if response.status_code == 200:
            acknowledged.add(key)
        if number == 3:
            started.set()
        number += 1


@pytest.mark.parametrize("options", [(), ("--state-sync",)])
def test_a_server_that_is_killed_at_any_moment_has_every_acknowledged_change_and_no_half_one(
    path: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(7)
    acknowledged: set[str] = set()
    for round_number in range(3):
        with run_server("--state", str(path), "--no-rate-limit", *options) as (process, url):
            started = [threading.Event() for _ in range(4)]
            clients = [
                threading.Thread(
                    target=_write_until_killed,
                    args=(url, 10 * round_number + thread, acknowledged, started[thread]),
                )
                for thread in range(4)
            ]
            for client in clients:
                client.start()
            for event in started:
                event.wait()
            target = len(acknowledged) + random.randrange(1, 60)
            wait_until(lambda: len(acknowledged) >= target)  # noqa: B023
            process.kill()
            for client in clients:
                client.join()
        state = read_state(path, "default", cut=bool(round_number % 2))
        assert state is not None
        assert acknowledged <= keys(state.world)
        store = state.world.data_stores[1]
        assert store.records == len(state.world.records.where(store=1))
        assert store.size == sum(record.size for record in state.world.records.where(store=1))


# --- all worlds ----------------------------------------------------------------------------------


def test_all_worlds_are_continued_and_deleted_ones_are_not(path: Path) -> None:
    api = frozen_api()
    files = files_of(api, path, all_worlds=True)
    files.start()
    tokens: dict[str, str] = {}
    for name in ("a", "A", "../é" + "x" * 300, "gone"):
        name = name.replace("/", "-")
        body = {"name": name, "worldSeed": 5, "plan": "core", "seed": "empty"}
        response = api.control("POST", "/worlds", json=body)
        tokens[name] = assert_status(response, 201)["world"]["token"]
    for name, token in tokens.items():
        assert_ok(
            api.post("/data-structures", json={"teamId": 1, "name": name[:50], "spec": []}, token=token)
        )
    assert api.control("DELETE", "/worlds/gone").status_code == 204
    kill(api)
    later = frozen_api()
    again = files_of(later, path, all_worlds=True)
    assert again.load() is True
    again.start()
    registry = registry_of(later.app)
    assert {handle.name for handle in registry} == {"default", *tokens} - {"gone"}
    for name, token in tokens.items():
        response = later.get("/data-structures?teamId=1", token=token)
        if name == "gone":
            assert response.status_code == 401
            continue
        assert name[:50] in [row["name"] for row in assert_ok(response)["dataStructures"]]
        handle = registry.get(name)
        assert handle is not None
        assert (handle.spec.world_seed, handle.spec.plan, handle.spec.seed) == (5, "core", "empty")
    assert later.control("POST", "/worlds/a/reset").status_code == 200
    assert assert_ok(later.get("/data-structures?teamId=1", token=tokens["a"]))["dataStructures"] == []
    again.stop()
    assert not list(path.parent.rglob("*.log.*")) or os.name == "nt"


def test_a_world_that_cannot_be_stored_is_not_created(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = frozen_api()
    files = files_of(api, path, all_worlds=True)
    files.start()

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(world_store, "write_synced", fail)
        assert api.control("POST", "/worlds", json={"name": "a"}).status_code == 503
    assert api.control("GET", "/worlds/a").status_code == 404
    assert api.control("POST", "/worlds", json={"name": "a"}).status_code == 201
    files.stop()


def test_worlds_without_a_state_file_are_not_stored(path: Path, api: ApiClient) -> None:
    files = files_of(api, path)
    files.start()
    token = assert_status(api.control("POST", "/worlds", json={"name": "a"}), 201)["world"]["token"]
    assert_ok(api.get("/teams/1", token=token))
    handle = registry_of(api.app).get("a")
    assert handle is not None
    assert handle.store is None
    files.stop()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
