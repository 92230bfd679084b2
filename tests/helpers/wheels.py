"""A wheel of the distribution that is made in a moment and needs no index."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import make_emulator


def checkout_wheel(folder: Path) -> Path:
    """Writes a wheel that makes this checkout, and what this Python has, importable; returns its path."""
    version = make_emulator.__version__
    path = folder / f"make_emulator-{version}-py3-none-any.whl"
    info = f"make_emulator-{version}.dist-info"
    sources = str(Path(make_emulator.__file__).parents[1])
    paths = [sources, *(each for each in sys.path if each.endswith("site-packages"))]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("make_emulator_checkout.pth", "\n".join(paths))
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: make-emulator\nVersion: {version}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(
            f"{info}/entry_points.txt", "[console_scripts]\nmake-emulator = make_emulator.cli.main:main\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path
