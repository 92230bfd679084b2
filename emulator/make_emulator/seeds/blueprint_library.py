"""Blueprints of a seed: shipped ones by name, files beside the seed, or inline ones."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import orjson

from ..engine.blueprints import parser as engine
from ..engine.scheduling import schedule
from ..json_types import Json
from ..plain_text import did_you_mean
from ..resources import fixture_path
from ..world.blueprint_refs import find_module_references, iter_modules
from ..world.exceptions import DomainError


class UnusableBlueprintError(ValueError):
    """An invalid blueprint; ``issues`` has one text for each issue."""

    @property
    def issues(self) -> tuple[str, ...]:
        """One text for each issue."""
        return self.args


class BlueprintLibrary:
    """Reader of the blueprints of a seed, with a cache of the files and of their stamps.

    A seed that is not a file has no directory, and refers to shipped blueprints only.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._read: dict[Path, Mapping[str, Json]] = {}
        self.file_stamps: dict[Path, tuple[int, int]] = {}

    def get(self, source: str | Mapping[str, Json]) -> dict[str, Json]:
        """A copy of a blueprint, which is valid.

        Raises:
            UnusableBlueprintError: if there is no such blueprint, or it is malformed.
        """
        raw = source if isinstance(source, Mapping) else self._file(source)
        # Inputs and outputs come with an exported blueprint; the specifications are the scenario's.
        blueprint = {key: value for key, value in raw.items() if key != "io"}
        blueprint.setdefault("metadata", {})
        try:
            engine.parse_blueprint(blueprint)
        except DomainError as error:
            raise UnusableBlueprintError(*issue_texts(error)) from None
        except RecursionError:
            raise UnusableBlueprintError("the blueprint is nested too deep") from None
        io = raw.get("io", {})
        if not isinstance(io, Mapping) or not all(
            isinstance(io.get(part, []), list) for part in ("input_spec", "output_spec")
        ):
            raise UnusableBlueprintError("'io' must hold the lists 'input_spec' and 'output_spec'")
        return {**blueprint, "io": io}

    def _file(self, name: str) -> Mapping[str, Json]:
        path = self._find(name)
        if path not in self._read:
            try:
                self.file_stamps[path] = file_stamp(path)
                data = orjson.loads(path.read_bytes())
            except OSError:
                raise UnusableBlueprintError(f"the file {path} cannot be read") from None
            except orjson.JSONDecodeError as error:
                raise UnusableBlueprintError(
                    f"{path}:{error.lineno}: this is not JSON: {error.msg}"
                ) from None
            if not isinstance(data, Mapping):
                raise UnusableBlueprintError(f"{path}: a blueprint must be an object")
            self._read[path] = data
        return self._read[path]

    def _find(self, name: str) -> Path:
        try:
            found = self._lookup(name)
        except (OSError, ValueError):
            raise UnusableBlueprintError("this is not a file name") from None
        if found is not None:
            return found
        names = sorted(path.stem for path in fixture_path("blueprints").glob("*.json"))
        raise UnusableBlueprintError(
            f"there is neither a file {name!r} beside the seed nor a sample of that name; "
            f"there are {len(names)} samples, such as {', '.join(names[:3])}{did_you_mean(name, names)}"
        )

    def _lookup(self, name: str) -> Path | None:
        if self._directory is not None and _is_file(beside := self._directory / name):
            return beside
        shipped = fixture_path("blueprints", f"{name}.json")
        if "/" not in name and "\\" not in name and _is_file(shipped):
            return shipped
        return None


def _is_file(path: Path) -> bool:
    """Returns true if there is such a file; unlike `Path.is_file` from Python 3.14 on, a name that no file can have is an `OSError`."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def file_stamp(path: Path) -> tuple[int, int]:
    """The time of modification and the size of a file, by which a change is detected."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def issue_texts(error: DomainError) -> tuple[str, ...]:
    """The texts of a domain error as issues of a seed."""
    texts = getattr(error, "issues", None) or (error.detail,)
    return tuple(str(text).rstrip(".") for text in texts)


def find_connection_issues(blueprint: Mapping[str, Json], known: set[int]) -> list[str]:
    """The connections that a blueprint uses and its team does not have."""
    used = {
        id: node["module"]
        for node in iter_modules(blueprint["flow"])
        for id in find_module_references(node, "connection")
    }
    return [
        f"module {module} uses connection {id}, which the team does not have"
        for id, module in used.items()
        if id not in known
    ]


def find_schedule_issues(scheduling: Mapping[str, Json]) -> tuple[str, ...]:
    """The issues of a scheduling, as texts."""
    try:
        schedule.validate_scheduling(scheduling, least_minutes=1)
    except DomainError as error:
        return issue_texts(error)
    return ()
