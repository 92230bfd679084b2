"""Runs of a world, with a sentence each and without secrets: a list, and one with those that it called."""

from __future__ import annotations

from itertools import islice

from ..engine.runtime.executor import visible_status
from ..engine.runtime.failure_log import failure_sentence
from ..redaction.masking import TRACE_REDACTOR
from ..redaction.secret_values import SecretValues
from ..world.clock import format_iso
from ..world.models import Execution, Json
from ..world.secret_texts import of_execution, values_of
from ..world.world import World
from .trace_view import error_view


def list_runs(world: World, secrets: SecretValues, *, status: str | None, limit: int) -> list[Json]:
    """Returns the runs that end with a status, or all, as JSON; a run is computed at once, so that its end is known.

    Args:
        secrets: the secrets of the world, which are masked.
    """
    runs = [row for row in world.logs if isinstance(row, Execution)]
    runs += [retry.execution for retry in world.retries]
    runs.sort(key=lambda run: (run.started, run.sequence), reverse=True)
    chosen = (run for run in runs if status in (None, visible_status(run, run.ends)))
    return [_run_view(run, secrets) for run in islice(chosen, limit)]


def run_with_links(world: World, run: Execution, secrets: SecretValues) -> dict[str, Json]:
    """Returns a run as the list has it, with its duration, the runs that it called, the one that called it, and its replays."""
    runs = [row for row in world.logs if isinstance(row, Execution)]
    called = {step.called for step in run.steps if step.called is not None}
    # The caller started first, and most runs call none.
    callers = (
        row for row in runs if row.started <= run.started and any(step.called == run.id for step in row.steps)
    )
    origin = next((row for row in runs if row.id == run.replay_of), None) if run.replay_of else None
    return {
        **_run_view(run, secrets),
        "durationMs": run.duration,
        "calls": [_link(row) for row in runs if row.id in called],
        "calledBy": _link(next(callers, None)),
        "replayOf": _link(origin),
        "replays": [_link(row) for row in runs if row.replay_of == run.id],
    }


def _link(run: Execution | None) -> Json:
    if run is None:
        return None
    return {
        "id": run.id,
        "scenarioId": run.scenario_id,
        "scenarioName": run.scenario_name,
        "status": visible_status(run, run.ends),
        "at": format_iso(run.started),
    }


def _run_view(run: Execution, secrets: SecretValues) -> dict[str, Json]:
    status = visible_status(run, run.ends)
    redactor = TRACE_REDACTOR.with_secrets(secrets | values_of(of_execution(run)))
    sentence = f"scenario {run.scenario_id} ({run.scenario_name}): run {run.id} ended with {status}"
    if run.error is not None:
        sentence = failure_sentence(run)
    return {
        "id": run.id,
        "scenarioId": run.scenario_id,
        "scenarioName": run.scenario_name,
        "status": status,
        "at": format_iso(run.started),
        "endsAt": format_iso(run.ends),
        "operations": run.operations,
        "error": error_view(run.error, redactor) if run.error is not None else None,
        "sentence": redactor.mask_text(sentence),
    }
