from __future__ import annotations

import threading

import pytest

from helpers.engine import EngineHarness, error_of, module
from make_emulator.engine.budget import CHECK_INTERVAL, Budget
from make_emulator.engine.errors import BudgetExceededError, ExecutionInterruptedError


class Timer:
    """A time that goes on by ``step`` seconds at each look at it."""

    def __init__(self, step: float = 0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_work_that_takes_too_long_ends_at_the_next_look_at_the_time() -> None:
    timer = Timer()
    budget = Budget(seconds=10, timer=timer)
    budget.charge(CHECK_INTERVAL + 1)
    timer.now = 11
    budget.charge(CHECK_INTERVAL - 10)
    with pytest.raises(BudgetExceededError, match="takes too long"):
        budget.charge(CHECK_INTERVAL)
    assert budget.is_exhausted


def test_pauses_are_not_subtracted() -> None:
    timer = Timer()
    budget = Budget(seconds=10, timer=timer)
    with budget.paused():
        timer.now += 100
    budget.charge(CHECK_INTERVAL + 1)
    assert not budget.is_exhausted


def test_an_interruption_ends_work() -> None:
    interruption = threading.Event()
    budget = Budget(interruption=interruption)
    budget.charge(CHECK_INTERVAL + 1)
    interruption.set()
    with pytest.raises(ExecutionInterruptedError):
        budget.charge(CHECK_INTERVAL + 1)


def test_the_last_step_of_work_is_still_allowed() -> None:
    budget = Budget(work=25_000)
    budget.charge(25_000)
    with pytest.raises(BudgetExceededError):
        budget.charge()


def test_a_run_has_a_limit_of_real_time() -> None:
    harness = EngineHarness()
    flow = (
        module(1, "builtin:BasicRepeater", {"start": 1, "repeats": 5_000, "step": 1}),
        module(2, "util:SetVariable2", {"name": "n", "scope": "roundtrip", "value": "{{1.i}}"}),
    )
    run = harness.run(*flow, budget=Budget(seconds=5, timer=Timer(step=1)))
    assert error_of(run) == ("ScenarioTimeoutError", "The run takes too long.")
    assert 1 < run.operations < 5_000


def test_an_interrupted_run_ends_with_a_warning_and_is_recorded() -> None:
    harness = EngineHarness()
    harness.world.interruption.set()
    flow = (
        module(1, "builtin:BasicRepeater", {"start": 1, "repeats": 5_000, "step": 1}),
        module(2, "util:SetVariable2", {"name": "n", "scope": "roundtrip", "value": "{{1.i}}"}),
    )
    run = harness.run(*flow)
    assert (run.status, run.error) == (2, None)
    assert 1 < run.operations < 5_000
    assert harness.executions() == [run]
