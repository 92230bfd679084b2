"""Lint: the duration of the rules on 400 blueprints, with the lines of their findings, and how it grows with the modules.

The yardstick parses the same files, which no check can do without.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from make_emulator.lint import LintOptions
from make_emulator.lint.files import lint_file
from make_emulator.resources import fixture_path

from .measurement import Effort, measure_alternately
from .report import Metric

BLUEPRINTS = 400

#: Modules of the long blueprint and of the short one.
LONG, SHORT = 2_000, 200


def measure(effort: Effort) -> list[Metric]:
    """Four hundred variations of the sample blueprints, half of them with slips; one long blueprint."""
    return [*_measure_many(effort), *_measure_growth(effort)]


def _measure_many(effort: Effort) -> list[Metric]:
    files = _variations()
    comparison = measure_alternately(
        lambda: _seconds_of_lint(files), lambda: _seconds_of_parsing(files), effort.rounds
    )
    return [
        Metric(f"lint of {BLUEPRINTS} blueprints", comparison.ours, "s", target=2),
        Metric(
            "the same, ratio to parsing them as JSON",
            comparison.ratios,
            "x",
            note=comparison.note("s", "parsing"),
        ),
    ]


def _measure_growth(effort: Effort) -> list[Metric]:
    long, short = [_long_blueprint(LONG)], [_long_blueprint(SHORT)] * (LONG // SHORT)
    comparison = measure_alternately(
        lambda: _seconds_of_lint(long), lambda: _seconds_of_lint(short), effort.rounds
    )
    return [
        Metric(
            f"lint of a blueprint of {LONG} modules, ratio to {LONG // SHORT} of {SHORT}",
            comparison.ratios,
            "x",
            target=2,
            note=comparison.note("s", f"{LONG // SHORT} of {SHORT}"),
        )
    ]


def _seconds_of_lint(files: list[bytes]) -> float:
    options = LintOptions()
    started = time.perf_counter()
    for place, data in enumerate(files):
        lint_file(Path(f"{place}.json"), data, options=options)
    return time.perf_counter() - started


def _seconds_of_parsing(files: list[bytes]) -> float:
    started = time.perf_counter()
    for data in files:
        json.loads(data)
    return time.perf_counter() - started


def _variations() -> list[bytes]:
    """Returns the samples under other names, every second one with slips in the names of fields and functions."""
    samples = [path.read_bytes() for path in sorted(fixture_path("blueprints").glob("*.json"))]
    slips = ((b"{{1.", b"{{91."), (b"formatDate(", b"formatdate("), (b'"text:equal"', b'"text:equals"'))
    files: list[bytes] = []
    for number in range(BLUEPRINTS):
        data = samples[number % len(samples)].replace(b'"name": "', b'"name": "%d ' % number, 1)
        for right, wrong in slips if number % 2 else ():
            data = data.replace(right, wrong)
        files.append(data)
    return files


def _long_blueprint(modules: int) -> bytes:
    """Returns a blueprint whose modules each map the one before, every tenth one wrongly."""
    flow: list[dict[str, Any]] = [
        {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 1}, "mapper": {}}
    ]
    for id in range(2, modules + 1):
        value = f"{{{{upper({id - 1}.v)}}}}" if id % 10 else "{{uper(99999.v)}}"
        mapper = {"name": "v", "scope": "roundtrip", "value": value}
        flow.append({"id": id, "module": "util:SetVariable2", "version": 1, "mapper": mapper})
    return json.dumps({"name": "Long", "flow": flow, "metadata": {}}, indent=1).encode()
