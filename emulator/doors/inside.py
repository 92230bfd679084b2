"""What the page of a run shows: what happened in it, in its order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..middleware.masking import mask_text
from ..middleware.tenant import Tenant
from ..reports import executions
from ..world.models import Decision, Json, Step
from . import dashboard
from .scripting import find_run

#: How much of one bundle is shown, and how many of those that a step put out.
SHOWN, BUNDLES = 4_000, 20


@dataclass(frozen=True, slots=True)
class Event:
    """A step, or a decision between two: a sentence, and what there is to look at."""

    cycle: int
    module_id: int
    sentence: str
    tone: str
    #: What it is about (``in``, ``out``, ``condition``) and that, as text.
    details: list[tuple[str, str]]
    called: str | None = None


def view(tenant: Tenant, execution: str) -> dict[str, Any]:
    """A run at this moment.

    Raises:
        ResourceNotFound: if there is none of that id.
    """
    with tenant.hold() as world:
        run = find_run(world, execution)
        row = dashboard.run_of(run, world.now())
    return {
        "row": row,
        "scenario": f"{run.scenario_name} ({run.scenario_id})",
        "duration": f"{run.duration / 1000:.1f} s",
        "operations": run.operations,
        "error": run.error and f"{run.error.name}: {mask_text(run.error.message)}",
        "events": [
            _step(event) if isinstance(event, Step) else _decision(event)
            for event in executions.in_order(run)
        ],
        "steps_left_out": run.steps_left_out,
        "decisions_left_out": run.decisions_left_out,
    }


def _step(step: Step) -> Event:
    shown = executions.step_view(step)
    details = [("in", _text(shown["input"]))] if shown["input"] else []
    details += [("out", _text(bundle)) for bundle in shown["output"][:BUNDLES]]
    if len(shown["output"]) > BUNDLES:
        details.append(("out", f"and {len(shown['output']) - BUNDLES} more"))
    tone = "good" if step.error is None else "bad"
    return Event(step.cycle, step.module_id, shown["sentence"], tone, details, step.called)


def _decision(decision: Decision) -> Event:
    shown = executions.decision_view(decision)
    details = [
        (
            "holds" if part["holds"] else "does not hold",
            f"{_text(part['left'])} {part['o']} {_text(part['right'])}",
        )
        for group in shown.get("conditions", ())
        for part in group
    ]
    tone = "warn" if decision.passed is False or decision.event in ("handler", "error handled") else "soft"
    return Event(decision.cycle, decision.module_id, shown["sentence"], tone, details)


def _text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
