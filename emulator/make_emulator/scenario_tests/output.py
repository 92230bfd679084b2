"""Reports of test results: JSON for programs, and JUnit XML for CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from ..document_issues import DocumentIssue
from ..json_types import Json, JsonObject
from ..plain_text import pluralize, printable
from .results import TestResult, failure_lines

#: Outcomes in the order of the summary.
_SUMMARY = ("failed", "error", "skipped", "passed")


def count_outcomes(results: Iterable[TestResult]) -> dict[str, int]:
    """Returns the number of tests of each outcome that there is."""
    counts = Counter(result.outcome for result in results)
    return {outcome: counts[outcome] for outcome in _SUMMARY if counts[outcome]}


def summary_text(results: Sequence[TestResult]) -> str:
    """Returns the outcomes in words, such as ``1 failed, 3 passed``."""
    texts = (
        pluralize(count, "error") if outcome == "error" else f"{count:,} {outcome}"
        for outcome, count in count_outcomes(results).items()
    )
    return ", ".join(texts) or "no tests"


def json_document(
    results: Sequence[TestResult],
    unused: Sequence[DocumentIssue],
    invalid: Sequence[DocumentIssue],
    **reports: Json,
) -> JsonObject:
    """Returns all results as one JSON object; further reports, such as the coverage, are members of it."""
    return {
        "summary": count_outcomes(results),
        "tests": [_test_document(result) for result in results],
        "unused": [_issue_document(issue) for issue in unused],
        "mistakes": [_issue_document(issue) for issue in invalid],
        **{name: report for name, report in reports.items() if report is not None},
    }


def _test_document(result: TestResult) -> JsonObject:
    test = result.test
    document: JsonObject = {
        "file": str(test.file.path),
        "line": test.line,
        "name": test.name,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 4),
    }
    if test.skip is not None:
        document["reason"] = test.skip
    if result.failures:
        document["failures"] = [
            {
                "line": test.line_of(*failure.path) or test.line,
                "text": failure.text,
                "details": list(failure.details),
            }
            for failure in result.failures
        ]
        document["story"] = list(failure_lines(result))
    return document


def _issue_document(issue: DocumentIssue) -> Mapping[str, Json]:
    return {"file": issue.file, "line": issue.line, "text": issue.text}


def junit_xml(results: Sequence[TestResult], invalid: Sequence[DocumentIssue] = ()) -> bytes:
    """Returns the results as JUnit XML: a suite for each file, and an error for each file with mistakes."""
    root = ElementTree.Element("testsuites", name="make-emulator test")
    by_file: dict[str, list[TestResult]] = {}
    for result in results:
        by_file.setdefault(str(result.test.file.path), []).append(result)
    for file, rows in by_file.items():
        suite = _add_suite(root, file, rows)
        for result in rows:
            _add_case(suite, result)
    mistakes: dict[str, list[DocumentIssue]] = {}
    for issue in invalid:
        mistakes.setdefault(str(issue.file), []).append(issue)
    for file, issues in mistakes.items():
        suite = ElementTree.SubElement(root, "testsuite", name=file, tests="1", errors="1", failures="0")
        case = ElementTree.SubElement(suite, "testcase", classname=file, name="the test file")
        error = ElementTree.SubElement(case, "error", message=printable(issues[0].text))
        error.text = _xml_text("\n".join(map(str, issues)))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def _add_suite(root: ElementTree.Element, file: str, rows: Sequence[TestResult]) -> ElementTree.Element:
    counts = Counter(result.outcome for result in rows)
    return ElementTree.SubElement(
        root,
        "testsuite",
        name=file,
        tests=str(len(rows)),
        failures=str(counts["failed"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(result.seconds for result in rows):.4f}",
    )


def _add_case(suite: ElementTree.Element, result: TestResult) -> None:
    test = result.test
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_xml_text(str(test.file.path)),
        name=_xml_text(test.name),
        file=_xml_text(str(test.file.path)),
        line=str(test.line),
        time=f"{result.seconds:.4f}",
    )
    if result.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", message=_xml_text(test.skip or ""))
    elif result.is_failure:
        tag = "failure" if result.outcome == "failed" else "error"
        found = ElementTree.SubElement(case, tag, message=_xml_text(printable(result.failures[0].text)))
        found.text = _xml_text("\n".join(failure_lines(result)))


def _xml_text(text: str) -> str:
    """Returns a text without the characters that XML does not have."""
    return "".join(
        each
        if each in "\t\n" or (each >= " " and not "\ud800" <= each <= "\udfff" and each not in "\ufffe\uffff")
        else "�"
        for each in text
    )
