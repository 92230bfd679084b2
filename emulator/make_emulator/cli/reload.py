"""Reload of the default world from its files, for ``serve --watch``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .. import seeds
from ..blueprint_import.files import BlueprintFile, find_files, read_files
from ..blueprint_import.scenarios import import_files
from ..error_reasons import os_error_reason
from ..plain_text import pluralize, printable
from ..registry import WorldHandle, WorldRegistry, WorldSpec
from .errors import CommandError
from .init_folder import list_files, read_folder

log = logging.getLogger("make_emulator.watch")


class _ReloadError(Exception):
    """Mistake in a file, in one line for each issue."""


class WorldReloader:
    """Reloader of a world: it resets the world to its files, or leaves it as it is if there is a mistake in one.

    Args:
        blueprints: the folder, or the file, of the exported blueprints that are imported after the seed.
        init_dir: the folder of ``--init-dir``, whose blueprints are imported before them.
    """

    def __init__(
        self,
        registry: WorldRegistry,
        handle: WorldHandle,
        blueprints: Path | None,
        init_dir: Path | None = None,
    ) -> None:
        self._registry = registry
        self._handle = handle
        self._blueprints = blueprints
        self._init_dir = init_dir
        seed = str(handle.spec.seed)
        self._seed = None if seed in seeds.list_seeds() else Path(seed)
        #: Files of the blueprints that the seed refers to.
        self._seed_blueprints: Sequence[Path] = ()
        if self._seed is not None:
            # A seed that was changed a moment ago is read with the next change.
            with suppress(seeds.SeedError):
                self._seed_blueprints = list(seeds.load(handle.spec.seed).file_stamps)

    def list_files(self) -> Iterator[Path]:
        """Yields the files from which the world is made."""
        if self._seed is not None:
            yield self._seed
            yield from self._seed_blueprints
        if self._blueprints is not None:
            yield from (path for path, _ in find_files([self._blueprints]))
        if self._init_dir is not None:
            yield from (path for path in list_files(self._init_dir) if path.suffix == ".json")

    def reload(self, changed: Sequence[Path]) -> None:
        """Resets the world to its files as they are now; the log has what became of it."""
        names = ", ".join(printable(path) for path in changed[:3])
        if len(changed) > 3:
            names += f" and {pluralize(len(changed) - 3, 'other file')}"
        try:
            summary = self._reset()
        except _ReloadError as error:
            for line in str(error).splitlines():
                log.warning("%s", printable(line))
            log.warning("changed: %s; the default world stays as it is", names)
        else:
            log.info("changed: %s; the default world is reset: %s", names, summary)

    def _reset(self) -> str:
        """Resets the world; returns a summary of it.

        Raises:
            _ReloadError: if a file has a mistake; then nothing was changed.
        """
        spec = self._handle.spec
        try:
            exports = self._read_blueprints()
            files = list(exports.values())
            spec = replace(spec, blueprints={file.name: str(file.document) for file in files})
            # Before the reset: the next change may come right after it.
            seed = seeds.load(spec.seed)
            self._check(spec, exports)
            self._handle.spec, before = spec, self._handle.spec
            try:
                self._registry.reset(self._handle)
            except BaseException:
                self._handle.spec = before
                raise
        except seeds.SeedError as error:
            raise _ReloadError("\n".join(map(str, error.issues))) from None
        except CommandError as error:
            raise _ReloadError(error.format_message()) from None
        except OSError as error:
            path = error.filename or self._blueprints
            raise _ReloadError(f"cannot read {path}: {os_error_reason(error)}") from None
        except ValueError as error:
            raise _ReloadError(str(error)) from None
        if self._seed is not None:
            self._seed_blueprints = list(seed.file_stamps)
        summary = seeds.summarize(seed)
        return f"{summary}, {pluralize(len(files), 'imported blueprint')}" if files else summary

    def _read_blueprints(self) -> dict[Path, BlueprintFile]:
        """Returns the exported blueprints by the path of their file.

        Raises:
            CommandError, OSError, ValueError: if a file has a mistake.
        """
        found: dict[Path, BlueprintFile] = {}
        if self._init_dir is not None:
            found |= read_folder(self._init_dir, is_for_default_world=True).blueprints
        if (path := self._blueprints) is not None:
            is_folder = path.is_dir()
            found |= {path / file.name if is_folder else path: file for file in read_files(path)}
        return found

    def _check(self, spec: WorldSpec, exports: Mapping[Path, BlueprintFile]) -> None:
        """Raises _ReloadError if a blueprint would be rejected, SeedError if the seed is invalid: a trial in a world of its own."""
        trial = WorldHandle(spec, self._registry.build_world(replace(spec, blueprints={})))
        team = trial.main_team()
        if not exports:
            return
        if team is None:
            raise _ReloadError("the world has no team for the scenarios of the blueprints")
        paths = {file.name: path for path, file in exports.items()}
        result = import_files(trial.world, trial.main_user(), team, exports.values(), activate=True)
        if result.rejected:
            texts = (
                f"{paths[each.file]}: {each.message}" + (f" ({each.hint})" if each.hint else "")
                for each in result.rejected
            )
            raise _ReloadError("\n".join(printable(text) for text in texts))
