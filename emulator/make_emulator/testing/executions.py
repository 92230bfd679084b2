"""Trace of one run of a scenario, and assertions over it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..plain_text import pluralize
from ..reports.trace_view import BundleNumber, Condition, Decision, Step, TraceView

__all__ = ["BundleNumber", "Condition", "Decision", "Step", "WorldExecution"]

#: The most sentences in the message of a failed assertion.
MAX_SENTENCES = 12


class WorldExecution:
    """Trace of one run: its `steps`, the `decisions` between them, and the `story` of both, a sentence a line.

    It is read once and does not change.
    """

    def __init__(self, id: str, document: Mapping[str, Any]) -> None:
        trace = TraceView.from_json(document)
        self.id = id
        self.steps = list(trace.steps)
        self.decisions = list(trace.decisions)
        #: All events, a sentence a line, in their order.
        self.story = "\n".join(document["story"])
        #: The numbers of steps and decisions that the emulator did not keep, because there were too many.
        self.steps_left_out = trace.steps_left_out
        self.decisions_left_out = trace.decisions_left_out

    def steps_of(self, module: int | str) -> list[Step]:
        """Returns the operations of a module, by its id in the blueprint, or by its name, a glob such as ``slack:*``."""
        return [step for step in self.steps if _matches_module(step, module)]

    def stopped_by(self, name: str | None = None, *, before: int | None = None) -> list[Decision]:
        """Returns the decisions of filters that stopped a bundle.

        Args:
            name: the name of the filter, a glob.
            before: the id of the module after the filter.
        """
        return [
            each
            for each in self.decisions
            if each.passed is False
            and (name is None or fnmatchcase(each.name, name))
            and before in (None, each.module_id)
        ]

    def assert_reached(self, module: int | str, *, times: int | None = None) -> None:
        """Asserts that a module processed a bundle, or exactly so many; see `steps_of`.

        Raises:
            AssertionError: with the filters and errors that kept bundles from it, or else all events.
        """
        __tracebackhide__ = True
        count = len(self.steps_of(module))
        if count == times or (times is None and count):
            return
        expected = "to be reached" if times is None else f"to be reached {pluralize(times, 'time')}"
        raise AssertionError(
            f"expected module {module} {expected}, but it was {pluralize(count, 'time')}; {self._explain_failure()}"
        )

    def assert_not_reached(self, module: int | str) -> None:
        """Asserts that a module processed no bundle; see `steps_of`.

        Raises:
            AssertionError: with its operations.
        """
        __tracebackhide__ = True
        steps = self.steps_of(module)
        if steps:
            raise AssertionError(
                f"expected module {module} not to be reached, but it was {pluralize(len(steps), 'time')}:\n"
                + _format_lines([step.sentence for step in steps])
            )

    def assert_stopped(
        self, name: str | None = None, *, before: int | None = None, times: int | None = None
    ) -> None:
        """Asserts that a filter stopped a bundle, or exactly so many; see `stopped_by`.

        Raises:
            AssertionError: with the decisions of filters.
        """
        __tracebackhide__ = True
        count = len(self.stopped_by(name, before=before))
        if count == times or (times is None and count):
            return
        expected = "a bundle" if times is None else pluralize(times, "bundle")
        called = "a filter" if name is None else f"filter '{name}'"
        place = "" if before is None else f" before module {before}"
        raise AssertionError(
            f"expected {called}{place} to stop {expected}, but it stopped {count}; {self._describe_filters()}"
        )

    def _explain_failure(self) -> str:
        """Returns the decisions and errors that kept bundles from a module, or else all events."""
        reasons = [each.sentence for each in self.decisions if each.passed is False]
        reasons += [step.sentence for step in self.steps if step.error is not None]
        if reasons:
            return "this kept bundles from it:\n" + _format_lines(reasons)
        return "this happened:\n" + _format_lines(self.story.splitlines() or ["nothing"])

    def _describe_filters(self) -> str:
        sentences = [each.sentence for each in self.decisions if each.event == "filter"]
        return "filters decided:\n" + _format_lines(sentences) if sentences else "no bundle reached a filter"

    def __repr__(self) -> str:
        return f"<Execution {self.id}: {len(self.steps)} steps, {len(self.decisions)} decisions>"


def _matches_module(step: Step, module: int | str) -> bool:
    return step.module_id == module if isinstance(module, int) else fnmatchcase(step.module, module)


def _format_lines(sentences: list[str]) -> str:
    shown = [f"  {each}" for each in sentences[:MAX_SENTENCES]]
    if len(sentences) > MAX_SENTENCES:
        shown.append(f"  and {len(sentences) - MAX_SENTENCES} more")
    return "\n".join(shown)
