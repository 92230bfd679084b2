"""Interception of operations: a test takes the place of modules of a run, or makes them fail before or after their work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..apps.app import ModuleDefinition
from ..apps.context import ModuleContext, Outcome


class OperationInterceptor(ABC):
    """Interceptor of every operation of a world, but those of aggregators; the attribute ``interceptor`` of a world."""

    @abstractmethod
    def run_operation(
        self, definition: ModuleDefinition, context: ModuleContext, proceed: Callable[[], Outcome]
    ) -> Outcome:
        """Returns the outcome of an operation.

        Args:
            proceed: runs the operation as the world does without an interceptor.

        Raises:
            ModuleError: the error of the operation.
        """
