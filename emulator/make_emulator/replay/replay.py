"""Replay of an archive: a fresh world, all exchanges in order, and the report."""

from __future__ import annotations

from collections import Counter

from ..json_types import Json
from ..world.plans import PLANS
from .archive import Archive
from .player import Player
from .report import ReplayReport

#: Seeds of the worlds for recordings of an emulator, and for those of a zone.
DEFAULT_SEED, EMPTY_SEED = "default", "empty"


def replay_archive(archive: Archive, source: str, *, seed: Json = None) -> ReplayReport:
    """Replays an archive in a fresh world.

    Args:
        source: the name of the archive in the report.
        seed: the seed, or its name or file, that has the state from which the recording started. Without one, an archive of a real
            zone is replayed in a world without resources, and one of an emulator in its default world.

    Raises:
        SeedError: if the seed is invalid.
    """
    has_state = seed is not None or archive.zone is None
    plan = None if has_state else plan_of(archive)
    if seed is None:
        seed = DEFAULT_SEED if has_state else EMPTY_SEED
    player = Player(
        seed,
        started=archive.exchanges[0].started,
        zone=archive.zone,
        plan=plan,
        has_state=has_state,
    )
    for exchange in archive.exchanges:
        player.learn(exchange)
    results = [player.play(exchange) for exchange in archive.exchanges]
    return ReplayReport(
        source,
        archive,
        results,
        seed=seed if isinstance(seed, str) else "inline",
        has_state=has_state,
        assumptions=player.assumptions,
    )


def plan_of(archive: Archive) -> str | None:
    """Returns the plan that has the limit of calls a minute which most answers show; ``None`` if they show none."""
    limits = Counter(
        limit
        for exchange in archive.exchanges
        if (limit := exchange.response.headers.get("x-ratelimit-limit")) is not None
    )
    plans = {str(license.api_limit): name for name, (_, license) in PLANS.items()}
    return next((plans[limit] for limit, _ in limits.most_common() if limit in plans), None)
