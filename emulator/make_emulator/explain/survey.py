"""Runs many blueprints, each once in a world of its own, and notes how each ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ..engine.errors import ModuleError
from ..engine.runtime.executor import visible_status
from ..world.models import ModuleScript, Step
from .blueprint_file import BlueprintExport, module_label, parse_export
from .runner import Explanation, explain_blueprint
from .sample_inputs import sample_input

#: How a file is reported that Make would not take.
REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCause:
    """Why a run ended with an error, or a warning, or a file was refused."""

    message: str
    name: str | None = None
    module_id: int | None = None
    module: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """What came of one file. ``idle`` are the ids of the modules that no bundle reached."""

    path: Path
    status: str
    cause: FailureCause | None = None
    name: str | None = None
    modules: int = 0
    unreached: tuple[int, ...] = ()
    operations: int = 0
    treatments: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether it is one that somebody should look at."""
        return self.status in ("ERROR", REFUSED)


def find_files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file, and every ``*.json`` below each folder in order; with whether it was named itself."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in sorted(path.rglob("*.json")) if found.is_file())
        else:
            yield path, True


def looks_like_blueprint(data: bytes) -> bool:
    """Whether a file of a folder is meant as a blueprint: one has a flow, itself or wrapped as the API does it."""
    try:
        held = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return b'"flow"' in data
    while isinstance(held, Mapping):
        if "flow" in held:
            return True
        held = held.get("response", held.get("blueprint"))
        if isinstance(held, str):
            return '"flow"' in held
    return False


def survey_file(path: Path, data: bytes, *, now: str, scripts: Iterable[ModuleScript] = ()) -> SurveyResult:
    """Run the blueprint in a file; nothing is raised, whatever the file holds."""
    try:
        export = parse_export(data)
        explanation = explain_blueprint(export, given=sample_input(export, now), now=now, scripts=scripts)
    except ValueError as error:
        return SurveyResult(path=path, status=REFUSED, cause=FailureCause(message=str(error)))
    except ModuleError as error:
        return SurveyResult(
            path=path, status=REFUSED, cause=FailureCause(message=error.message, name=error.name)
        )
    run = explanation.execution
    reached = {step.module_id for step in run.steps}
    return SurveyResult(
        path=path,
        status=visible_status(run, run.ends),
        cause=_find_cause(explanation),
        name=export.blueprint["name"],
        modules=len(export.nodes),
        unreached=tuple(node["id"] for node in export.nodes if node["id"] not in reached),
        operations=run.operations,
        treatments=explanation.treatments,
    )


def _find_cause(explanation: Explanation) -> FailureCause | None:
    """The error that ended the run, with the module that it came from; of a warning, the last one on the way."""
    run = explanation.execution
    steps = [step for step in run.steps if step.error is not None]
    if run.error is None:
        if not steps or visible_status(run, run.ends) != "WARNING":
            return None
        return _step_cause(explanation.export, steps[-1])
    if steps and steps[-1].error is not None and steps[-1].error.message == run.error.message:
        return _step_cause(explanation.export, steps[-1])
    return FailureCause(message=run.error.message, name=run.error.name)


def _step_cause(export: BlueprintExport, step: Step) -> FailureCause:
    error = step.error
    assert error is not None
    node = next((node for node in export.nodes if node["id"] == step.module_id), {})
    return FailureCause(
        message=error.message,
        name=error.name,
        module_id=step.module_id,
        module=step.module,
        label=module_label(node),
    )
