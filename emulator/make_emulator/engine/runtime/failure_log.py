"""Log of failed runs: a line for each run that ends in an error, with the module and the parameters that failed."""

from __future__ import annotations

import logging

from ...plain_text import escape_control_characters
from ...redaction.masking import LOG_REDACTOR
from ...world.models import Execution
from ...world.secret_texts import of_execution, values_of
from ...world.world import World

log = logging.getLogger("make_emulator.runs")


def log_failure(world: World, execution: Execution) -> None:
    """Logs a run that ended in an error, without secrets; ``at``, ``scenario`` and ``execution`` are extra attributes."""
    if execution.error is None or not log.isEnabledFor(logging.INFO):
        return
    secrets = world.secret_values() | values_of(of_execution(execution))
    text = LOG_REDACTOR.with_secrets(secrets).mask_text(failure_sentence(execution))
    log.info(
        # One line, whatever characters a name or a message has.
        escape_control_characters(text),
        extra={"at": execution.ends, "scenario": execution.scenario_id, "execution": execution.id},
    )


def failure_sentence(execution: Execution) -> str:
    """Returns the sentence about a run that ended in an error, secrets included."""
    error = execution.error
    assert error is not None
    failed = next((step for step in reversed(execution.steps) if step.error is not None), None)
    is_cause = failed is not None and failed.error is not None and failed.error.message == error.message
    where = f" in module {failed.module_id} ({failed.module})" if failed is not None and is_cause else ""
    return (
        f"scenario {execution.scenario_id} ({execution.scenario_name}): run {execution.id} ended{where} with "
        f"{error.name}: {' '.join(error.texts)}"
    )
