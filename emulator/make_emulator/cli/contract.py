"""The command ``contract``: the contract suite, against a fresh emulator or a real zone."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..contract.settings import Settings, SettingsError
from ..resources import data_folder
from .command import command
from .errors import CommandError
from .options import OutputFile

_FILE = click.Path(dir_okay=False, path_type=Path)

#: Exit codes of pytest besides 0 and 1.
_PYTEST_USAGE_ERROR, _PYTEST_NO_TESTS = 4, 5


@command(
    short_help="Run the contract suite against an emulator or a real zone.",
    examples=[
        "make-emulator contract",
        "make-emulator contract --read-only --only paging.limit --html report.html",
    ],
    docs="how-to/contract.md",
)
@click.option("--base-url", metavar="URL", help="Base URL of the target, e.g. https://eu1.make.com/api/v2.")
@click.option("--token", help="The API token to run with.")
@click.option("--weak-token", help="A second token with few scopes, for the scope tests.")
@click.option("--team-id", type=int, help="The team in which resources are created, and deleted again.")
@click.option("--organization-id", type=int, help="The organization of that team.")
@click.option("--read-only", is_flag=True, help="Run only the tests that change nothing.")
@click.option("--rate-limit", is_flag=True, help="Also use up the organization's calls of a minute.")
@click.option("--update", is_flag=True, help="Mark assumed behaviours that the run confirmed as observed.")
@click.option("--only", metavar="ID,…", help="Run only the tests of these behaviours of the fidelity ledger.")
@click.option("--ledger", type=_FILE, help="The ledger to read and to update, instead of the shipped one.")
@click.option("--json", type=OutputFile(), help="Write the report as JSON to a file.")
@click.option("--html", type=OutputFile(), help="Write the report as HTML to a file.")
@click.option("--junit-xml", type=OutputFile(), help="Write a JUnit XML report to a file.")
@click.option(
    "-k", "keyword", metavar="EXPRESSION", help="Run only the tests whose names match, as pytest's -k."
)
def contract(junit_xml: Path | None, keyword: str | None, **flags: Any) -> None:
    """Run the contract suite: tests of the behaviours that clients rely on, against an emulator or a real zone.

    Without --base-url a fresh emulator is started. Against a zone it creates resources whose names begin with "contract-",
    deletes them again, and changes nothing else.
    """
    try:
        settings = Settings(**flags)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    if importlib.util.find_spec("pytest") is None:
        raise CommandError("the contract suite needs pytest: pip install 'make-emulator[contract]'")
    _check_target(settings)
    arguments = _pytest_arguments(flags)
    if junit_xml is not None:
        arguments.append(f"--junit-xml={junit_xml}")
    if keyword is not None:
        arguments += ["-k", keyword]
    sys.exit(_run_pytest(arguments))


def _check_target(settings: Settings) -> None:
    """Checks before the run that the target responds and accepts the token."""
    if settings.base_url is None:
        return
    # Imported here, as pytest below: so that --help and mistakes in the usage answer at once.
    from ..contract.target import Target, TargetError, is_emulator, probe_target

    target = Target(settings)
    try:
        probe_target(target)
        if settings.update and is_emulator(target):
            raise CommandError(
                "--update: the target is an emulator, which is no evidence of Make's behaviour"
            )
    except TargetError as error:
        raise CommandError(str(error)) from None
    finally:
        target.close()


def _pytest_arguments(flags: dict[str, Any]) -> list[str]:
    """Returns the arguments of pytest; a configuration in the current folder has no effect."""
    suite = data_folder("contract_tests")
    arguments = [
        f"--config-file={suite / 'contract.ini'}",
        f"--rootdir={suite}",
        "-p",
        "no:cacheprovider",
        "--quiet",
        "--tb=short",
        "--no-header",
    ]
    for name, value in flags.items():
        option = f"--contract-{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value not in (None, False):
            arguments.append(f"{option}={value}")
    return [*arguments, str(suite)]


def _run_pytest(arguments: Sequence[str]) -> int:
    import pytest

    # Other plugins, and settings of other test runs, have no effect.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    status = int(pytest.main(list(arguments)))
    if status == _PYTEST_NO_TESTS:
        raise CommandError("no test has a name that matches -k")
    # A usage error of pytest is one of the command: 2. An interrupted run failed: 1.
    return {0: 0, _PYTEST_USAGE_ERROR: 2}.get(status, 1)
