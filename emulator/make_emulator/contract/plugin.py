"""pytest plugin of the contract suite: options, fixtures for target and client, and collection of the results.

``contract_tests/conftest.py`` imports the hooks and fixtures from here.
"""

from __future__ import annotations

import re
import signal
import threading
import uuid
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ..throttle import Throttle
from .cleanup import ResourceCleaner, defer_interrupts
from .client import ContractClient
from .guard import Guard
from .reports import write_reports
from .results import Outcome, ResponseRecorder, SuiteRun
from .settings import Settings, SettingsError, load_settings
from .target import Target, TargetError, is_emulator, open_target, probe_target

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
RUN: pytest.StashKey[SuiteRun] = pytest.StashKey()
RECORDER: pytest.StashKey[ResponseRecorder] = pytest.StashKey()

#: Lines of pytest about its own report.
_PYTEST_HINTS = re.compile(r"^\s*(Use -v|Omitting \d+|\.\.\.Full output truncated)")

#: Option -> help text and type (``bool`` for a flag).
_OPTIONS: dict[str, tuple[str, Any]] = {
    "base_url": ("Base URL of the target, e.g. https://eu1.make.com/api/v2.", str),
    "token": ("The API token to run with.", str),
    "weak_token": ("A second token with few scopes, for the scope tests.", str),
    "team_id": ("The team in which resources are created.", int),
    "organization_id": ("The organization of that team.", int),
    "read_only": ("Run only the tests that change nothing.", bool),
    "rate_limit": ("Also use up the organization's calls of a minute.", bool),
    "update": ("Mark assumed behaviours of the ledger as observed that the run confirmed.", bool),
    "json": ("Write the report as JSON to a file.", Path),
    "html": ("Write the report as HTML to a file.", Path),
    "only": ("Run only the tests of these behaviours of the ledger: ids, separated by commas.", str),
    "ledger": ("The ledger's data file, if not the shipped one.", Path),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(
        "contract", "contract suite (or environment variables MAKE_EMULATOR_CONTRACT_...)"
    )
    for name, (text, kind) in _OPTIONS.items():
        settings: dict[str, Any] = (
            {"action": "store_true"} if kind is bool else {"type": kind, "default": None}
        )
        group.addoption(
            f"--contract-{name.replace('_', '-')}", dest=f"contract_{name}", help=text, **settings
        )


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "covers(route, *aspects): the aspects of a route that the test checks.",
        "fidelity(*ids): the behaviours of the fidelity ledger that the test checks.",
    ):
        config.addinivalue_line("markers", line)
    try:
        settings = load_settings({name: config.getoption(f"contract_{name}", None) for name in _OPTIONS})
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    if settings.base_url is not None:
        if getattr(config.option, "numprocesses", None):
            raise pytest.UsageError("against a zone the tests run one at a time: leave out -n")
        _interrupt_at_sigterm(config)
    config.stash[SETTINGS] = settings
    config.stash[RECORDER] = ResponseRecorder()
    config.stash[RUN] = run = SuiteRun(
        target=settings.zone,
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        read_only=settings.read_only,
    )
    config.pluginmanager.register(RunCollector(run), "contract-collector")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that check none of the behaviours that ``--contract-only`` names.

    Raises:
        UsageError: if no test checks one of them.
    """
    only = config.stash[SETTINGS].only_behaviours
    if not only:
        return
    selected = [item for item in items if only & _checked_behaviours(item)]
    checked = frozenset[str]().union(*map(_checked_behaviours, selected))
    if without := sorted(only - checked):
        raise pytest.UsageError(f"no contract test checks {', '.join(without)}")
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = selected


def _checked_behaviours(item: pytest.Item) -> frozenset[str]:
    return frozenset(str(id) for marker in item.iter_markers("fidelity") for id in marker.args)


def _interrupt_at_sigterm(config: pytest.Config) -> None:
    """Makes SIGTERM end the run as Ctrl-C does, so that its resources are deleted."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt("SIGTERM")

    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, interrupt)

        def restore() -> None:
            signal.signal(signal.SIGTERM, before)

        config.add_cleanup(restore)


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """Target of the run: a fresh emulator or a real zone."""
    settings, run = pytestconfig.stash[SETTINGS], pytestconfig.stash[RUN]
    opened = open_target(settings)
    run.base_url = opened.base_url
    try:
        if settings.update and is_emulator(opened):
            pytest.exit(
                "--update: the target is an emulator, which is no evidence of Make's behaviour", returncode=4
            )
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def license(target: Target, _probed: tuple[frozenset[str], dict[str, Any]]) -> dict[str, Any]:
    """The licence of the organization; empty if the token may not read it."""
    return _probed[1]


