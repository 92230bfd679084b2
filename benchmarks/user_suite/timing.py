"""Pytest plugin: repeats each test, and writes the seconds of each phase of each repetition to a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--repeat", type=int, default=1, help="how often each test is run")
    parser.addoption("--timing-file", type=Path, help="the file for the durations")


def pytest_configure(config: pytest.Config) -> None:
    recorder = _Recorder(config.getoption("--timing-file"))
    config.pluginmanager.register(recorder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", range(metafunc.config.getoption("--repeat")))


class _Recorder:
    """Durations of the phases by test, in the order of the tests."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._durations: dict[str, dict[str, float]] = {}
        self._failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._durations.setdefault(report.nodeid, {})[report.when or ""] = report.duration
        self._failed += report.failed

    def pytest_sessionfinish(self) -> None:
        if self._file is not None:
            data = {"failed": self._failed, "tests": list(self._durations.values())}
            self._file.write_text(json.dumps(data), encoding="utf-8")
