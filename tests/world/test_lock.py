from __future__ import annotations

import threading

import pytest

from helpers.waiting import wait_until
from make_emulator.world import lock as lock_module
from make_emulator.world.lock import WorldLock


def waiting_thread(lock: WorldLock, entered: list[str], name: str = "other") -> threading.Thread:
    """A thread that waits for the lock and then writes its name."""

    def enter() -> None:
        with lock:
            entered.append(name)

    thread = threading.Thread(target=enter)
    thread.start()
    wait_until(lambda: lock._waiting)
    return thread


def test_it_can_be_taken_again_by_its_owner_and_keeps_others_out() -> None:
    lock, entered = WorldLock(), list[str]()
    with lock:
        with lock:
            thread = waiting_thread(lock, entered)
        assert entered == []
    thread.join()
    assert entered == ["other"]


def test_it_is_lent_however_often_it_is_held() -> None:
    lock, entered = WorldLock(), list[str]()
    with lock, lock:
        thread = waiting_thread(lock, entered)
        with lock.lent():
            thread.join()
        assert entered == ["other"]
        entered.append("owner")
        thread = waiting_thread(lock, entered, "third")
    thread.join()
    assert entered == ["other", "owner", "third"]


def test_giving_way_ends_once_nobody_waits() -> None:
    lock, entered = WorldLock(), list[str]()
    with lock:
        threads = [waiting_thread(lock, entered, "a"), waiting_thread(lock, entered, "b")]
        wait_until(lambda: lock._waiting == 2)
        lock.give_way()
        assert sorted(entered) == ["a", "b"]
    for thread in threads:
        thread.join()


def test_it_is_overdue_only_for_its_owner_and_only_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "MAX_HOLD", -1)
    lock, entered = WorldLock(), list[str]()
    assert not lock.is_overdue
    with lock:
        assert not lock.is_overdue
        thread = waiting_thread(lock, entered)
        assert lock.is_overdue
        monkeypatch.setattr(lock_module, "MAX_HOLD", 3_600)
        assert not lock.is_overdue
    thread.join()


def test_lending_what_another_thread_holds_changes_nothing() -> None:
    lock, entered = WorldLock(), list[str]()
    with lock.lent():
        pass
    with lock:
        pass
    assert entered == []
