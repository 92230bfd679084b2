"""Runs from the inside, as tests see them, and what assertions over them say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from make_emulator import MakeEmulator, World
from make_emulator.testing.executions import WorldExecution


def node(id: int, name: str, mapper: Any = None, **rest: Any) -> dict[str, Any]:
    return {"id": id, "module": name, "version": 1, "mapper": mapper or {}, "metadata": {}, **rest}


BIG = {"name": "only big", "conditions": [[{"a": "{{2.value}}", "o": "number:greater", "b": "10"}]]}
FLOW = [
    node(1, "util:SetVariable2", {"name": "n", "scope": "roundtrip", "value": "x"}),
    node(2, "builtin:BasicFeeder", {"array": "{{split('20,5,30'; ',')}}"}),
    node(4, "slack:CreateMessage", {"text": "{{2.value}}"}, filter=BIG),
]


@pytest.fixture
def world(make: MakeEmulator) -> World:
    return make.create_world(
        seed={
            "organizations": [
                {
                    "name": "Org",
                    "teams": [
                        {
                            "name": "Team",
                            "scenarios": [
                                {
                                    "id": 9,
                                    "name": "Orders",
                                    "active": True,
                                    "blueprint": {"name": "Orders", "flow": FLOW, "metadata": {}},
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )


@pytest.fixture
def execution(world: World) -> WorldExecution:
    return world.execution(world.run(9)["executionId"])


def test_steps_and_decisions_are_typed_and_have_a_text(execution: WorldExecution) -> None:
    [stopped] = execution.stopped_by("only*", before=4)
    assert repr(stopped) == (
        "<Decision: bundle 2 of 3 was stopped by filter 'only big' before module 4: 5 greater than 10>"
    )
    [[condition]] = stopped.conditions
    assert (condition.a, condition.left, condition.operator, condition.right) == (
        "{{2.value}}",
        "5",
        "number:greater",
        "10",
    )
    assert (stopped.step, stopped.cycle, stopped.passed) == (3, 1, False)
    first, *_, last = execution.steps
    assert (first.module_id, first.bundle, first.output) == (1, None, [{"n": "x"}])
    assert last.bundle is not None
    assert (last.bundle.module_id, last.bundle.number, last.bundle.of) == (2, 3, 3)
    assert repr(last) == "<Step: module 4 (slack:CreateMessage) processed bundle 3 of 3 and output 1 bundle>"
    assert repr(execution) == f"<Execution {execution.id}: 4 steps, 3 decisions>"
    assert execution.story.splitlines()[2:5] == [
        "bundle 1 of 3 passed filter 'only big' before module 4",
        "module 4 (slack:CreateMessage) processed bundle 1 of 3 and output 1 bundle",
        "bundle 2 of 3 was stopped by filter 'only big' before module 4: 5 greater than 10",
    ]


def test_what_was_reached_and_what_was_stopped_is_asserted(execution: WorldExecution) -> None:
    execution.assert_reached(4)
    execution.assert_reached("slack:*", times=2)
    execution.assert_not_reached(5)
    execution.assert_stopped()
    execution.assert_stopped("only big", before=4, times=1)


def test_a_failed_assertion_shows_what_stopped_which_bundle_and_why(execution: WorldExecution) -> None:
    text = (
        "expected module 4 to be reached 3 times, but it was 2 times; this kept bundles from it:\n"
        "  bundle 2 of 3 was stopped by filter 'only big' before module 4: 5 greater than 10"
    )
    with pytest.raises(AssertionError, match=f"^{re.escape(text)}$"):
        execution.assert_reached(4, times=3)
    with pytest.raises(AssertionError, match=r"not to be reached, but it was 2 times:\n  module 4 \(slack"):
        execution.assert_not_reached("slack:*")
    text = "expected filter 'small' before module 4 to stop a bundle, but it stopped 0; filters decided:\n  bundle 1"
    with pytest.raises(AssertionError, match=re.escape(text)):
        execution.assert_stopped("small", before=4)


def test_without_filters_a_failed_assertion_shows_what_happened(world: World) -> None:
    execution = world.execution(world.run(9)["executionId"])
    plain = WorldExecution(
        "e", {"steps": [], "decisions": [], "story": [], "leftOut": {"steps": 0, "decisions": 0}}
    )
    with pytest.raises(AssertionError, match=r"it was 0 times; this happened:\n  nothing$"):
        plain.assert_reached(1)
    with pytest.raises(AssertionError, match="but it stopped 0; no bundle reached a filter"):
        plain.assert_stopped()
    assert execution.steps_left_out == 0


def test_a_snapshot_keeps_what_was_decided(world: World) -> None:
    id = world.run(9)["executionId"]
    before = world.execution(id)
    snapshot = world.snapshot()
    world.reset()
    world.restore(snapshot)
    after = world.execution(id)
    assert (after.steps, after.decisions, after.story) == (before.steps, before.decisions, before.story)
