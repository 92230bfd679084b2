"""Protocol of telemetry of runs: spans of each run and of each operation of its modules; the world itself records none."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .models import ExecutionError, Scenario
    from .world import World


class RunSpan(Protocol):
    """Span of a run that is being computed."""

    def finish(
        self, *, status: int, duration: int, operations: int, error: ExecutionError | None, world: World
    ) -> None:
        """Sets the outcome of the run.

        Args:
            status: that of the execution: 1, 2 or 3.
            duration: the milliseconds that the run takes in the time of the world.
        """


class RunTelemetry(Protocol):
    """Recorder of spans of runs."""

    def run(self, scenario: Scenario, execution_id: str) -> AbstractContextManager[RunSpan]:
        """Returns the context in which a run is computed."""

    def operation(self, module: str, module_id: int) -> AbstractContextManager[None]:
        """Returns the context in which a module performs an operation; an error of it leaves the context."""
