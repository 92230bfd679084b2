"""Client of the control API: the same calls in process and over HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from make_emulator import MakeEmulator, create_app
from make_emulator.client.control import ControlClient, ControlError, HttpTransport, LocalTransport


@pytest.fixture(params=["in process", "over HTTP"])
def control(request: pytest.FixtureRequest) -> Iterator[ControlClient]:
    if request.param == "in process":
        yield ControlClient(LocalTransport(create_app(), "http://localhost"))
        return
    with MakeEmulator() as make:
        yield ControlClient(HttpTransport(make.url))


def test_a_world_is_created_described_and_deleted(control: ControlClient) -> None:
    created = control.create_world("mine", plan="core", now="2026-01-01T00:00:00Z")
    assert (created["name"], created["plan"]) == ("mine", "core")
    world = control.world("mine")
    assert world.describe() == created
    assert [each["name"] for each in control.worlds()] == ["default", "mine"]
    world.delete()
    with pytest.raises(ControlError, match="There is no world named 'mine'") as failure:
        world.describe()
    assert failure.value.status == 404


def test_a_world_is_created_from_a_seed_file(control: ControlClient, tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text("organizations:\n  - name: Mine\n    teams: [{ name: Only }]\n")
    world = control.create_world("mine", seed=path)
    teams = control.api("GET", f"/teams?organizationId={world['organizationId']}", world["token"])["teams"]
    assert [team["name"] for team in teams] == ["Only"]


def test_a_snapshot_restores_the_clock_and_a_redacted_one_is_rejected(control: ControlClient) -> None:
    world = control.world("default")
    world.set_clock(now="2026-01-01T00:00:00Z", frozen=True)
    snapshot = world.snapshot()
    world.advance_clock(60)
    assert world.clock() == {"now": "2026-01-01T00:01:00.000Z", "frozen": True}
    assert world.restore(snapshot)["name"] == "default"
    assert world.clock() == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    with pytest.raises(ControlError, match="its secrets were redacted"):
        world.restore(world.snapshot(redact=True))


def test_a_snapshot_goes_into_a_file_and_back_in_pieces(control: ControlClient, tmp_path: Path) -> None:
    world = control.world("default")
    world.set_clock(now="2026-01-01T00:00:00Z", frozen=True)
    path = tmp_path / "state.json"
    path.write_bytes(b"".join(world.iter_snapshot()))
    assert orjson.loads(path.read_bytes()) == world.snapshot()
    world.advance_clock(60)
    with path.open("rb") as file:
        assert world.load_snapshot(file)["name"] == "default"
    assert world.clock() == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    assert orjson.loads(b"".join(world.iter_snapshot(redact=True)))["redacted"] is True
    with pytest.raises(ControlError, match="There is no world named 'none'") as failure:
        list(control.world("none").iter_snapshot())
    assert failure.value.status == 404
    with path.open("rb") as file, pytest.raises(ControlError, match="There is no world named 'none'"):
        control.world("none").load_snapshot(file)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b'HTTP/1.0 200 OK\r\n\r\n{"version": 1',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"a": {}}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"a": {}}',
    ],
)
def test_a_snapshot_that_is_not_complete_is_an_error(response: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(response)

        thread = threading.Thread(target=answer_once)
        thread.start()
        control = ControlClient(HttpTransport(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with pytest.raises(ControlError, match=r"no JSON came back|no emulator answers"):
            list(control.world("default").iter_snapshot())
        thread.join()


def test_a_token_has_only_the_given_scopes_and_shows_in_the_access_report(control: ControlClient) -> None:
    world = control.world("default")
    token = world.create_token(["teams:read"])
    assert control.api("GET", "/teams/1", token)["team"]["id"] == 1
    with pytest.raises(ControlError) as failure:
        control.api("GET", "/scenarios?teamId=1", token)
    assert failure.value.status == 403
    row = world.access_report()[-1]
    assert (row["used"], row["refused"]) == (["teams:read"], ["scenarios:read"])
    assert "scenarios:read" in world.access_report_text("text")


def test_an_emulator_is_recognized_by_its_health(control: ControlClient) -> None:
    assert control.is_healthy()
    assert not ControlClient(HttpTransport("http://127.0.0.1:9")).is_healthy()
