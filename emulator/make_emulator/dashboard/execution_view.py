"""What the page of a run shows: what happened in it, in its order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..control.module_scripts import find_execution
from ..redaction.masking import mask_text
from ..registry import WorldHandle
from ..reports import executions
from ..world.models import FlowDecision, Json, Step
from . import world_view

#: How much of one bundle is shown, and how many of those that a step put out.
MAX_BUNDLE_TEXT, MAX_BUNDLES = 4_000, 20


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A step, or a decision between two: a sentence, and what there is to look at."""

    cycle: int
    module_id: int
    sentence: str
    tone: str
    #: What it is about (``in``, ``out``, ``condition``) and that, as text.
    details: list[tuple[str, str]]
    called: str | None = None


def template_context(tenant: WorldHandle, execution: str) -> dict[str, Any]:
    """A run at this moment.

    Raises:
        ResourceNotFound: if there is none of that id.
    """
    with tenant.locked() as world:
        run = find_execution(world, execution)
        row = world_view.execution_row(run, world.now())
    return {
        "row": row,
        "scenario": f"{run.scenario_name} ({run.scenario_id})",
        "duration": f"{run.duration / 1000:.1f} s",
        "operations": run.operations,
        "error": run.error and f"{run.error.name}: {mask_text(run.error.message)}",
        "events": [
            _step_event(event) if isinstance(event, Step) else _decision_event(event)
            for event in executions.ordered_events(run)
        ],
        "steps_left_out": run.steps_left_out,
        "decisions_left_out": run.decisions_left_out,
    }


def _step_event(step: Step) -> TimelineEvent:
    shown = executions.step_view(step)
    details = [("in", _json_text(shown["input"]))] if shown["input"] else []
    details += [("out", _json_text(bundle)) for bundle in shown["output"][:MAX_BUNDLES]]
    if len(shown["output"]) > MAX_BUNDLES:
        details.append(("out", f"and {len(shown['output']) - MAX_BUNDLES} more"))
    tone = "good" if step.error is None else "bad"
    return TimelineEvent(step.cycle, step.module_id, shown["sentence"], tone, details, step.called)


def _decision_event(decision: FlowDecision) -> TimelineEvent:
    shown = executions.decision_view(decision)
    details = [
        (
            "holds" if part["holds"] else "does not hold",
            f"{_json_text(part['left'])} {part['o']} {_json_text(part['right'])}",
        )
        for group in shown.get("conditions", ())
        for part in group
    ]
    tone = "warn" if decision.passed is False or decision.event in ("handler", "error handled") else "soft"
    return TimelineEvent(decision.cycle, decision.module_id, shown["sentence"], tone, details)


def _json_text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_BUNDLE_TEXT else f"{text[:MAX_BUNDLE_TEXT]}…"
