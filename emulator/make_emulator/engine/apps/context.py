"""Contract between the interpreter and the handlers of modules: the context of an operation, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...world.models import Connection, Json
from ..blueprints.model import IfElseBranch, Module, Route
from ..expressions.context import Environment
from ..expressions.values import Value
from ..run_state import RunState, ScenarioCall


# Created for every operation, so it is not frozen, which would make it three times as slow.
@dataclass(slots=True)
class ModuleContext:
    """Context of one operation of a module."""

    run: RunState
    module: Module
    #: Evaluated and converted to the types of the fields.
    mapper: Mapping[str, Any]
    env: Environment
    first: bool
    #: Of a merge: the index, among the branches that merge, of the branch that the bundle took.
    branch: int | None = None

    def find_connection(self, id: Json) -> Connection | None:
        """Returns the connection that a parameter refers to, if the scenario's team has it."""
        if isinstance(id, bool) or not isinstance(id, (int, str)):
            return None
        try:
            connection = self.run.world.connections.get(int(id))
        except ValueError:
            return None
        return connection if connection and connection.team_id == self.run.scenario.team_id else None


@dataclass(slots=True)
class BundleGroup:
    """Mapped bundles of an aggregation that share one value of "group by"."""

    key: Value
    items: list[Mapping[str, Value]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Emit:
    """Bundles for the next module, which runs once for each of them; ``transfer`` counts bytes from outside."""

    bundles: Sequence[Mapping[str, Value]] = ()
    transfer: int = 0


#: Output of a search without results that is set to continue: an empty bundle, whose total number is 0.
NO_RESULTS: Sequence[Mapping[str, Value]] = ({},)


@dataclass(frozen=True, slots=True)
class RunRoutes:
    """Routes of a router, which run one after the other with the bundle."""

    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class ChooseBranch:
    """Branches of an if-else, of which the first runs whose conditions hold."""

    branches: Sequence[IfElseBranch]


@dataclass(frozen=True, slots=True)
class ReturnOutputs:
    """End of the run, with its outputs."""

    outputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ErrorDirective:
    """Decision of an error handler: ``"ignore"``, ``"resume"``, ``"commit"``, ``"rollback"`` or ``"break"``."""

    decision: str
    mapper: Mapping[str, Value] = field(default_factory=dict)


Outcome: TypeAlias = Emit | RunRoutes | ChooseBranch | ScenarioCall | ReturnOutputs | ErrorDirective


def json_size(value: Any) -> int:
    """Returns the approximate size of a value as JSON, in bytes."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) + 2
    if isinstance(value, Mapping):
        return 2 + sum(json_size(name) + 2 + json_size(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(1 + json_size(item) for item in value)
    return len(str(value))
