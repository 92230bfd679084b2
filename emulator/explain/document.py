"""An explanation for programs: one JSON object."""

from __future__ import annotations

from ..engine.executor import reveal
from ..middleware.masking import mask
from ..reports import executions
from ..world.clock import iso
from ..world.models import Execution, Json, Step
from .reading import label
from .running import Explanation


def document(explanation: Explanation) -> dict[str, Json]:
    """Everything that is known, with secrets masked."""
    export, run = explanation.export, explanation.execution
    treatment = {name: how for how, names in explanation.treatments.items() for name in names}
    return {
        "name": export.blueprint["name"],
        "modules": [
            {
                "id": node["id"],
                "module": node["module"],
                "version": node.get("version", 1),
                "label": label(node),
                "treatment": treatment[node["module"]],
            }
            for node in export.nodes
        ],
        "standIns": [
            {"kind": stand_in.kind, "id": stand_in.id, "note": stand_in.note}
            for stand_in in explanation.stand_ins
        ],
        "events": _events(run),
        "calls": {
            id: {
                "scenarioId": call.execution.scenario_id,
                "name": call.export.blueprint["name"],
                "events": _events(call.execution),
                "status": reveal(call.execution, call.execution.ends),
            }
            for id, call in explanation.calls.items()
        },
        "status": reveal(run, run.ends),
        "started": iso(run.started),
        "durationMs": run.duration,
        "operations": run.operations,
        "credits": run.centicredits / 100,
        "incompleteExecutions": explanation.incomplete,
        "outputs": mask(run.outputs),
        "answer": run.respond and {"status": run.respond.status, "body": mask(run.respond.body)},
        "error": run.error
        and {
            "name": run.error.name,
            "message": run.error.message,
            "app": run.error.app_name,
            "module": run.error.module_name,
        },
    }


def _events(run: Execution) -> list[Json]:
    return [
        {"event": "operation", **executions.step_view(event)}
        if isinstance(event, Step)
        else executions.decision_view(event)
        for event in executions.in_order(run)
    ]
