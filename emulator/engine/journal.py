"""What a run remembers of its operations; of a huge run only the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..world.models import ExecutionError, Step
from .blueprint import Module
from .budget import weight_of
from .errors import Exhausted
from .iml.values import Value, plain

#: Steps that are kept, and what their bundles may weigh together (a character counts 1).
STEPS = 1_000
WEIGHT = 2_000_000


class Journal:
    """Collects the steps of one run."""

    def __init__(self, *, confidential: bool = False) -> None:
        # Of a scenario whose data are confidential, operations and errors are kept, but nothing of what they worked on.
        self._left = 0 if confidential else WEIGHT
        self._counts: dict[int, int] = {}
        self.steps: list[Step] = []

    def note(
        self,
        module: Module,
        mapper: Value,
        bundles: Sequence[Mapping[str, Value]] = (),
        error: ExecutionError | None = None,
    ) -> None:
        """Keep what went into an operation and what came out of it, as long as there is room.

        ``mapper`` is what was mapped: for an aggregator an array with an entry for each bundle.
        """
        operation = self._counts[module.id] = self._counts.get(module.id, 0) + 1
        if len(self.steps) >= STEPS:
            return
        fits = self._takes(mapper, *bundles)
        self.steps.append(
            Step(
                module_id=module.id,
                module=module.full_name,
                operation=operation,
                input=plain(mapper) if fits else None,
                output=tuple(plain(bundle) for bundle in bundles) if fits else (),
                error=error,
            )
        )

    def _takes(self, *values: Value) -> bool:
        """Whether there is room for some values; once there is not, nothing more is weighed or kept."""
        try:
            for value in values:
                self._left -= weight_of(value, self._left)
        except Exhausted:
            self._left = 0
        return self._left > 0
