"""Simulation of a slow machine, for ``make test-slow``: every Python that finds this folder on its path imports it at its start.

The clocks of the module ``time`` run 50 times faster, so that as much time passes between two lines of code as on a
machine that is 50 times slower. Each subprocess starts 2 seconds later. What the standard library waits for (threads,
queues, subprocesses) keeps its real time-outs: they only guard against a test that hangs.
"""

from __future__ import annotations

import os

#: The moment, in nanoseconds since the epoch, from which the clocks of all processes of a run are accelerated.
ORIGIN_VARIABLE = "MAKE_EMULATOR_TEST_SLOW"
FACTOR = 50
START_DELAY = 2


def _accelerate_clocks(origin: int) -> None:
    # These bind the clocks when they are imported: before that, so that they wait in real time.
    import queue
    import selectors
    import socketserver
    import subprocess
    import threading
    import time

    _ = (queue, selectors, socketserver, subprocess, threading)
    real_time_ns = time.time_ns

    def time_ns() -> int:
        return origin + FACTOR * (real_time_ns() - origin)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        _scale(time, name)
        _scale(time, f"{name}_ns")


def _scale(module: object, name: str) -> None:
    real = getattr(module, name)
    setattr(module, name, lambda: FACTOR * real())


def _delay_subprocesses() -> None:
    """Let a shell wait before it becomes the program: its process id, pipes and environment are those of the program."""
    import shutil
    import subprocess

    start = subprocess.Popen.__init__
    sleep = shutil.which("sleep")

    def start_late(self, args, *rest, **options):  # type: ignore[no-untyped-def]
        program = args[0] if isinstance(args, (list, tuple)) and args else None
        found = program is not None and shutil.which(program) is not None
        if sleep and found and not options.get("shell") and not options.get("executable"):
            args = ["/bin/sh", "-c", f'{sleep} {START_DELAY}; exec "$@"', "sh", *map(os.fspath, args)]
        start(self, args, *rest, **options)

    subprocess.Popen.__init__ = start_late  # type: ignore[method-assign]


if origin := os.environ.get(ORIGIN_VARIABLE):
    _accelerate_clocks(int(origin))
    _delay_subprocesses()
