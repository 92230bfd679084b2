"""View of an execution trace: the events of one run, typed, with a sentence each, and without secrets.

Everything that shows a run renders this view: the control API (JSON), the dashboard (a page), ``explain`` (text and
JSON) and ``world.execution()`` of the test tools, which reads it back from JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from ..engine.apps import catalog
from ..engine.apps.scenarios import RETURN_MODULE
from ..engine.apps.webhooks import ACCEPTED, NOT_COMPLETED, RESPOND_MODULE, WEBHOOK_MODULE
from ..engine.filters import operator_hint
from ..redaction.masking import TRACE_REDACTOR, OutputRedactor
from ..redaction.rules import MASK, is_secret_name
from ..redaction.secret_values import NO_SECRETS, SecretValues
from ..world import models
from ..world.models import BundlePosition, ConditionResult, Json
from ..world.secret_texts import of_execution, values_of

#: The names in a mapping, such as those in ``{{1.headers.authorization}}``.
_NAME_PATTERN = re.compile(r"[\w-]+")

#: The most characters of one side of a condition in a sentence.
_MAX_SIDE_LENGTH = 60

#: Operators of filters in the words of Make's editor. Before a colon stands the type; ``ci`` is case insensitive.
_OPERATOR_WORDS = {
    "exist": "exists",
    "notexist": "does not exist",
    "equal": "equal to",
    "notequal": "not equal to",
    "contain": "contains",
    "notcontain": "does not contain",
    "startwith": "starts with",
    "notstartwith": "does not start with",
    "endwith": "ends with",
    "notendwith": "does not end with",
    "pattern": "matches pattern",
    "notpattern": "does not match pattern",
    "less": "less than",
    "greater": "greater than",
    "lessorequal": "less than or equal to",
    "greaterorequal": "greater than or equal to",
}

#: Outcomes of errors, by the directive of the error handler; ``kept`` is an error without a handler.
_ERROR_OUTCOMES = {
    "resume": "was resumed with the bundle of the directive",
    "ignore": "was ignored, and the bundle dropped",
    "commit": "ended the run, which was committed",
    "rollback": "ended the run, which was rolled back",
    "break": "was handled by break, and the bundle taken out of the run",
    "kept": "had no error handler, and the bundle was stored as an incomplete execution",
}
_BREAK_NOT_STORED = "was handled by break, but incomplete executions are not stored, and the run ended"


@dataclass(frozen=True, slots=True)
class BundleNumber:
    """Position of a bundle: its number among the ``of`` bundles that module ``module_id`` output at once."""

    module_id: int
    number: int
    of: int

    @classmethod
    def from_model(cls, position: BundlePosition | None) -> BundleNumber | None:
        return None if position is None else cls(*position)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> BundleNumber | None:
        return None if data is None else cls(data["moduleId"], data["number"], data["of"])

    def to_json(self) -> dict[str, Json]:
        return {"moduleId": self.module_id, "number": self.number, "of": self.of}


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One operation of a module.

    ``operation`` counts the module's own, ``operations`` is 1 if it was billed as one; ``bundle`` is the one that it
    processed, ``None`` for the first module; ``input`` is ``None`` if it was not kept; ``called`` is the id of the run
    of another scenario that it started.
    """

    cycle: int
    module_id: int
    module: str
    operation: int
    operations: int
    bundle: BundleNumber | None
    input: Any
    output: list[Any]
    error: dict[str, Any] | None
    called: str | None
    sentence: str

    def __repr__(self) -> str:
        return f"<Step: {self.sentence}>"

    @property
    def outputs_bundles(self) -> bool:
        """True if the module outputs bundles of its own, rather than directing those of others."""
        return bool(self.output) or catalog.has_output(self.module)

    @classmethod
    def from_model(cls, step: models.Step, redactor: OutputRedactor = TRACE_REDACTOR) -> Step:
        """Returns the view of an operation, without secrets."""
        return cls(
            cycle=step.cycle,
            module_id=step.module_id,
            module=step.module,
            operation=step.operation,
            operations=int(step.billed),
            bundle=BundleNumber.from_model(step.bundle),
            input=redactor.mask(step.input),
            output=redactor.mask(list(step.output)),
            error=None if step.error is None else error_view(step.error, redactor),
            called=step.called,
            sentence=_step_sentence(step, redactor),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        return cls(
            cycle=data["cycle"],
            module_id=data["moduleId"],
            module=data["module"],
            operation=data["operation"],
            operations=data["operations"],
            bundle=BundleNumber.from_json(data["bundle"]),
            input=data["input"],
            output=data["output"],
            error=data["error"],
            called=data["called"],
            sentence=data["sentence"],
        )

    def to_json(self) -> dict[str, Json]:
        return {
            "cycle": self.cycle,
            "moduleId": self.module_id,
            "module": self.module,
            "operation": self.operation,
            "operations": self.operations,
            "bundle": self.bundle.to_json() if self.bundle else None,
            "input": self.input,
            "output": self.output,
            "error": self.error,
            "called": self.called,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Condition:
    """One evaluated condition of a filter.

    ``a`` and ``b`` are the sides as they are mapped, ``left`` and ``right`` their values; the operator is one such as
    ``number:greater``.
    """

    a: Any
    operator: str
    b: Any
    left: Any
    right: Any
    holds: bool

    @classmethod
    def from_model(cls, result: ConditionResult, redactor: OutputRedactor = TRACE_REDACTOR) -> Condition:
        """Returns the view of a condition. A value that is compared with a secret is as good as the secret."""
        if not _mentions_secret(result):
            a, b, left, right = map(redactor.mask, (result.a, result.b, result.left, result.right))
        else:
            a, b = _masked_source(result.a, redactor), _masked_source(result.b, redactor)
            left, right = (None if side is None else MASK for side in (result.left, result.right))
        return cls(a, result.operator, b, left, right, result.holds)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Condition:
        return cls(data["a"], data["o"], data["b"], data["left"], data["right"], data["holds"])

    def to_json(self) -> dict[str, Json]:
        """Returns the condition; ``hint`` is a member only of one whose operator does not exist."""
        document: dict[str, Json] = {
            "a": self.a,
            "o": self.operator,
            "b": self.b,
            "left": self.left,
            "right": self.right,
            "holds": self.holds,
        }
        return document if self.hint is None else {**document, "hint": self.hint}

    @property
    def hint(self) -> str | None:
        """A sentence about an operator that does not exist, so that the condition never holds."""
        return operator_hint(self.operator)

    @property
    def text(self) -> str:
        """The condition as Make's editor words it, with values, such as ``5 greater than 10``; an empty one as it is mapped."""
        left, right = _side_text(self.left, self.a), _side_text(self.right, self.b)
        if self.hint is not None:
            return f"{left} {self.operator} {right}"
        name = next((name for name in self.operator.split(":") if name in _OPERATOR_WORDS), "")
        words = _OPERATOR_WORDS.get(name, self.operator)
        if name in ("exist", "notexist"):
            # There is only one side, and its value is mostly missing.
            return f"{_truncate(str(self.a))} {words}"
        return f"{left} {words} {right}"


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """Decision about a bundle before the step of a number, counted from 0.

    ``event`` is ``filter`` (``name``, ``passed``, ``conditions``), ``route`` of a router (``number`` counted from 1,
    ``fallback``) or ``branch`` of an if-else (``number``, ``None`` if none was open), ``handler`` (``error``, the type
    of the error that an error handler took) or ``error handled`` (``by`` a directive, or ``kept``).
    """

    step: int
    event: str
    cycle: int
    module_id: int
    bundle: BundleNumber | None
    sentence: str
    name: str = ""
    passed: bool | None = None
    conditions: tuple[tuple[Condition, ...], ...] = ()
    number: int | None = None
    fallback: bool = False
    error: str | None = None
    by: str | None = None
    #: Of a branch: sentences about operators that do not exist.
    hint: str | None = None

    def __repr__(self) -> str:
        return f"<Decision: {self.sentence}>"

    @property
    def unmet_conditions(self) -> str:
        """The unmet conditions of a filter, such as ``5 greater than 10``: the last evaluated one of each group."""
        return _unmet_conditions(self.conditions)

    @property
    def hints(self) -> Sequence[str]:
        """Sentences about operators that do not exist."""
        return [self.hint] if self.hint else _condition_hints(self.conditions)

    @classmethod
    def from_model(cls, decision: models.FlowDecision, redactor: OutputRedactor = TRACE_REDACTOR) -> Decision:
        """Returns the view of a decision, without secrets."""
        conditions = tuple(
            tuple(Condition.from_model(result, redactor) for result in group) for group in decision.groups
        )
        event, name = decision.event, redactor.mask_text(decision.name)
        return cls(
            step=decision.at,
            event=event,
            cycle=decision.cycle,
            module_id=decision.module_id,
            bundle=BundleNumber.from_model(decision.bundle),
            sentence=_decision_sentence(decision, conditions, name),
            name=name if event == "filter" else "",
            passed=decision.passed,
            conditions=conditions,
            number=None if decision.number is None else decision.number + 1,
            fallback=event == "route" and name == "fallback",
            error=name if event == "handler" else None,
            by=name if event == "error handled" else None,
            hint=name if event == "branch" and name else None,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        return cls(
            step=data["step"],
            event=data["event"],
            cycle=data["cycle"],
            module_id=data["moduleId"],
            bundle=BundleNumber.from_json(data["bundle"]),
            sentence=data["sentence"],
            name=data.get("name", ""),
            passed=data.get("passed"),
            conditions=tuple(tuple(map(Condition.from_json, group)) for group in data.get("conditions", ())),
            number=data.get("number"),
            fallback=data.get("fallback", False),
            error=data.get("error"),
            by=data.get("by"),
            hint=data.get("hint"),
        )

    def to_json(self) -> dict[str, Json]:
        """Returns the decision without its place; further members depend on its ``event``."""
        document: dict[str, Json] = {
            "event": self.event,
            "cycle": self.cycle,
            "moduleId": self.module_id,
            "bundle": self.bundle.to_json() if self.bundle else None,
        }
        match self.event:
            case "filter":
                document |= {
                    "name": self.name,
                    "passed": self.passed,
                    "conditions": [[each.to_json() for each in group] for group in self.conditions],
                }
            case "route":
                document |= {"number": self.number, "fallback": self.fallback}
            case "branch":
                document["number"] = self.number
                if self.hint is not None:
                    document["hint"] = self.hint
            case "handler":
                document["error"] = self.error
            case _:
                document["by"] = self.by
        return document | {"sentence": self.sentence}


TraceEvent: TypeAlias = Step | Decision


@dataclass(frozen=True, slots=True)
class TraceView:
    """Events of one run, and the numbers of those that were not kept because there were too many."""

    steps: Sequence[Step]
    decisions: Sequence[Decision]
    steps_left_out: int
    decisions_left_out: int
    #: Sentences about the run that no step has: an error outside of the modules, the accesses of modules in the run of an agent, and a
    #: caller without a response.
    ending: Sequence[str] = ()

    @classmethod
    def from_execution(cls, run: models.Execution, secrets: SecretValues = NO_SECRETS) -> TraceView:
        """Returns the view of a run, without secrets.

        Args:
            secrets: the secrets of its world; those in variables of the run are masked besides.
        """
        redactor = TRACE_REDACTOR.with_secrets(secrets | values_of(of_execution(run)))
        return cls(
            [Step.from_model(step, redactor) for step in run.steps],
            [Decision.from_model(decision, redactor) for decision in run.decisions],
            run.steps_left_out,
            run.decisions_left_out,
            tuple(_ending_sentences(run, redactor)),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TraceView:
        """Reads the view from the format of `to_json`."""
        return cls(
            [Step.from_json(row) for row in data["steps"]],
            [Decision.from_json(row) for row in data["decisions"]],
            data["leftOut"]["steps"],
            data["leftOut"]["decisions"],
        )

    def events(self) -> Iterator[TraceEvent]:
        """Yields steps and decisions in the order in which they happened."""
        decisions = iter(self.decisions)
        decision = next(decisions, None)
        for place, step in enumerate(self.steps):
            while decision is not None and decision.step <= place:
                yield decision
                decision = next(decisions, None)
            yield step
        if decision is not None:
            yield decision
            yield from decisions

    def sentences(self) -> list[str]:
        """Returns the sentences of all events, in order, and those about the end of the run."""
        return [*(event.sentence for event in self.events()), *self.ending]

    def to_json(self) -> dict[str, Json]:
        """Returns the view as JSON; ``story`` has the sentences, each decision the number of the step after it."""
        return {
            "steps": [step.to_json() for step in self.steps],
            "decisions": [{"step": each.step, **each.to_json()} for each in self.decisions],
            "story": self.sentences(),
            "leftOut": {"steps": self.steps_left_out, "decisions": self.decisions_left_out},
        }


def run_view(run: models.Execution, secrets: SecretValues = NO_SECRETS) -> dict[str, Json]:
    """Returns the inputs and outputs of a run, and the response to the caller of its webhook, without secrets."""
    redactor = TRACE_REDACTOR.with_secrets(secrets | values_of(of_execution(run)))
    response = run.respond
    return {
        "inputs": redactor.mask(run.inputs),
        "outputs": redactor.mask(run.outputs),
        "response": None
        if response is None
        else {"status": response.status, "body": redactor.mask(response.body)},
    }


def error_outcome(directive: str, *, stores_incomplete: bool = True) -> str:
    """Returns the end of the sentence about a handled error.

    Args:
        directive: the directive of the error handler, or ``kept``.
        stores_incomplete: whether the scenario stores incomplete executions, which ``break`` needs.
    """
    if directive == "break" and not stores_incomplete:
        return _BREAK_NOT_STORED
    return _ERROR_OUTCOMES.get(directive, directive)


def error_view(error: models.ExecutionError, redactor: OutputRedactor = TRACE_REDACTOR) -> dict[str, Json]:
    """Returns an error as JSON: its name and message, and the issues and the hint that it has."""
    view: dict[str, Json] = {"name": error.name, "message": redactor.mask_text(error.message)}
    if error.issues:
        view["issues"] = list(map(redactor.mask_text, error.issues))
    if error.hint is not None:
        view["hint"] = redactor.mask_text(error.hint)
    return view


def error_text(error: models.ExecutionError, redactor: OutputRedactor = TRACE_REDACTOR) -> str:
    """Returns an error in one line: name, message, issues and hint."""
    return f"{error.name}: {' '.join(map(redactor.mask_text, error.texts))}"


# --- sentences ---------------------------------------------------------------------------------------


def _step_sentence(step: models.Step, redactor: OutputRedactor) -> str:
    named = f"module {step.module_id} ({step.module})"
    subject = f"{named} ran" if step.bundle is None else f"{named} processed {_bundle_text(step.bundle)}"
    if step.error is not None:
        return f"{subject} and failed: {error_text(step.error, redactor)}"
    if step.input is None or not (step.output or catalog.has_output(step.module)):
        return subject
    count = len(step.output)
    return f"{subject} and output {count or 'no'} bundle{'s' if count > 1 else ''}"


def _ending_sentences(run: models.Execution, redactor: OutputRedactor) -> Iterator[str]:
    if run.error is not None and not any(
        step.error is not None and step.error.message == run.error.message for step in run.steps
    ):
        yield f"the run ended with {error_text(run.error, redactor)}"
    for row in run.accesses:
        decision = f"allowed by {row.grant}" if row.is_allowed else "refused"
        yield f"module {row.module_id} ({row.module}) needed {row.access} of the agent {run.agent}: {decision}"
    if run.error is None and (answer := default_response(run)) is not None:
        yield f"the caller of the webhook got {answer}"


@dataclass(frozen=True, slots=True)
class DefaultResponse:
    """Response that the caller of a webhook gets if no module of the run responded."""

    status: int
    body: str
    #: The reason, for readers.
    note: str

    def __str__(self) -> str:
        return f"{self.status} {self.body}, {self.note}"


def default_response(run: models.Execution, *, has_responder: bool = False) -> DefaultResponse | None:
    """Returns the default response to the caller of a webhook; ``None`` if a module responded, or no webhook was called.

    Args:
        has_responder: whether the scenario has a module that responds, which makes a failed run known to the caller.
    """
    first = run.steps[0] if run.steps else None
    if first is None or first.module != WEBHOOK_MODULE or not first.output or run.respond is not None:
        return None
    if run.error is not None and has_responder:
        return DefaultResponse(500, NOT_COMPLETED, f"as the run failed before a module {RESPOND_MODULE}")
    returned = any(step.module == RETURN_MODULE for step in run.steps)
    note = f"; {RETURN_MODULE} does not respond to a webhook" if returned else ""
    return DefaultResponse(200, ACCEPTED, f"as no module {RESPOND_MODULE} ran{note}")


def _decision_sentence(
    decision: models.FlowDecision, conditions: Sequence[Sequence[Condition]], name: str
) -> str:
    bundle, id = _bundle_text(decision.bundle), decision.module_id
    match decision.event:
        case "filter":
            named = f"filter '{name}'" if name else "the filter"
            if decision.passed:
                return f"{bundle} passed {named} before module {id}"
            unmet = _unmet_conditions(conditions)
            hints = "".join(f" ({hint})" for hint in _condition_hints(conditions))
            return f"{bundle} was stopped by {named} before module {id}" + (
                f": {unmet}{hints}" if unmet else ""
            )
        case "branch":
            hint = f" ({name})" if name else ""
            if decision.number is None:
                return f"{bundle} found no branch of module {id} open{hint}"
            return f"{bundle} took branch {decision.number + 1} of module {id}{hint}"
        case "route":
            number = None if decision.number is None else decision.number + 1
            fallback = ", the fallback, as no other was open" if name else ""
            return f"{bundle} took route {number} of module {id}{fallback}"
        case "handler":
            return f"the error handler of module {id} took the {name} of {bundle}"
    return f"the error of module {id} {error_outcome(name)}"


def _unmet_conditions(groups: Sequence[Sequence[Condition]]) -> str:
    return " or ".join(group[-1].text for group in groups if group and not group[-1].holds)


def _condition_hints(groups: Sequence[Sequence[Condition]]) -> list[str]:
    hints = (condition.hint for group in groups for condition in group)
    return list(dict.fromkeys(hint for hint in hints if hint is not None))


def _bundle_text(position: BundlePosition | None) -> str:
    if position is None or position[2] == 1:
        return "the bundle"
    return f"bundle {position[1]} of {position[2]}"


def _side_text(value: Json, mapped: Json) -> str:
    """Returns a side of a condition as JSON; a number within a text, the usual case, as a number, and what is empty as it is mapped."""
    if value is None and isinstance(mapped, str) and "{{" in mapped:
        return f"{_truncate(mapped)} (empty)"
    if isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdecimal():
        return value
    return _truncate(orjson.dumps(value).decode())


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_SIDE_LENGTH else f"{text[: _MAX_SIDE_LENGTH - 1]}…"


# --- secrets in conditions ---------------------------------------------------------------------------


def _masked_source(side: Json, redactor: OutputRedactor) -> Json:
    """Returns a side of a comparison with a secret as the blueprint has it; a literal is the secret itself."""
    is_literal = side not in (None, "") and "{{" not in str(side)
    return MASK if is_literal else redactor.mask(side)


def _mentions_secret(result: ConditionResult) -> bool:
    return any(
        is_secret_name(word, False)
        for source in (result.a, result.b)
        for word in _NAME_PATTERN.findall(str(source))
    )
