"""Loader of seeds by name, by path or from an object, with a cache of validated seeds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from ..error_reasons import os_error_reason
from ..resources import fixture_path, load_prepared
from .blueprint_library import file_stamp
from .issues import SeedError, SeedIssue, SeedPath
from .seed import Seed

#: The most seeds in the cache, and the longest text of a cached seed.
_CACHE_SIZE = 16
_MAX_CACHED_LENGTH = 1_000_000

#: The shipped seed that is prepared: most worlds are built from it.
PREPARED_SEED = "default"

_cache: dict[tuple[str, str], Seed] = {}


def load(seed: Any) -> Seed:
    """Reads and validates a seed by name, by path, or from an object.

    Raises:
        SeedError: with every issue; also if there is no such seed.
    """
    if isinstance(seed, Mapping):
        return _load_object(seed)
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
    return _get_cached(key) or _add_to_cache(key, _load_prepared(path) or _validate_text(path, text))


# Modules are imported in functions, so that a server with a prepared seed starts early: it needs neither YAML nor the schemas.


def _load_object(seed: Mapping[str, Any]) -> Seed:
    from .validation import validate
    from .yaml_reader import parse_object

    document = parse_object(seed)
    key = "", orjson.dumps(document.data).decode()
    return _get_cached(key) or _add_to_cache(key, validate(document, None))


def _validate_text(path: Path, text: str) -> Seed:
    from .validation import validate
    from .yaml_reader import parse_text

    return validate(parse_text(text, str(path)), path.parent)


def _load_prepared(path: Path) -> Seed | None:
    """Returns the validated form of a shipped seed, if `tools.prepare_fixtures` has prepared it as it is now."""
    if path != fixture_path("worlds", f"{PREPARED_SEED}.yaml"):
        return None
    prepared = load_prepared(f"{PREPARED_SEED}-seed")
    if prepared is None:
        return None
    stamps = {file: file_stamp(file) for file in map(fixture_path, prepared["blueprints"])}
    return Seed(**restore_types(prepared["rows"]), document=_UnreadDocument(path), file_stamps=stamps)


def restore_types(value: Any) -> Any:
    """Returns a prepared value with its tuples and sets, for which JSON has no form."""
    if isinstance(value, list):
        return [restore_types(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$set" in value:
        return frozenset(value["$set"])
    if "$tuple" in value:
        return tuple(restore_types(item) for item in value["$tuple"])
    return {key: restore_types(item) for key, item in value.items()}


class _UnreadDocument:
    """Document of a prepared seed, read when an issue needs its place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def issue_at(self, path: SeedPath, text: str) -> SeedIssue:
        from .yaml_reader import parse_text

        return parse_text(self._path.read_text("utf-8"), str(self._path)).issue_at(path, text)


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
