"""Simulation of modules that are not interpreted: mock data in the shape that the blueprint declares.

The output fits what later modules map of it. The same world, run and module always have the same output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from ...world.field_specs import field_name
from ...world.models import FieldSpecs, Json
from ..errors import BundleValidationError, ModuleError, missing_parameter
from ..expressions.constraint import Constraint
from ..expressions.values import is_array
from ..mock_data.generator import MockDataGenerator
from .context import Emit, ModuleContext, Outcome, json_size

ServiceRequirement: TypeAlias = tuple[Literal["parameters", "mapper"], str]
"""Part of a module and name of a value without which the service behind it answers with 400."""


def simulate(context: ModuleContext, requires: ServiceRequirement | None = None) -> Outcome:
    """Emits one bundle shaped by ``metadata.interface``, else by ``metadata.expect`` and by what later modules map.

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
    return Emit(bundles, transfer=json_size(context.mapper) + json_size(bundles))


def mock_output(context: ModuleContext) -> dict[str, Json]:
    """Returns the mock output of a module of which only the metadata in the blueprint are known."""
    module = context.module
    constraint = context.run.find_constraint(module.id)
    if module.interface is not None:
        return mock_bundle(context, module.interface, constraint, closed=bool(module.interface))
    # The input fields are only a guess at the output, so constraints by later modules take precedence.
    constrained = (
        {name for name, inner in constraint.fields.items() if inner.is_informative}
        if constraint is not None
        else set()
    )
    fields = [field for field in module.expect or () if field_name(field) not in constrained]
    return mock_bundle(context, fields, constraint)


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


def check_required(context: ModuleContext, requires: ServiceRequirement | None = None) -> None:
    """Checks the fields that the blueprint marks as required, and the value that the service requires.

    Raises:
        BundleValidationError: with an issue for each field that is missing.
        ModuleError: if the service would answer with 400.
    """
    missing = [
        missing_parameter(field_name(field))
        for field in context.module.expect or ()
        if field.get("required") is True and context.mapper.get(field_name(field)) in (None, "")
    ]
    if missing:
        raise BundleValidationError(*missing)
    if requires is None:
        return
    part, name = requires
    values = context.module.parameters if part == "parameters" else context.mapper
    if values.get(name) in (None, ""):
        raise ModuleError("BundleValidationError", f"[400] '{name}' is required")
