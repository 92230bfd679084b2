"""Prototypes: states of worlds that were built from a seed, so that the same world is not built again a moment later.

A suite with a fresh world for each test builds the same seed over and over. What was built depends on the seed, the name of the
world and a few settings; and on the time, which a prototype may be behind by less than the building of a large seed takes.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ..registry import WorldSpec
from ..world import state_copies
from ..world.schema import TABLES
from ..world.world import World
from .validation import Seed

#: The most milliseconds that a world seems to be older than it is, unless its initial time is given.
MAX_AGE = 250

#: The most prototypes, and the most rows of one.
_CACHE_SIZE = 16
_MAX_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class _Prototype:
    seed: Seed
    #: The moment at which the world was built, in milliseconds.
    at: int
    parts: Mapping[str, Mapping[Any, Any]]
    ids: Mapping[str, Any]
    counters_until: int


_cache: dict[Hashable, _Prototype] = {}
_lock = threading.Lock()


def load(world: World, specification: WorldSpec, seed: Seed) -> bool:
    """Loads the prototype of a specification into an empty world; false if there is none."""
    prototype = _cache.get(_key(specification))
    if prototype is None or prototype.seed is not seed or not 0 <= world.now() - prototype.at <= MAX_AGE:
        return False
    state_copies.load(world, prototype.parts, prototype.ids)
    world.counters_until = prototype.counters_until
    return True


def keep(world: World, specification: WorldSpec, seed: Seed) -> None:
    """Keeps the state of a world as the prototype of its specification, unless it is large."""
    tables = {name: table for name in TABLES if (table := world.table(name))}
    if sum(map(len, tables.values())) > _MAX_ROWS:
        return
    rows: dict[str, Mapping[Any, Any]] = {name: dict(table.items()) for name, table in tables.items()}
    prototype = _Prototype(
        seed, world.now(), rows | state_copies.copy_dicts(world), world.ids.state(), world.counters_until
    )
    with _lock:
        _cache.pop(_key(specification), None)
        while len(_cache) >= _CACHE_SIZE:
            del _cache[next(iter(_cache))]
        _cache[_key(specification)] = prototype


def forget() -> None:
    """Forgets all prototypes."""
    with _lock:
        _cache.clear()


def _key(specification: WorldSpec) -> Hashable:
    return (
        specification.name,
        specification.world_seed,
        specification.plan,
        specification.zone,
        specification.now,
    )
