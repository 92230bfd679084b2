from __future__ import annotations

import pytest

from helpers.engine import EngineHarness, error_of, module, outputs_of, return_data, set_variable
from make_emulator.engine.apps import catalog
from make_emulator.engine.runtime import module_scripts
from make_emulator.world.models import ExecutionError, ModuleScript

SEND = "slack:CreateMessage"


def fails(name: str, message: str = "Slow down.") -> ModuleScript:
    return ModuleScript(module=SEND, error=ExecutionError(name=name, message=message))


def test_a_scripted_module_emits_what_the_script_says() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module=SEND, output=[{"ts": "1"}, {"ts": "2"}]))
    run = harness.run(module(1, SEND, {"text": "Hi"}), set_variable(2, "{{1.ts}}"))
    assert outputs_of(run, 1) == [{"ts": "1"}, {"ts": "2"}]
    assert [bundle["x"] for bundle in outputs_of(run, 2)] == ["1", "2"]
    assert run.operations == 3
    assert run.transfer > 0
    assert run.steps[0].input == {"text": "Hi"}


def test_it_costs_and_takes_what_it_does_unscripted() -> None:
    plain, scripted = EngineHarness(), EngineHarness()
    module_scripts.save_script(scripted.world, ModuleScript(module=SEND, output=[{}]))
    runs = [harness.run(module(1, SEND)) for harness in (plain, scripted)]
    assert runs[0].operations == runs[1].operations == 1
    assert runs[0].duration == runs[1].duration


def test_modules_that_the_emulator_interprets_can_be_scripted_too() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module="datastore:GetRecord", output=[{"city": "Oslo"}])
    )
    run = harness.run(module(1, "datastore:GetRecord", {"key": "none", "returnWrapped": False}))
    assert outputs_of(run, 1) == [{"city": "Oslo"}]


def test_no_bundles_end_the_way() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module=SEND, output=[]))
    assert outputs_of(harness.run(module(1, SEND), module(2, SEND)), 2) == []


def test_a_scripted_error_ends_the_run_with_its_name() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, fails("RateLimitError"))
    assert error_of(harness.run(module(1, SEND))) == ("RateLimitError", "Slow down.")


def test_an_error_handler_takes_a_scripted_error() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, fails("ConnectionError"))
    run = harness.run(
        module(1, SEND, onerror=[module(2, "builtin:Resume", {"ts": "none"})]), return_data(3, ts="{{1.ts}}"),
        output_spec=[{"name": "ts", "type": "text"}],
    )  # fmt: skip
    assert (run.status, run.outputs) == (1, {"ts": "none"})


def test_an_error_that_no_handler_takes_ends_the_run_whatever_the_blueprint_says() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, fails("DataSizeLimitExceededError"))
    run = harness.run(module(1, SEND, onerror=[module(2, "builtin:Resume")]))
    assert error_of(run)[0] == "DataSizeLimitExceededError"


def test_a_script_is_over_after_so_many_operations() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module=SEND, error=ExecutionError(name="DataError", message=""), left=2)
    )
    assert [harness.run(module(1, SEND)).status for _ in range(3)] == [3, 3, 1]
    assert (harness.world.scripts[SEND].left, harness.world.scripts[SEND].hits) == (0, 2)


def test_a_duration_alone_makes_the_run_longer_and_changes_nothing_else() -> None:
    plain, slow = EngineHarness(), EngineHarness()
    module_scripts.save_script(slow.world, ModuleScript(module=SEND, duration=45_000))
    interface = {"interface": [{"name": "email", "type": "email"}]}
    runs = [harness.run(module(1, SEND, metadata=interface)) for harness in (plain, slow)]
    assert runs[1].duration == runs[0].duration + 45_000
    assert runs[1].steps[0].output == runs[0].steps[0].output


def test_a_run_cannot_be_longer_than_the_plan_allows() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module=SEND, duration=41 * 60_000))
    execution = harness.run(module(1, SEND), module(2, SEND))
    assert (execution.status, len(execution.steps)) == (2, 1)
    assert execution.steps[0].error is not None
    assert execution.steps[0].error.name == "ExecutionInterruptedError"


def test_fields_that_the_module_requires_stay_required() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module=SEND, output=[{}]))
    expect = {"expect": [{"name": "channel", "type": "text", "required": True}]}
    assert error_of(harness.run(module(1, SEND, metadata=expect)))[0] == "BundleValidationError"


@pytest.mark.parametrize(
    ("name", "scripted", "puts_out"),
    [
        ("slack:CreateMessage", True, True),
        ("gateway:CustomWebHook", True, True),
        ("builtin:BasicRouter", True, False),
        ("scenario-service:ReturnData", True, False),
        ("util:TextAggregator", False, True),
    ],
)
def test_what_directs_or_gathers_bundles_is_not_scripted_with_an_output(
    name: str, scripted: bool, puts_out: bool
) -> None:
    assert (module_scripts.can_be_scripted(name), catalog.has_output(name)) == (scripted, puts_out)
