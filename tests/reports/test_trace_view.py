"""View of execution traces: the sentences, the order of events, and no secrets."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.redaction.masking import TRACE_REDACTOR
from make_emulator.redaction.secret_values import SecretValues
from make_emulator.reports import trace_view
from make_emulator.reports.trace_view import TraceView
from make_emulator.world.models import ConditionResult, Execution, ExecutionError, FlowDecision, Step

SECOND = (2, 2, 3)


def run(*steps: Step, decisions: tuple[FlowDecision, ...] = ()) -> Execution:
    return Execution(
        id="e", scenario_id=1, scenario_name="S", team_id=1, organization_id=1, type="auto", author_id=None,
        instant=False, started=0, duration=0, operations=0, centicredits=0, transfer=0, status=1, steps=steps,
        decisions=decisions, steps_left_out=4,
    )  # fmt: skip


def step(**fields: Any) -> Step:
    return Step(**{"module_id": 4, "module": "slack:Send", "operation": 1, "input": {}, **fields})


def decision(event: str, **fields: Any) -> FlowDecision:
    return FlowDecision(**{"at": 1, "cycle": 1, "event": event, "module_id": 4, "bundle": SECOND, **fields})


def compared(
    left: Any, operator: str, right: Any, *, a: str = "{{1.x}}", b: str = "y", holds: bool = False
) -> ConditionResult:
    return ConditionResult(a=a, operator=operator, b=b, left=left, right=right, holds=holds)


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        (decision("filter", name="only big", passed=True), "bundle 2 of 3 passed filter 'only big' before module 4"),
        (
            decision("filter", name="only big", passed=False, groups=((compared(5, "number:greater", "10"),),)),
            "bundle 2 of 3 was stopped by filter 'only big' before module 4: 5 greater than 10",
        ),
        (
            decision(
                "filter",
                passed=False,
                bundle=None,
                groups=(
                    (compared("a", "text:equal:ci", "a", holds=True), compared(None, "exist", None)),
                    (compared([1], "array:contain", {"b": "c"}),),
                ),
            ),
            'the bundle was stopped by the filter before module 4: {{1.x}} exists or [1] contains {"b":"c"}',
        ),
        (
            decision("filter", passed=False, groups=((compared(None, "number:greater", "14"),),)),
            "bundle 2 of 3 was stopped by the filter before module 4: {{1.x}} (empty) greater than 14",
        ),
        (
            decision(
                "filter",
                passed=False,
                groups=((compared(None, "text:equal", None, a="", b="{{2.y}}"),),),
            ),
            "bundle 2 of 3 was stopped by the filter before module 4: null equal to {{2.y}} (empty)",
        ),
        (decision("filter", passed=False), "bundle 2 of 3 was stopped by the filter before module 4"),
        (
            decision("filter", passed=False, groups=((compared("2026", "text:startswith", "20"),),)),
            "bundle 2 of 3 was stopped by the filter before module 4: 2026 text:startswith 20 "
            "(Make has no operator 'text:startswith'; did you mean 'text:startwith'?)",
        ),
        (decision("route", number=0), "bundle 2 of 3 took route 1 of module 4"),
        (decision("branch", number=0), "bundle 2 of 3 took branch 1 of module 4"),
        (
            decision("route", number=1, name="fallback"),
            "bundle 2 of 3 took route 2 of module 4, the fallback, as no other was open",
        ),
        (decision("branch"), "bundle 2 of 3 found no branch of module 4 open"),
        (decision("handler", name="DataError"), "the error handler of module 4 took the DataError of bundle 2 of 3"),
        (decision("error handled", name="ignore"), "the error of module 4 was ignored, and the bundle dropped"),
        (step(), "module 4 (slack:Send) ran and output no bundle"),
        (step(module="builtin:BasicRouter", bundle=SECOND), "module 4 (builtin:BasicRouter) processed bundle 2 of 3"),
        (step(input=None), "module 4 (slack:Send) ran"),
        (step(bundle=SECOND, output=({},)), "module 4 (slack:Send) processed bundle 2 of 3 and output 1 bundle"),
        (
            step(bundle=SECOND, error=ExecutionError(name="DataError", message="no")),
            "module 4 (slack:Send) processed bundle 2 of 3 and failed: DataError: no",
        ),
    ],
)  # fmt: skip
def test_what_happened_is_reported_in_plain_english(reported: Step | FlowDecision, words: str) -> None:
    if isinstance(reported, Step):
        assert trace_view.Step.from_model(reported).sentence == words
    else:
        assert trace_view.Decision.from_model(reported).sentence == words


def test_only_an_operator_that_does_not_exist_has_a_hint_in_json() -> None:
    groups = ((compared("a", "text:begins", "a"), compared("a", "text:equal", "a", holds=True)),)
    view = TraceView.from_execution(run(decisions=(decision("filter", passed=False, groups=groups),)))
    unknown, known = (condition.to_json() for condition in view.decisions[0].conditions[0])
    assert unknown["hint"] == "Make has no operator 'text:begins'; did you mean 'text:startwith'?"
    assert known.keys() == {"a", "o", "b", "left", "right", "holds"}


def test_long_sides_are_cut_in_sentences_only() -> None:
    groups = ((compared("x" * 100, "text:equal", "y"),),)
    reported: Any = trace_view.Decision.from_model(decision("filter", passed=False, groups=groups)).to_json()
    assert reported["sentence"].endswith(f': "{"x" * 58}… equal to "y"')
    assert reported["conditions"][0][0]["left"] == "x" * 100


TOKEN = "11111111-1111-4111-8111-111111111111"
KNOWING_TOKEN = TRACE_REDACTOR.with_secrets(SecretValues([TOKEN]))


@pytest.mark.parametrize(
    "part",
    [
        compared("hunter2", "text:equal", "hunter3", a="{{1.password}}"),
        compared("hunter3", "text:equal", "hunter2", a="{{1.x}}", b="{{3.headers.Authorization}}"),
        compared("hunter2", "text:equal", "hunter2", a="{{var.team.apiToken}}", b="hunter2"),
        compared("hunter2", "text:equal", "hunter2", a="hunter2", b="{{var.team.apiToken}}"),
        compared({"password": "hunter2"}, "text:equal", "hunter3", a="{{1}}{{2.secret}}"),
        compared({"password": "hunter2"}, "exist", {"token": "hunter3"}),
        compared(f"{TOKEN} hunter", "text:equal", TOKEN),
    ],
)
def test_a_condition_shows_no_secret_and_nothing_that_was_compared_with_one(part: ConditionResult) -> None:
    reported = trace_view.Decision.from_model(
        decision("filter", passed=False, groups=((part,),)), KNOWING_TOKEN
    ).to_json()
    assert not any(secret in repr(reported) for secret in ("hunter2", "hunter3", TOKEN))
    assert "****" in repr(reported)


def test_secrets_in_messages_of_errors_are_masked() -> None:
    failed = step(error=ExecutionError(name="DataError", message=f"Token {TOKEN} is not known."))
    assert TOKEN not in repr(trace_view.Step.from_model(failed, KNOWING_TOKEN).to_json())


def test_values_of_variables_with_names_of_secrets_are_masked_in_the_steps_that_use_them() -> None:
    used = step(input={"text": "use s3cret-value", "note": "plain"}, output=({"pageToken": "abc"},))
    setting = step(module="util:SetVariable2", output=({"apiToken": "s3cret-value"},))
    view = TraceView.from_execution(run(setting, used))
    assert view.steps[0].output == [{"apiToken": "********"}]
    assert view.steps[1].input == {"text": "use ********", "note": "plain"}
    assert view.steps[1].output == [{"pageToken": "abc"}]


def test_steps_and_decisions_are_reported_in_the_order_in_which_they_happened() -> None:
    decisions = tuple(decision("route", number=0, at=at) for at in (0, 1, 1, 2, 2))
    view = TraceView.from_execution(run(step(), step(operation=2), decisions=decisions))
    order = "".join("s" if isinstance(event, trace_view.Step) else "d" for event in view.events())
    assert order == "dsddsdd"
    reported: Any = view.to_json()
    assert len(reported["story"]) == 7
    assert [each["step"] for each in reported["decisions"]] == [0, 1, 1, 2, 2]
    assert reported["leftOut"] == {"steps": 4, "decisions": 0}


def test_the_view_is_read_back_from_its_json() -> None:
    decisions = (
        decision("filter", name="big", passed=False, groups=((compared(5, "number:greater", "10"),),)),
        decision("route", number=1, name="fallback"),
        decision("branch"),
        decision("handler", name="DataError"),
        decision("error handled", name="ignore"),
    )
    failed = step(bundle=SECOND, error=ExecutionError(name="DataError", message="no"))
    view = TraceView.from_execution(run(step(output=({"a": 1},)), failed, decisions=decisions))
    assert TraceView.from_json(view.to_json()) == view


@pytest.mark.parametrize(
    ("directive", "stores_incomplete", "words"),
    [
        ("break", True, "was handled by break, and the bundle taken out of the run"),
        ("break", False, "was handled by break, but incomplete executions are not stored, and the run ended"),
        ("kept", True, "had no error handler, and the bundle was stored as an incomplete execution"),
    ],
)  # fmt: skip
def test_the_outcome_of_an_error_depends_on_directive_and_settings(
    directive: str, stores_incomplete: bool, words: str
) -> None:
    assert trace_view.error_outcome(directive, stores_incomplete=stores_incomplete) == words
