"""Worlds of the command ``serve``: the application with its default world, from a seed, files or a stored state."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ..error_reasons import os_error_reason
from ..plain_text import printable
from .errors import CommandError, InvalidSeedError, write_errors
from .serve_options import ServeOptions, WorkerSetup, parse_scopes

if TYPE_CHECKING:
    from flask import Flask

    from ..blueprint_import.files import BlueprintFile
    from ..blueprint_import.scenarios import ImportResult
    from ..control.readiness import Readiness
    from ..registry import WorldHandle, WorldRegistry
    from ..server.persistence import StateFiles
    from ..telemetry.recorder import Telemetry


def build_app(
    options: ServeOptions, setup: WorkerSetup | None, readiness: Readiness, telemetry: Telemetry | None
) -> Flask:
    """Returns the application, in the middleware of a worker.

    Args:
        readiness: that of the server, which its start scripts change.

    Raises:
        CommandError: if the seed, or another option, is invalid.
    """
    from ..app import create_app, registry_of
    from ..seeds import SeedError
    from ..world import settings
    from ..world.slots import WHOLE

    try:
        app = create_app(
            seed=options.seed,
            world_seed=options.world_seed,
            plan=options.plan,
            zone=options.zone,
            now=options.now,
            scopes=parse_scopes(options.scopes),
            rate_limit=not options.no_rate_limit,
            control_key=options.control_key,
            control_serves_loopback=options.is_key_generated,
            allow_network=options.allow_network,
            allow_private_network=options.allow_private_network,
            allowed_hosts=(*options.allowed_hosts, *options.tls_names, *filter(None, [options.host])),
            allowed_origins=options.allowed_origins,
            run_time_limit=options.run_time_limit,
            hints=not options.no_hints,
            settings=settings.parse(options.world_settings),
            shard=setup.fleet.shard if setup else WHOLE,
            readiness=readiness,
            telemetry=telemetry,
        )
    except SeedError as error:
        raise InvalidSeedError(error.issues) from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    if setup is not None:
        from ..fleet.middleware import FleetMiddleware

        app.wsgi_app = FleetMiddleware(app.wsgi_app, setup.fleet, registry_of(app))  # type: ignore[method-assign]
    return app


def open_telemetry(running: ExitStack) -> Telemetry | None:
    """Returns the recorder of spans that the variables of OpenTelemetry configure, until the end of the server; ``None`` without them.

    Raises:
        CommandError: if one of them is invalid.
    """
    if not any(name.startswith("OTEL_") for name in os.environ):
        return None
    # Imported on use: few servers record spans.
    from ..telemetry.settings import exporter_names

    exporters = exporter_names(os.environ)
    if not exporters:
        return None
    try:
        from ..telemetry.provider import create_provider, shut_down
        from ..telemetry.recorder import Telemetry
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("opentelemetry"):
            raise
        # The variables may be meant for others of this machine.
        text = "the variables of OpenTelemetry have no effect without pip install 'make-emulator[otel]'"
        click.echo(f"make-emulator: {text}", err=True)
        return None
    try:
        provider = create_provider(exporters)
    except ValueError as error:
        raise CommandError(f"OpenTelemetry: {error}") from None
    running.callback(shut_down, provider)
    return Telemetry(provider)


def with_init_files(options: ServeOptions) -> ServeOptions:
    """Returns the options with the files of ``--init-dir``, and with the seed of the default world among them.

    Raises:
        CommandError: if one of the files has a mistake.
    """
    if options.init_dir is None:
        return options
    is_chosen = click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    with paused_collector():
        from .init_folder import read_folder

        files = read_folder(options.init_dir, is_for_default_world=not is_chosen)
    seed = options.seed if files.default_seed is None else str(files.default_seed)
    return replace(options, init_files=files, seed=seed)


def read_blueprints(options: ServeOptions) -> list[BlueprintFile]:
    """Returns the exported blueprints of the default world: those of ``--init-dir``, then those of ``--blueprints``."""
    files = list(options.init_files.blueprints.values()) if options.init_files is not None else []
    if (path := options.blueprints) is None:
        return files
    from ..blueprint_import.files import read_files

    try:
        return [*files, *read_files(path)]
    except OSError as error:
        raise CommandError(f"cannot read {error.filename or path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def check_import(imported: ImportResult, options: ServeOptions) -> None:
    """Raises CommandError if a file of ``--init-dir`` was rejected: what is put there is meant to be served."""
    if options.init_files is None:
        return
    paths = {file.name: path for path, file in options.init_files.blueprints.items()}
    if rejected := [each for each in imported.rejected if each.file in paths]:
        raise CommandError("\n".join(printable(f"{paths[each.file]}: {each.message}") for each in rejected))


def import_blueprints(handle: WorldHandle, files: Sequence[BlueprintFile]) -> ImportResult:
    """Imports exported blueprints into a world, and whenever it is reset."""
    from ..blueprint_import.scenarios import import_files

    team = handle.main_team()
    if team is None:
        raise CommandError("the default world has no team for the scenarios of the blueprints")
    handle.spec = replace(handle.spec, blueprints={file.name: str(file.document) for file in files})
    with handle.locked(for_change=True) as world:
        return import_files(world, handle.main_user(), team, files, activate=True)


def load_state(
    path: Path, registry: WorldRegistry, *, all_worlds: bool, sync: bool
) -> tuple[StateFiles, bool]:
    """Returns the state files of a server, after restoring its worlds from them; and true if they had a state."""
    from ..app import DEFAULT_WORLD
    from ..server.persistence import StateFiles

    files = StateFiles(path, registry, DEFAULT_WORLD, all_worlds=all_worlds, sync=sync)
    try:
        is_stored = files.load()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {os_error_reason(error)}") from None
    except ValueError as error:
        raise CommandError(f"{path} holds no state that can be loaded: {error}") from None
    return files, is_stored


@contextmanager
def stored(files: StateFiles, path: Path) -> Iterator[None]:
    """Context in which every change is stored in state files."""
    with write_errors(path):
        files.start()
    try:
        yield
    finally:
        files.stop()


@contextmanager
def watched(
    registry: WorldRegistry, handle: WorldHandle, blueprints: Path | None, init_dir: Path | None
) -> Iterator[None]:
    """Context in which a change of the files of a world resets it."""
    # Imported on use: most servers watch nothing.
    from ..server.file_watcher import FileWatcher
    from .reload import WorldReloader

    reloader = WorldReloader(registry, handle, blueprints, init_dir)
    watcher = FileWatcher(reloader.list_files, reloader.reload)
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


@contextmanager
def paused_collector() -> Iterator[None]:
    """Context without garbage collection, for the start-up: it makes little garbage, and traversing all that stays takes a tenth of it.

    What is left behind lives as long as the server, so it is never traversed later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