@pytest.fixture(scope="session")
def _probed(target: Target) -> tuple[frozenset[str], dict[str, Any]]:
    try:
        return probe_target(target)
    except TargetError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def api(
    pytestconfig: pytest.Config, target: Target, _probed: tuple[frozenset[str], dict[str, Any]]
) -> Iterator[ContractClient]:
    """Client of the run; deletes the resources of the run at the end."""
    scopes, license = _probed
    guard = Guard(
        f"contract-{uuid.uuid4().hex[:8]}",
        team_id=target.team_id,
        organization_id=target.organization_id,
        foreign_ids=target.foreign_ids,
    )
    client = ContractClient(
        target,
        guard,
        # Where the licence cannot be read: what Make's smallest paid plan allows.
        Throttle(license.get("apiLimit", 60), target, share=0.9, margin=0.5),
        pytestconfig.stash[RECORDER],
        scopes=scopes,
        license=license,
        read_only=pytestconfig.stash[SETTINGS].read_only,
    )
    try:
        yield client
    finally:
        if not client.read_only:
            with defer_interrupts():
                pytestconfig.stash[RUN].left_behind = _clean_up(client)


def _clean_up(client: ContractClient) -> list[str]:
    try:
        return ResourceCleaner(client).remove_all()
    except KeyboardInterrupt:
        return [f"{kind} {id} ({name!r})" for (kind, id), name in sorted(client.guard.created.items())]


# --- results of the tests ------------------------------------------------------------------------


def pytest_runtest_setup(item: pytest.Item) -> None:
    covers = (mark.args for mark in item.iter_markers("covers"))
    item.config.stash[RECORDER].tested_routes = frozenset(
        route for route, *aspects in covers if "success" in aspects
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    recorder, settings = item.config.stash[RECORDER], item.config.stash[SETTINGS]
    for token in filter(None, (settings.token, settings.weak_token)):
        if token in str(report.longrepr):
            report.longrepr = str(report.longrepr).replace(token, "<token>")
    covers = [(mark.args[0], aspect) for mark in item.iter_markers("covers") for aspect in mark.args[1:]]
    # A plain attribute travels from the workers of pytest-xdist to where the run is put together.
    report.contract = {  # type: ignore[attr-defined]
        "covers": covers,
        "fidelity": [id for mark in item.iter_markers("fidelity") for id in mark.args],
        **recorder.drain(),
    }
    return report


class RunCollector:
    """Collects the results of a run from the reports of its tests."""

    def __init__(self, run: SuiteRun) -> None:
        self._run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seen = getattr(report, "contract", None)
        if seen is None:
            return
        self._run.add_responses(seen)
        # One outcome a test: that of its call, unless something before or after it went wrong.
        if report.when != "call" and report.outcome == "passed":
            return
        if report.when == "teardown" and report.outcome == "skipped":
            return
        self._run.add(
            Outcome(
                test=_short_test_name(report.nodeid),
                outcome=report.outcome,
                reason=_outcome_reason(report),
                covers=tuple((route, aspect) for route, aspect in seen["covers"]),
                fidelity=tuple(seen["fidelity"]),
                seconds=report.duration,
            )
        )

    def pytest_keyboard_interrupt(self) -> None:
        self._run.interrupted = True


def _short_test_name(node_id: str) -> str:
    """Returns ``test_paging.py::test_x[y]`` for a node id with any folder."""
    path, separator, test = node_id.partition("::")
    return path.rpartition("/")[2] + separator + test


def _outcome_reason(report: pytest.TestReport) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr)
    lines = [line.strip() for line in text.splitlines() if not _PYTEST_HINTS.search(line)]
    return "\n".join(filter(None, lines)).removeprefix("Failed: ").removeprefix("AssertionError: ")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    run, settings = config.stash[RUN], config.stash[SETTINGS]
    if run.outcomes or run.left_behind:
        write_reports(terminalreporter, run, settings)
