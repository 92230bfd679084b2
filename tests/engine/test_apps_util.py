"""The app "Tools": how long its counters live, and how long it sleeps."""

from __future__ import annotations

import orjson
import pytest
from lab import Lab, error_of, module, outputs_of, put_out

from emulator.engine import executor
from emulator.world import snapshot
from emulator.world.codec import reader
from emulator.world.models import Json, Scenario


def increment(reset: str, id: int = 2) -> Json:
    return module(id, "util:FunctionIncrement", parameters={"reset": reset})


def repeat(times: int) -> Json:
    return module(1, "builtin:BasicRepeater", {"repeats": times})


@pytest.mark.parametrize(("reset", "second"), [("run", [1, 2]), ("execution", [1, 2]), ("scenario", [3, 4])])
def test_a_counter_begins_anew_with_a_run_unless_it_is_never_reset(reset: str, second: list[int]) -> None:
    lab = Lab()
    scenario = lab.scenario(repeat(2), increment(reset))
    for wanted in ([1, 2], second):
        execution = executor.run(lab.world, scenario)
        assert [bundle["i"] for bundle in outputs_of(execution, 2)] == wanted


def test_each_module_and_each_scenario_counts_for_itself() -> None:
    lab = Lab()
    first, other = (
        lab.scenario(increment("scenario", 1), increment("scenario")),
        lab.scenario(increment("scenario")),
    )
    for scenario in (first, first, other):
        execution = executor.run(lab.world, scenario)
    assert outputs_of(execution, 2) == [{"i": 1}]
    assert lab.world.scenarios[first.id].counters == {"1": 2, "2": 2}
    assert lab.world.scenarios[other.id].counters == {"2": 1}


def test_a_counter_counts_on_after_a_failed_run() -> None:
    lab = Lab()
    scenario = lab.scenario(increment("scenario"), module(3, "json:ParseJSON", {"json": "{"}))
    assert [executor.run(lab.world, scenario).status for _ in range(2)] == [3, 3]
    assert lab.world.scenarios[scenario.id].counters == {"2": 2}


def test_a_reset_that_does_not_exist_is_refused() -> None:
    execution = Lab().run(increment("daily"))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


@pytest.mark.parametrize("seconds", [0, 301, -1, "soon"])
def test_a_sleep_takes_one_second_to_five_minutes(seconds: Json) -> None:
    assert (
        error_of(Lab().run(module(1, "util:FunctionSleep", {"duration": seconds})))[0]
        == "BundleValidationError"
    )
    assert put_out(module(1, "util:FunctionSleep", {"duration": "300"})) == [{}]


def test_a_counter_is_a_part_of_a_snapshot() -> None:
    lab = Lab()
    scenario = lab.scenario(increment("scenario"))
    executor.run(lab.world, scenario)
    document = orjson.loads(snapshot.dumps(snapshot.take(lab.world)))
    [restored] = reader(Scenario)(document["rows"]["scenarios"])
    assert restored.counters == {"2": 1}
