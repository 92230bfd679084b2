"""Writing of test files by the command ``test``: a first test of a blueprint, or of a run of a world; golden values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from ..error_reasons import os_error_reason
from ..io import write_atomically
from ..plain_text import pluralize, printable
from .blueprint_files import read_files, require_blueprints
from .command import docs_address
from .errors import CommandError

if TYPE_CHECKING:
    from ..client.control import ControlClient
    from ..scenario_tests.documents import TestFile
    from ..scenario_tests.results import TestResult
    from ..scenario_tests.scaffold import RecordedRun

# Modules are imported in the functions, so that --help and mistakes in the usage answer at once.

_SUFFIX = ".test.yaml"
_COMMENTS = (f"Keys and matchers: {docs_address('reference/scenario-tests.md')}",)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def write_first_tests(paths: Sequence[Path]) -> None:
    """Writes a test file beside each blueprint, from one explained run; a folder stands for those in it that have no test yet.

    Raises:
        CommandError: if a file that is named itself has a test already, or cannot be run; the others are written first.
    """
    found: list[Path] = []
    failures: list[CommandError] = []
    for path, data, is_blueprint in read_files(paths):
        if not is_blueprint:
            continue
        found.append(path)
        if path not in paths and _test_path(path).exists():
            click.echo(f"{_test_path(path)} exists already")
            continue
        try:
            _write_first_test(path, data)
        except CommandError as error:
            failures.append(error)
    require_blueprints(found, paths)
    for failure in failures[:-1]:
        failure.show()
    if failures:
        raise failures[-1]


def _test_path(blueprint: Path) -> Path:
    return blueprint.with_name(blueprint.name.removesuffix(".json") + _SUFFIX)


def _write_first_test(blueprint: Path, data: bytes) -> None:
    """Writes a test file beside a blueprint.

    Raises:
        CommandError: if there is one already, or the blueprint cannot be run.
    """
    from ..blueprint_import.export import parse_export
    from ..engine.errors import ModuleError
    from ..scenario_tests.scaffold import record_explained_run

    try:
        run = record_explained_run(parse_export(data))
    except ModuleError as error:
        raise CommandError(printable(f"{blueprint} cannot be run: {error.message}")) from None
    except ValueError as error:
        hint = getattr(error, "hint", None)
        raise CommandError(
            printable(f"{blueprint} is no blueprint: {error}" + (f" ({hint})" if hint else ""))
        ) from None
    named = None if blueprint.name.endswith(".json") else blueprint.name
    _write_test(_test_path(blueprint), run, name="A run with mock data", blueprint=named)


def write_test_of_execution(control: ControlClient, world: str, execution: str, folder: Path) -> None:
    """Writes the blueprint of a scenario and a test file from one of its runs in a world.

    Raises:
        CommandError: if one of the files exists already, or there is no such run.
        ControlError: if the emulator does not answer.
    """
    from ..blueprint_import.export import parse_document

    client = control.world(world)
    rows: list[dict[str, Any]] = client.call("GET", "executions", query={"limit": "1000000"})["executions"]
    row = next((row for row in rows if row["id"] == execution), None)
    if row is None:
        latest = f"; the latest is {rows[0]['id']} of scenario {rows[0]['scenarioId']}" if rows else ""
        raise CommandError(f"the world '{world}' has no execution '{execution}'{latest}")
    trace: dict[str, Any] = client.call("GET", "executions", execution, "steps")
    token = client.describe()["token"]
    response = control.api("GET", f"/scenarios/{row['scenarioId']}/blueprint", token)
    document = response["response"]["blueprint"]
    name = (
        _NOT_IN_NAMES.sub("-", str(row["scenarioName"]).lower()).strip("-") or f"scenario-{row['scenarioId']}"
    )
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder")
    interface = control.api("GET", f"/scenarios/{row['scenarioId']}/interface", token)["interface"]
    io = {"input_spec": interface.get("input") or [], "output_spec": interface.get("output") or []}
    if any(io.values()):
        document = {**document, "io": io}
    run = _recorded_run(parse_document(document), row, trace)
    path, test_path = folder / f"{name}.json", folder / f"{name}{_SUFFIX}"
    if path.exists() and path.read_bytes() != _json_bytes(document):
        raise CommandError(f"{path} exists already, with another blueprint")
    named = None
    if test_path.exists():
        test_path, named = folder / f"{name}-{execution[:8]}{_SUFFIX}", path.name
    _write(path, _json_bytes(document))
    _write_test(test_path, run, name=f"Execution {execution}", blueprint=named)


def _json_bytes(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def _recorded_run(export: Any, row: dict[str, Any], trace: dict[str, Any]) -> RecordedRun:
    from ..scenario_tests.runner import parse_body
    from ..scenario_tests.scaffold import RecordedRun, RecordedStep

    steps = [RecordedStep.from_json(step) for step in trace["steps"]]
    output = steps[0].output if steps else ()
    received = output[0] if len(output) == 1 else list(output)
    details = trace["run"]
    response = details["response"]
    if response is not None:
        response = {**response, "body": parse_body(response["body"])}
    return RecordedRun(
        export=export,
        steps=steps,
        status=str(row["status"]).lower(),
        now=row["at"],
        input=details["inputs"] if export.takes_inputs else received or None,
        outputs=details["outputs"],
        response=response,
        error={"name": row["error"]["name"], "message": row["error"]["message"]} if row["error"] else None,
        reads_are_scripted=True,
    )


def _write_test(path: Path, run: RecordedRun, *, name: str, blueprint: str | None) -> None:
    """Writes a test file, and sets what depends on the run itself, such as times, to the values of the test's own run."""
    from ..scenario_tests.documents import InvalidTestFileError, parse_test_file
    from ..scenario_tests.golden import update_golden_values
    from ..scenario_tests.results import check_test
    from ..scenario_tests.scaffold import summarize, write_test

    if path.exists():
        raise CommandError(f"{path} exists already")
    text = write_test(run, name=name, blueprint=blueprint, comments=_COMMENTS)
    _write(path, text.encode())
    try:
        file = parse_test_file(text, path)
        results = [check_test(test) for test in file.tests]
        update_golden_values(path, file, results).write()
    except InvalidTestFileError as error:
        raise CommandError(printable(f"wrote {path}, which has mistakes: {error}")) from None
    command = f"make-emulator test {shlex.quote(str(path))}"
    click.echo(f"Wrote {path}: a run that reached {summarize(run)}. Run it: {command}")


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
        path.chmod(0o644)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None


def update_file(path: Path, file: TestFile, results: list[TestResult], *, is_quiet: bool) -> bool:
    """Writes golden values into a test file after showing the difference; returns true if there were any.

    Raises:
        CommandError: if the file cannot be written.
    """
    from ..scenario_tests.golden import update_golden_values

    try:
        update = update_golden_values(path, file, results)
        if update.before == update.after:
            return False
        update.write()
    except OSError as error:
        raise CommandError(f"cannot write {path}: {os_error_reason(error)}") from None
    if not is_quiet:
        for line in update.diff_lines():
            colour = {"+": "green", "-": "red"}.get(line[:1])
            click.echo(click.style(printable(line), fg=colour) if colour else printable(line))
        click.echo(f"updated  {path}: {pluralize(update.count, 'golden value')}")
    return True
