"""Folder of ``serve --init-dir``: its seeds, exported blueprints and scenario tests, in the order of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..app import DEFAULT_WORLD
from ..blueprint_import.files import BlueprintFile, looks_like_blueprint
from ..error_reasons import os_error_reason
from ..lazy_dataclasses import dataclass
from ..plain_text import pluralize
from ..registry import WorldNameTakenError, WorldRegistry, WorldSpec
from ..seeds import SeedError, load
from .errors import CommandError, InvalidSeedError

_SEED_SUFFIXES = (".yaml", ".yml", ".json")

#: The number by which a file has its place in the order.
_ORDER = re.compile(r"^\d+[-_. ](?=.)")


@dataclass(frozen=True, slots=True)
class InitFiles:
    """Files of the folder by their kind.

    Args:
        seeds: the name of the world of each seed.
        blueprints: those that no seed refers to; in their names they are relative to the folder.
        tests: scenario tests, which are valid, and which ``make-emulator test`` runs.
    """

    folder: Path
    seeds: dict[Path, str]
    blueprints: dict[Path, BlueprintFile]
    tests: tuple[Path, ...]

    @property
    def default_seed(self) -> Path | None:
        """The seed of the default world."""
        return next((path for path, name in self.seeds.items() if name == DEFAULT_WORLD), None)

    def summary(self) -> str:
        """Returns the folder and the number of its files of each kind."""
        counts = [
            pluralize(len(files), noun)
            for files, noun in (
                (self.seeds, "seed"),
                (self.blueprints, "blueprint"),
                (self.tests, "test file"),
            )
            if files
        ]
        return f"{self.folder}: {', '.join(counts) or 'no file'}"


def list_files(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder in the order of their names; those of a volume of Kubernetes are links into a hidden folder.

    Raises:
        CommandError: if the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise CommandError(f"cannot read {folder}: {os_error_reason(error)}") from None
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from list_files(path)
        else:
            yield path


def read_folder(folder: Path, *, is_for_default_world: bool) -> InitFiles:
    """Reads the files of a folder and of those below it; hidden ones, and those of other types, are left alone.

    The seed ``default.yaml`` is that of the default world, or else the first one; each other one is that of a world with the name of
    its file.

    Args:
        is_for_default_world: false if the default world has a seed from elsewhere; then each one of the folder is for another world.

    Raises:
        CommandError: if a file cannot be read, or is none of these; it names the file.
    """
    seeds: list[Path] = []
    exports: list[tuple[Path, bytes]] = []
    tests: list[Path] = []
    for path in list_files(folder):
        if path.name.endswith((".test.yaml", ".test.yml")):
            _check_test_file(path)
            tests.append(path)
        elif path.suffix in _SEED_SUFFIXES:
            data = _read(path)
            if path.suffix == ".json" and looks_like_blueprint(data):
                exports.append((path, data))
            else:
                seeds.append(path)
    referred = set().union(*map(_referred_files, seeds))
    blueprints = {
        path: BlueprintFile(path.relative_to(folder).as_posix(), _text(path, data))
        for path, data in exports
        if path.resolve() not in referred
    }
    worlds = _name_worlds(seeds, is_for_default_world=is_for_default_world)
    return InitFiles(folder, worlds, blueprints, tuple(tests))


def create_worlds(
    registry: WorldRegistry, files: InitFiles, *, world_seed: int, now: str | None, rate_limit: bool
) -> list[tuple[str, str]]:
    """Creates the worlds of the seeds but the default one, as far as they belong to this worker and no stored state has them.

    Args:
        world_seed, now, rate_limit: as in `WorldSpec`.

    Returns:
        the name and the main token of each world.

    Raises:
        CommandError: if one cannot be created; it names the file.
    """
    created = []
    for path, name in files.seeds.items():
        if name == DEFAULT_WORLD or not registry.shard.has_name(name):
            continue
        if (handle := registry.get(name)) is None:
            spec = WorldSpec(name=name, seed=str(path), world_seed=world_seed, now=now, rate_limit=rate_limit)
            try:
                handle = registry.create(spec)
            except SeedError as error:
                raise InvalidSeedError(error.issues) from None
            except (ValueError, WorldNameTakenError) as error:
                raise CommandError(f"{path}: {error}") from None
        created.append((name, handle.main_token().token))
    return created


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {os_error_reason(error)}") from None


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8") from None


def _check_test_file(path: Path) -> None:
    """Raises CommandError for a test file with a mistake."""
    # Imported on use: few folders have tests.
    from ..scenario_tests.documents import InvalidTestFileError, read_test_file
    from ..scenario_tests.schema import SUFFIX

    if not path.name.endswith(SUFFIX):
        raise CommandError(f"{path}: the name of a file with tests ends with {SUFFIX}")
    try:
        read_test_file(path)
    except InvalidTestFileError as error:
        raise CommandError(str(error)) from None


def _name_worlds(seeds: Sequence[Path], *, is_for_default_world: bool) -> dict[Path, str]:
    """Returns the name of the world of each seed: that of the file, without its suffix and the number at its start."""
    names = {path: _ORDER.sub("", path.stem) for path in seeds}
    if is_for_default_world and seeds and DEFAULT_WORLD not in names.values():
        names[seeds[0]] = DEFAULT_WORLD
    taken = set() if is_for_default_world else {DEFAULT_WORLD}
    for path, name in names.items():
        if name in taken:
            reason = (
                "the default world has the seed of --seed"
                if name == DEFAULT_WORLD
                else "another seed has its world"
            )
            raise CommandError(f"{path} is a seed of the world '{name}', but {reason}")
        taken.add(name)
    return names


def _referred_files(path: Path) -> set[Path]:
    """Returns the blueprints that a seed refers to, after its validation.

    Raises:
        InvalidSeedError: if it is invalid.
    """
    try:
        return {file.resolve() for file in load(path).file_stamps}
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None
