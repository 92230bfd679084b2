"""pytest plugin, active on install: fixtures for an emulator, isolated worlds and a client."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..client.responses import RequestRow
    from . import Client, MakeEmulator, World
    from .collectors import Collector
    from .coverage import CoverageCollector
    from .mcp import WorldMcp
    from .oauth import WorldOAuth
    from .provenance import ProvenanceCollector

_WORLDS_KEY: pytest.StashKey[list[World]] = pytest.StashKey()
_COVERAGE_KEY: pytest.StashKey[CoverageCollector] = pytest.StashKey()
_SETTINGS_KEY: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
_PROVENANCE_KEY: pytest.StashKey[ProvenanceCollector] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("make-emulator")
    group.addoption(
        "--make-emulator-url",
        default=None,
        metavar="URL",
        help="Use the emulator that runs there, instead of starting one (or set MAKE_EMULATOR_URL).",
    )
    group.addoption(
        "--make-coverage",
        action="store_true",
        help="Show at the end which endpoints of the Make API the tests called, by class of status.",
    )

    group.addoption(
        "--make-setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="Setting of the worlds of all tests, e.g. unmatched=fail. Repeatable; also the ini option make_settings.",
    )
    parser.addini(
        "make_settings", "Settings of the worlds of all tests, a line each.", type="linelist", default=[]
    )
    group.addoption(
        "--make-fidelity",
        choices=("observed", "documented", "assumed"),
        default=None,
        help="Fail the test run if a response rests on weaker evidence of Make than this.",
    )
    group.addoption(
        "--no-make-provenance",
        action="store_true",
        help="Do not show at the end how many observed, documented and assumed behaviours of Make the tests rest on.",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--make-coverage"):
        from .coverage import CoverageCollector

        config.stash[_COVERAGE_KEY] = coverage = CoverageCollector()
        coverage.start()
    if not config.getoption("--no-make-provenance") or config.getoption("--make-fidelity"):
        from .provenance import ProvenanceCollector

        config.stash[_PROVENANCE_KEY] = provenance = ProvenanceCollector()
        provenance.start()
    if texts := [*config.getini("make_settings"), *config.getoption("--make-setting")]:
        config.stash[_SETTINGS_KEY] = _parse_settings(texts)
    config.addinivalue_line(
        "markers",
        "make_world(seed=None, plan=None, scopes=None, zone=None, now=None, block_others=False, **settings):"
        " what the world of make_world, or of make_mock, is created from; block_others is an argument of make_mock.",
    )


def _parse_settings(texts: list[str]) -> dict[str, Any]:
    """Returns settings as arguments of `MakeEmulator.create_world`."""
    from ..world.settings import SETTINGS, InvalidSettingError, parse

    try:
        return {SETTINGS[name].python_name: value for name, value in parse(texts).items()}
    except InvalidSettingError as error:
        raise pytest.UsageError(f"make_settings: {error}") from None


@pytest.fixture(scope="session")
def make_emulator(pytestconfig: pytest.Config) -> Iterator[MakeEmulator]:
    """Emulator of the whole test run: started here, or a sidecar named by ``--make-emulator-url``."""
    # Imported on use: a test run without an emulator does not pay for one.
    from . import ControlError, MakeEmulator

    url = pytestconfig.getoption("--make-emulator-url") or os.environ.get("MAKE_EMULATOR_URL")
    key = os.environ.get("MAKE_EMULATOR_CONTROL_KEY")
    try:
        emulator = MakeEmulator.attach(url, control_key=key) if url else MakeEmulator().start()
        emulator.control.worlds()
    except ControlError as error:
        pytest.fail(f"make_emulator: {error}", pytrace=False)
    with emulator:
        yield emulator


@pytest.fixture
def make_world(make_emulator: MakeEmulator, request: pytest.FixtureRequest) -> Iterator[World]:
    """World of the test's own; the marker ``make_world`` has the arguments of `MakeEmulator.create_world`, and ``scopes``.

    ``--make-setting``, or the ini option ``make_settings``, has settings of the worlds of all tests.
    """
    options = _world_options(request)
    options.pop("block_others", None)
    scopes = options.pop("scopes", None)
    world = make_emulator.create_world(**options)
    if scopes is not None:
        world.token = world.create_token(scopes)
    request.node.stash.setdefault(_WORLDS_KEY, []).append(world)
    yield world
    from . import ControlError

    # The test may have deleted its world, and a sidecar may be gone.
    with suppress(ControlError):
        world.delete()


@pytest.fixture
def make_mock(request: pytest.FixtureRequest) -> Iterator[World]:
    """World in this process that the test's calls to Make reach, as in `mock_make`; the marker ``make_world`` has the arguments of both.

    ``block_others=True`` blocks calls to all other hosts.
    """
    from . import mock_make

    with mock_make(**_world_options(request)) as world:
        request.node.stash.setdefault(_WORLDS_KEY, []).append(world)
        yield world


def _world_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Returns the arguments of the marker ``make_world``, above the settings of all tests."""
    marker = request.node.get_closest_marker("make_world")
    settings: dict[str, Any] = request.config.stash.get(_SETTINGS_KEY, {})
    return {**settings, **(marker.kwargs if marker else {})}


