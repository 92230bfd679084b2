"""What becomes of a bundle that fails when failures are kept: it leaves the run, which goes on with a warning.

Sources: Help centre, "Break error handler", "Incomplete executions", "Errors that don't create incomplete
executions", "Types of warnings".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...world.clock import MINUTE
from ...world.models import ExecutionError
from ..apps import catalog
from ..blueprints.model import Module
from ..errors import FatalError, ModuleError
from ..expressions.context import Scope
from ..expressions.values import Value
from ..run_state import RunState
from .frames import ModuleFailure

#: The Break directive tries again so often, at such intervals, unless it says otherwise (practitioners' notes).
DEFAULT_ATTEMPTS = 3
DEFAULT_INTERVAL_MINUTES = 15

#: Errors that pass by themselves are tried again at growing intervals without being told to (Help centre).
TRANSIENT_ERRORS = frozenset({"ConnectionError", "ModuleTimeoutError", "RateLimitError"})
RETRY_DELAYS = tuple(MINUTE * minutes for minutes in (1, 10, 10, 30, 30, 30, 180, 180))


@dataclass(frozen=True, slots=True)
class FailedBundle:
    """A bundle to be stored as an incomplete execution: where and why it failed, and how it is tried again."""

    module: Module
    error: ModuleError
    scope: Scope
    at: int
    attempts: int
    #: Milliseconds between attempts; ``None`` for growing ones.
    interval: int | None
    variables: Mapping[str, Value]


class FailedBundleCollector:
    """Collects the bundles that broke off in one run."""

    def __init__(self, run: RunState, *, stores_incomplete_executions: bool) -> None:
        self._run = run
        self._enabled = stores_incomplete_executions
        self.failed_bundles: list[FailedBundle] = []

    def store_unhandled(self, failure: ModuleFailure) -> bool:
        """Keep a bundle whose failure nobody handles; that of a first module is not kept."""
        walk = failure.origin
        if not self._enabled or walk.scope.is_empty or isinstance(failure.error, FatalError):
            return False
        if catalog.is_aggregator(walk.module.full_name):
            # What was gathered so far is no bundle that could be sent on its way again.
            return False
        self._store(failure, len(RETRY_DELAYS) if failure.error.name in TRANSIENT_ERRORS else 0, None)
        return True

    def store_for_break(self, failure: ModuleFailure, mapper: Mapping[str, Value]) -> bool:
        """Keep a bundle because a Break directive says so, which needs failures to be kept at all."""
        if not self._enabled or catalog.is_aggregator(failure.origin.module.full_name):
            return False
        attempts = mapper.get("count", DEFAULT_ATTEMPTS) if mapper.get("retry") else 0
        self._store(failure, attempts, MINUTE * mapper.get("interval", DEFAULT_INTERVAL_MINUTES))
        return True

    def _store(self, failure: ModuleFailure, attempts: int, interval: int | None) -> None:
        while failure.origin.handled_failure is not None:
            # What fails within an error handler is tried again from where the handled error was.
            failure = failure.origin.handled_failure
        run, walk = self._run, failure.origin
        run.has_warning = True
        scope = walk.merged_from[1] if walk.merged_from else walk.scope
        for bundle in scope.bundles().values():
            # What is stored is a copy of all that lies on the way.
            run.budget.charge_weight(bundle.data)
        run.budget.charge_weight(run.variables)
        self.failed_bundles.append(
            FailedBundle(
                walk.module, failure.error, scope, run.now(), attempts, interval, dict(run.variables)
            )
        )


def failed_bundle_error(broken: FailedBundle) -> ExecutionError:
    """Why a bundle broke off, as the logs keep it."""
    return to_execution_error(broken.error, broken.module)


def to_execution_error(error: ModuleError, module: Module) -> ExecutionError:
    """An error as the logs keep it."""
    return ExecutionError(
        name=error.name,
        message=error.message,
        module_name=module.label or module.name,
        app_name=module.app,
    )
