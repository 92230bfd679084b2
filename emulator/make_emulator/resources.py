"""Paths of the shipped data: beside the package in a checkout, inside it in an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent


def fixture_path(*parts: str) -> Path:
    """Returns the path of a file under ``fixtures/``."""
    return data_folder("fixtures").joinpath(*parts)


def load_fixture(*parts: str) -> Any:
    """Returns the content of a YAML file under ``fixtures/``, read by the parser written in C where there is one: it is ten times faster."""
    # Imported here, since most commands read no YAML.
    import yaml

    return yaml.load(fixture_path(*parts).read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def data_folder(folder: str) -> Path:
    """Returns the path of a shipped folder."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent.parent / folder
