"""Trial run of a blueprint, as `explain` runs it: stubs of what it refers to, mock inputs, a fixed time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..blueprint_import.export import BlueprintRejectedError, parse_document
from ..engine.errors import ModuleError
from ..engine.runtime.executor import visible_status
from ..explain.runner import explain_blueprint
from ..explain.survey import REFUSED, sample_input
from ..json_types import Json, JsonObject
from ..plain_text import pluralize
from ..redaction.masking import TRACE_REDACTOR
from ..world.models import ModuleScript
from ..world.secret_texts import of_execution, values_of

#: The worst end of a run first.
_STATUSES = (REFUSED, "ERROR", "WARNING", "SUCCESS")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRun:
    """End of a trial run.

    Attributes:
        status: ``REFUSED`` for a blueprint that Make does not accept.
        bundles: the number of bundles that all modules output.
        reached: the number of modules that a bundle reached.
        operations: the number of operations.
        error: the text of the error that ended it, empty if none did.
    """

    status: str
    bundles: int = 0
    reached: int = 0
    operations: int = 0
    error: str = ""

    @property
    def is_failure(self) -> bool:
        """True if the blueprint was refused or the run ended with an error."""
        return self.status in (REFUSED, "ERROR")

    def is_worse_than(self, other: TrialRun) -> bool:
        """Returns true for a worse status, and for a failure that fewer modules came before."""
        if self.status != other.status:
            return _STATUSES.index(self.status) < _STATUSES.index(other.status)
        return self.is_failure and self.reached < other.reached

    def to_json(self) -> JsonObject:
        """Returns ``{status, bundles, error?}``."""
        return {"status": self.status, "bundles": self.bundles} | (
            {"error": self.error} if self.error else {}
        )


def try_run(
    blueprint: Mapping[str, Json], io: Json = None, *, now: str, scripts: Sequence[ModuleScript] = ()
) -> TrialRun:
    """Runs a blueprint once.

    Args:
        io: the API's metadata of inputs and outputs, if they are not in the blueprint.
        now: the time of the run.
        scripts: outputs of modules.
    """
    try:
        export = parse_document({"blueprint": blueprint, "metadata": io})
        explanation = explain_blueprint(
            export, input=sample_input(export, now), now=now, scripts=scripts, is_linted=False
        )
    except (ValueError, ModuleError) as error:
        text = error.message if isinstance(error, ModuleError) else str(error)
        hint = error.hint if isinstance(error, BlueprintRejectedError) else None
        return TrialRun(status=REFUSED, error=f"{text} {hint}" if hint else text)
    run = explanation.execution
    redactor = TRACE_REDACTOR.with_secrets(values_of(of_execution(run)))
    return TrialRun(
        status=visible_status(run, run.ends),
        bundles=sum(len(step.output) for step in run.steps),
        reached=len({step.module_id for step in run.steps}),
        operations=run.operations,
        error=redactor.mask_text(run.error.message) if run.error is not None else "",
    )


def compare(after: TrialRun, before: TrialRun) -> str:
    """Returns the end of a run beside that of an earlier one: ``SUCCESS instead of ERROR, 4 bundles instead of 0``."""
    status = after.status if after.status == before.status else f"{after.status} instead of {before.status}"
    bundles = pluralize(after.bundles, "bundle")
    if after.bundles != before.bundles:
        bundles += f" instead of {before.bundles:,}"
    return f"{status}, {bundles}"
