"""What the interpreter has yet to do: frames on its stack, the last of which is worked on first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..blueprints.model import Module
from ..errors import ModuleError
from ..expressions.context import Scope
from ..expressions.values import Value
from .aggregation import Accumulator, MergePoint


@dataclass(frozen=True, slots=True)
class ModuleFailure:
    """A module that failed and is being handled: where it stood, and why it failed."""

    error: ModuleError
    origin: EnterModule


# Frames are made for every bundle and module, so they are not frozen, which would make them take thrice as long.
@dataclass(slots=True)
class EnterModule:
    """A bundle is about to enter the module at a position of a flow."""

    flow: Sequence[Module]
    position: int
    scope: Scope
    handled_failure: ModuleFailure | None = None
    merge_point: MergePoint | None = None
    #: For a merge: the branch that the bundle came by, and what was on its way there.
    merged_from: tuple[int, Scope] | None = None

    @property
    def module(self) -> Module:
        return self.flow[self.position]

    @property
    def is_handler_start(self) -> bool:
        """Whether the module is the first one of an error handler."""
        failed = self.handled_failure.origin.module if self.handled_failure is not None else None
        return failed is not None and self.position == 0 and self.flow is failed.onerror


@dataclass(slots=True)
class EmitBundles:
    """The bundles that a module put out, from a place on, are yet to go down the rest of its flow."""

    origin: EnterModule
    bundles: Sequence[Mapping[str, Value]]
    next_index: int = 0


@dataclass(frozen=True, slots=True)
class FlushAggregator:
    """All bundles of a feeder are through: the aggregator at the walk's position puts out what it gathered."""

    origin: EnterModule
    accumulator: Accumulator


Frame: TypeAlias = EnterModule | EmitBundles | FlushAggregator
