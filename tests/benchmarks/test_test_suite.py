"""The cost of a user's suite: every variant runs the same test, and is compared with stubs for the same client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import test_suite
from benchmarks.measurement import Effort
from benchmarks.test_suite import HTTPX, NOTHING, REQUESTS, RESPONSES, RESPX, SERVER, VARIANTS, Costs
from benchmarks.user_suite import automation

SHORT = Effort(rounds=1, seconds=0.003)


@pytest.fixture(scope="module")
def costs() -> dict[test_suite.Variant, Costs]:
    return test_suite.compare(SHORT)


def test_every_variant_is_measured_once_a_round(costs: dict[test_suite.Variant, Costs]) -> None:
    assert list(costs) == list(VARIANTS)
    for cost in costs.values():
        assert len(cost.test) == len(cost.setup) == len(cost.first) == SHORT.rounds
        assert 0 < cost.setup[0] < cost.test[0]


def test_the_recorded_bodies_pass_the_assertions_of_the_test() -> None:
    bodies = test_suite._record_bodies()
    automation.check(bodies)
    bodies[5] = {"outputs": {"greeting": "Hello!"}}
    with pytest.raises(AssertionError):
        automation.check(bodies)


def test_a_failing_test_ends_the_measurement() -> None:
    broken = replace(NOTHING, name="a missing module", module="test_missing")
    with pytest.raises(RuntimeError, match="the tests with a missing module failed"):
        test_suite.compare(SHORT, [broken])


def test_a_variant_without_its_library_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    missing = replace(NOTHING, name="a missing library", library="no_such_library")
    assert list(test_suite.compare(SHORT, [NOTHING, missing])) == [NOTHING]
    assert "a missing library is skipped: pip install no_such_library" in capsys.readouterr().err


def test_the_emulator_is_compared_with_stubs_for_the_same_client() -> None:
    measured = {
        RESPONSES: Costs([4.0, 5.0], [0.5, 0.5], [6.0, 6.0]),
        REQUESTS: Costs([6.0, 10.0], [1.0, 1.0], [100.0, 120.0]),
        SERVER: Costs([8.0, 10.0], [4.0, 4.0], [300.0, 300.0]),
        HTTPX: Costs([5.0, 5.0], [1.0, 1.0], [100.0, 100.0]),
    }
    metrics = {metric.name: metric for metric in test_suite._metrics(measured)}
    ratio = metrics["requests, `mock_make`, ratio to requests, stubs of responses"]
    assert ratio.values == [1.5, 2.0]
    assert (ratio.target, ratio.is_met) == (1.5, False)
    assert metrics[f"{SERVER.name}, ratio to {RESPONSES.name}"].target is None
    assert not any(RESPX.name in name for name in metrics)
    row = next(line for line in test_suite._table(measured).splitlines() if REQUESTS.name in line)
    assert row == "| requests, `mock_make` | 8.0 ms | 1.0 ms | 1.75 | 110 ms |"
    assert f"| {HTTPX.name} | 5.0 ms | 1.0 ms |  | 100 ms |" in test_suite._table(measured)
