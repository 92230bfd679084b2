"""Loader of seeds by name, by path or from an object, with a cache of validated seeds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from ..error_reasons import os_error_reason
from ..resources import fixture_path
from .issues import SeedError
from .validation import Seed, validate
from .yaml_reader import parse_object, parse_text

#: The most seeds in the cache, and the longest text of a cached seed.
_CACHE_SIZE = 16
_MAX_CACHED_LENGTH = 1_000_000

_cache: dict[tuple[str, str], Seed] = {}


def load(seed: Any) -> Seed:
    """Reads and validates a seed by name, by path, or from an object.

    Raises:
        SeedError: with every issue; also if there is no such seed.
    """
    if isinstance(seed, Mapping):
        document = parse_object(seed)
        key = "", orjson.dumps(document.data).decode()
        return _get_cached(key) or _add_to_cache(key, validate(document, None))
    name = str(seed)
    return _load_shipped(name) if name in _shipped_names() else _load_file(Path(name), seed)


@cache
def _load_shipped(name: str) -> Seed:
    """A shipped seed, which is read once, as a module is."""
    return _load_file(fixture_path("worlds", f"{name}.yaml"), name)


def _load_file(path: Path, seed: Any) -> Seed:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SeedError(f"{path}: this is not text in UTF-8") from None
    except (PermissionError, IsADirectoryError) as error:
        raise SeedError(f"cannot read {path}: {os_error_reason(error)}") from None
    except (OSError, ValueError):
        raise SeedError(f"there is no seed named {seed!r}, nor a file of that name") from None
    key = str(path), text
    return _get_cached(key) or _add_to_cache(key, validate(parse_text(text, str(path)), path.parent))


def list_seeds() -> list[str]:
    """The names of the shipped seeds."""
    return sorted(path.stem for path in fixture_path("worlds").glob("*.yaml"))


def starter_text() -> str:
    """Returns the text of the commented starter seed."""
    return fixture_path("starter.yaml").read_text("utf-8")


@cache
def _shipped_names() -> frozenset[str]:
    return frozenset(list_seeds())


def _get_cached(key: tuple[str, str]) -> Seed | None:
    """The cached seed, unless a file of its blueprints has changed."""
    seed = _cache.get(key)
    return seed if seed is not None and seed.is_fresh() else None


def _add_to_cache(key: tuple[str, str], seed: Seed) -> Seed:
    if len(key[1]) <= _MAX_CACHED_LENGTH:
        while len(_cache) >= _CACHE_SIZE:
            _cache.pop(next(iter(_cache), key), None)
        _cache[key] = seed
    return seed
