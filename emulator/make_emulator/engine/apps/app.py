"""Declaration of an app: its modules with their versions, fields and handlers.

A file of this package declares one app: ``APP = App("acme")``, then ``@APP.module("Name", …)`` above each handler. The
catalog, the mock data, the reference and the tests of hostile input follow from the declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, Protocol, TypeAlias

from ...lazy_dataclasses import dataclass
from ...world.models import FieldSpecs, Json
from ..blueprints.model import Module
from ..errors import (
    BundleValidationError,
    ConversionError,
    ExpressionError,
    ExpressionSyntaxError,
    ModuleError,
    invalid_parameter,
    missing_parameter,
    parameter_not_in_options,
)
from ..expressions.constraint import Constraint
from ..expressions.values import EMPTY_TEXT, TimeZoneProvider, Value, coerce, is_array
from .context import BundleGroup, ModuleContext, Outcome
from .simulated import ServiceRequirement, simulate

Handler: TypeAlias = Callable[[ModuleContext], Outcome]
"""Implementation of a module: one operation."""

Combiner: TypeAlias = Callable[[ModuleContext, BundleGroup], Mapping[str, Value]]
"""Implementation of an aggregator: combines the mapped bundles of one group."""


class Inference(Protocol):
    """Inference of constraints over one blueprint, from its last module to its first."""

    #: The outputs that the scenario declares.
    outputs: FieldSpecs

    def fields_constraint(self, specs: FieldSpecs | None) -> Constraint:
        """Returns the constraint of specified fields on a collection, charged to the budget."""

    def variable_constraint(self, name: Json, constraint: Constraint | None) -> Constraint:
        """Returns the constraint on a scenario variable, after one more is merged into it."""

    def infer_value(self, value: Json, constraint: Constraint | None) -> None:
        """Infers constraints on the modules that a mapped value refers to, given the constraint on the value."""


InputInference: TypeAlias = Callable[[Module, Constraint, Inference], Constraint]
"""Infers the constraint on a module's mapper from the module and the constraint on its output."""

Trigger: TypeAlias = Literal["webhook", "inputs", "polling"]
"""Source of the bundles of a trigger: a hook, the inputs of the run, or requests to a service."""

VERSION_1 = frozenset({1})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a module's mapper."""

    name: str
    type: str = "any"
    required: bool = False
    choices: tuple[str, ...] = ()
    #: Of an array: the type of its items, if they are checked.
    item: Literal["email"] | None = None
    #: Of a text: the form that a service takes, so that mock data have it.
    format: Literal["url"] | None = None
    #: Name and text of the error of an expression that is none because of the backslashes pasted into it.
    backslash_error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleDefinition:
    """A module of an app."""

    #: ``app:Module``.
    name: str
    handler: Handler
    #: The versions that exist; ``None`` for any.
    versions: frozenset[int] | None = VERSION_1
    fields: tuple[Field, ...] = ()
    #: True if the mapper is passed on as it was evaluated, besides the declared fields.
    accepts_any_field: bool = False
    #: True if its operations are counted.
    billed: bool = True
    #: True if its operations, though counted, cost no credits.
    is_free: bool = False
    #: True if it calls another service, which takes longer.
    external: bool = False
    #: Of a module that refers to a data store: what it does to its records.
    records: Literal["read", "write"] | None = None
    #: Of a trigger: the source of its bundles.
    trigger: Trigger | None = None
    #: False if it only directs the bundles of others, or ends the run.
    has_output: bool = True
    #: The names of all fields that it outputs; ``None`` if the blueprint or the data decide.
    outputs: tuple[str, ...] | None = None
    #: False if its output is mock data.
    is_interpreted: bool = True
    #: The implementation of an aggregator, which is not run once a bundle, but once a group.
    combine: Combiner | None = None
    #: True if its operations depend on what they are given only, and may take long: others may have the world meanwhile.
    computes: bool = False
    #: The constraint on its mapper, if the module passes on what it takes; what ``fields`` says is not repeated.
    infer: InputInference | None = None
    #: A value that the service requires, though no field of the blueprint says so.
    requires: ServiceRequirement | None = None


