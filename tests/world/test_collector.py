"""Pauses of the garbage collector."""

from __future__ import annotations

import gc
from contextlib import ExitStack

from make_emulator.world.collector import collector_paused


def test_the_collector_runs_again_after_the_last_of_overlapping_pauses() -> None:
    assert gc.isenabled()
    with ExitStack() as second:
        with collector_paused():
            second.enter_context(collector_paused())
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
