"""``make-emulator contract``: the suite from the command line, against a fresh emulator or a real zone."""

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
from .errors import CommandError


def _check_writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """A report that cannot be written is told before the run, not after it."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder '{path.parent}' to write it to")
    return path


_FILE = click.Path(dir_okay=False, path_type=Path)

#: What pytest may end with, besides that tests failed.
_PYTEST_USAGE_ERROR, _PYTEST_NO_TESTS = 4, 5


@click.command(short_help="Run the contract suite against an emulator or a real zone.")
@click.option("--base-url", metavar="URL", help="Where a zone answers, e.g. https://eu1.make.com/api/v2.")
@click.option("--token", help="The API token to run with.")
@click.option("--weak-token", help="A second token with few scopes, to see what it is refused.")
@click.option("--team-id", type=int, help="The team in which things are made, and removed again.")
@click.option("--organization-id", type=int, help="The organization of that team.")
@click.option("--read-only", is_flag=True, help="Run only what changes nothing.")
@click.option("--rate-limit", is_flag=True, help="Also use up the organization's calls of a minute.")
@click.option("--update", is_flag=True, help="Mark what was assumed and is confirmed as observed.")
@click.option("--ledger", type=_FILE, help="The ledger to read and to update, if not the shipped one.")
@click.option("--json", type=_FILE, callback=_check_writable, help="Write all that was found to a file.")
@click.option("--html", type=_FILE, callback=_check_writable, help="Write a page to read.")
@click.option("--junit-xml", type=_FILE, callback=_check_writable, help="Write a report for CI.")
@click.option("-k", "only", metavar="EXPRESSION", help="Run only tests whose names fit, as pytest's -k.")
def contract(junit_xml: Path | None, only: str | None, **flags: Any) -> None:
    """Run the contract suite: what clients rely on, asked of an emulator or of a real zone.

    Without --base-url a fresh emulator is started. Against a zone it makes things whose names begin with "contract-", removes
    them again, and touches nothing else.
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
    if only is not None:
        arguments += ["-k", only]
    sys.exit(_run_pytest(arguments))


def _check_target(settings: Settings) -> None:
    """Say in one line that nobody answers, or answers this token, before anything is begun."""
    if settings.base_url is None:
        return
    # Imported here, as pytest below: so that --help and mistakes in the usage answer at once.
    from ..contract.target import Target, TargetError, is_emulator, probe_target

    target = Target(settings)
    try:
        probe_target(target)
        if settings.update and is_emulator(target):
            raise CommandError("--update: an emulator answers there, which proves nothing about Make")
    except TargetError as error:
        raise CommandError(str(error)) from None
    finally:
        target.close()


def _pytest_arguments(flags: dict[str, Any]) -> list[str]:
    """What pytest is called with, whatever the folder that we are in says."""
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

    # What else is installed, or set for other test runs, is none of this run's business.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    status = int(pytest.main(list(arguments)))
    if status == _PYTEST_NO_TESTS:
        raise CommandError("no test has a name that fits -k")
    # A usage that pytest does not like is ours: 2, as everywhere. Interrupted is not done: 1.
    return {0: 0, _PYTEST_USAGE_ERROR: 2}.get(status, 1)
