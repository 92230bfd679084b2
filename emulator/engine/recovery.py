"""What becomes of a bundle that fails when failures are kept: it leaves the run, which goes on with a warning.

Sources: Help centre, "Break error handler", "Incomplete executions", "Errors that don't create incomplete
executions", "Types of warnings".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..world.clock import MINUTE
from ..world.models import ExecutionError
from . import catalog
from .blueprint import Module
from .errors import Fatal, ModuleError
from .frames import Failure
from .iml.environment import Scope
from .iml.values import Value
from .modules.registry import Run

#: The Break directive tries again so often, at such intervals, unless it says otherwise (practitioners' notes).
ATTEMPTS = 3
MINUTES = 15

#: Errors that pass by themselves are tried again at growing intervals without being told to (Help centre).
PASSING = frozenset({"ConnectionError", "ModuleTimeoutError", "RateLimitError"})
BACKOFF = tuple(MINUTE * minutes for minutes in (1, 10, 10, 30, 30, 30, 180, 180))


@dataclass(frozen=True, slots=True)
class Broken:
    """A bundle to be stored as an incomplete execution: where and why it failed, and how it is tried again."""

    module: Module
    error: ModuleError
    scope: Scope
    at: int
    attempts: int
    #: Milliseconds between attempts; ``None`` for growing ones.
    interval: int | None
    variables: Mapping[str, Value]


class Recovery:
    """Collects the bundles that broke off in one run."""

    def __init__(self, run: Run, *, keeps_failures: bool) -> None:
        self._run = run
        self._enabled = keeps_failures
        self.broken: list[Broken] = []

    def keeps(self, failure: Failure) -> bool:
        """Keep a bundle whose failure nobody handles; that of a first module is not kept."""
        walk = failure.walk
        if not self._enabled or walk.scope.empty or isinstance(failure.error, Fatal):
            return False
        if catalog.aggregates(walk.module.full_name):
            # What was gathered so far is no bundle that could be sent on its way again.
            return False
        self._keep(failure, len(BACKOFF) if failure.error.name in PASSING else 0, None)
        return True

    def breaks(self, failure: Failure, mapper: Mapping[str, Value]) -> bool:
        """Keep a bundle because a Break directive says so, which needs failures to be kept at all."""
        if not self._enabled or catalog.aggregates(failure.walk.module.full_name):
            return False
        attempts = mapper.get("count", ATTEMPTS) if mapper.get("retry") else 0
        self._keep(failure, attempts, MINUTE * mapper.get("interval", MINUTES))
        return True

    def _keep(self, failure: Failure, attempts: int, interval: int | None) -> None:
        while failure.walk.handling is not None:
            # What fails within an error handler is tried again from where the handled error was.
            failure = failure.walk.handling
        run, walk = self._run, failure.walk
        run.warned = True
        scope = walk.came_by[1] if walk.came_by else walk.scope
        for bundle in scope.bundles().values():
            # What is stored is a copy of all that lies on the way.
            run.budget.weigh(bundle.data)
        run.budget.weigh(run.variables)
        self.broken.append(
            Broken(walk.module, failure.error, scope, run.now(), attempts, interval, dict(run.variables))
        )


def described_as(broken: Broken) -> ExecutionError:
    """Why a bundle broke off, as the logs keep it."""
    return described(broken.error, broken.module)


def described(error: ModuleError, module: Module) -> ExecutionError:
    """An error as the logs keep it."""
    return ExecutionError(
        name=error.name,
        message=error.message,
        module_name=module.label or module.name,
        app_name=module.app,
    )
