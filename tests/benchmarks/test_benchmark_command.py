"""The command of the benchmarks: its parts, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.__main__ import ON_REQUEST, PAGE_PARTS, PARTS
from helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_part_can_be_measured() -> None:
    assert {*ON_REQUEST, *PAGE_PARTS} <= set(PARTS)
    assert all(callable(part.measure) for part in PARTS.values())


def test_an_unknown_part_is_rejected() -> None:
    process = start("no-such-part")
    _, errors = process.communicate()
    assert process.returncode == 2
    assert "unknown part no-such-part; known parts: " in errors
    assert "test-suite" in errors


@pytest.mark.skipif(sys.platform != "linux", reason="the children of a process are read from /proc")
def test_a_measurement_that_is_ended_ends_its_servers() -> None:
    process = start("throughput")
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def children(module: str) -> list[int]:
        """The children that run a module; one that ended meanwhile runs none."""
        found = []
        for child in map(int, listed.read_text().split()):
            with suppress(OSError):
                if module.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    found.append(child)
        return found

    # Load is generated once all servers have started.
    wait_until(lambda: children("benchmarks.load"))
    servers = children("benchmarks.large_world") + children("benchmarks.baseline")
    assert len(servers) == 3
    process.terminate()
    process.communicate()
    assert process.returncode == 1
    for server in servers:
        with pytest.raises(ProcessLookupError):
            os.kill(server, signal.SIG_DFL)
