"""The command ``test``: tests of scenarios in YAML, for which pytest is not needed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..error_reasons import os_error_reason
from ..plain_text import printable
from .command import command
from .errors import CommandError
from .explain import DEFAULT_WIDTH
from .options import format_option
from .remote import open_control, server_options, world_option
from .test_files import update_file, write_first_tests, write_test_of_execution

if TYPE_CHECKING:
    from ..document_issues import DocumentIssue
    from ..json_types import JsonObject
    from ..scenario_tests.coverage import BlueprintCoverage
    from ..scenario_tests.documents import TestFile
    from ..scenario_tests.mutants import MutationReport
    from ..scenario_tests.results import TestResult

# Modules are imported in the functions, so that --help and mistakes in the usage answer at once.

#: Seconds between two looks at the files that are watched.
WATCH_INTERVAL = 0.3

_COLOURS = {"passed": "green", "failed": "red", "error": "red", "skipped": "yellow"}


@command(
    "test",
    short_help="Run tests of scenarios, *.test.yaml.",
    examples=[
        "make-emulator test",
        "make-emulator test orders.test.yaml -v",
        "make-emulator test scenarios/ --junit-xml report.xml",
        "make-emulator test --coverage --coverage-report coverage.html --fail-under 90",
        "make-emulator test --mutate",
        "make-emulator test --init orders.json  # writes orders.test.yaml",
        "make-emulator test orders.test.yaml --update",
        "make-emulator test --watch",
        "make-emulator test --schema > test.schema.json",
    ],
    docs="how-to/scenario-tests.md",
)
@click.argument(
    "paths",
    metavar="[PATH]...",
    nargs=-1,
    type=click.Path(exists=True, readable=True, path_type=Path),
)
@click.option(
    "-k", "--keyword", metavar="TEXT", help="Run the tests whose path or name contains a text only."
)
@click.option("-v", "--verbose", is_flag=True, help="Show a line for each test.")
@click.option(
    "--junit-xml", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML."
)
@format_option("text", "json", help="Lines for people, or one JSON object.")
@click.option(
    "--coverage",
    is_flag=True,
    help="Show which modules, routes, branches, filters and handlers were covered.",
)
@click.option(
    "--coverage-report",
    "reports",
    metavar="FILE",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the coverage as .json, .info (LCOV), .xml (Cobertura), .svg or .html; may be repeated.",
)
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Fail if less of the blueprints is covered.",
)
@click.option(
    "--mutate", is_flag=True, help="Change the blueprints in small ways, and show what no test notices."
)
@click.option(
    "--mutate-fail-under",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Fail if less of the mutants is noticed.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Write what the runs did in the place of what failed tests expect, after showing the difference.",
)
@click.option(
    "--init",
    "blueprint",
    metavar="BLUEPRINT.json",
    type=click.Path(path_type=Path),
    help="Write a first test beside a blueprint, from one run with mock data; beside each PATH and those of a folder, too.",
)
@click.option(
    "--from-execution",
    metavar="ID",
    help="Write the blueprint and a test of a run of a world into the folder PATH.",
)
@click.option(
    "--watch", is_flag=True, help="Run again the tests that a changed file belongs to, until Ctrl-C."
)
@world_option
@server_options
@click.option(
    "--schema", is_flag=True, help="Print the JSON Schema of test files, for editors, and run nothing."
)
@click.pass_context
def test(
    context: click.Context,
    paths: tuple[Path, ...],
    keyword: str | None,
    verbose: bool,
    junit_xml: Path | None,
    format: str,
    coverage: bool,
    reports: tuple[Path, ...],
    fail_under: float | None,
    mutate: bool,
    mutate_fail_under: float | None,
    update: bool,
    blueprint: Path | None,
    from_execution: str | None,
    watch: bool,
    world: str,
    url: str,
    control_key: str | None,
    schema: bool,
) -> None:
    """Run tests of scenarios: each runs a blueprint in a world of its own, and checks what it did.

    Each PATH is a test file, or a folder whose *.test.yaml files are run; the current folder by default. The tests are the same
    under pytest, which collects these files. Exit 0 if all tests pass, 1 if one fails, 2 for a mistake in a test file or if there
    are no tests.
    """
    if schema:
        from ..scenario_tests.schema import json_schema_text

        click.echo(json_schema_text(), nl=False)
        return
    if blueprint is not None:
        write_first_tests((blueprint, *paths))
        return
    if from_execution is not None:
        if len(paths) > 1:
            raise click.UsageError("a test of an execution is written into one folder")
        with open_control(url, control_key) as control:
            write_test_of_execution(control, world, from_execution, paths[0] if paths else Path())
        return
    if watch:
        if format == "json" or junit_xml is not None or update:
            raise click.UsageError("--watch shows results as text; it writes nothing")
        _watch(paths, keyword, verbose=verbose)
        return
    from ..scenario_tests import output

    started = time.perf_counter()
    run = _TestSession(paths, keyword, is_quiet=format == "json", verbose=verbose, updates=update)
    run.mutates = mutate or mutate_fail_under is not None
    run.execute()
    if junit_xml is not None:
        _write(junit_xml, output.junit_xml(run.results, run.mistakes))
    covered = _measure_coverage(run.results) if coverage or reports or fail_under is not None else None
    if covered is not None:
        for path in reports:
            _write(path, _render_report(path, covered))
    if format == "json":
        parts = None if covered is None else _coverage_document(covered)
        mutants = [report.to_json() for report in run.mutations] if run.mutates else None
        document = output.json_document(
            run.results, run.unused, run.mistakes, coverage=parts, mutants=mutants
        )
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        for line in run.ending_lines(time.perf_counter() - started, covered if coverage else None):
            click.echo(line)
    if covered is not None and fail_under is not None and (share := _share_of(covered)) < fail_under:
        click.echo(f"make-emulator: the coverage is {share:.2f} %, less than {fail_under:g} %", err=True)
        context.exit(run.exit_code or 1)
    if mutate_fail_under is not None and (share := run.mutation_score) < mutate_fail_under:
        click.echo(
            f"make-emulator: {share:.2f} % of the mutants are noticed, less than {mutate_fail_under:g} %",
            err=True,
        )
        context.exit(run.exit_code or 1)
    context.exit(run.exit_code)


def _measure_coverage(results: Sequence[TestResult]) -> list[BlueprintCoverage]:
    from ..scenario_tests.coverage import CoverageCollector

    collector = CoverageCollector()
    for result in results:
        if result.run is not None:
            collector.add_run(result.run)
    try:
        return collector.blueprints()
    except OSError as error:
        raise CommandError(f"cannot read a blueprint again: {os_error_reason(error)}") from None


def _render_report(path: Path, covered: Sequence[BlueprintCoverage]) -> bytes:
    from ..scenario_tests.coverage_reports import ReportFormatError, render_report

    try:
        return render_report(path, covered)
    except ReportFormatError as error:
        raise click.BadParameter(str(error), param_hint="--coverage-report") from None


def _coverage_document(covered: Sequence[BlueprintCoverage]) -> JsonObject:
    from ..scenario_tests.coverage_reports import json_document

    return json_document(covered)


def _share_of(covered: Sequence[BlueprintCoverage]) -> float:
    from ..scenario_tests.coverage import percentage

    return percentage(covered)


class _TestSession:
    """Run of all test files of some paths, of which each is reported as soon as it has run."""

    def __init__(
        self,
        paths: Sequence[Path],
        keyword: str | None,
        *,
        is_quiet: bool = False,
        verbose: bool = False,
        updates: bool = False,
    ) -> None:
        self._paths = paths or [Path()]
        self._keyword = keyword
        self._is_quiet = is_quiet
        self._verbose = verbose
        self._updates = updates
        #: Test file -> all files that its tests depend on.
        self.dependencies: dict[Path, set[Path]] = {}
        #: True to try mutants of the blueprints.
        self.mutates = False
        self.mutations: list[MutationReport] = []
        self.results: list[TestResult] = []
        self.unused: list[DocumentIssue] = []
        self.mistakes: list[DocumentIssue] = []

    def execute(self) -> None:
        """Runs the tests."""
        from ..scenario_tests.documents import InvalidTestFileError, find_test_files, read_test_file

        for path in find_test_files(self._paths):
            self.dependencies[path] = {path, path.with_name(path.name.removesuffix(".test.yaml") + ".json")}
            try:
                file = read_test_file(path)
                self.dependencies[path] |= file.dependencies
                self._run_file(path, file)
            except InvalidTestFileError as error:
                self.mistakes += error.issues
                self._show(f"{click.style('mistake', fg='red'):<8} {path}")
        if not self.results and not self.mistakes:
            matching = f" that contain '{self._keyword}'" if self._keyword else ""
            raise click.UsageError(
                f"no tests{matching} in {', '.join(map(str, self._paths))} (they are in files *.test.yaml)"
            )

    def _run_tests(self, file: TestFile) -> list[TestResult]:
        from ..scenario_tests.results import check_test

        return [check_test(test) for test in file.tests if self._keyword is None or self._keyword in test.id]

    def _run_file(self, path: Path, file: TestFile) -> None:
        from ..document_issues import DocumentIssue
        from ..scenario_tests.documents import read_test_file
        from ..scenario_tests.output import summary_text
        from ..scenario_tests.results import find_unused

        results = self._run_tests(file)
        if self._updates and update_file(path, file, results, is_quiet=self._is_quiet):
            file = read_test_file(path)
            results = self._run_tests(file)
        if not results:
            return
        self.results += results
        if self.mutates:
            from ..scenario_tests.mutants import try_mutants

            self.mutations.append(try_mutants(file, results))
        if len(results) == len(file.tests):
            uses = (use for result in results for use in result.stub_uses)
            self.unused += [DocumentIssue((), text, line, str(file.path)) for line, text in find_unused(uses)]
        worst = next(
            (each for each in ("failed", "error", "skipped") if any(one.outcome == each for one in results)),
            "passed",
        )
        self._show(f"{click.style(f'{worst:<8}', fg=_COLOURS[worst])} {file.path}: {summary_text(results)}")
        for result in results if self._verbose else ():
            outcome = click.style(f"{result.outcome:<8}", fg=_COLOURS[result.outcome])
            reason = f" ({printable(result.test.skip)})" if result.test.skip is not None else ""
            self._show(f"  {outcome} {result.test.name}{reason}")

    def _show(self, line: str) -> None:
        if not self._is_quiet:
            click.echo(line)

    @property
    def mutation_score(self) -> float:
        """The share of all mutants that a test noticed, in percent; 100 for none."""
        total = sum(len(report.results) for report in self.mutations)
        return 100 * sum(report.noticed for report in self.mutations) / total if total else 100.0

    @property
    def exit_code(self) -> int:
        """1 if a test failed, 2 for a mistake in a test file."""
        if self.mistakes:
            return 2
        return 1 if any(result.is_failure for result in self.results) else 0

    def ending_lines(
        self, seconds: float, covered: Sequence[BlueprintCoverage] | None = None
    ) -> Iterator[str]:
        """Yields failed tests with their stories, mistakes, what was not used, the coverage if there is one, and the summary."""
        from ..scenario_tests import mutants
        from ..scenario_tests.coverage import render_table
        from ..scenario_tests.output import summary_text
        from ..scenario_tests.results import failure_lines

        width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
        for result in self.results:
            if not result.is_failure:
                continue
            yield ""
            yield click.style(f"{result.outcome.upper()} {result.test.id}", fg="red", bold=True)
            yield from (f"  {line}".rstrip() for line in failure_lines(result, width=width - 2))
        if self.mistakes:
            yield ""
        for issue in self.mistakes:
            yield click.style(printable(issue), fg="red")
        if self.unused:
            yield ""
        for issue in self.unused:
            place = f"{issue.file}:{issue.line}"
            yield click.style(f"{place}: {printable(issue.text)}", fg="yellow")
        if covered:
            yield ""
            yield from render_table(covered)
        if self.mutations:
            yield ""
            yield from mutants.render_table(self.mutations)
        yield ""
        colour = "red" if self.exit_code else "green"
        yield click.style(f"{summary_text(self.results)} in {seconds:.2f} s", fg=colour, bold=True)


def _watch(paths: Sequence[Path], keyword: str | None, *, verbose: bool) -> None:
    """Runs the tests, and those of changed files again, until the user interrupts it."""
    from ..scenario_tests.watch import FileWatcher

    def run(chosen: Sequence[Path]) -> dict[Path, set[Path]]:
        session = _TestSession(chosen, keyword, verbose=verbose)
        started = time.perf_counter()
        try:
            session.execute()
        except click.UsageError as error:
            click.echo(error.message)
        for line in session.ending_lines(time.perf_counter() - started):
            click.echo(line)
        return session.dependencies

    watcher = FileWatcher(paths or [Path()])
    watcher.add(run(paths or [Path()]))
    click.echo("waiting for changes; Ctrl-C ends")
    try:
        while True:
            # The files are polled: no library for their events is needed, and folders in containers have none.
            time.sleep(WATCH_INTERVAL)
            if changed := watcher.poll():
                click.echo(f"\nchanged: {', '.join(map(str, changed))}")
                watcher.add(run(changed))
                click.echo("waiting for changes; Ctrl-C ends")
    except KeyboardInterrupt:
        click.echo()


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
