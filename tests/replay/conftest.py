from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from make_emulator import MakeEmulator

from .recording import Recorder
from .session import ZONE_SEED


@pytest.fixture(scope="session")
def zone() -> Iterator[MakeEmulator]:
    """Emulator that stands for a zone."""
    with MakeEmulator(seed=ZONE_SEED) as make:
        yield make


@pytest.fixture
def record(zone: MakeEmulator) -> Iterator[Callable[[], Recorder]]:
    """Makes a recorder of a world of the zone; its archive has the addresses of eu1.make.com."""
    worlds = []

    def open_recorder() -> Recorder:
        world = zone.create_world(seed=ZONE_SEED, now="2026-03-02T12:00:00Z")
        worlds.append(world)
        return Recorder(world.base_url, world.token, rename=True)

    yield open_recorder
    for world in worlds:
        world.delete()


@pytest.fixture
def har(tmp_path: Path) -> Path:
    return tmp_path / "session.har"
