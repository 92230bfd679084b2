"""Model of a blueprint: typed modules, routes and branches instead of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...world.models import FieldSpecs, Json
from .conditions import Condition, Filter


@dataclass(frozen=True, slots=True)
class Module:
    """One module. ``parameters`` are fixed, ``mapper`` is computed for each bundle."""

    id: int
    app: str
    name: str
    version: int
    parameters: Mapping[str, Json]
    mapper: Mapping[str, Json]
    filter: Filter | None
    routes: tuple[Route, ...]
    branches: tuple[IfElseBranch, ...]
    onerror: tuple[Module, ...]
    interface: FieldSpecs | None
    expect: FieldSpecs | None
    label: str | None
    #: Of an aggregator: the module whose bundles it gathers, by what it groups, and whether it stops when nothing
    #: reached it.
    feeder: int | None = None
    group_by: Json = None
    stops_if_empty: bool = False
    #: Of a merge: a filter for each arm that merges, and what comes out: a name, and a mapping for each arm.
    filters: tuple[Filter | None, ...] = ()
    outputs: tuple[MergeOutput, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.app}:{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way that a router sends a bundle; the fallback only if no other way was open."""

    flow: tuple[Module, ...]
    is_fallback: bool = False
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class IfElseBranch:
    """One branch of an if-else: the first one whose conditions hold is taken, and ``None`` always holds."""

    flow: tuple[Module, ...]
    groups: tuple[tuple[Condition, ...], ...] | None
    #: Its place among the branches that merge; ``None`` for a branch that ends by itself.
    merge_index: int | None


@dataclass(frozen=True, slots=True)
class MergeOutput:
    """What a merge puts out under a name: one mapping for each branch."""

    name: str
    mappings: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A scenario's program and how it is to be run.

    A run of it has at most so many ``max_cycles``; ``max_errors`` failures in a row deactivate it; ``stores_incomplete_executions`` is
    whether what fails is stored as an incomplete execution, and ``allows_data_loss`` whether it goes on when there is no room
    for it; unless it ``auto_commit``, a rollback undoes what the cycle wrote, and else only what its first module did, if
    it ``auto_commit_trigger_last``; of what is ``confidential`` no data are kept.
    """

    name: str
    flow: tuple[Module, ...]
    max_cycles: int
    max_errors: int
    stores_incomplete_executions: bool
    allows_data_loss: bool
    auto_commit: bool
    auto_commit_trigger_last: bool
    confidential: bool
    #: The modules whose bundles some aggregator gathers.
    feeders: frozenset[int]


def module_label(metadata: Mapping[str, Json]) -> str | None:
    designer = metadata.get("designer")
    name = designer.get("name") if isinstance(designer, Mapping) else None
    return name if isinstance(name, str) and name else None


def is_literal(value: Json) -> bool:
    """Returns True for a value of a blueprint that is not computed."""
    if isinstance(value, str):
        return value != "" and "{{" not in value
    return isinstance(value, (int, float))
