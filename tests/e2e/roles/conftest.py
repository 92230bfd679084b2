"""The reader of each role: in a clean folder, with the wheel in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distribution.conftest import Distributions, distributions
from helpers.documentation import open_shell
from helpers.installation import Installation, create_environment
from helpers.sharing import share

from .reader import Reader

__all__ = ["distributions"]

#: Exit codes of commands that find something.
EXIT_CODES = {r"make-emulator (lint|mend|survey)\b(?!.*--write)": 1}


#: Libraries of the readers' own projects.
LIBRARIES = ("aiohttp", "httpx", "pytest-xdist")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, distributions: Distributions) -> Path:
    """The folder of an environment with the wheel, its extras, and libraries of the readers."""

    def build(folder: Path) -> None:
        create_environment(folder / "reader", f"{distributions.wheel}[all]", *LIBRARIES)

    return share(tmp_path_factory, "readers", build) / "reader"


@pytest.fixture
def reader(environment: Path, tmp_path: Path) -> Iterator[Reader]:
    """A reader whose shell has the environment."""
    installation = Installation(environment, tmp_path)
    with open_shell(tmp_path / "work", installation.environment, EXIT_CODES) as shell:
        yield Reader(shell)
