"""Runs the contract command over and over in one process, so that what it takes to start is paid once.

Each line of standard input is one run, as JSON: ``{"arguments": [...], "folder": "...", "environment": {...}}``; each line of
standard output is how it ended: ``{"status": 0, "stdout": "...", "stderr": "..."}``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any

from make_emulator.cli.main import main


def run_command(order: dict[str, Any]) -> dict[str, Any]:
    """One run of the command line, with what it writes."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    status, stdout, stderr = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            main(order["arguments"])
        except SystemExit as ended:
            status = int(ended.code or 0)
    return {"status": status, "stdout": stdout.getvalue(), "stderr": stderr.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run_command(json.loads(line))), flush=True)
