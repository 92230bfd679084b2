"""Results of tests: each run and checked, with the story of a failed one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click

from ..blueprint_import.export import BlueprintRejectedError
from ..document_issues import DocumentPath
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
    def unused(self) -> list[tuple[DocumentPath, str]]:
        """Scripts and responses of the test that nothing used, each with its place in the file."""
        return [] if self.run is None else list(_find_unused(self.run))


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


def _find_unused(run: TestRun) -> Iterator[tuple[DocumentPath, str]]:
    for sequence in run.scripts.sequences:
        for path in sequence.unused:
            which = f" number {int(path[-1]) + 1}" if isinstance(path[-1], int) else ""
            yield path, f"script{which} of {sequence.name} was not used"
    for rule, (path, _) in zip(run.world.http_rules, run.test.http, strict=False):
        if not rule.hits:
            yield path, f"response to {rule.method or 'any'} {rule.url} was not used"


def unused_everywhere(results: Sequence[TestResult]) -> list[tuple[DocumentPath, str]]:
    """Returns the scripts and responses of a file that no test used, and those of single tests that theirs did not use."""
    runs = [result for result in results if result.run is not None]
    if not runs:
        return []
    unused = [dict(result.unused) for result in runs]
    found: dict[DocumentPath, str] = {}
    for result, texts in zip(runs, unused, strict=True):
        for path, text in texts.items():
            others = [each for other, each in zip(runs, unused, strict=True) if path in _stub_paths(other)]
            if (path[: len(result.test.path)] == result.test.path and result.test.case is None) or all(
                path in each for each in others
            ):
                found[path] = text
    return sorted(found.items(), key=lambda item: runs[0].test.file.document.line_of(item[0]) or 0)


def _stub_paths(result: TestResult) -> set[DocumentPath]:
    """Returns the places of the scripts and responses that a test had."""
    if result.run is None:
        return set()
    paths = {path for path, _ in result.test.http}
    for sequence in result.run.scripts.sequences:
        paths.add(sequence.path)
        paths.update(operation.path for operation in sequence.operations)
    return paths


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
