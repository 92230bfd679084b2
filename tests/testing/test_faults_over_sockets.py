"""Injected faults as seen by a client of a socket."""

from __future__ import annotations

import contextlib
import threading

import pytest
import requests

from helpers.api import get_from
from make_emulator import MakeEmulator, World


def test_a_status_comes_as_often_as_requested(world: World) -> None:
    world.faults.add(path="/scenarios*", status=503, times=2)
    assert [get_from(world, "/scenarios?teamId=1").status_code for _ in range(3)] == [503, 503, 200]
    assert world.faults[0]["hits"] == 2
    world.faults.add("rate-limit")
    assert get_from(world, "/teams/1").status_code == 429
    world.faults.clear()
    assert (get_from(world, "/teams/1").status_code, len(world.faults)) == (200, 0)


def test_a_reset_ends_the_connection_and_the_next_one_works(world: World) -> None:
    world.faults.add(action="reset", times=1)
    with requests.Session() as session:
        session.headers.update(world.headers)
        with pytest.raises(requests.ConnectionError, match=r"reset|10054"):
            session.get(f"{world.base_url}/teams/1", timeout=10)
        assert session.get(f"{world.base_url}/teams/1", timeout=10).status_code == 200


def test_a_truncated_answer_is_noticed_by_its_length(world: World) -> None:
    world.faults.add(action="truncate", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get_from(world, "/teams/1")
    assert get_from(world, "/teams/1").json()["team"]["id"] == 1


def test_a_client_that_gives_up_frees_the_server(world: World) -> None:
    world.faults.add(action="timeout", times=40)
    for _ in range(40):  # more than the server has threads
        with pytest.raises(requests.Timeout):
            get_from(world, "/teams/1", timeout=0.02)
    assert get_from(world, "/teams/1").status_code == 200


def test_clearing_ends_a_request_that_is_held_without_an_answer(world: World) -> None:
    world.faults.add(action="timeout", times=1)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            get_from(world, "/teams/1", timeout=30)
        except requests.ConnectionError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not world.faults[0]["hits"]:
        pass
    assert get_from(world, "/teams/1").status_code == 200  # no other request is blocked
    world.faults.clear()
    asking.join(10)
    assert len(failures) == 1


def test_a_held_request_does_not_keep_the_server_from_stopping() -> None:
    make = MakeEmulator().start()
    world = make.create_world()
    world.faults.add(delay_ms=60_000, times=1)
    ended = threading.Event()

    def ask() -> None:
        with contextlib.suppress(requests.RequestException):
            get_from(world, "/teams/1", timeout=60)
        ended.set()

    threading.Thread(target=ask).start()
    while not world.faults[0]["hits"]:
        pass
    make.stop()
    assert ended.wait(10)