@pytest.fixture
def make_client(make_world: World, request: pytest.FixtureRequest) -> Iterator[Client]:
    """Session whose relative paths go to the world's API, with its token."""
    from . import Client

    with Client(make_world) as client:
        if make_world.base_url.startswith("https:"):
            # An emulator of this test run has a CA file; for one elsewhere the environment names it.
            emulator = request.getfixturevalue("make_emulator")
            client.verify = str(emulator.ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or "") or True
        yield client


@pytest.fixture
def make_env(make_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Sets MAKE_API_KEY, MAKE_ZONE, MAKE_BASE_URL, MAKE_TEAM and MAKE_ORGANIZATION for the code under test."""
    monkeypatch.setenv("MAKE_API_KEY", make_world.token)
    monkeypatch.setenv("MAKE_ZONE", make_world.base_url.removesuffix("/api/v2").partition("://")[2])
    monkeypatch.setenv("MAKE_BASE_URL", make_world.base_url)
    monkeypatch.setenv("MAKE_TEAM", str(make_world.team_id))
    monkeypatch.setenv("MAKE_ORGANIZATION", str(make_world.organization_id))
    return make_world


@pytest.fixture
def make_mcp(make_world: World) -> WorldMcp:
    """MCP server of the world, for clients of agents: its URLs, its token, and calls of its tools."""
    return make_world.mcp


@pytest.fixture
def make_oauth(make_world: World) -> WorldOAuth:
    """OAuth 2.0 of the world of `make_world`: its addresses, its clients, and consent without a browser."""
    return make_world.oauth


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the request log of the test's world, and its failed runs, under a failed test."""
    report = yield
    if report.when != "call" or not report.failed:
        return report
    for world in item.stash.get(_WORLDS_KEY, ()):
        from . import ControlError

        try:
            rows = world.requests.all()
            lines = [line for row in rows for line in _describe_request(row)]
        except ControlError as error:
            rows, lines = [], [f"the request log could not be read: {error}"]
        report.sections.append(("requests to the Make world", "\n".join(lines) or "none"))
        if rows and (failed := _failed_runs(world, since=rows[0]["at"])):
            report.sections.append(("failed runs in the Make world", "\n".join(failed)))
    return report


def _describe_request(row: RequestRow) -> Iterator[str]:
    """Yields the lines about a request: its sentence, and the decisions on one of an agent."""
    yield f"{row['at']}  {row['sentence']}"
    if row["statement"] is not None:
        yield f"{' ' * len(row['at'])}  {row['statement']}"


def _failed_runs(world: World, *, since: str) -> list[str]:
    """Returns a line for each run that failed, the first one first; those before the first request are the seed's."""
    from . import ControlError

    try:
        runs = world.executions("ERROR")
    except ControlError as error:
        return [f"the runs could not be read: {error}"]
    return [f"{run['at']}  {run['sentence']}" for run in reversed(runs) if run["at"] >= since]


def _collectors(config: pytest.Config) -> Iterator[tuple[str, Collector]]:
    """Yields the active collectors, with the names under which workers of pytest-xdist send their reports."""
    if (coverage := config.stash.get(_COVERAGE_KEY, None)) is not None:
        yield "make_coverage", coverage
    if (provenance := config.stash.get(_PROVENANCE_KEY, None)) is not None:
        yield "make_provenance", provenance


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sends the reports of a worker of pytest-xdist to the controller, and fails a run that rests on weaker evidence than allowed."""
    config = session.config
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output.update({name: collector.report() for name, collector in _collectors(config)})
    elif session.exitstatus == pytest.ExitCode.OK and _weak_behaviours(config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _weak_behaviours(config: pytest.Config) -> list[str]:
    """Returns the behaviours that the test run rests on and ``--make-fidelity`` does not allow."""
    required, provenance = config.getoption("--make-fidelity"), config.stash.get(_PROVENANCE_KEY, None)
    return provenance.weaker(required) if required is not None and provenance is not None else []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds the reports of a worker of pytest-xdist; one that crashed has sent none."""
    output = getattr(node, "workeroutput", {})
    for name, collector in _collectors(node.config):
        if output.get(name) is not None:
            collector.add(output[name])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    width = shutil.get_terminal_size().columns
    if (coverage := config.stash.get(_COVERAGE_KEY, None)) is not None:
        from .coverage import render_table

        terminalreporter.section("coverage of the Make API")
        for line in render_table(coverage.report(), width):
            terminalreporter.write_line(line)
    if (provenance := config.stash.get(_PROVENANCE_KEY, None)) is not None:
        from .provenance import render_summary

        lines = (
            []
            if config.getoption("--no-make-provenance")
            else list(render_summary(provenance.report(), width))
        )
        weak = _weak_behaviours(config)
        if weak:
            lines.append(
                f"Failed: weaker evidence than --make-fidelity={config.getoption('--make-fidelity')}: {', '.join(weak)}"
            )
        if lines:
            terminalreporter.section("fidelity to Make")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    for _, collector in _collectors(config):
        collector.stop()
