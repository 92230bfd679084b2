"""Steps: the record of the operations of a run."""

from __future__ import annotations

from typing import Any

from helpers.engine import EngineHarness, module, set_variable


def test_a_step_has_its_input_and_output() -> None:
    [step] = EngineHarness().run(set_variable(4, "{{now}}")).steps
    assert (step.module_id, step.module, step.operation, step.error) == (4, "util:SetVariable2", 1, None)
    input: Any = step.input
    assert input["name"] == "x"
    assert step.output == ({"x": input["value"]},)
    assert input["value"].startswith("2016-12-08T15:55:57.")


def test_the_bundles_of_huge_runs_are_not_all_kept() -> None:
    text = "a" * 300_000
    execution = EngineHarness().run(
        module(1, "builtin:BasicRepeater", {"repeats": 20}), set_variable(2, text)
    )
    kept = [step.input is not None for step in execution.steps]
    assert len(kept) == 21
    assert kept.count(True) == 4
    assert kept == sorted(kept, reverse=True)
    assert execution.operations == 21


def test_the_step_that_used_up_the_budget_is_kept_with_its_error() -> None:
    execution = EngineHarness().run(set_variable(1, ["{{1.x}}"] * 400_000))
    assert execution.error is not None
    assert execution.error.name == "DataSizeLimitExceededError"
    assert execution.steps[-1].error == execution.error


def test_of_confidential_data_nothing_is_kept_but_that_there_was_an_operation() -> None:
    fails = module(2, "json:ParseJSON", {"json": "{{1.x}}"})
    execution = EngineHarness().run(set_variable(1, "secret"), fails, settings={"confidential": True})
    assert [(step.module_id, step.input, step.output) for step in execution.steps] == [
        (1, None, ()),
        (2, None, ()),
    ]
    assert execution.steps[1].error == execution.error
    assert "secret" not in repr(execution)
