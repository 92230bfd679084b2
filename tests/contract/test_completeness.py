"""Nothing is forgotten: every aspect of every core route has a contract test, and every mark names what there is."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from make_emulator import fidelity
from make_emulator.contract.declarations import aspects_to_test, core_endpoints, endpoints
from tools.update_fidelity import find_linked_tests

ROOT = Path(__file__).parent.parent.parent

#: Collects the suite in a process of its own, and prints each mark of each test.
_COLLECT = """
import sys, pytest

class Marks:
    def pytest_collection_modifyitems(self, items):
        for item in items:
            for mark in item.iter_markers():
                if mark.name in ("covers", "fidelity"):
                    print("MARK", mark.name, *mark.args, sep="\\t")

sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", sys.argv[1]], plugins=[Marks()]))
"""


@pytest.fixture(scope="module")
def marks() -> dict[str, list[tuple[str, ...]]]:
    """The arguments of every mark of the suite, by its name."""
    collected = subprocess.run(
        [sys.executable, "-c", _COLLECT, str(ROOT / "contract_tests")],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for line in collected.stdout.splitlines():
        if line.startswith("MARK\t"):
            _, name, *arguments = line.split("\t")
            found[name].append(tuple(arguments))
    return found


def test_the_core_is_the_47_documented_routes() -> None:
    assert sorted(number for endpoint in core_endpoints().values() for number in endpoint.core) == list(
        range(1, 48)
    )


def test_every_aspect_of_every_core_route_has_a_contract_test(
    marks: dict[str, list[tuple[str, ...]]],
) -> None:
    covered = {(route, aspect) for route, *aspects in marks["covers"] for aspect in aspects}
    wanted = {
        (route, aspect)
        for route, endpoint in core_endpoints().items()
        for aspect in aspects_to_test(endpoint)
    }
    assert wanted - covered == set()


def test_no_mark_covers_what_a_route_has_not(marks: dict[str, list[tuple[str, ...]]]) -> None:
    covered = {(route, aspect) for route, *aspects in marks["covers"] for aspect in aspects}
    known = {
        (route, aspect) for route, endpoint in endpoints().items() for aspect in aspects_to_test(endpoint)
    }
    assert covered - known == set()


def test_every_statement_that_a_test_names_is_in_the_ledger(marks: dict[str, list[tuple[str, ...]]]) -> None:
    named = {id for ids in marks["fidelity"] for id in ids}
    assert named - {behaviour.id for behaviour in fidelity.shipped_behaviours()} == set()
    assert named == set(find_linked_tests(ROOT / "contract_tests"))


def test_the_ledger_names_the_tests_that_check_it() -> None:
    linked = find_linked_tests(ROOT / "contract_tests")
    assert {
        behaviour.id: behaviour.test for behaviour in fidelity.shipped_behaviours() if behaviour.test
    } == linked
