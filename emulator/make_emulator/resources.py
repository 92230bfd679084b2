"""Paths of the shipped data: beside the package in a checkout, inside it in an installation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent


def fixture_path(*parts: str) -> Path:
    """Returns the path of a file under ``fixtures/``."""
    return data_folder("fixtures").joinpath(*parts)


def load_fixture(*parts: str) -> Any:
    """Returns the content of a YAML file under ``fixtures/``: its prepared form, or read by the parser written in C where there is one."""
    if (prepared := load_prepared(parts[-1].removesuffix(".yaml"))) is not None:
        return prepared
    # Imported here, since most commands read no YAML.
    import yaml

    return yaml.load(fixture_path(*parts).read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def load_prepared(name: str) -> Any:
    """Returns a prepared form of shipped files, made by `tools.prepare_fixtures`; ``None`` if there is none, or a file has changed since.

    The import of a YAML parser and the validation of a seed take a tenth of the start-up time.
    """
    # Imported here, since the pytest plugin loads this module in every test run.
    import orjson

    try:
        prepared = orjson.loads(fixture_path("prepared", f"{name}.json").read_bytes())
        is_fresh = prepared["digest"] == digest(prepared["sources"])
    except OSError:
        return None
    return prepared["content"] if is_fresh else None


def digest(sources: Sequence[str]) -> str:
    """Returns the digest of shipped files, named by their paths: ``fixtures/…``, or in the package.

    Raises:
        OSError: if one cannot be read.
    """
    import hashlib

    total = hashlib.sha256()
    for source in sources:
        root, _, rest = source.partition("/")
        content = (fixture_path(rest) if root == "fixtures" else _PACKAGE / source).read_bytes()
        total.update(b"%d\n" % len(content))
        total.update(content)
    return total.hexdigest()


def data_folder(folder: str) -> Path:
    """Returns the path of a shipped folder."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent.parent / folder
