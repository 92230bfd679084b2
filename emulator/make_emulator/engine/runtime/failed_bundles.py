"""Failed bundles of a scenario that stores incomplete executions: they leave the run, which continues with a warning.

Sources: Help centre, "Break error handler", "Incomplete executions", "Errors that don't create incomplete
executions", "Types of warnings".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from ...world.clock import MINUTE
from ...world.models import ExecutionError
from ..apps import catalog
from ..blueprints.model import Module
from ..errors import FatalError, ModuleError
from ..expressions.context import Scope
from ..expressions.values import Value, as_number
from ..run_state import RunState
from .frames import ModuleFailure
from .trace import to_execution_error

#: Default attempts and interval of the Break directive (practitioners' notes).
DEFAULT_ATTEMPTS = 3
DEFAULT_INTERVAL_MINUTES = 15

#: Transient errors are retried at growing intervals without a Break directive (Help centre).
TRANSIENT_ERRORS = frozenset({"ConnectionError", "ModuleTimeoutError", "RateLimitError"})
#: Errors whose stored bundles are retried besides (a white label of the same engine).
RETRIED_ERRORS = frozenset({"OutOfSpaceError"})
RETRY_DELAYS = tuple(MINUTE * minutes for minutes in (1, 10, 10, 30, 30, 30, 180, 180))


@dataclass(frozen=True, slots=True)
class FailedBundle:
    """Bundle to be stored as an incomplete execution: its module, error and scope, and its retries."""

    module: Module
    error: ModuleError
    scope: Scope
    at: int
    attempts: int
    #: Milliseconds between attempts; ``None`` for growing ones.
    interval: int | None
    variables: Mapping[str, Value]

    def to_execution_error(self) -> ExecutionError:
        """Returns the error as the logs store it."""
        return to_execution_error(self.error, self.module)


class FailedBundleCollector:
    """Collector of the failed bundles of one run."""

    def __init__(self, run: RunState, *, stores_incomplete_executions: bool) -> None:
        self._run = run
        self._enabled = stores_incomplete_executions
        self.failed_bundles: list[FailedBundle] = []

    def store_unhandled(self, failure: ModuleFailure) -> bool:
        """Stores a bundle whose failure no handler takes; returns false if it is not stored, as that of a first module."""
        entry = failure.origin
        if not self._enabled or entry.scope.is_empty or isinstance(failure.error, FatalError):
            return False
        if catalog.is_aggregator(entry.module.full_name):
            # The bundles accumulated so far are not one that could be processed again.
            return False
        self._store(
            failure, len(RETRY_DELAYS) if failure.error.name in TRANSIENT_ERRORS | RETRIED_ERRORS else 0, None
        )
        return True

    def store_for_break(self, failure: ModuleFailure, mapper: Mapping[str, Value]) -> bool:
        """Stores a bundle for a Break directive; returns false if the scenario does not store incomplete executions."""
        if not self._enabled or catalog.is_aggregator(failure.origin.module.full_name):
            return False
        attempts = int(as_number(mapper.get("count", DEFAULT_ATTEMPTS))) if mapper.get("retry") else 0
        interval = as_number(mapper.get("interval", DEFAULT_INTERVAL_MINUTES))
        self._store(failure, attempts, int(MINUTE * interval))
        return True

    def _store(self, failure: ModuleFailure, attempts: int, interval: int | None) -> None:
        while failure.origin.handled_failure is not None:
            # A failure within an error handler is retried from the module whose error was handled.
            failure = failure.origin.handled_failure
        run, entry = self._run, failure.origin
        run.has_warning = True
        scope = entry.merged_from[1] if entry.merged_from else entry.scope
        for bundle in scope.bundles().values():
            # The whole scope is copied.
            run.budget.charge_weight(bundle.data)
        run.budget.charge_weight(run.variables)
        self.failed_bundles.append(
            FailedBundle(
                entry.module, failure.error, scope, run.now(), attempts, interval, dict(run.variables)
            )
        )
