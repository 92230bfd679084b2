"""App "XML": parsing and serialization, see `formats.xml`.

The app is known in part: other modules are simulated.
"""

from __future__ import annotations

from ..blueprints.model import Module
from ..expressions.constraint import Constraint
from ..formats.xml import dump_xml, parse_xml
from .app import App, Field, Inference
from .context import Emit, ModuleContext, Outcome

APP = App("xml", is_complete=False, is_built_in=True)


def _infer_text(module: Module, output: Constraint, inference: Inference) -> Constraint:
    content = Constraint(fields=dict(output.fields))
    content.merge(inference.fields_constraint(module.interface))
    return Constraint(fields={"xml": Constraint(kind="xml", content=content)})


@APP.module("ParseXML", Field("xml", "text", required=True), computes=True, infer=_infer_text)
def _parse(context: ModuleContext) -> Outcome:
    """One bundle, with the root element under its name."""
    return Emit([parse_xml(context.text("xml"), context.env.budget)])


@APP.module("TransformToXML", accepts_any_field=True, computes=True)
def _create(context: ModuleContext) -> Outcome:
    return Emit([{"xml": dump_xml(context.mapper, context.env.budget)}])
