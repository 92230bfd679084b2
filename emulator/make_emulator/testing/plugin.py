"""pytest plugin, active on install: fixtures for an emulator, isolated worlds and a client."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .activity import ActivityTracker

if TYPE_CHECKING:
    from . import Client, MakeEmulator, World
    from .collectors import Collector
    from .coverage import CoverageCollector
    from .mcp import WorldMcp
    from .oauth import WorldOAuth
    from .provenance import ProvenanceCollector
    from .scenario_items import ScenarioTestFile

_PACKAGE = "make_emulator."
_ACTIVITY_KEY: pytest.StashKey[ActivityTracker] = pytest.StashKey()
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

    group.addoption(
        "--make-scenario-coverage",
        action="store_true",
        help="Show at the end which parts of blueprints the tests of scenarios covered.",
    )
    group.addoption(
        "--make-scenario-coverage-report",
        action="append",
        default=[],
        metavar="FILE",
        help="Write the coverage of scenarios as .json, .info (LCOV), .xml (Cobertura), .svg or .html. Repeatable.",
    )
    group.addoption(
        "--make-scenario-fail-under",
        type=float,
        default=None,
        metavar="PERCENT",
        help="Fail the test run if less of the blueprints is covered.",
    )
    group.addoption(
        "--no-make-scenario-tests",
        action="store_true",
        help="Do not collect *.test.yaml files, the tests of scenarios.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioTestFile | None:
    """Collects tests of scenarios."""
    if not file_path.name.endswith(".test.yaml") or parent.config.getoption("--no-make-scenario-tests"):
        return None
    # Imported on use: most test runs have no such file.
    from .scenario_items import ScenarioTestFile

    return ScenarioTestFile.from_parent(parent, path=file_path)


def _measures_scenarios(config: pytest.Config) -> bool:
    """Returns True if the coverage of scenarios is to be shown, written or compared."""
    return bool(
        config.getoption("--make-scenario-coverage")
        or config.getoption("--make-scenario-coverage-report")
        or config.getoption("--make-scenario-fail-under") is not None
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ACTIVITY_KEY] = activity = ActivityTracker()
    activity.start()
    # A worker of pytest-xdist sends what its tests covered with their reports.
    if _measures_scenarios(config) and not hasattr(config, "workerinput"):
        from .scenario_coverage import ScenarioCoverage

        plugin = ScenarioCoverage(
            config.getoption("--make-scenario-coverage-report"),
            config.getoption("--make-scenario-fail-under"),
        )
        config.pluginmanager.register(plugin, "make-scenario-coverage")
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
    from . import ControlError

    options = _world_options(request)
    options.pop("block_others", None)
    scopes = options.pop("scopes", None)
    try:
        world = make_emulator.create_world(**options)
        if scopes is not None:
            world.token = world.create_token(scopes)
    except ControlError as error:
        # Of the traceback, only the message is about the test.
        pytest.fail(f"make_world: {error}", pytrace=False)
    yield world
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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Starts the activity of a test, before its fixtures."""
    item.config.stash[_ACTIVITY_KEY].begin_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the requests and the runs of the test's worlds under a failed test, and the test's own line for a call that failed."""
    _hide_own_frames(call)
    report = yield
    if report.when == "call" and (add_uses := getattr(item, "add_uses", None)) is not None:
        # A test of a scenario, whose class is not loaded in other test runs.
        add_uses(report, coverage=_measures_scenarios(item.config))
    tracker = item.config.stash[_ACTIVITY_KEY]
    if report.failed:
        report.sections.extend(tracker.sections())
    if call.when != "setup" or not report.passed:
        tracker.end_report()
    return report


def _hide_own_frames(call: pytest.CallInfo[None]) -> None:
    """Cuts the traceback of a `ControlError` behind the last line that is not of this package."""
    info = call.excinfo
    if info is None or type(info.value).__name__ != "ControlError":
        return
    last, entry = None, info.value.__traceback__
    while entry is not None:
        if not str(entry.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
            last = entry
        entry = entry.tb_next
    if last is not None:
        # pytest follows the entries themselves, not a list of them.
        last.tb_next = None


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
    _show_unused_stubs(terminalreporter, config)
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


def _show_unused_stubs(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the scripts and responses that no test of a scenario used, unless only some of the tests were run."""
    if config.option.keyword or config.option.markexpr or any("::" in argument for argument in config.args):
        return
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if hasattr(report, "make_scenario_stubs")
    ]
    if not reports:
        return
    from .scenario_items import unused_lines

    if lines := list(unused_lines(reports)):
        terminalreporter.section("not used by the tests of scenarios")
    for line in lines:
        terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    if (activity := config.stash.get(_ACTIVITY_KEY, None)) is not None:
        activity.stop()
    for _, collector in _collectors(config):
        collector.stop()
