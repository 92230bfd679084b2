"""Finds a seed by its name, by its path, or takes it as an object; what was checked once is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from ..data import fixture
from .checking import Seed, checked
from .faults import SeedError
from .reading import read, taken

#: How many seeds are kept after they were checked, and how long the text of one may be to be kept.
_KEPT = 16
_KEPT_LENGTH = 1_000_000

_cache: dict[tuple[str, str], Seed] = {}


def load(seed: Any) -> Seed:
    """Read and check a seed given by name, by path, or as an object.

    Raises:
        SeedError: with every fault of it; also if there is no such seed.
    """
    if isinstance(seed, Mapping):
        document = taken(seed)
        key = "", orjson.dumps(document.data).decode()
        return _kept(key) or _keep(key, checked(document, None))
    path = _path(seed)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SeedError(f"{path}: this is not text in UTF-8") from None
    except (PermissionError, IsADirectoryError) as error:
        raise SeedError(f"cannot read {path}: {error.strerror}") from None
    except (OSError, ValueError):
        raise SeedError(f"there is no seed named {seed!r}, nor a file of that name") from None
    key = str(path), text
    return _kept(key) or _keep(key, checked(read(text, str(path)), path.parent))


def names() -> list[str]:
    """The seeds that come along, by name."""
    return sorted(path.stem for path in fixture("worlds").glob("*.yaml"))


def _path(seed: Any) -> Path:
    name = str(seed)
    return fixture("worlds", f"{name}.yaml") if name in names() else Path(name)


def _kept(key: tuple[str, str]) -> Seed | None:
    """A seed that was checked before, unless one of its blueprints' files was written since."""
    seed = _cache.get(key)
    return seed if seed is not None and seed.is_fresh() else None


def _keep(key: tuple[str, str], seed: Seed) -> Seed:
    if len(key[1]) <= _KEPT_LENGTH:
        while len(_cache) >= _KEPT:
            _cache.pop(next(iter(_cache), key), None)
        _cache[key] = seed
    return seed
