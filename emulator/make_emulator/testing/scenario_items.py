"""Collection of test files of scenarios, ``*.test.yaml``, by the pytest plugin."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..scenario_tests.documents import InvalidTestFileError, ScenarioTest, read_test_file
from ..scenario_tests.results import StubUse, TestResult, check_test, failure_lines, find_unused

#: Attribute of the report of a test with the scripts and responses of it, and whether it used them.
STUBS_ATTRIBUTE = "make_scenario_stubs"

#: The width of stories: that of pytest's own sections is not known to an item.
STORY_WIDTH = 100


def unused_lines(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yields a line for each script and response that none of the tests of its file used."""
    by_file: dict[str, list[StubUse]] = {}
    for report in reports:
        stubs: dict[str, Any] | None = getattr(report, STUBS_ATTRIBUTE, None)
        if stubs is not None:
            by_file.setdefault(stubs["file"], []).extend(StubUse(*use) for use in stubs["uses"])
    for file, uses in sorted(by_file.items()):
        yield from (f"{file}:{line}: {text}" for line, text in find_unused(uses))


class ScenarioTestFailure(Exception):  # noqa: N818  # pytest shows the name to people.
    """Failed test of a scenario."""

    def __init__(self, result: TestResult) -> None:
        super().__init__(result.test.id)
        self.result = result


class ScenarioTestFile(pytest.File):
    """Test file of a scenario."""

    def collect(self) -> Iterator[ScenarioTestItem]:
        try:
            name = Path(os.path.relpath(self.path, self.config.rootpath))
        except ValueError:  # another drive of Windows
            name = self.path
        try:
            file = read_test_file(self.path, name=name)
        except InvalidTestFileError as error:
            raise self.CollectError(str(error)) from None
        for test in file.tests:
            yield ScenarioTestItem.from_parent(self, name=test.name, test=test)


class ScenarioTestItem(pytest.Item):
    """One test of a scenario."""

    def __init__(self, *, test: ScenarioTest, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.test = test
        self.result: TestResult | None = None
        for mark in test.marks:
            self.add_marker(mark)
        if test.skip is not None:
            self.add_marker(pytest.mark.skip(reason=test.skip))

    def runtest(self) -> None:
        self.result = result = check_test(self.test)
        if result.is_failure:
            raise ScenarioTestFailure(result)

    def add_uses(self, report: pytest.TestReport, *, coverage: bool) -> None:
        """Adds what the test used to its report, which pytest-xdist sends to the controller.

        Args:
            coverage: the parts of blueprints, too.
        """
        if self.result is None or self.result.run is None:
            return
        uses = [[use.line, use.text, use.is_used] for use in self.result.stub_uses]
        setattr(report, STUBS_ATTRIBUTE, {"file": str(self.test.file.path), "uses": uses})
        if coverage:
            from ..scenario_tests.coverage import run_hits
            from .scenario_coverage import REPORT_ATTRIBUTE

            setattr(report, REPORT_ATTRIBUTE, run_hits(self.result.run))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ScenarioTestFailure):
            return "\n".join(failure_lines(excinfo.value.result, width=STORY_WIDTH))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.test.line - 1, self.test.name
