"""Golden values: what they take the place of, and what they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.scenario_tests import write_test_file
from make_emulator.scenario_tests.documents import read_test_file
from make_emulator.scenario_tests.golden import GoldenUpdate, update_golden_values
from make_emulator.scenario_tests.matchers import MISSING, matches, merge
from make_emulator.scenario_tests.results import check_test

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("xy", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(expected=JSON, actual=JSON)
def test_a_merged_value_is_met(expected: Any, actual: Any) -> None:
    assert matches(merge(expected, actual), actual)
    assert matches(merge({"$exact": expected}, actual), actual)


@pytest.mark.parametrize(
    ("expected", "actual", "merged"),
    [
        ({"a": {"$type": "text"}, "b": 1}, {"a": "x", "b": 2, "c": 3}, {"a": {"$type": "text"}, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": "$absent"}),
        ([{"a": 1}, 2], [{"a": 3, "b": 4}], [{"a": 3}]),
        ([1], [1, {"n": 2}], [1, {"n": 2}]),
        ({"$regex": "^x"}, "y", "y"),
        ({"$exact": {"a": 1, "b": 2}}, {"a": 1, "c": 3}, {"$exact": {"a": 1, "c": 3}}),
        (None, {"a": 1}, {"a": 1}),
        ({"a": 1}, MISSING, "$absent"),
    ],
)
def test_the_form_of_what_was_expected_stays(expected: Any, actual: Any, merged: Any) -> None:
    assert merge(expected, actual) == merged


def updated(path: Path) -> GoldenUpdate:
    file = read_test_file(path)
    update = update_golden_values(path, file, [check_test(test) for test in file.tests])
    update.write()
    return update


TESTS = """\
# Orders.
tests:
  - name: small
    given: { webhook: { json: { id: 7, customer: ann, total: 50 } } }
    expect:
      status: warning            # to be corrected
      response: { status: 200, body: {id: {$type: integer}} }
      order: [Order, 2]
      filters: { Large: passed, Small: { passed: 0 } }
      modules:
        Keep:
          inputs: [{ key: "8" }]  # of the record
          operations: 2
      requests:
      records: { 50: { "7": { total: 1 }, "8": { total: 2 } } }
      incomplete: 1
      credits: { at_most: 1 }
      active: false
"""


def test_all_values_of_a_test_become_those_of_its_run(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    update = updated(path)
    assert (update.count, list(update.left)) == (12, [])
    assert (
        path.read_text()
        == """\
# Orders.
tests:
  - name: small
    given: { webhook: { json: { id: 7, customer: ann, total: 50 } } }
    expect:
      status: success            # to be corrected
      response: { status: 201, body: {id: {$type: integer}} }
      order: [Order, 2, 3, Keep, Respond]
      filters: { Large: stopped, Small: { passed: 1 } }
      modules:
        Keep:
          inputs: [{ key: '7' }]  # of the record
          operations: 1
      requests:
        - method: GET
          url: https://crm.example.com/customers/ann
          query: {full: '1'}
          headers: {accept-encoding: 'gzip, deflate'}
          body: null
          module: 2
          status: 200
      records: { 50: { "7": { total: 50 }, "8": $absent } }
      incomplete: 0
      credits: { at_most: 4 }
      active: true
"""
    )
    again = read_test_file(path)
    assert [check_test(test).outcome for test in again.tests] == ["passed"]
    assert updated(path).before == path.read_text()


def test_what_no_value_mends_is_left_with_its_reason(tmp_path: Path) -> None:
    path = write_test_file(
        tmp_path,
        """\
        tests:
          - name: a
            given: { webhook: { json: { total: 5 } } }
            expect: { reached: [Tell sales] }
          - name: table
            cases: [{ n: 9 }]
            expect: { operations: "${n}" }
        """,
    )
    before = path.read_text()
    update = updated(path)
    assert path.read_text() == before
    assert [text for _, text in update.left] == [
        'expected a bundle to reach module 4 "Tell sales", but none did',
        "a table of cases has no golden values: expected 9 operations, not 1",
    ]
