"""Contract between the interpreter and the handlers of modules: the context of an operation, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias, TypeVar

from ...lazy_dataclasses import dataclass
from ...world.field_specs import field_name
from ...world.models import Connection, Json, Key
from ..blueprints.model import IfElseBranch, Module, Route
from ..errors import BundleValidationError, ConversionError, invalid_parameter
from ..expressions.context import Environment
from ..expressions.values import Value, as_array, as_boolean, as_number, as_text
from ..run_state import RunState, ScenarioCall

Converted = TypeVar("Converted")


# Created for every operation, so it is not frozen, which would make it three times as slow.
@dataclass(slots=True)
class ModuleContext:
    """Context of one operation of a module.

    The methods named after types read a field of the mapper. A declared field has been converted to its type, so that
    they only narrow it; any other value is converted, which may raise a BundleValidationError that names it.
    """

    run: RunState
    module: Module
    #: Evaluated and converted to the types of the fields.
    mapper: Mapping[str, Value]
    env: Environment
    first: bool
    #: Of a merge: the index, among the branches that merge, of the branch that the bundle took.
    branch: int | None = None

    def text(self, name: str) -> str:
        """Returns a field as text; one without a value is empty."""
        return convert_field(name, "text", as_text, self.mapper.get(name))

    def optional_text(self, name: str) -> str | None:
        """Returns a field as text, or ``None`` without a value."""
        value = self.mapper.get(name)
        return None if value is None else convert_field(name, "text", as_text, value)

    def number(self, name: str, default: float = 0) -> int | float:
        """Returns a field as a number."""
        value = self.mapper.get(name)
        return default if value is None else convert_field(name, "number", as_number, value)

    def integer(self, name: str, default: int = 0) -> int:
        """Returns a field as a whole number."""
        number = self.number(name, default)
        if not isinstance(number, int):
            raise BundleValidationError(invalid_parameter(name, "integer"))
        return number

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """Returns a field as a boolean."""
        value = self.mapper.get(name)
        return default if value is None else as_boolean(value)

    def array(self, name: str) -> Sequence[Value]:
        """Returns a field as an array; one without a value is empty."""
        value = self.mapper.get(name)
        return () if value is None else as_array(value)

    def collection(self, name: str) -> Mapping[str, Value]:
        """Returns a field as a collection; one without a value is empty."""
        value = self.mapper.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise BundleValidationError(invalid_parameter(name, "collection"))
        return value

    def output_name(self, default: str) -> str:
        """Returns the name of the only field that the blueprint declares as output, else a default.

        For modules whose output has a single field of which no source has the name.
        """
        declared = [field_name(field) for field in self.module.interface or ()]
        return declared[0] if len(declared) == 1 else default

    def find_connection(self, id: Json) -> Connection | None:
        """Returns the connection that a parameter refers to, if the scenario's team has it."""
        connection = self.run.world.connections.get(_parse_id(id))
        return connection if connection and connection.team_id == self.run.scenario.team_id else None

    def find_key(self, id: Json) -> Key | None:
        """Returns the key that a parameter refers to, if the scenario's team has it."""
        key = self.run.world.keys.get(_parse_id(id))
        return key if key and key.team_id == self.run.scenario.team_id else None


def _parse_id(value: Json) -> int:
    """Returns an id as blueprints write it, a number or its text; 0, which no row has, for other values."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return 0
    try:
        return int(value)
    except ValueError:
        return 0


def convert_field(name: str, kind: str, convert: Callable[[Value], Converted], value: Value) -> Converted:
    """Converts the value of a field, or a part of it.

    Raises:
        BundleValidationError: if it is no ``kind``; it names the field.
    """
    try:
        return convert(value)
    except ConversionError:
        raise BundleValidationError(invalid_parameter(name, kind)) from None


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


def json_size(value: Value) -> int:
    """Returns the approximate size of a value as JSON, in bytes."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) + 2
    if isinstance(value, Mapping):
        return 2 + sum(json_size(name) + 2 + json_size(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(1 + json_size(item) for item in value)
    return len(str(value))
