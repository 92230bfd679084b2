"""The command ``lint``: static findings on blueprints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import orjson

from .blueprint_files import load_lint_options, read_files, require_blueprints
from .command import command
from .options import format_option, paths_argument
from .values import complete_rules


@command(
    "lint",
    short_help="Check blueprints without running them.",
    examples=[
        "make-emulator lint blueprints/",
        "make-emulator lint blueprints/ --strict --format github",
        "make-emulator lint blueprints/ --format sarif > findings.sarif",
    ],
    docs="how-to/lint.md",
)
@paths_argument
@format_option(
    "text", "json", "sarif", "github", help="A line for each finding, JSON, SARIF 2.1.0, or annotations."
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    shell_complete=complete_rules,
    help="Switch off a rule; may be repeated.",
)
@click.option("--strict", is_flag=True, help="Exit 1 for warnings, too.")
@click.pass_context
def lint(
    context: click.Context, paths: tuple[Path, ...], format: str, ignore: tuple[str, ...], strict: bool
) -> None:
    """Check blueprints: modules and versions that do not exist, fields, expressions, filters, connections, secrets.

    Each PATH is a file, or a folder whose *.json files are tried; files that hold no blueprint are skipped. Files that call each
    other are linked by their names, as make-emulator import does. Rules are
    switched off with --ignore, in pyproject.toml ([tool.make-emulator.lint] ignore = [...]) or in make-emulator-lint.toml,
    and for one module by a note on it: "lint: ignore RULE". Exit 1 if there is an error.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..blueprint_import.links import link_files
    from ..lint import output
    from ..lint.files import lint_file

    options, ignored = load_lint_options(ignore)
    held = {path: data for path, data, is_blueprint in read_files(paths) if is_blueprint}
    ids, called = link_files({str(path): data for path, data in held.items()})
    files = [
        lint_file(
            path,
            data,
            options=replace(options, scenario_id=ids.get(str(path)), called_blueprints=called),
            ignore=ignored,
        )
        for path, data in held.items()
    ]
    require_blueprints(files, paths)
    if format == "json":
        click.echo(orjson.dumps(output.to_json(files), option=orjson.OPT_INDENT_2))
    elif format == "sarif":
        click.echo(orjson.dumps(output.to_sarif(files), option=orjson.OPT_INDENT_2))
    else:
        for line in output.render_github(files) if format == "github" else output.render_text(files):
            click.echo(line)
    failing = {"error", "warning"} if strict else {"error"}
    if any(finding.severity in failing for file in files for finding in file.findings):
        context.exit(1)
