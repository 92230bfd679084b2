"""The command: ``python -m benchmarks [PART …] [--quick] [--json FILE]``. The exit status is 0 whatever the results.

Parts that are named, and measured in full, write their tables into the page "How fast" of the documentation.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import time
from pathlib import Path

from . import (
    engine,
    fleet,
    growth,
    inprocess,
    interception,
    lint,
    mcp,
    page,
    pages,
    peers,
    servers,
    snapshots,
    startup,
    starvation,
    state,
    studio,
    test_suite,
    throughput,
    webhooks,
)
from .measurement import Effort
from .report import Report

#: Part -> what measures it.
PARTS = {
    part.__name__.rpartition(".")[2].replace("_", "-"): part
    for part in (
        startup,
        throughput,
        pages,
        inprocess,
        engine,
        interception,
        lint,
        test_suite,
        snapshots,
        webhooks,
        mcp,
        servers,
        peers,
        starvation,
        state,
        studio,
        growth,
        fleet,
    )
}

#: Parts that are run only by their name: they measure others than the emulator, install them, or take minutes.
ON_REQUEST = {"servers", "peers", "fleet", "growth", "snapshots", "test-suite"}

#: Part -> what measures it, and renders its section of the page "How fast".
PAGE_PARTS = {
    "peers": peers.measure_for_page,
    "snapshots": snapshots.measure_for_page,
    "test-suite": test_suite.measure_for_page,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the emulator.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"one of {', '.join(PARTS)}; all but {', '.join(ON_REQUEST)} if none is given",
    )
    parser.add_argument("--quick", action="store_true", help="shorter rounds, for a first impression")
    parser.add_argument("--rounds", type=int, metavar="N", help="number of rounds")
    parser.add_argument("--seconds", type=float, metavar="S", help="length of a round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the metrics to a file too")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known parts: {', '.join(PARTS)}")
    # Ended from outside, as after a time limit, it ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    effort = Effort.quick() if options.quick else Effort.full()
    effort = Effort(options.rounds or effort.rounds, options.seconds or effort.seconds)
    started = time.perf_counter()
    report = Report()
    for name in options.parts or [part for part in PARTS if part not in ON_REQUEST]:
        print(f"measuring: {name} …", file=sys.stderr)
        if name in options.parts and name in PAGE_PARTS and not options.quick:
            metrics, text = PAGE_PARTS[name](effort)
            page.write_section(name, text)
            report.metrics += metrics
        else:
            report.metrics += PARTS[name].measure(effort)
    print(f"Python {platform.python_version()}, {platform.system()}, {effort.rounds} alternating rounds\n")
    print(report.table())
    print(f"\nTook {time.perf_counter() - started:.0f} s.")
    if options.json:
        report.write(options.json)


if __name__ == "__main__":
    main()
