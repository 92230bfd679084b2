"""Model of a blueprint: typed modules, routes and branches instead of JSON."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from ...world.models import FieldSpecs, Json
from .conditions import ConditionGroups, Filter


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
    #: Of an aggregator: its source module, the value of "group by", and True if the flow stops after an empty aggregation.
    feeder: int | None = None
    group_by: Json = None
    stops_if_empty: bool = False
    #: Of a merge: a filter and, for each output, a mapping for each branch that merges.
    filters: tuple[Filter | None, ...] = ()
    outputs: tuple[MergeOutput, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.app}:{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a router; the fallback runs only if no other route is open."""

    flow: tuple[Module, ...]
    is_fallback: bool = False
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class IfElseBranch:
    """One branch of an if-else, which runs the first one whose conditions hold; ``None`` always holds."""

    flow: tuple[Module, ...]
    groups: ConditionGroups[Json] | None
    #: Its index among the branches that merge; ``None`` for a branch that does not merge.
    merge_index: int | None


@dataclass(frozen=True, slots=True)
class MergeOutput:
    """One output of a merge: a name, and a mapping for each branch."""

    name: str
    mappings: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Blueprint of a scenario: its modules, and the settings of its runs.

    Attributes:
        max_cycles: maximum number of cycles of a run.
        max_errors: consecutive failures after which the scenario is deactivated.
        stores_incomplete_executions: failed bundles are stored as incomplete executions.
        allows_data_loss: the run continues if there is no storage left for them.
        auto_commit: modules commit at once, so that a rollback reverts only the first module.
        auto_commit_trigger_last: the first module commits at the end of the cycle.
        confidential: no data of runs are stored.
        feeders: source modules of aggregators.
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
