"""Transactions: commits at once or with the cycle, their order, and rollbacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, add_record_module, module, set_variable
from make_emulator.engine.budget import Budget
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.engine.scheduling import scheduler, webhook_dispatch
from make_emulator.json_types import as_mapping
from make_emulator.world import hooks, organizations, scenarios
from make_emulator.world.blueprint_refs import first_module
from make_emulator.world.models import Execution, ExecutionError, Hook, ModuleScript, Scenario

GET = "acme:get"
FAILS = module(3, "builtin:ThrowError", {"message": "No"})
RESPOND = module(2, "gateway:WebhookRespond", {"status": 201, "body": "done"})


def write(id: int, key: str) -> Any:
    return add_record_module(id, key, "new")


def listen(harness: EngineHarness, *flow: Any, **settings: Any) -> tuple[Hook, Scenario]:
    """A live instant scenario at a hook."""
    hook = hooks.create_hook(
        harness.world,
        harness.team,
        name="In",
        type_name="gateway-webhook",
        data={"method": False, "headers": False, "stringify": False},
    )
    trigger = module(1, "gateway:CustomWebHook", parameters={"hook": hook.id})
    scenario = harness.scenario(
        trigger, *flow, metadata={"scenario": settings}, is_active=True, hook_id=hook.id
    )
    return hook, harness.world.scenarios.put(replace(scenario, scheduling={"type": "immediately"}))


def deliver(harness: EngineHarness, hook: Hook, n: int) -> Execution | None:
    return webhook_dispatch.deliver(harness.world, hook, {"n": n}, id=f"{n:032}", size=9)


def waiting(harness: EngineHarness) -> list[Any]:
    return [
        as_mapping(row.data)["n"] for row in sorted(harness.world.incomings, key=lambda row: row.sequence)
    ]


@pytest.mark.parametrize(
    ("at_once", "trigger_last", "stays"),
    [
        (False, False, []),
        (False, True, []),
        (True, False, ["first", "second"]),
        (True, True, ["second"]),
    ],
)
def test_a_rollback_undoes_what_was_not_committed_yet(
    at_once: bool, trigger_last: bool, stays: list[str]
) -> None:
    harness = EngineHarness()
    settings = {"autoCommit": at_once, "autoCommitTriggerLast": trigger_last}
    harness.run(write(1, "first"), write(2, "second"), FAILS, settings=settings)
    assert [record.key for record in harness.world.records] == stays
    assert harness.world.data_stores[1].records == len(stays)


def test_without_settings_the_trigger_commits_last_and_the_others_at_once() -> None:
    harness = EngineHarness()
    harness.run(write(1, "first"), write(2, "second"), FAILS)
    assert [record.key for record in harness.world.records] == ["second"]


def test_what_a_later_module_committed_stays_though_the_trigger_wrote_there_before() -> None:
    harness = EngineHarness()
    harness.add("both", city="old")
    harness.run(write(1, "both"), write(2, "both"), FAILS)
    assert harness.data("both") == {"city": "new"}


@pytest.mark.parametrize(
    ("settings", "back"),
    [
        ({}, [1]),
        ({"autoCommit": False}, [1]),
        ({"autoCommit": False, "autoCommitTriggerLast": False}, [1]),
        ({"autoCommit": True, "autoCommitTriggerLast": False}, []),
    ],
)
def test_a_trigger_that_has_not_committed_puts_back_what_it_took(settings: Any, back: list[int]) -> None:
    harness = EngineHarness()
    hook, _ = listen(harness, FAILS, **settings)
    deliver(harness, hook, 1)
    assert waiting(harness) == back


def test_a_run_that_succeeds_or_stores_what_failed_puts_nothing_back() -> None:
    harness = EngineHarness()
    hook, _ = listen(harness, set_variable(2, "a"))
    deliver(harness, hook, 1)
    assert waiting(harness) == []
    hook, _ = listen(harness, FAILS, dlq=True)
    deliver(harness, hook, 2)
    assert waiting(harness) == []
    assert len(harness.world.incomplete_executions) == 1


def test_what_a_caller_was_answered_for_is_not_put_back_or_it_would_run_for_ever() -> None:
    harness = EngineHarness()
    hook, scenario = listen(harness, RESPOND, FAILS)
    run = deliver(harness, hook, 1)
    assert run is not None
    assert (run.status, waiting(harness)) == (3, [])
    assert harness.world.scenarios[scenario.id].is_active


def test_only_the_cycle_that_failed_puts_back_what_it_took() -> None:
    harness = EngineHarness()
    condition = [[{"a": "{{1.n}}", "o": "number:equal", "b": "2"}]]
    hook, scenario = listen(
        harness, module(3, "builtin:ThrowError", filter={"name": "", "conditions": condition}), roundtrips=9
    )
    harness.world.scenarios.put(replace(scenario, scheduling={"type": "indefinitely", "interval": 900}))
    for number in range(5):
        deliver(harness, hook, number)
    run = webhook_dispatch.run_due(harness.world, harness.world.scenarios[scenario.id], NOW, Budget())
    assert run.status == 3
    assert waiting(harness) == [2, 3, 4], "0 and 1 were the first cycle"


def test_an_error_before_the_first_module_puts_everything_back() -> None:
    harness = EngineHarness()
    hook, _ = listen(harness, module(2, GET, parameters={"__IMTCONN__": 99}), autoCommitTriggerLast=False)
    run = deliver(harness, hook, 1)
    assert run is not None
    assert (run.status, run.operations, waiting(harness)) == (3, 0, [1])


def test_what_is_run_again_later_is_put_back_when_that_fails_for_good() -> None:
    harness = EngineHarness()
    failure = ExecutionError(name="RateLimitError", message="no")
    module_scripts.save_script(harness.world, ModuleScript(module=GET, error=failure))
    hook, scenario = listen(harness, module(2, GET))
    deliver(harness, hook, 1)
    assert (waiting(harness), len(harness.world.reruns)) == ([], 1)
    harness.world.clock.set(NOW + 42 * 3_600_000)
    scheduler.catch_up(harness.world)
    assert not harness.world.scenarios[scenario.id].is_active
    assert (waiting(harness), len(harness.world.reruns)) == ([1], 0)


def test_what_awaits_another_run_is_put_back_when_the_scenario_was_stopped() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module=GET, error=ExecutionError(name="RateLimitError", message="no"))
    )
    hook, scenario = listen(harness, module(2, GET))
    deliver(harness, hook, 1)
    harness.world.scenarios.put(replace(harness.world.scenarios[scenario.id], is_active=False))
    harness.world.clock.set(NOW + 5 * 60_000)
    scheduler.catch_up(harness.world)
    assert (waiting(harness), len(harness.world.reruns)) == ([1], 0)


def test_what_awaits_another_run_is_put_back_when_the_scenario_is_deleted() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module=GET, error=ExecutionError(name="RateLimitError", message="no"))
    )
    hook, scenario = listen(harness, module(2, GET))
    deliver(harness, hook, 1)
    scenarios.remove(harness.world, scenario)
    assert (waiting(harness), len(harness.world.reruns)) == ([1], 0)
    organizations.delete_team(harness.world, harness.team, confirmed=True)
    assert waiting(harness) == []


def test_what_a_person_hands_over_was_never_in_the_queue() -> None:
    harness = EngineHarness()
    _, scenario = listen(harness, FAILS)
    executor.run_scenario(harness.world, scenario, trigger_bundle={"n": 1})
    assert waiting(harness) == []


def test_an_answer_is_sent_with_the_commit_unless_modules_commit_at_once() -> None:
    for at_once in (True, False):
        harness = EngineHarness()
        hook, _ = listen(
            harness, RESPOND, module(3, "util:FunctionSleep", {"duration": 10}), autoCommit=at_once
        )
        run = deliver(harness, hook, 1)
        assert run is not None
        assert run.respond is not None
        assert (run.respond.at == run.ends) is not at_once
        assert (run.respond.at < run.ends - 9_000) is at_once


def test_a_run_that_fails_before_the_commit_sends_no_response_and_stops_the_scenario() -> None:
    harness = EngineHarness()
    hook, scenario = listen(harness, RESPOND, FAILS, autoCommit=False)
    run = deliver(harness, hook, 1)
    assert run is not None
    assert (run.respond, waiting(harness)) == (None, [1])
    assert not harness.world.scenarios[scenario.id].is_active


def test_nothing_is_put_back_to_a_hook_that_is_gone() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module=GET, error=ExecutionError(name="RateLimitError", message="no"))
    )
    hook, scenario = listen(harness, module(2, GET))
    deliver(harness, hook, 1)
    harness.world.scenarios.put(replace(harness.world.scenarios[scenario.id], is_active=False, hook_id=None))
    hooks.delete_hook(harness.world, harness.world.hooks[hook.id], confirmed=True)
    harness.world.clock.set(NOW + 5 * 60_000)
    scheduler.catch_up(harness.world)
    assert waiting(harness) == []


def test_what_another_run_changed_meanwhile_cannot_be_undone_and_the_scenario_is_stopped() -> None:
    harness = EngineHarness()
    for key in ("mine", "shared"):
        harness.add(key, city="old")
    callee = harness.scenario(write(1, "shared"), is_active=True)
    call = module(
        3,
        "scenario-service:CallSubscenario",
        parameters={"scenario": callee.id, "shouldWaitForExecutionEnd": True},
    )
    metadata = {"scenario": {"autoCommit": False}}
    scenario = harness.scenario(
        write(1, "mine"), write(2, "shared"), call, {**FAILS, "id": 4}, metadata=metadata, is_active=True
    )
    run = executor.run_scenario(harness.world, scenario)
    assert run.error is not None
    assert (run.error.name, run.error.message) == ("InconsistencyError", "Changes could not be undone.")
    assert (harness.data("mine"), harness.data("shared")) == ({"city": "old"}, {"city": "new"})
    stopped = harness.world.scenarios[scenario.id]
    assert (stopped.is_active, stopped.errors_in_a_row) == (False, 1)


def test_a_called_scenario_that_writes_elsewhere_conflicts_with_no_run() -> None:
    harness = EngineHarness()
    harness.add("mine", city="old")
    callee = harness.scenario(write(1, "other"), is_active=True)
    call = module(2, "scenario-service:CallSubscenario", parameters={"scenario": callee.id})
    run = harness.run(write(1, "mine"), call, FAILS, settings={"autoCommit": False})
    assert run.error is not None
    assert run.error.name == "RuntimeError"
    assert (harness.data("mine"), harness.data("other")) == ({"city": "old"}, {"city": "new"})


@pytest.mark.parametrize(
    "settings", [{}, {"autoCommit": False}, {"autoCommit": True, "autoCommitTriggerLast": True}]
)
def test_what_an_earlier_cycle_answered_does_not_cost_a_later_one_its_bundle(settings: Any) -> None:
    harness = EngineHarness()
    two = [[{"a": "{{1.n}}", "o": "number:equal", "b": "2"}]]
    no = module(3, "builtin:ThrowError", {"message": "No"}, filter={"name": "", "conditions": two})
    hook, scenario = listen(harness, RESPOND, no, roundtrips=5, **settings)
    first: Any = first_module(harness.world.blueprints[scenario.id, 1].blueprint["flow"])
    first["parameters"]["maxResults"] = 1
    scenario = harness.world.scenarios.put(
        replace(scenario, scheduling={"type": "indefinitely", "interval": 900})
    )
    for n in (1, 2, 3):
        deliver(harness, hook, n)
    run = webhook_dispatch.run_due(harness.world, scenario, NOW, Budget())
    assert (run.status, run.respond and run.respond.status) == (3, 201)
    assert waiting(harness) == [2, 3]


def test_an_answer_is_not_sent_when_the_emulator_fails_before_it_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = EngineHarness()
    play = module_scripts.run_operation

    def breaks(kind: Any, context: Any) -> Any:
        if context.module.id == 3:
            raise ZeroDivisionError
        return play(kind, context)

    monkeypatch.setattr(module_scripts, "run_operation", breaks)
    hook, _ = listen(harness, RESPOND, set_variable(3, 1), autoCommit=False)
    run = deliver(harness, hook, 1)
    assert run is not None
    assert run.error is not None
    assert (run.error.name, run.respond, waiting(harness)) == ("UnknownError", None, [1])
