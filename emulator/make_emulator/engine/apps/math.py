"""App "Math": evaluates expressions, see `formats.math_expression`.

Sources: exported blueprints (module, version, field, and that later modules read ``result``); make.com, "Math".
"""

from __future__ import annotations

from .app import App, Field
from .context import Emit, ModuleContext, Outcome

APP = App("math", is_complete=False, is_built_in=True)


@APP.module("EvaluateExpression", Field("expression", "text", required=True))
def _evaluate(context: ModuleContext) -> Outcome:
    """Emits the value of the expression, a number or a boolean."""
    # Imported here, since few scenarios evaluate expressions and start-up is to be short.
    from ..formats.math_expression import evaluate_math

    return Emit([{"result": evaluate_math(context.text("expression"), context.env.budget)}])
