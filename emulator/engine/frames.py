"""What the interpreter has yet to do: frames on its stack, the last of which is worked on first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .blueprint import Module
from .errors import ModuleError
from .gathering import Gathering, Junction
from .iml.environment import Scope
from .iml.values import Value


@dataclass(frozen=True, slots=True)
class Failure:
    """A module that failed and is being handled: where it stood, and why it failed."""

    error: ModuleError
    walk: Walk


# Frames are made for every bundle and module, so they are not frozen, which would make them take thrice as long.
@dataclass(slots=True)
class Walk:
    """A bundle is about to enter the module at a position of a flow."""

    flow: Sequence[Module]
    position: int
    scope: Scope
    handling: Failure | None = None
    after: Junction | None = None
    #: For a merge: the branch that the bundle came by, and what was on its way there.
    came_by: tuple[int, Scope] | None = None

    @property
    def module(self) -> Module:
        return self.flow[self.position]

    @property
    def begins_handler(self) -> bool:
        """Whether the module is the first one of an error handler."""
        failed = self.handling.walk.module if self.handling is not None else None
        return failed is not None and self.position == 0 and self.flow is failed.onerror


@dataclass(slots=True)
class Spread:
    """The bundles that a module put out, from a place on, are yet to go down the rest of its flow."""

    walk: Walk
    bundles: Sequence[Mapping[str, Value]]
    place: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """All bundles of a feeder are through: the aggregator at the walk's position puts out what it gathered."""

    walk: Walk
    gathering: Gathering


Frame: TypeAlias = Walk | Spread | Close
