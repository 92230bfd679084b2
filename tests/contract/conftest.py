"""Emulated zone as a target: over TLS, with a restricted token, and with mutants of the application."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from make_emulator import MakeEmulator, World
from make_emulator.app import registry_of
from make_emulator.world.enums import SCOPES

from .mutants import MutatedApp

#: Scopes that the token of a zone lacks.
MISSING_SCOPES = ("admin:write", "user:read")


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a run of the command."""

    returncode: int
    stdout: str
    stderr: str


class CommandRunner:
    """A process that runs the command as often as it is asked to (`command_runner.py`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("command_runner.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> CommandResult:
        """Run the command once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"arguments": list(arguments), "folder": str(folder), "environment": environment}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        return CommandResult(ended["status"], ended["stdout"], ended["stderr"])

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def runner() -> Iterator[CommandRunner]:
    """Runs the command without starting Python anew each time."""
    opened = CommandRunner()
    yield opened
    opened.close()


@dataclass
class EmulatedZone:
    """World of an emulator that is addressed as a zone is, by base URL and token only."""

    make: MakeEmulator
    mutated_app: MutatedApp
    world: World
    token: str
    runner: CommandRunner

    def arguments(self, *flags: str) -> list[str]:
        """The arguments that run the suite against it."""
        world = self.world
        return [
            "contract",
            *("--base-url", world.base_url, "--token", self.token),
            *("--team-id", str(world.team_id), "--organization-id", str(world.organization_id)),
            *flags,
        ]

    def command(self, *flags: str) -> list[str]:
        """The command that runs the suite against it."""
        return [sys.executable, "-m", "make_emulator", *self.arguments(*flags)]

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which the command trusts the zone."""
        return {**os.environ, "REQUESTS_CA_BUNDLE": str(self.make.ca_file), "NO_PROXY": "*"}

    def run(self, folder: Path, *flags: str) -> tuple[CommandResult, dict[str, Any]]:
        """Run the suite; returns how it ended, and its JSON report."""
        report = folder / "report.json"
        ended = self.runner.run(self.arguments("--json", str(report), *flags), folder, self.environment)
        assert report.exists(), ended.stdout + ended.stderr
        return ended, json.loads(report.read_text("utf-8"))


@pytest.fixture(scope="module")
def _server() -> Iterator[tuple[MakeEmulator, MutatedApp]]:
    with MakeEmulator(tls=True) as make:
        mutated_app = MutatedApp(make.app.wsgi_app)
        make.app.wsgi_app = mutated_app  # type: ignore[method-assign]
        yield make, mutated_app


@pytest.fixture
def zone(_server: tuple[MakeEmulator, MutatedApp], runner: CommandRunner) -> Iterator[EmulatedZone]:
    """A zone of the test's own."""
    make, mutated_app = _server
    world = make.create_world()
    mutated_app.admin = world.token
    _raise_rate_limit(make, world)
    token = world.create_token([scope for scope in SCOPES if scope not in MISSING_SCOPES])
    yield EmulatedZone(make, mutated_app, world, token, runner)
    mutated_app.mutant = None
    world.delete()


def _raise_rate_limit(make: MakeEmulator, world: World) -> None:
    """Give the organization so many calls a minute that a run, which keeps real time here, never sleeps."""
    handle = registry_of(make.app).get(world.name)
    assert handle is not None
    with handle.locked() as state:
        organization = state.organizations[world.organization_id]
        generous = replace(organization.license, api_limit=1_000_000)
        state.organizations.put(replace(organization, license=generous))
