"""The server as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Command of a server for the program that starts it: one line of JSON at its start, and it ends with its standard input.
SERVE_FOR_PROGRAM = (
    *(sys.executable, "-m", "make_emulator", "serve"),
    *("--port", "0", "--format", "json", "--stop-on-eof"),
)


@contextmanager
def run_server(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of the command ``serve`` on a free port, and the base URL that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "make_emulator", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if match := re.match(r"\s+base URL\s+(\S+)", line):
                break
        else:
            raise AssertionError(process.stderr.read() if process.stderr else "")
        yield process, match[1]
    finally:
        process.kill()
        process.communicate()
