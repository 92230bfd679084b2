"""The cost of a test for a user's suite: 500 tests of ten calls each, with the emulator and with hand-written stubs.

The same test runs with stubs of responses and of respx, with `mock_make` and both clients, and with worlds of a server
in the process and of a sidecar; each variant in a pytest of its own, in turns. Variants whose libraries are not
installed are left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import requests

from make_emulator import mock_make

from .large_world import HEADERS
from .load import request_bytes
from .measurement import Effort
from .page import describe_run, markdown_table
from .processes import ROOT, start_emulator
from .report import Metric
from .user_suite import automation, stubs

#: The most that a test with `mock_make` may take of the time of one with hand-written stubs.
TARGET = 1.5

#: Tests of a round for each second of the effort: 500 in a full run.
_TESTS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the test.

    Args:
        name: its name in reports.
        module: the module of the suite.
        library: the package that must be installed.
        uses_emulator: whether the pytest plugin of the emulator is active.
        in_sidecar: whether the server is a process of its own.
    """

    name: str
    module: str
    library: str = "pytest"
    uses_emulator: bool = True
    in_sidecar: bool = False


NOTHING = Variant("a test without calls", "test_nothing", uses_emulator=False)
RESPONSES = Variant("requests, stubs of responses", "test_responses", "responses", uses_emulator=False)
REQUESTS = Variant("requests, `mock_make`", "test_mock_make_requests")
RESPX = Variant("httpx, stubs of respx", "test_respx", "respx", uses_emulator=False)
HTTPX = Variant("httpx, `mock_make`", "test_mock_make_httpx", "httpx")
SERVER = Variant("requests, `make_world` of a server in the process", "test_server")
SIDECAR = Variant("requests, `make_world` of a sidecar", "test_server", in_sidecar=True)

VARIANTS = (NOTHING, RESPONSES, REQUESTS, SERVER, SIDECAR, RESPX, HTTPX)

#: Variant -> the one with hand-written stubs for the same client.
STUBS = {REQUESTS: RESPONSES, SERVER: RESPONSES, SIDECAR: RESPONSES, HTTPX: RESPX}

#: The variants with a target.
IN_PROCESS = (REQUESTS, HTTPX)


@dataclass(slots=True)
class Costs:
    """Milliseconds of a variant, one value a round.

    Args:
        test: the mean of a test with its fixtures, without the first test.
        setup: the part of that in which the fixtures are set up.
        first: the first test, in which the emulator is imported and started.
    """

    test: list[float] = field(default_factory=list)
    setup: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)


def measure(effort: Effort) -> list[Metric]:
    """The cost of a test of each variant, and its ratio to hand-written stubs."""
    return _metrics(compare(effort))


def measure_for_page(effort: Effort) -> tuple[list[Metric], str]:
    """The same, and the table for the documentation."""
    costs = compare(effort)
    circumstances = describe_run(effort.rounds, f"{_number_of_tests(effort)} tests")
    return _metrics(costs), f"{circumstances}\n\n{_table(costs)}"


def compare(effort: Effort, variants: Sequence[Variant] = VARIANTS) -> dict[Variant, Costs]:
    """Run all variants in turns."""
    installed = list(_installed(variants))
    costs = {variant: Costs() for variant in installed}
    tests = _number_of_tests(effort)
    with ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        bodies = folder / "bodies.json"
        bodies.write_text(json.dumps(_record_bodies()), encoding="utf-8")
        sidecar = ""
        if any(variant.in_sidecar for variant in installed):
            server = resources.enter_context(start_emulator())
            server.wait_until_ready(request_bytes("GET", f"{server.url}/users/me", HEADERS))
            sidecar = server.url.removesuffix("/api/v2")
        # In the first round Python compiles the modules.
        for number in range(effort.rounds + 1):
            for variant in installed if number % 2 else reversed(installed):
                url = sidecar if variant.in_sidecar else ""
                if number:
                    _run(variant, tests, bodies, folder / "timing.json", url, costs[variant])
                else:
                    _run(variant, 2, bodies, folder / "timing.json", url, Costs())
    return costs


def _number_of_tests(effort: Effort) -> int:
    return max(2, round(_TESTS_PER_SECOND * effort.seconds))


def _installed(variants: Sequence[Variant]) -> Iterator[Variant]:
    for variant in variants:
        if find_spec(variant.library) is None:
            print(f"{variant.name} is skipped: pip install {variant.library}", file=sys.stderr)
        else:
            yield variant


def _record_bodies() -> list[object]:
    """The bodies that the emulator returns to the calls of the test."""
    with mock_make() as world, requests.Session() as session:
        return automation.run_automation(session, automation.BASE_URL, world.headers)


def _run(variant: Variant, tests: int, bodies: Path, timing: Path, url: str, costs: Costs) -> None:
    """Run the tests of a variant in a pytest of its own.

    Raises:
        RuntimeError: if a test failed.
    """
    suite = Path(__file__).parent / "user_suite"
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(ROOT)]
    command += ["-p", "no:cacheprovider", "-p", "benchmarks.user_suite.timing"]
    if variant.uses_emulator:
        command += ["-p", "make_emulator.testing.plugin"]
    if url:
        command += ["--make-emulator-url", url]
    command += ["--repeat", str(tests), "--timing-file", str(timing), str(suite / f"{variant.module}.py")]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE_EMULATOR_", "PYTEST_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", stubs.BODIES_VARIABLE: str(bodies)}
    timing.unlink(missing_ok=True)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not timing.exists():
        raise RuntimeError(f"the tests with {variant.name} failed:\n{done.stdout}{done.stderr}")
    recorded = json.loads(timing.read_text(encoding="utf-8"))
    first, *others = [sum(phases.values()) for phases in recorded["tests"]]
    costs.test.append(1000 * statistics.mean(others))
    costs.setup.append(1000 * statistics.mean(phases["setup"] for phases in recorded["tests"][1:]))
    costs.first.append(1000 * first)


def _metrics(costs: dict[Variant, Costs]) -> list[Metric]:
    metrics = []
    for variant, cost in costs.items():
        note = f"first test {statistics.median(cost.first):.4g} ms"
        metrics.append(Metric(f"a test with {variant.name}", cost.test, "ms", note=note))
        metrics.append(Metric(f"fixtures of a test with {variant.name}", cost.setup, "ms"))
    for variant, others in _pairs(costs):
        target = TARGET if variant in IN_PROCESS else None
        ratios = _ratios(costs[variant], costs[others])
        metrics.append(Metric(f"{variant.name}, ratio to {others.name}", ratios, "x", target))
    return metrics


def _pairs(costs: dict[Variant, Costs]) -> list[tuple[Variant, Variant]]:
    return [pair for pair in STUBS.items() if pair[0] in costs and pair[1] in costs]


def _ratios(ours: Costs, theirs: Costs) -> list[float]:
    return [our / their for our, their in zip(ours.test, theirs.test, strict=True)]


def _table(costs: dict[Variant, Costs]) -> str:
    pairs = dict(_pairs(costs))
    rows = []
    for variant, cost in costs.items():
        ratio = f"{statistics.median(_ratios(cost, costs[pairs[variant]])):.2f}" if variant in pairs else ""
        values = (statistics.median(each) for each in (cost.test, cost.setup))
        first = f"{statistics.median(cost.first):.0f} ms"
        rows.append([variant.name, *(f"{value:.1f} ms" for value in values), ratio, first])
    return markdown_table(["", "a test", "of that fixtures", "ratio to stubs", "the first test"], rows)
