"""Logs of the modules of a scenario, derived from the steps of its latest executions.

Source: the vendor's OpenAPI document. Steps are stored of the latest executions of a scenario only, see `executions`.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from ..lazy_dataclasses import dataclass
from . import blueprint_refs
from .clock import DAY
from .exceptions import NotFoundError
from .executions import FAILURE, SUCCESS, WARNING
from .models import Execution, Scenario, Step
from .world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleLog:
    """All operations of a module in one execution."""

    execution: Execution
    module_id: int
    status: int
    bundles: int
    size: int
    warning: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleOperations:
    """Numbers of the operations of a module; ``total`` includes those that ended in a warning or an error."""

    module_id: int
    total: int
    warnings: int
    errors: int


def find_module(world: World, scenario: Scenario, module_id: int) -> None:
    """Checks that a scenario has a module, or had it when it was run.

    Raises:
        NotFoundError: if it has not.
    """
    flow = world.blueprints[scenario.id, scenario.blueprint_version].blueprint["flow"]
    if any(node.get("id") == module_id for node in blueprint_refs.iter_modules(flow)):
        return
    if not any(step.module_id == module_id for run in _finished_runs(world, scenario) for step in run.steps):
        raise NotFoundError("module", module_id)


def list_logs(world: World, scenario: Scenario, module_id: int) -> list[ModuleLog]:
    """The logs of a module, one an execution, oldest first."""
    rows = []
    for run in _finished_runs(world, scenario):
        steps = [step for step in run.steps if step.module_id == module_id]
        if not steps:
            continue
        status = max(_status(run, step) for step in steps)
        failures = [step.error.message for step in steps if step.error and _status(run, step) == status]
        text = failures[-1] if failures else None
        outputs = [bundle for step in steps for bundle in step.output]
        rows.append(
            ModuleLog(
                execution=run,
                module_id=module_id,
                status=status,
                bundles=len(outputs),
                size=len(orjson.dumps(outputs)),
                warning=text if status == WARNING else None,
                error=text if status == FAILURE else None,
            )
        )
    return rows


def count_operations(world: World, scenario: Scenario, days: int) -> list[ModuleOperations]:
    """The numbers of operations of each module in the last days, by the id of the module; those that cost nothing are none."""
    since = world.now() - days * DAY
    statuses: dict[int, list[int]] = {}
    for run in _finished_runs(world, scenario):
        if run.started >= since:
            for step in run.steps:
                if not step.billed:
                    continue
                statuses.setdefault(step.module_id, []).append(_status(run, step))
    return [
        ModuleOperations(
            module_id=id,
            total=len(found),
            warnings=found.count(WARNING),
            errors=found.count(FAILURE),
        )
        for id, found in sorted(statuses.items())
    ]


def _finished_runs(world: World, scenario: Scenario) -> Iterator[Execution]:
    now = world.now()
    for entry in world.logs.where(scenario=scenario.id):
        if isinstance(entry, Execution) and entry.ends <= now:
            yield entry


def _status(run: Execution, step: Step) -> int:
    """The status of an operation: an error that did not end the run is a warning."""
    if step.error is None:
        return SUCCESS
    return FAILURE if run.status == FAILURE and step is run.steps[-1] else WARNING
