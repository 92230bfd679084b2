"""An explanation for programs: one JSON object."""

from __future__ import annotations

from typing import Any

from ..engine.executor import reveal
from ..middleware.masking import mask
from ..world.clock import iso
from ..world.models import Json
from .reading import label
from .running import Explanation
from .tracing import Choice, Event, Fate, Gate, Operation


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
        "events": [_event(event) for event in explanation.story],
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


def _event(event: Event) -> dict[str, Any]:
    match event:
        case Operation(step):
            return {
                "event": "operation",
                "moduleId": step.module_id,
                "module": step.module,
                "operation": step.operation,
                "input": mask(step.input),
                "output": mask(list(step.output)),
                "error": step.error and {"name": step.error.name, "message": step.error.message},
            }
        case Gate(id, name, passed):
            return {"event": "filter", "moduleId": id, "name": name, "passed": passed}
        case Choice(id, way):
            return {"event": "choice", "moduleId": id, "way": None if way is None else way + 1}
        case Fate(id, decision):
            return {"event": "error handled", "moduleId": id, "by": decision}
