"""A run told step by step: its operations and what was decided between them, as JSON and as sentences, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ..engine.apps import catalog
from ..redaction.masking import MASK, is_secret_name, mask, mask_text
from ..world.models import (
    BundlePosition,
    ConditionResult,
    Execution,
    ExecutionError,
    FlowDecision,
    Json,
    Step,
)

#: The names in a mapping, such as those in ``{{1.headers.authorization}}``.
_NAME_PATTERN = re.compile(r"[\w-]+")

#: How much of one side of a condition a sentence shows.
_MAX_SIDE_LENGTH = 60

#: The words of Make's editor for the operators of filters; what is before a colon is the type, ``ci`` is case insensitive.
_OPERATOR_WORDS = {
    "exist": "exists",
    "notexist": "does not exist",
    "equal": "equal to",
    "notequal": "not equal to",
    "contain": "contains",
    "notcontain": "does not contain",
    "startwith": "starts with",
    "notstartwith": "does not start with",
    "endwith": "ends with",
    "notendwith": "does not end with",
    "pattern": "matches pattern",
    "notpattern": "does not match pattern",
    "less": "less than",
    "greater": "greater than",
    "lessorequal": "less than or equal to",
    "greaterorequal": "greater than or equal to",
}

_ERROR_OUTCOMES = {
    "resume": "was resumed with the bundle of the directive",
    "ignore": "was ignored, and the bundle dropped",
    "commit": "ended the run, which was committed",
    "rollback": "ended the run, which was rolled back",
    "break": "was handled by break, and the bundle taken out of the run",
    "kept": "had no error handler, and the bundle was stored as an incomplete execution",
}


def execution_view(run: Execution) -> dict[str, Json]:
    """All that is known of a run's inside; ``story`` tells it in sentences, in the order in which it happened.

    Each decision names the step before which it was made, counted from 0.
    """
    steps: list[Json] = []
    decisions: list[Json] = []
    story: list[Json] = []
    for event in ordered_events(run):
        if isinstance(event, Step):
            steps.append(shown := step_view(event))
        else:
            decisions.append(shown := {"step": event.at, **decision_view(event)})
        story.append(shown["sentence"])
    return {
        "steps": steps,
        "decisions": decisions,
        "story": story,
        "leftOut": {"steps": run.steps_left_out, "decisions": run.decisions_left_out},
    }


def ordered_events(run: Execution) -> Iterator[Step | FlowDecision]:
    """Steps and decisions as they happened."""
    decisions = iter(run.decisions)
    decision = next(decisions, None)
    for place, step in enumerate(run.steps):
        while decision is not None and decision.at <= place:
            yield decision
            decision = next(decisions, None)
        yield step
    if decision is not None:
        yield decision
        yield from decisions


def step_view(step: Step) -> dict[str, Json]:
    """One operation of a module."""
    return {
        "cycle": step.cycle,
        "moduleId": step.module_id,
        "module": step.module,
        "operation": step.operation,
        "operations": int(step.billed),
        "bundle": _bundle_number_view(step.bundle),
        "input": mask(step.input),
        "output": mask(list(step.output)),
        "error": step.error and {"name": step.error.name, "message": mask_text(step.error.message)},
        "called": step.called,
        "sentence": event_sentence(step),
    }


def decision_view(decision: FlowDecision) -> dict[str, Any]:
    """One decision; what it has besides its place depends on its ``event``."""
    shown: dict[str, Any] = {
        "event": decision.event,
        "cycle": decision.cycle,
        "moduleId": decision.module_id,
        "bundle": _bundle_number_view(decision.bundle),
    }
    match decision.event:
        case "filter":
            shown |= {
                "name": decision.name,
                "passed": decision.passed,
                "conditions": [[_comparison_view(part) for part in group] for group in decision.groups],
            }
        case "route":
            shown |= {"number": _one_based(decision), "fallback": decision.name == "fallback"}
        case "branch":
            shown["number"] = _one_based(decision)
        case "handler":
            shown["error"] = decision.name
        case _:
            shown["by"] = decision.name
    return shown | {"sentence": event_sentence(decision)}


def event_sentence(event: Step | FlowDecision) -> str:
    """What happened, in plain English."""
    return _step_sentence(event) if isinstance(event, Step) else _decision_sentence(event)


def _decision_sentence(decision: FlowDecision) -> str:
    bundle, id = _bundle_text(decision.bundle), decision.module_id
    match decision.event:
        case "filter":
            named = f"filter '{decision.name}'" if decision.name else "the filter"
            if decision.passed:
                return f"{bundle} passed {named} before module {id}"
            why = unmet_conditions(decision.groups)
            return f"{bundle} was stopped by {named} before module {id}" + (f": {why}" if why else "")
        case "branch" if decision.number is None:
            return f"{bundle} found no branch of module {id} open"
        case "route" | "branch" as taken:
            fallback = ", the fallback, as no other was open" if decision.name else ""
            return f"{bundle} took {taken} {_one_based(decision)} of module {id}{fallback}"
        case "handler":
            return f"the error handler of module {id} took the {decision.name} of {bundle}"
    return f"the error of module {id} {_ERROR_OUTCOMES.get(decision.name, decision.name)}"


def _one_based(decision: FlowDecision) -> int | None:
    """The number of a route or a branch as people count."""
    return None if decision.number is None else decision.number + 1


def unmet_conditions(groups: Sequence[Sequence[ConditionResult]]) -> str:
    """The conditions that a bundle did not meet, such as ``5 greater than 10``: the last one looked at of each group."""
    return " or ".join(_condition_text(group[-1]) for group in groups if group and not group[-1].holds)


def _step_sentence(step: Step) -> str:
    named = f"module {step.module_id} ({step.module})"
    worked = f"{named} worked on {_bundle_text(step.bundle)}" if step.bundle is not None else f"{named} ran"
    if step.error is not None:
        return f"{worked}, and failed: {_error_text(step.error)}"
    if step.input is None or not (step.output or catalog.has_output(step.module)):
        return worked
    count = len(step.output)
    return f"{worked}, and put out {count or 'no'} bundle{'s' if count > 1 else ''}"


def _error_text(error: ExecutionError) -> str:
    return f"{error.name}: {mask_text(error.message)}"


def _bundle_text(number: BundlePosition | None) -> str:
    if number is None or number[2] == 1:
        return "the bundle"
    return f"bundle {number[1]} of {number[2]}"


def _bundle_number_view(number: BundlePosition | None) -> Json:
    return number and dict(zip(("moduleId", "number", "of"), number, strict=True))


def _comparison_view(part: ConditionResult) -> dict[str, Json]:
    left, right = _masked_sides(part)
    return {
        "a": _masked_source(part, part.a),
        "o": part.operator,
        "b": _masked_source(part, part.b),
        "left": mask(left),
        "right": mask(right),
        "holds": part.holds,
    }


def _masked_sides(part: ConditionResult) -> tuple[Json, Json]:
    """What the sides of a condition came to. What is compared with a secret is as good as the secret."""
    if _mentions_secret(part):
        return tuple(None if side is None else MASK for side in (part.left, part.right))  # type: ignore[return-value]
    return part.left, part.right


def _masked_source(part: ConditionResult, side: Json) -> Json:
    """A side as the blueprint has it, which may be the value itself."""
    is_value = side not in (None, "") and "{{" not in str(side)
    return MASK if is_value and _mentions_secret(part) else mask(side)


def _mentions_secret(part: ConditionResult) -> bool:
    return any(is_secret_name(word) for raw in (part.a, part.b) for word in _NAME_PATTERN.findall(str(raw)))


def _condition_text(part: ConditionResult) -> str:
    name = next((name for name in part.operator.split(":") if name in _OPERATOR_WORDS), "")
    words = _OPERATOR_WORDS.get(name, part.operator)
    if name in ("exist", "notexist"):
        # There is only one side, and mostly nothing is there.
        return f"{_truncate(str(mask(part.a)))} {words}"
    left, right = map(_side_text, _masked_sides(part))
    return f"{left} {words} {right}"


def _side_text(value: Json) -> str:
    """A side of a condition as JSON has it, but numbers in texts, which most are, as numbers."""
    shown = mask(value)
    if isinstance(shown, str) and shown.lstrip("-").replace(".", "", 1).isdecimal():
        return shown
    return _truncate(orjson.dumps(shown).decode())


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_SIDE_LENGTH else f"{text[: _MAX_SIDE_LENGTH - 1]}…"
