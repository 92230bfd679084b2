"""Where the shipped data lie: beside the package in a checkout, inside it in an installation."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def fixture_path(*parts: str) -> Path:
    """The path of a file under ``fixtures/``."""
    return data_folder("fixtures").joinpath(*parts)


def data_folder(folder: str) -> Path:
    """The path of a folder that the wheel holds and a checkout has beside the package."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent.parent / folder
