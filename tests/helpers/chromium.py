"""Headless Chromium for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tools import chromium
from tools.chromium import Page

__all__ = ["Page", "open_browser"]


@contextmanager
def open_browser(*options: str) -> Iterator[Page]:
    """A browser with a fresh profile; skips the test where none is installed."""
    with ExitStack() as stack:
        try:
            page = stack.enter_context(chromium.open_browser(*options))
        except chromium.ChromiumNotFoundError as error:
            pytest.skip(str(error))
        yield page
