"""The engine is there at once: heavy libraries wait for their first use."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("library", ["faker"])
def test_importing_the_engine_does_not_import_a_heavy_library(library: str) -> None:
    code = f"import sys, make_emulator.engine.runtime.executor, make_emulator.engine.inputs; print({library!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
