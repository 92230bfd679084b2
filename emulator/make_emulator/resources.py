"""Paths of the shipped data: beside the package in a checkout, inside it in an installation."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def fixture_path(*parts: str) -> Path:
    """Returns the path of a file under ``fixtures/``."""
    return data_folder("fixtures").joinpath(*parts)


def data_folder(folder: str) -> Path:
    """Returns the path of a shipped folder."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent.parent / folder