class App:
    """An app and the modules of it that are known.

    Args:
        name: as in ``app:Module``.
        is_complete: all modules of the app are known, so that any other name is an error (Make's IM007). Of an app
            that is known in part, any other module is simulated.
        is_built_in: part of Make itself, so that no organization has to install it.
        has_output: the default of its modules, see `ModuleDefinition`.
    """

    def __init__(
        self,
        name: str,
        *,
        is_complete: bool = True,
        is_built_in: bool = False,
        has_output: bool = True,
    ) -> None:
        self.name = name
        self.is_complete = is_complete
        self.is_built_in = is_built_in
        self.has_output = has_output
        #: Module name, without the app -> definition.
        self.modules: dict[str, ModuleDefinition] = {}
        #: The definition of a module that is not declared, if the app has other modules.
        self.default: ModuleDefinition | None = None

    def module(
        self,
        name: str,
        *fields: Field,
        versions: Iterable[int] | None = VERSION_1,
        accepts_any_field: bool = False,
        billed: bool = True,
        is_free: bool = False,
        external: bool = False,
        records: Literal["read", "write"] | None = None,
        trigger: Trigger | None = None,
        has_output: bool | None = None,
        outputs: tuple[str, ...] | None = None,
        computes: bool = False,
        infer: InputInference | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declares a module, whose handler is decorated; see `ModuleDefinition` for the arguments."""

        def declare(handler: Handler) -> Handler:
            self.modules[name] = ModuleDefinition(
                name=f"{self.name}:{name}",
                handler=handler,
                versions=None if versions is None else frozenset(versions),
                fields=fields,
                accepts_any_field=accepts_any_field,
                billed=billed,
                is_free=is_free,
                external=external,
                records=records,
                trigger=trigger,
                has_output=self.has_output if has_output is None else has_output,
                outputs=outputs,
                computes=computes,
                infer=infer,
            )
            return handler

        return declare

    def aggregator(
        self,
        name: str,
        *fields: Field,
        outputs: tuple[str, ...] | None = None,
        infer: InputInference | None = None,
    ) -> Callable[[Combiner], Combiner]:
        """Declares an aggregator, whose combiner is decorated; without fields it accepts all that are mapped."""

        def declare(combine: Combiner) -> Combiner:
            self.modules[name] = define_aggregator(
                f"{self.name}:{name}",
                combine,
                *fields,
                has_output=self.has_output,
                outputs=outputs,
                infer=infer,
            )
            return combine

        return declare

    def default_aggregator(self, combine: Combiner) -> Combiner:
        """Declares that every other module of the app is an aggregator of this combiner."""
        self.default = define_aggregator(f"{self.name}:*", combine, versions=None, has_output=self.has_output)
        return combine

    def simulated(
        self,
        name: str,
        *,
        versions: Iterable[int] | None = VERSION_1,
        requires: ServiceRequirement | None = None,
    ) -> None:
        """Declares a module that exists, but whose fields are not known: its output is mock data.

        Args:
            versions: the versions that exist; ``None`` for any.
            requires: a value that the service requires, though no field of the blueprint says so.
        """
        self.modules[name] = ModuleDefinition(
            name=f"{self.name}:{name}",
            handler=simulate if requires is None else partial(simulate, requires=requires),
            versions=None if versions is None else frozenset(versions),
            accepts_any_field=True,
            external=True,
            has_output=self.has_output,
            is_interpreted=False,
            requires=requires,
        )


def define_aggregator(
    name: str,
    combine: Combiner,
    *fields: Field,
    versions: frozenset[int] | None = VERSION_1,
    has_output: bool = True,
    outputs: tuple[str, ...] | None = None,
    is_interpreted: bool = True,
    infer: InputInference | None = None,
) -> ModuleDefinition:
    """Returns the definition of an aggregator, see `App.aggregator`."""
    return ModuleDefinition(
        name=name,
        handler=_reject_operation,
        versions=versions,
        fields=fields,
        accepts_any_field=not fields,
        has_output=has_output,
        outputs=outputs,
        is_interpreted=is_interpreted,
        combine=combine,
        computes=is_interpreted,
        infer=infer,
    )


def _reject_operation(context: ModuleContext) -> Outcome:
    """Handler of aggregators, which are not run for a bundle."""
    raise BundleValidationError()


def field_error(definition: ModuleDefinition, name: str, error: ExpressionError) -> ModuleError:
    """Returns the error of a field in which an expression failed."""
    field = next((field for field in definition.fields if field.name == name), None)
    is_pasted = isinstance(error, ExpressionSyntaxError) and "\\" in error.source
    if field is not None and field.backslash_error is not None and is_pasted:
        return ModuleError(*field.backslash_error)
    return error.for_field(name)


def coerce_mapper(
    definition: ModuleDefinition, mapper: Mapping[str, Value], zone: TimeZoneProvider
) -> Mapping[str, Value]:
    """Converts an evaluated mapper to the types of the module's fields; empty values are left out.

    Args:
        zone: the time zone of dates without one.

    Raises:
        BundleValidationError: with an issue for each field that is missing or invalid (recorded for "Set variable").
    """
    values: dict[str, Value] = dict(mapper) if definition.accepts_any_field else {}
    issues: list[str] = []
    hints: list[str] = []
    for field in definition.fields:
        value = mapper.get(field.name)
        if value is None or (value == "" and value is not EMPTY_TEXT):
            # An empty text is no value; emptystring forces one.
            values.pop(field.name, None)
            if field.required:
                issues.append(missing_parameter(field.name))
            continue
        try:
            values[field.name] = value = coerce(value, field.type, zone)
        except ConversionError:
            issues.append(invalid_parameter(field.name, field.type))
            continue
        if field.choices and value not in field.choices:
            issues.append(parameter_not_in_options(field.name))
            hints.append(f"'{field.name}' is one of: {', '.join(field.choices)}.")
        if field.item == "email" and is_array(value):
            if not value and field.required:
                issues.append(missing_parameter(field.name))
            elif not all(map(is_email_address, value)):
                issues.append(invalid_parameter(field.name, "email address"))
    if issues:
        raise BundleValidationError(*issues, hint=" ".join(hints) or None)
    return values


#: A mail address: a local part and a host name of two labels or more; no name, and no list of addresses.
_EMAIL_ADDRESS = re.compile(
    r"[^\s@<>()\[\]\\,;:\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])"
)


def is_email_address(value: Value) -> bool:
    """Returns True for a text that is a single mail address."""
    return isinstance(value, str) and len(value) <= 254 and _EMAIL_ADDRESS.fullmatch(value) is not None
