"""The reader of each role: in a clean folder, with the wheel in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from distribution.conftest import Distributions, distributions
from helpers.documentation import open_shell
from helpers.installation import Installation, install_wheel
from helpers.sharing import share

from .reader import Reader

__all__ = ["distributions"]

#: Exit codes of commands that find something.
EXIT_CODES = {r"make-emulator (lint|mend|survey)\b(?!.*--write)": 1}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, distributions: Distributions) -> Path:
    """The folder with the environments, which the tests of the installation share."""
    return share(tmp_path_factory, "installed", partial(install_wheel, wheel=distributions.wheel))


@pytest.fixture
def reader(installed: Path, tmp_path: Path) -> Iterator[Reader]:
    """A reader whose shell has the package with its extras."""
    installation = Installation(installed / "all", tmp_path)
    with open_shell(tmp_path / "work", installation.environment, EXIT_CODES) as shell:
        yield Reader(shell)
