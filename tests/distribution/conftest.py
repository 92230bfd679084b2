"""The distributions of this tree, built once for all tests of a session."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from helpers.sharing import share
from make_emulator import __version__

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Distributions:
    """The source distribution and the wheel of this tree, and the distributions of the unpacked source distribution."""

    folder: Path

    @property
    def sdist(self) -> Path:
        return self.folder / "first" / f"make_emulator-{__version__}.tar.gz"

    @property
    def wheel(self) -> Path:
        return self.folder / "first" / f"make_emulator-{__version__}-py3-none-any.whl"

    @property
    def rebuilt(self) -> tuple[Path, Path]:
        """The source distribution and the wheel that were built from the source distribution."""
        return self.folder / "second" / self.sdist.name, self.folder / "second" / self.wheel.name

    @property
    def unpacked(self) -> Path:
        """The content of the source distribution."""
        return self.folder / f"make_emulator-{__version__}"

    def wheel_names(self) -> set[str]:
        with ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def sdist_names(self) -> set[str]:
        """The files of the source distribution, relative to its only folder."""
        with tarfile.open(self.sdist) as archive:
            return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}

    def metadata(self) -> Message:
        with ZipFile(self.wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return Parser().parsestr(archive.read(name).decode("utf-8"))


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return Distributions(share(tmp_path_factory, "distributions", _build))


def _build(folder: Path) -> None:
    """Builds this tree, then what the source distribution holds, so that a file that it lacks is missing in the second build."""
    _run_backend(ROOT, folder / "first")
    sdist = Distributions(folder).sdist
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    _run_backend(Distributions(folder).unpacked, folder / "second")


def _run_backend(source: Path, output: Path) -> None:
    """Builds without an environment of its own: the build requirements are among those of development."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(output)]
    done = subprocess.run(
        command, cwd=source, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
