"""Results of tests: each run and checked, with the story of a failed one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click

from ..blueprint_import.export import BlueprintRejectedError
from ..engine.errors import ModuleError
from ..explain import text_output
from ..json_types import Json
from ..plain_text import pluralize, printable
from .documents import ScenarioTest
from .expectations import Failure, check_run
from .runner import TestRun, TestSetupError, run_test

#: Outcomes in the order of their weight.
OUTCOMES = ("error", "failed", "skipped", "passed")


@dataclass(slots=True, kw_only=True)
class TestResult:
    """Result of one test.

    Attributes:
        outcome: ``passed``, ``failed``, ``error`` (it could not be run) or ``skipped``.
        seconds: the time that it took.
        is_rejected: Make would reject the blueprint.
    """

    __test__ = False

    test: ScenarioTest
    outcome: str
    failures: Sequence[Failure] = ()
    run: TestRun | None = field(default=None, repr=False)
    seconds: float = 0.0
    is_rejected: bool = False

    @property
    def is_failure(self) -> bool:
        return self.outcome in ("failed", "error")

    @property
    def stub_uses(self) -> list[StubUse]:
        """The scripts and responses of the test, each with whether it was used."""
        return [] if self.run is None else list(_iter_stub_uses(self.run))


@dataclass(frozen=True, slots=True)
class StubUse:
    """Script or response of a test: its line in the file, its name, and whether the test used it."""

    line: int
    text: str
    is_used: bool


def check_test(test: ScenarioTest, *, blueprint: Mapping[str, Json] | None = None) -> TestResult:
    """Runs a test and checks what it expects.

    Args:
        blueprint: in place of that of the file, such as a mutant of it.
    """
    if test.skip is not None:
        return TestResult(test=test, outcome="skipped")
    started = time.perf_counter()
    try:
        run = run_test(test, blueprint=blueprint)
        failures = check_run(run)
    except TestSetupError as error:
        failure = Failure(path=error.path, text=str(error))
        return TestResult(test=test, outcome="error", failures=[failure])
    except BlueprintRejectedError as error:
        hint = f" ({error.hint})" if error.hint else ""
        failure = Failure(path=(), text=f"Make would reject the blueprint: {error}{hint}")
        return TestResult(test=test, outcome="error", failures=[failure], is_rejected=True)
    except ModuleError as error:
        return TestResult(test=test, outcome="error", failures=[Failure(path=(), text=error.message)])
    return TestResult(
        test=test,
        outcome="failed" if failures else "passed",
        failures=failures,
        run=run,
        seconds=time.perf_counter() - started,
    )


def _iter_stub_uses(run: TestRun) -> Iterator[StubUse]:
    line_of = run.test.file.document.line_of
    for sequence in run.scripts.sequences:
        for number, operation in enumerate(sequence.operations, 1):
            which = f" number {number}" if len(sequence.operations) > 1 else ""
            text = f"script{which} of {sequence.name}"
            yield StubUse(line_of(operation.path) or 1, text, operation.script.hits > 0)
    for rule, (path, _) in zip(run.world.http_rules, run.test.http, strict=False):
        yield StubUse(line_of(path) or 1, f"response to {rule.method or 'any'} {rule.url}", rule.hits > 0)


def find_unused(uses: Iterable[StubUse]) -> list[tuple[int, str]]:
    """Returns the line and a sentence for each script and response that none of the tests of a file used."""
    used: dict[tuple[int, str], bool] = {}
    for use in uses:
        key = use.line, use.text
        used[key] = used.get(key, False) or use.is_used
    return sorted((line, f"{text} was not used") for (line, text), is_used in used.items() if not is_used)


# --- stories -------------------------------------------------------------------------------------


def failure_lines(result: TestResult, *, width: int = 110) -> Iterator[str]:
    """Yields the lines about a failed test: each failure with its line of the file, and the story of the run up to there."""
    for failure in result.failures:
        line = result.test.line_of(*failure.path)
        yield f"{result.test.file.path}:{line or result.test.line}: {printable(failure.text)}"
        yield from (f"    {printable(detail)}" for detail in failure.details)
    run = result.run
    explanation = run.explanation if run is not None else None
    if explanation is None:
        return
    untils = [failure.until for failure in result.failures]
    until = None if None in untils else max((each for each in untils if each is not None), default=None)
    yield ""
    yield "the run until there:" if until is not None else "the run:"
    lines = text_output.render_trace(
        explanation.export, explanation.execution, width=width - 2, calls=explanation.calls, until=until
    )
    yield from (f"  {click.unstyle(line)}".rstrip() for line in lines)
    if until is not None and run is not None and run.trace is not None:
        left = sum(1 for _ in run.trace.events()) - until
        if left > 0:
            yield f"  … {pluralize(left, 'more event')}"
