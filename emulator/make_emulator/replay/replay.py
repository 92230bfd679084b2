"""Replay of an archive: a fresh world, all exchanges in order, and the report."""

from __future__ import annotations

from ..json_types import Json
from .archive import Archive
from .player import Player
from .report import ReplayReport

_DEFAULT_SEED = "default"


def replay_archive(archive: Archive, source: str, *, seed: Json = None) -> ReplayReport:
    """Replays an archive in a fresh world.

    Args:
        source: the name of the archive in the report.
        seed: the seed, or its name or file, that has the state from which the recording started. Without one, an archive of a real
            zone is replayed in a world with other resources, and one of an emulator in its default world.

    Raises:
        SeedError: if the seed is invalid.
    """
    has_state = seed is not None or archive.zone is None
    player = Player(
        seed or _DEFAULT_SEED,
        started=archive.exchanges[0].started,
        zone=archive.zone if seed is None else None,
        has_state=has_state,
    )
    player.prepare(archive.exchanges)
    results = [player.play(exchange) for exchange in archive.exchanges]
    return ReplayReport(
        source,
        archive,
        results,
        seed=seed if isinstance(seed, str) else _DEFAULT_SEED if seed is None else "inline",
        has_state=has_state,
        assumptions=player.assumptions,
    )
