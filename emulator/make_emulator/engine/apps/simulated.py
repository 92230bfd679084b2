"""Simulation of modules that are not interpreted: mock data in the shape that the blueprint declares.

The output fits what later modules map of it. The same world, run and module always have the same output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from ...module_catalogue import CatalogueModule, module_catalogue
from ...world import custom_modules
from ...world.field_specs import field_name
from ...world.models import FieldSpecs, Json
from ..errors import BundleValidationError, ConversionError, ModuleError, missing_parameter
from ..expressions.constraint import Constraint
from ..expressions.context import EvaluationBudget
from ..expressions.values import Value, coerce, is_array, to_json_object, to_json_value
from ..mock_data.generator import MockDataGenerator
from . import known_outputs
from .context import Emit, ModuleContext, Outcome, json_size
from .output_dates import restore_declared_dates

ServiceRequirement: TypeAlias = tuple[Literal["parameters", "mapper"], str]
"""Part of a module and name of a value without which the service behind it answers with 400."""


def simulate(context: ModuleContext, requires: ServiceRequirement | None = None) -> Outcome:
    """Emits one bundle shaped by ``metadata.interface``, else by the catalogue, ``metadata.expect`` and what later modules map.

    A trigger passes on the bundles that the run received.

    Raises:
        BundleValidationError: if fields are missing that the blueprint marks as required.
        ModuleError: if a value is missing that the service requires.
    """
    run = context.run
    check_required(context, requires)
    if context.first and run.trigger_bundle is not None:
        received = run.trigger_bundle if is_array(run.trigger_bundle) else [run.trigger_bundle]
        bundles = [item if isinstance(item, Mapping) else {"value": item} for item in received]
    else:
        bundles = [mock_output(context)]
    return Emit(
        restore_declared_dates(bundles, context), transfer=json_size(context.mapper) + json_size(bundles)
    )


def mock_output(context: ModuleContext) -> dict[str, Json]:
    """Returns the mock output of a module, of which the metadata in the blueprint and the module catalogue are known.

    A module that creates or changes something returns what it was given.
    """
    module = context.module
    constraint = context.run.find_constraint(module.id)
    if module.interface is not None:
        bundle = mock_bundle(context, module.interface, constraint, closed=bool(module.interface))
    else:
        fields = context.run.mock_fields.get(module.id)
        if fields is None:
            fields = context.run.mock_fields[module.id] = _probable_fields(context, constraint)
        bundle = mock_bundle(context, fields, constraint)
    if is_writing(module.name):
        bundle = _echo(bundle, context.mapper, module.interface or (), context)
    return {**bundle, **_position_fields(bundle)}


def _probable_fields(context: ModuleContext, constraint: Constraint | None) -> FieldSpecs:
    """Returns the fields that the world declares, or the catalogue knows, of the output of a module, and where it knows some at most, those of its input."""
    module = context.module
    # The latest version stands for one that is not known.
    known = _find_known(context, module.version) or _find_known(context)
    fields = known_outputs.output_fields(known, constraint) if known is not None else ()
    if known is not None and known.output and not known.has_dynamic_output:
        return fields
    # The input fields are only a guess at the output, so constraints by later modules take precedence.
    taken = {field_name(field) for field in fields}
    if constraint is not None:
        taken |= {name for name, inner in constraint.fields.items() if inner.is_informative}
    return [*fields, *(field for field in module.expect or () if field_name(field) not in taken)]


def is_writing(name: str) -> bool:
    """Returns True if the name of a module, without its app, says that it creates or changes something."""
    return _WRITING_MODULE.match(name) is not None


#: Beginnings of the names of modules that create or change something.
_WRITING_MODULE = re.compile(
    r"(?:action)?_?(?:add|append|assign|change|copy|create|duplicate|edit|insert|invite|make|modify|move|new|patch|post"
    r"|put|register|rename|replace|reply|save|schedule|send|set|submit|update|upload|upsert|write)",
    re.IGNORECASE,
)


def _echo(
    bundle: Mapping[str, Json], given: Mapping[str, Value], fields: FieldSpecs, context: ModuleContext
) -> dict[str, Json]:
    """Returns a bundle in which the fields that a module was given have their mapped values, as far as their types allow."""
    types = {field_name(field): field for field in fields}
    echoed: dict[str, Json] = dict(bundle)
    for name, value in given.items():
        if name not in echoed or value is None or value == "":
            continue
        made, field = echoed[name], types.get(name, {})
        if isinstance(made, Mapping) and isinstance(value, Mapping):
            inner = field.get("spec")
            specs = (
                tuple(spec for spec in inner if isinstance(spec, Mapping)) if isinstance(inner, list) else ()
            )
            echoed[name] = {**to_json_object(value), **_echo(made, value, specs, context)}
            continue
        kind = field.get("type")
        try:
            fit = coerce(value, kind, context.env.zone) if isinstance(kind, str) else value
        except ConversionError:
            continue
        echoed[name] = to_json_value(fit)
    return echoed


def sample_output(known: CatalogueModule, now: int, budget: EvaluationBudget) -> dict[str, Json]:
    """Returns mock output of a module of which only the catalogue, or the declaration of a world, is known; the same for the same module.

    Args:
        now: the latest moment in it, in milliseconds.
    """
    bundle = MockDataGenerator(known.name, now, budget).bundle(known_outputs.output_fields(known))
    return {**bundle, **_position_fields(bundle)}


def _position_fields(bundle: Mapping[str, Json]) -> dict[str, Json]:
    """Returns the fields of a single bundle that have a fixed meaning: its place, the number of bundles, its row below a header."""
    values: dict[str, Json] = {"__IMTINDEX__": 1, "__IMTLENGTH__": 1, "__ROW_NUMBER__": 2}
    return {name: value for name, value in values.items() if name in bundle}


def mock_bundle(
    context: ModuleContext, fields: FieldSpecs, constraint: Constraint | None = None, *, closed: bool = False
) -> dict[str, Json]:
    """Returns a mock bundle with these fields, which is the same whenever the operation is repeated.

    Args:
        closed: leave out fields that only the constraint has.
    """
    run = context.run
    seed = f"{run.world.seed}:{run.execution_id}:{context.module.id}:{run.budget.operations}"
    return MockDataGenerator(seed, run.started, context.env.budget).bundle(fields, constraint, closed=closed)


def _find_known(context: ModuleContext, version: int | None = None) -> CatalogueModule | None:
    name, declared = context.module.full_name, context.run.world.custom_modules
    if name in declared:
        return custom_modules.find_module(declared, name, version)
    return module_catalogue().find_module(name, version)


def _required_fields(context: ModuleContext) -> Iterator[str]:
    module = context.module
    if module.expect:
        yield from (field_name(field) for field in module.expect if field.get("required") is True)
        return
    known = _find_known(context, module.version)
    # A module may be scripted or simulated in any version; what one version requires says nothing of another.
    if known is not None and known.version == module.version:
        yield from known.certainly_required


def check_required(context: ModuleContext, requires: ServiceRequirement | None = None) -> None:
    """Checks the fields that the blueprint, or else the catalogue, marks as required, and the value that the service requires.

    Raises:
        BundleValidationError: with an issue for each field that is missing.
        ModuleError: if the service would answer with 400.
    """
    missing = [name for name in _required_fields(context) if context.mapper.get(name) in (None, "")]
    if missing:
        raise BundleValidationError(*map(missing_parameter, missing))
    if requires is None:
        return
    part, name = requires
    values = context.module.parameters if part == "parameters" else context.mapper
    if values.get(name) in (None, ""):
        raise ModuleError("BundleValidationError", f"[400] '{name}' is required")
