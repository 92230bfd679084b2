"""A run of a scenario from the inside: its steps, what was decided between them, and assertions over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

#: How many sentences a failed assertion shows.
MAX_SENTENCES = 12


@dataclass(frozen=True, slots=True)
class BundleNumber:
    """Which bundle it was: its number among the ``of`` that module ``module_id`` put out at once."""

    module_id: int
    number: int
    of: int


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One operation of a module.

    ``operation`` counts the module's own, ``operations`` is 1 if it was billed as one; ``bundle`` is which one it worked on,
    ``None`` for the first module; ``called`` is the id of the run of another scenario that it started.
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


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter that was looked at: ``a`` and ``b`` as they are mapped, ``left`` and ``right`` what they
    came to, and the operator, such as ``number:greater``.
    """

    a: Any
    operator: str
    b: Any
    left: Any
    right: Any
    holds: bool


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """What was decided about a bundle before the step of a number, counted from 0.

    ``event`` is ``filter`` (``name``, ``passed``, ``conditions``), ``route`` of a router (``number`` counted from 1,
    ``fallback``) or ``branch`` of an if-else (``number``, ``None`` if none was open), ``handler`` (``error``, the type
    of what an error handler took) or ``error handled`` (``by`` a directive, or ``kept``).
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

    def __repr__(self) -> str:
        return f"<Decision: {self.sentence}>"


class WorldExecution:
    """One run: its `steps`, the `decisions` between them, and the `trace_text` of both, a sentence a line. It was read when it was
    asked for, and does not change.
    """

    def __init__(self, id: str, answer: Mapping[str, Any]) -> None:
        self.id = id
        self.steps = [_parse_step(row) for row in answer["steps"]]
        self.decisions = [_parse_decision(row) for row in answer["decisions"]]
        #: Everything that happened, a sentence a line, in its order.
        self.story = "\n".join(answer["story"])
        #: How many of both the emulator did not keep, because there were too many.
        self.steps_left_out: int = answer["leftOut"]["steps"]
        self.decisions_left_out: int = answer["leftOut"]["decisions"]

    def steps_of(self, module: int | str) -> list[Step]:
        """The operations of a module, by its id in the blueprint, or by its name, a glob such as ``slack:*``."""
        return [step for step in self.steps if _matches_module(step, module)]

    def stopped_by(self, name: str | None = None, *, before: int | None = None) -> list[Decision]:
        """The filters that stopped a bundle.

        Args:
            name: of the filter, a glob.
            before: the id of the module that it guards.
        """
        return [
            each
            for each in self.decisions
            if each.passed is False
            and (name is None or fnmatchcase(each.name, name))
            and before in (None, each.module_id)
        ]

    def assert_reached(self, module: int | str, *, times: int | None = None) -> None:
        """Assert that a module worked on a bundle, or on exactly so many; see `steps_of`.

        Raises:
            AssertionError: with what kept bundles from it, and what happened instead.
        """
        __tracebackhide__ = True
        count = len(self.steps_of(module))
        if count == times or (times is None and count):
            return
        wanted = "to be reached" if times is None else f"to be reached {times} time(s)"
        raise AssertionError(
            f"expected module {module} {wanted}, but it was {count} time(s); {self._explain_failure()}"
        )

    def assert_not_reached(self, module: int | str) -> None:
        """Assert that a module worked on no bundle; see `steps_of`.

        Raises:
            AssertionError: with what it did.
        """
        __tracebackhide__ = True
        steps = self.steps_of(module)
        if steps:
            raise AssertionError(
                f"expected module {module} not to be reached, but it was {len(steps)} time(s):\n"
                + _format_lines([step.sentence for step in steps])
            )

    def assert_stopped(
        self, name: str | None = None, *, before: int | None = None, times: int | None = None
    ) -> None:
        """Assert that a filter stopped a bundle, or exactly so many; see `stopped_by`.

        Raises:
            AssertionError: with what filters did.
        """
        __tracebackhide__ = True
        count = len(self.stopped_by(name, before=before))
        if count == times or (times is None and count):
            return
        wanted = "a bundle" if times is None else f"{times} bundle(s)"
        called = "a filter" if name is None else f"filter '{name}'"
        place = "" if before is None else f" before module {before}"
        raise AssertionError(
            f"expected {called}{place} to stop {wanted}, but it stopped {count}; {self._describe_filters()}"
        )

    def _explain_failure(self) -> str:
        """Why bundles did not get through: what stopped them and what failed; else all that happened."""
        reasons = [each.sentence for each in self.decisions if each.passed is False]
        reasons += [step.sentence for step in self.steps if step.error is not None]
        if reasons:
            return "this kept bundles from it:\n" + _format_lines(reasons)
        return "this happened:\n" + _format_lines(self.story.splitlines() or ["nothing"])

    def _describe_filters(self) -> str:
        sentences = [each.sentence for each in self.decisions if each.event == "filter"]
        return "filters decided:\n" + _format_lines(sentences) if sentences else "no bundle came to a filter"

    def __repr__(self) -> str:
        return f"<Execution {self.id}: {len(self.steps)} steps, {len(self.decisions)} decisions>"


def _matches_module(step: Step, module: int | str) -> bool:
    return step.module_id == module if isinstance(module, int) else fnmatchcase(step.module, module)


def _parse_step(row: Mapping[str, Any]) -> Step:
    return Step(
        cycle=row["cycle"],
        module_id=row["moduleId"],
        module=row["module"],
        operation=row["operation"],
        operations=row["operations"],
        bundle=_parse_bundle_number(row["bundle"]),
        input=row["input"],
        output=row["output"],
        error=row["error"],
        called=row["called"],
        sentence=row["sentence"],
    )


def _parse_decision(row: Mapping[str, Any]) -> Decision:
    return Decision(
        step=row["step"],
        event=row["event"],
        cycle=row["cycle"],
        module_id=row["moduleId"],
        bundle=_parse_bundle_number(row["bundle"]),
        sentence=row["sentence"],
        name=row.get("name", ""),
        passed=row.get("passed"),
        conditions=tuple(tuple(map(_parse_condition, group)) for group in row.get("conditions", ())),
        number=row.get("number"),
        fallback=row.get("fallback", False),
        error=row.get("error"),
        by=row.get("by"),
    )


def _parse_condition(row: Mapping[str, Any]) -> Condition:
    return Condition(row["a"], row["o"], row["b"], row["left"], row["right"], row["holds"])


def _parse_bundle_number(row: Mapping[str, Any] | None) -> BundleNumber | None:
    return None if row is None else BundleNumber(row["moduleId"], row["number"], row["of"])


def _format_lines(sentences: list[str]) -> str:
    shown = [f"  {each}" for each in sentences[:MAX_SENTENCES]]
    if len(sentences) > MAX_SENTENCES:
        shown.append(f"  and {len(sentences) - MAX_SENTENCES} more")
    return "\n".join(shown)
