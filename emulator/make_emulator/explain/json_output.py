"""JSON renderer of an explanation."""

from __future__ import annotations

from ..engine.runtime.executor import visible_status
from ..redaction.masking import TRACE_REDACTOR, OutputRedactor
from ..reports.trace_view import Step, TraceView, error_view
from ..world.clock import format_iso
from ..world.models import Execution, Json
from ..world.secret_texts import of_execution, values_of
from .blueprint_file import module_label
from .runner import Explanation, find_default_response


def explanation_document(explanation: Explanation) -> dict[str, Json]:
    """Returns the explanation as one JSON object, with secrets masked; docs/how-to/explain.md describes its keys.

    ``standIns`` are the stubs, ``answer`` is the response to the caller of the webhook: the names are public.
    """
    export, run = explanation.export, explanation.execution
    redactor = TRACE_REDACTOR.with_secrets(values_of(of_execution(run)))
    treatments = {name: each for each, names in explanation.treatments.items() for name in names}
    return {
        "name": export.blueprint["name"],
        "modules": [
            {
                "id": node["id"],
                "module": node["module"],
                "version": node.get("version", 1),
                "label": module_label(node),
                "treatment": treatments[str(node["module"])],
            }
            for node in export.nodes
        ],
        "standIns": [{"kind": stub.kind, "id": stub.id, "note": stub.note} for stub in explanation.stubs],
        "findings": [finding.to_json() for finding in explanation.findings],
        "events": _event_views(run),
        "calls": {
            id: {
                "scenarioId": call.execution.scenario_id,
                "name": call.export.blueprint["name"],
                "events": _event_views(call.execution),
                "status": visible_status(call.execution, call.execution.ends),
            }
            for id, call in explanation.calls.items()
        },
        "status": visible_status(run, run.ends),
        "started": format_iso(run.started),
        "durationMs": run.duration,
        "operations": run.operations,
        "credits": run.centicredits / 100,
        "incompleteExecutions": explanation.incomplete_count,
        "outputs": redactor.mask(run.outputs),
        "answer": _answer_view(explanation, redactor),
        "error": {
            **error_view(run.error, redactor),
            "app": run.error.app_name,
            "module": run.error.module_name,
        }
        if run.error
        else None,
    }


def _answer_view(explanation: Explanation, redactor: OutputRedactor) -> Json:
    """Returns the response to the caller of the webhook; ``default`` says why no module of the run made it."""
    response = explanation.execution.respond
    if response is not None:
        return {"status": response.status, "body": redactor.mask(response.body)}
    default = find_default_response(explanation)
    if default is None:
        return None
    return {"status": default.status, "body": default.body, "default": default.note}


def _event_views(run: Execution) -> list[Json]:
    return [
        {"event": "operation", **event.to_json()} if isinstance(event, Step) else event.to_json()
        for event in TraceView.from_execution(run).events()
    ]
