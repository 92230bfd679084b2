"""Files of a folder that hold blueprints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from ..json_types import Json
from ..lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlueprintFile:
    """A file with a blueprint: its name, and its document as JSON text or parsed."""

    name: str
    document: Json


def read_files(path: Path) -> list[BlueprintFile]:
    """Returns a file, or the files below a folder that hold blueprints; their names are relative to the folder.

    Raises:
        OSError: if one cannot be read.
        ValueError: if none holds a blueprint, or one is not UTF-8.
    """
    files = []
    for found, is_named in find_files([path]):
        data = found.read_bytes()
        if not is_named and not looks_like_blueprint(data):
            continue
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"{found} is not UTF-8") from None
        name = found.name if is_named else found.relative_to(path).as_posix()
        files.append(BlueprintFile(name, text))
    if not files:
        raise ValueError(f"no blueprint in {path}")
    return files


def find_files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Yields each file, and every ``*.json`` below each folder in order; with whether the file itself was named."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in sorted(path.rglob("*.json")) if found.is_file())
        else:
            yield path, True


def looks_like_blueprint(data: bytes) -> bool:
    """Returns True if a file has a flow, itself or wrapped as the API does it, and so is meant as a blueprint."""
    try:
        held = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return b'"flow"' in data
    while isinstance(held, Mapping):
        if "flow" in held:
            return True
        held = held.get("response", held.get("blueprint"))
        if isinstance(held, str):
            return '"flow"' in held
    return False


def is_json(data: bytes) -> bool:
    """Returns True if a file is JSON."""
    try:
        orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return False
    return True
