"""What a run can tell while it is computed, besides its steps: filters, branches, and what became of errors.

Whoever wants to know gives `executor.run` an observer. Without one a run costs what it always did.
"""

from __future__ import annotations

from typing import Protocol

from .blueprint import Module
from .conditions import Filter


class Observer(Protocol):
    """Is told what happens, in its order; ``at`` is how many steps were written down before."""

    def filtered(self, at: int, module: Module, gate: Filter, *, passed: bool) -> None:
        """A bundle came to the filter of a module, and passed it or was stopped."""

    def chose(self, at: int, module: Module, way: int | None) -> None:
        """A router took its fallback, or an if-else one branch: which one, counted from 0; ``None`` for none."""

    def decided(self, at: int, module: Module, decision: str) -> None:
        """What became of a module's error: the directive of its handler, or ``kept`` for an incomplete execution."""
