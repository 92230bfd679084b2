"""Stack frames of the interpreter: pending steps, the last of which is processed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ...lazy_dataclasses import dataclass
from ..blueprints.model import Module
from ..errors import ModuleError
from ..expressions.context import Scope
from ..expressions.values import Value
from .aggregation import Accumulator, MergePoint


@dataclass(frozen=True, slots=True)
class ModuleFailure:
    """Failure of a module that an error handler is processing."""

    error: ModuleError
    origin: EnterModule


# Frames are created for every bundle and module, so they are not frozen, which would make them three times as slow.
@dataclass(slots=True)
class EnterModule:
    """Bundle about to enter the module at a position of a flow."""

    flow: Sequence[Module]
    position: int
    scope: Scope
    handled_failure: ModuleFailure | None = None
    merge_point: MergePoint | None = None
    #: For a merge: the index of the branch that the bundle passed, and its scope there.
    merged_from: tuple[int, Scope] | None = None

    @property
    def module(self) -> Module:
        return self.flow[self.position]

    @property
    def is_handler_start(self) -> bool:
        """True for the first module of an error handler."""
        failed = self.handled_failure.origin.module if self.handled_failure is not None else None
        return failed is not None and self.position == 0 and self.flow is failed.onerror


@dataclass(slots=True)
class EmitBundles:
    """Bundles that a module emitted; those from ``next_index`` on have not passed the rest of its flow yet."""

    origin: EnterModule
    bundles: Sequence[Mapping[str, Value]]
    next_index: int = 0


@dataclass(frozen=True, slots=True)
class FlushAggregator:
    """End of a feeder's bundles: the aggregator at the position of ``origin`` emits its aggregation."""

    origin: EnterModule
    accumulator: Accumulator


Frame: TypeAlias = EnterModule | EmitBundles | FlushAggregator
