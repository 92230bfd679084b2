"""The command: ``python -m benchmarks [PART …] [--quick] [--json FILE]``. The exit status is 0 whatever the results."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

from . import (
    engine,
    inprocess,
    interception,
    lint,
    mcp,
    pages,
    servers,
    snapshots,
    startup,
    starvation,
    state,
    throughput,
    webhooks,
)
from .measurement import Effort
from .report import Report

#: Part -> what measures it.
PARTS = {
    part.__name__.rpartition(".")[2]: part
    for part in (
        startup,
        throughput,
        pages,
        inprocess,
        engine,
        interception,
        lint,
        snapshots,
        webhooks,
        mcp,
        servers,
        starvation,
        state,
    )
}

#: Parts that are run only by their name: they measure no change of the emulator.
ON_REQUEST = {"servers"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the emulator.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"one of {', '.join(PARTS)}; all but {', '.join(ON_REQUEST)} if none is given",
    )
    parser.add_argument("--quick", action="store_true", help="shorter rounds, for a first impression")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the metrics to a file too")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known parts: {', '.join(PARTS)}")
    effort = Effort.quick() if options.quick else Effort.full()
    started = time.perf_counter()
    report = Report()
    for name in options.parts or [part for part in PARTS if part not in ON_REQUEST]:
        print(f"measuring: {name} …", file=sys.stderr)
        report.metrics += PARTS[name].measure(effort)
    print(f"Python {platform.python_version()}, {platform.system()}, {effort.rounds} alternating rounds\n")
    print(report.table())
    print(f"\nTook {time.perf_counter() - started:.0f} s.")
    if options.json:
        report.write(options.json)


if __name__ == "__main__":
    main()
