"""Coverage of scenarios in a pytest run, over all workers of pytest-xdist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ..scenario_tests.coverage import BlueprintCoverage, CoverageCollector, percentage, render_table
from ..scenario_tests.coverage_reports import ReportFormatError, render_report

#: Attribute of the report of a test with the parts of blueprints that it used.
REPORT_ATTRIBUTE = "make_scenario_hits"


class ScenarioCoverage:
    """Plugin that sums the coverage of all tests of scenarios, shows its table, and writes its reports.

    Args:
        fail_under: the percentage below which the test run fails.
    """

    def __init__(self, reports: Sequence[str], fail_under: float | None) -> None:
        self._collector = CoverageCollector()
        self._reports = [Path(report) for report in reports]
        self._fail_under = fail_under
        self._blueprints: list[BlueprintCoverage] = []
        self._problems: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds what a test covered, in this process or in a worker."""
        if report.when == "call":
            self._collector.add(getattr(report, REPORT_ATTRIBUTE, {}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the reports, and fails a test run that covers too little."""
        try:
            self._blueprints = self._collector.blueprints()
            for path in self._reports:
                path.write_bytes(render_report(path, self._blueprints))
        except (OSError, ReportFormatError) as error:
            self._problems.append(str(error))
        share = percentage(self._blueprints)
        if self._fail_under is not None and share < self._fail_under:
            self._problems.append(f"the coverage is {share:.2f} %, less than {self._fail_under:g} %")
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Shows the table, and why the test run failed."""
        terminalreporter.section("coverage of scenarios")
        for line in render_table(self._blueprints) if self._blueprints else ["no scenario was tested"]:
            terminalreporter.write_line(line)
        for problem in self._problems:
            terminalreporter.write_line(f"Failed: {problem}")
