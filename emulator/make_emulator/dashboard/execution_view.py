"""Data of the page of a run: its events in order."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..control.module_scripts import find_execution
from ..redaction.masking import TRACE_REDACTOR
from ..registry import WorldHandle
from ..reports.trace_view import Decision, Step, TraceView, error_text
from ..world.models import Json
from ..world.secret_texts import of_execution, values_of
from . import world_view

#: The most characters of a bundle, and the most output bundles of a step, on the page.
MAX_BUNDLE_TEXT, MAX_BUNDLES = 4_000, 20


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A step or a decision: a sentence, with details."""

    cycle: int
    module_id: int
    sentence: str
    tone: str
    #: Label (``in``, ``out``, ``holds`` …) and text of each detail.
    details: list[tuple[str, str]]
    called: str | None = None


def template_context(handle: WorldHandle, execution: str) -> dict[str, object]:
    """Returns the variables of the template for a run.

    Raises:
        ResourceNotFoundError: if there is no run of that id.
    """
    with handle.locked() as world:
        run = find_execution(world, execution)
        secrets = handle.secret_values() | values_of(of_execution(run))
        row = world_view.execution_row(run, world.now())
    return {
        "row": row,
        "scenario": f"{run.scenario_name} ({run.scenario_id})",
        "duration": f"{run.duration / 1000:.1f} s",
        "operations": run.operations,
        "error": run.error and error_text(run.error, TRACE_REDACTOR.with_secrets(secrets)),
        "events": [
            _step_event(event) if isinstance(event, Step) else _decision_event(event)
            for event in TraceView.from_execution(run, secrets).events()
        ],
        "steps_left_out": run.steps_left_out,
        "decisions_left_out": run.decisions_left_out,
    }


def _step_event(step: Step) -> TimelineEvent:
    details = [("in", _json_text(step.input))] if step.input else []
    details += [("out", _json_text(bundle)) for bundle in step.output[:MAX_BUNDLES]]
    if len(step.output) > MAX_BUNDLES:
        details.append(("out", f"and {len(step.output) - MAX_BUNDLES} more"))
    tone = "good" if step.error is None else "bad"
    return TimelineEvent(step.cycle, step.module_id, step.sentence, tone, details, step.called)


def _decision_event(decision: Decision) -> TimelineEvent:
    details = [
        (
            "holds" if condition.holds else "does not hold",
            f"{_json_text(condition.left)} {condition.operator} {_json_text(condition.right)}"
            + ("" if condition.hint is None else f" ({condition.hint})"),
        )
        for group in decision.conditions
        for condition in group
    ]
    tone = "warn" if decision.passed is False or decision.event in ("handler", "error handled") else "soft"
    return TimelineEvent(decision.cycle, decision.module_id, decision.sentence, tone, details)


def _json_text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_BUNDLE_TEXT else f"{text[:MAX_BUNDLE_TEXT]}…"
