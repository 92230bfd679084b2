"""Waiting for a condition, on a machine of any speed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

_INTERVAL = 0.005
_ATTEMPTS = 20_000


def wait_until(condition: Callable[[], object]) -> None:
    """Return as soon as a condition holds; fail the test if it does not within minutes."""
    pause = threading.Event()
    for _ in range(_ATTEMPTS):
        if condition():
            return
        pause.wait(_INTERVAL)
    pytest.fail("what the test waits for did not happen")
