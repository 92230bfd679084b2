"""SVG renderer of an explanation: the drawing of the scenario with the run on it."""

from __future__ import annotations

from ..drawing.drawing import draw_blueprint
from ..drawing.run_marks import marks_of_run
from ..drawing.svg import render_svg
from ..engine.runtime.executor import visible_status
from ..plain_text import pluralize
from ..reports.trace_view import TraceView
from .runner import Explanation


def explanation_svg(explanation: Explanation) -> str:
    """Returns the drawing of the blueprint, with the operations and errors of its run."""
    run = explanation.execution
    drawing = draw_blueprint(explanation.export.blueprint)
    marks = marks_of_run(drawing, TraceView.from_execution(run))
    status = visible_status(run, run.ends)
    return render_svg(
        drawing,
        nodes=marks.nodes,
        edges=marks.edges,
        caption=f"{status}, {pluralize(run.operations, 'operation')}",
    )
