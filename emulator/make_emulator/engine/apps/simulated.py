"""Every other app: made-up data in the shape that the blueprint itself declares, fit for what it does with them.

The same world, run and module always answer with the same data.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import FieldSpecs, Json
from ..errors import BundleValidationError, ModuleError
from ..expressions.constraint import Constraint
from ..expressions.values import is_array
from ..mock_data.generator import MockDataGenerator
from .module_api import Emit, ModuleContext, ModuleDefinition, Outcome, json_size

#: What the service behind a module asks for although no field says so: in which part of the module it is, and its name.
#: Source: the vendor's notes on modules that fail with 400 (blueprint-construction).
_REQUIRED_BY_SERVICE: Mapping[str, tuple[str, str]] = {
    "ai-tools:Ask": ("parameters", "model"),
    "google-sheets:addRow": ("mapper", "valueInputOption"),
    "google-sheets:updateRow": ("mapper", "valueInputOption"),
}


def _simulate(context: ModuleContext) -> Outcome:
    """One bundle shaped by ``metadata.interface``, else by ``metadata.expect`` and by what later modules map.

    A trigger passes on what came in.

    Raises:
        BundleInvalid: if fields are missing that the blueprint marks as required.
    """
    run = context.run
    check_required(context)
    if context.first and run.trigger_bundle is not None:
        received = run.trigger_bundle if is_array(run.trigger_bundle) else [run.trigger_bundle]
        bundles = [item if isinstance(item, Mapping) else {"value": item} for item in received]
    else:
        bundles = [mock_output(context)]
    return Emit(bundles, transfer=json_size(context.mapper) + json_size(bundles))


def mock_output(context: ModuleContext) -> dict[str, Json]:
    """The bundle of a module of which nothing is known but what its blueprint tells."""
    module = context.module
    wanted = context.run.find_constraint(module.id)
    if module.interface is not None:
        return mock_bundle(context, module.interface, wanted, closed=bool(module.interface))
    # Fields that go in are a guess at what comes out, so what is done with them tells more.
    used = (
        {name for name, use in wanted.fields.items() if use.is_informative} if wanted is not None else set()
    )
    fields = [field for field in module.expect or () if field["name"] not in used]
    return mock_bundle(context, fields, wanted)


def mock_bundle(
    context: ModuleContext, fields: FieldSpecs, wanted: Constraint | None = None, *, closed: bool = False
) -> dict[str, Json]:
    """A made-up bundle with these fields: always the same for an operation of a run."""
    run = context.run
    seed = f"{run.world.seed}:{run.execution_id}:{context.module.id}:{run.budget.operations}"
    return MockDataGenerator(seed, run.started, context.env.budget).bundle(fields, wanted, closed=closed)


def check_required(context: ModuleContext) -> None:
    """Raise BundleInvalid if fields are missing that the blueprint marks as required, or a ModuleError if the service
    would miss one."""
    missing = sum(
        field.get("required") is True and context.mapper.get(field["name"]) in (None, "")
        for field in context.module.expect or ()
    )
    if missing:
        raise BundleValidationError(missing)
    part, name = _REQUIRED_BY_SERVICE.get(context.module.full_name, ("", ""))
    values = context.module.parameters if part == "parameters" else context.mapper
    if name and values.get(name) in (None, ""):
        raise ModuleError("BundleValidationError", f"[400] '{name}' is required")


SIMULATED = ModuleDefinition("*", _simulate, accepts_any_field=True, external=True)
