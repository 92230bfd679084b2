"""The command ``sweep``: one run of a scenario, once for each fault at each module, and what is left in the end."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..error_reasons import os_error_reason
from ..plain_text import printable
from .command import command
from .errors import CommandError
from .explain import DEFAULT_WIDTH, parse_input
from .options import format_option

if TYPE_CHECKING:
    from ..json_types import Json
    from ..scenario_tests.documents import ScenarioTest
    from ..scenario_tests.sweep import FaultResult, Sweep, SweepReport

# Modules are imported in the functions, so that --help and mistakes in the usage answer at once.

_COLOURS = {"same": "green", "stopped": "yellow", "stuck": "yellow", "lost": "red", "written twice": "red"}


@command(
    "sweep",
    short_help="Run a blueprint with each fault at each module.",
    examples=[
        "make-emulator sweep orders.json --input '{\"id\": 7}'",
        "make-emulator sweep orders.test.yaml --test 'A large order' --at-least 40",
        "make-emulator sweep orders.json --fault 4:timeout  # with its runs",
    ],
    docs="how-to/sweep.md",
)
@click.argument("path", metavar="BLUEPRINT.json|FILE.test.yaml", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--input",
    metavar="JSON|@FILE",
    help="The scenario's inputs, or the bundle that its trigger received; mock data by default.",
)
@click.option("--test", "name", metavar="NAME", help="The test of a test file, by default all of its tests.")
@click.option(
    "--fault", metavar="MODULE:FAULT", help="Inject one fault, such as 4:timeout, and show its runs."
)
@click.option(
    "--hours",
    type=click.IntRange(1, 8760),
    default=72,
    show_default=True,
    help="Hours of the world's time that the retries of Make have.",
)
@click.option(
    "--at-least", metavar="N", type=click.IntRange(0), help="Fail if the scenario survives fewer faults."
)
@format_option("text", "json", help="Lines for people, or one JSON object.")
@click.pass_context
def sweep(
    context: click.Context,
    path: Path,
    input: str | None,
    name: str | None,
    fault: str | None,
    hours: int,
    at_least: int | None,
    format: str,
) -> None:
    """Run a blueprint once, then once more for each fault that can happen at each of its modules, and judge the end.

    Faults are: the service cannot be reached, takes no more requests, refuses the data, does not answer in time, or its answer is lost
    after it has written; the delivery comes twice; the run crashes before it is committed. Make's own retries then run in virtual time.
    The end is compared with that of the run without a fault: the same, lost, written twice, stopped (deactivated), or stuck in
    incomplete executions. Exit 1 if fewer than --at-least faults are survived.
    """
    from ..scenario_tests import sweep as sweeps
    from ..scenario_tests.runner import TestSetupError

    tests = _read_tests(path, parse_input(input) if input is not None else None, name)
    if fault is not None and len(tests) > 1:
        raise click.UsageError("--fault is for one test: --test NAME chooses it")
    reports: list[SweepReport] = []
    for test in tests:
        try:
            swept = sweeps.Sweep(test, hours=hours)
            if fault is not None:
                _show_fault(swept, fault, format)
                return
            reports.append(swept.run())
        except sweeps.SweepError as error:
            if fault is not None:
                raise click.BadParameter(str(error), param_hint="--fault") from None
            if len(tests) == 1:
                raise CommandError(printable(f"{path} cannot be swept: {error}")) from None
            if format == "text":
                click.echo(f"{test.name}: not swept: {printable(error)}\n")
        except TestSetupError as error:
            raise CommandError(printable(f"{path} cannot be swept: {error}")) from None
        else:
            if format == "text":
                for line in _report_lines(reports[-1], path, name_is_needed=path.name.endswith(".test.yaml")):
                    click.echo(line)
    survived, total = (
        sum(report.survived for report in reports),
        sum(len(report.results) for report in reports),
    )
    if format == "json":
        document = {"survived": survived, "of": total, "sweeps": list(map(sweeps.to_json, reports))}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    elif len(reports) > 1:
        click.echo(f"survives {survived} of {total} in all")
    if at_least is not None and survived < at_least:
        click.echo(f"make-emulator: {survived} faults are survived, fewer than {at_least}", err=True)
        context.exit(1)


def _read_tests(path: Path, input: Json, name: str | None) -> Sequence[ScenarioTest]:
    """Returns the tests of a test file, or one of a blueprint with an input or mock data."""
    from ..blueprint_import.export import parse_export
    from ..engine.errors import ModuleError
    from ..plain_text import did_you_mean
    from ..scenario_tests.documents import InvalidTestFileError, parse_test_file, read_test_file
    from ..scenario_tests.scaffold import record_explained_run, write_test

    try:
        if not path.name.endswith(".test.yaml"):
            if name is not None:
                raise click.UsageError("--test is for a file *.test.yaml")
            run = record_explained_run(parse_export(path.read_bytes()), input=input)
            text = write_test(run, name="sweep", blueprint=path.name)
            return parse_test_file(text, path.with_name("sweep.test.yaml")).tests
        if input is not None:
            raise click.UsageError("--input is for a blueprint; a test gives its own")
        tests = read_test_file(path).tests
    except InvalidTestFileError as error:
        raise CommandError(str(error)) from None
    except ModuleError as error:
        raise CommandError(printable(f"{path} cannot be run: {error.message}")) from None
    except OSError as error:
        raise CommandError(f"cannot read {path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(printable(f"{path} cannot be run: {error}")) from None
    if name is None:
        return tests
    chosen = [test for test in tests if test.name == name]
    if not chosen:
        names = [test.name for test in tests]
        raise click.BadParameter(
            f"there is no test '{name}' in {path}{did_you_mean(name, names)}", param_hint="--test"
        )
    return chosen


def _report_lines(report: SweepReport, path: Path, *, name_is_needed: bool) -> Iterator[str]:
    from ..scenario_tests.faults import FAULTS
    from ..scenario_tests.sweep import render_table

    if name_is_needed:
        yield click.style(report.test.name, bold=True)
    yield from render_table(report, style=lambda verdict, cell: click.style(cell, fg=_COLOURS.get(verdict)))
    for result in report.results:
        if result.survives:
            continue
        where = report.base.index.name_of(result.operation.module_id)
        if result.operation.operation > 1:
            where += f", operation {result.operation.operation}"
        verdict = click.style(result.verdict, fg=_COLOURS[result.verdict])
        yield ""
        yield f"{where}, {FAULTS[result.fault].title}: {verdict}"
        yield from (f"  {printable(line)}" for line in result.story)
        chosen = f" --test {shlex.quote(report.test.name)}" if name_is_needed else ""
        yield f"  repeat: make-emulator sweep {shlex.quote(str(path))}{chosen} --fault {result.reference}"
    yield ""
    yield click.style(f"survives {report.survived} of {len(report.results)}", bold=True)
    yield ""


def _show_fault(swept: Sweep, reference: str, format: str) -> None:
    """Shows one fault with the traces of all its runs."""
    from ..scenario_tests.faults import FAULTS

    operation, fault = swept.find(reference)
    result = swept.inject(operation, fault)
    if format == "json":
        document = {"verdict": result.verdict, "story": list(result.story), "repeat": result.reference}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    click.echo(f"{swept.base.index.name_of(operation.module_id)}: {FAULTS[fault].about}")
    for line in _trace_lines(result):
        click.echo(line)
    click.echo()
    click.echo(click.style(result.verdict, fg=_COLOURS[result.verdict], bold=True))
    for line in result.story:
        click.echo(f"  {printable(line)}")


def _trace_lines(result: FaultResult) -> Iterator[str]:
    from ..engine.runtime.executor import visible_status
    from ..explain.text_output import render_trace
    from ..scenario_tests.sweep import find_runs
    from ..world.clock import format_iso

    width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
    for run in find_runs(result.run):
        yield ""
        yield click.style(f"{format_iso(run.started)}  {visible_status(run, run.ends)}", bold=True)
        lines = render_trace(
            result.run.prepared.export, run, width=width - 2, calls=result.run.prepared.find_calls()
        )
        yield from (f"  {line}" for line in lines)
