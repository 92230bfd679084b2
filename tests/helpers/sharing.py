"""Results that the processes of a test session share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def share(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Returns a folder that the first process of the session fills, while the others wait.

    Args:
        make: fills the folder, or skips the test; then those of the other processes are skipped too.
    """
    base = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have folders of their own below that of the session.
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done, skipped = root / name, root / f"{name}.done", root / f"{name}.skipped"
    with FileLock(root / f"{name}.lock"):
        if skipped.exists():
            pytest.skip(skipped.read_text("utf-8"))
        if not done.exists():
            # What a process left that failed.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                make(folder)
            except pytest.skip.Exception as reason:
                skipped.write_text(str(reason), "utf-8")
                raise
            done.touch()
    return folder
