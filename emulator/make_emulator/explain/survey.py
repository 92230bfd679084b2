"""Survey of many blueprints: one run of each, in a world of its own, with its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ..engine.apps import catalog
from ..engine.blueprints.parser import parse_blueprint
from ..engine.budget import Budget
from ..engine.errors import ModuleError
from ..engine.mock_data.generator import MockDataGenerator
from ..engine.mock_data.infer import ConstraintInference
from ..engine.runtime.executor import visible_status
from ..json_types import is_integer
from ..lint import Finding
from ..world.clock import parse_iso
from ..world.models import Json, ModuleScript, Step
from .blueprint_file import BlueprintExport, BlueprintRejectedError, module_label, parse_export
from .runner import Explanation, explain_blueprint

#: The status of a file that Make would reject.
REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCause:
    """Cause of an error, a warning or a rejected file, with the module it comes from.

    ``issues`` has a text for each parameter that failed.
    """

    message: str
    name: str | None = None
    issues: tuple[str, ...] = ()
    hint: str | None = None
    module_id: int | None = None
    module: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """Result of one file; ``unreached`` has the ids of the modules that no bundle reached."""

    path: Path
    status: str
    cause: FailureCause | None = None
    name: str | None = None
    modules: int = 0
    unreached: tuple[int, ...] = ()
    operations: int = 0
    treatments: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    #: Errors and warnings of lint.
    findings: Sequence[Finding] = ()

    @property
    def is_failure(self) -> bool:
        """True if the file was rejected or its run ended with an error."""
        return self.status in ("ERROR", REFUSED)


def find_files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Yields each file, and every ``*.json`` below each folder in order; with whether the file itself was named."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in sorted(path.rglob("*.json")) if found.is_file())
        else:
            yield path, True


def looks_like_blueprint(data: bytes) -> bool:
    """Returns True if a file has a flow, itself or wrapped as the API does it, and so is meant as a blueprint."""
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


def is_json(data: bytes) -> bool:
    """Returns True if a file is JSON."""
    try:
        orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return False
    return True


def survey_file(path: Path, data: bytes, *, now: str, scripts: Iterable[ModuleScript] = ()) -> SurveyResult:
    """Runs the blueprint in a file; invalid files have the status ``REFUSED``."""
    try:
        export = parse_export(data)
        explanation = explain_blueprint(export, input=sample_input(export, now), now=now, scripts=scripts)
    except ValueError as error:
        hint = error.hint if isinstance(error, BlueprintRejectedError) else None
        return SurveyResult(path=path, status=REFUSED, cause=FailureCause(message=str(error), hint=hint))
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
        name=str(export.blueprint["name"]),
        modules=len(export.nodes),
        unreached=tuple(id for node in export.nodes if is_integer(id := node["id"]) and id not in reached),
        operations=run.operations,
        treatments=explanation.treatments,
        findings=explanation.findings,
    )


def sample_input(export: BlueprintExport, now: str) -> Json:
    """Returns mock inputs of the declared types, or a mock payload with every field that modules map of the webhook's.

    ``None`` for a scenario that takes neither: any other trigger generates its own mock data.

    Raises:
        ModuleError: if the mock data exceed the budget of a run.
    """
    blueprint, budget = parse_blueprint(export.blueprint), Budget()
    if not blueprint.flow:
        return None
    first = blueprint.flow[0]
    generator = MockDataGenerator("survey", parse_iso(now), budget)
    constraint = ConstraintInference(blueprint, export.output_spec, budget).constraint_for(first.id)
    if export.takes_inputs:
        return generator.bundle(export.input_spec, constraint, closed=True)
    if catalog.get_trigger(first) == "webhook":
        return generator.bundle(first.interface or (), constraint)
    return None


def _find_cause(explanation: Explanation) -> FailureCause | None:
    """Returns the error that ended the run, with the module it comes from; for a warning, the last one."""
    run = explanation.execution
    steps = [step for step in run.steps if step.error is not None]
    if run.error is None:
        if not steps or visible_status(run, run.ends) != "WARNING":
            return None
        return _step_cause(explanation.export, steps[-1])
    if steps and steps[-1].error is not None and steps[-1].error.message == run.error.message:
        return _step_cause(explanation.export, steps[-1])
    return FailureCause(
        message=run.error.message, name=run.error.name, issues=run.error.issues, hint=run.error.hint
    )


def _step_cause(export: BlueprintExport, step: Step) -> FailureCause:
    error = step.error
    assert error is not None
    node = next((node for node in export.nodes if node["id"] == step.module_id), {})
    return FailureCause(
        message=error.message,
        name=error.name,
        issues=error.issues,
        hint=error.hint,
        module_id=step.module_id,
        module=step.module,
        label=module_label(node),
    )
