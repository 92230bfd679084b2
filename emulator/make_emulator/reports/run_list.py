"""List of the runs of a world, the latest first, with a sentence each and without secrets."""

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


def _run_view(run: Execution, secrets: SecretValues) -> Json:
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
