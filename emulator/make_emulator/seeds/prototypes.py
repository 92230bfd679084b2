"""Prototypes: states of worlds that were built from a seed, so that the same world is not built again a moment later.

A suite with a fresh world for each test builds the same seed over and over. What is built depends on the seed, a few settings and
the time, which a prototype may be behind by a moment; and on the name of the world, from which its look-up keys follow: in a
world of another name they are replaced.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from ..registry import DEFAULT_WORLD, WorldSpec
from ..world import state_copies
from ..world.schema import TABLES
from ..world.tables import TableState
from ..world.world import World
from .seed import Seed

#: The most milliseconds that a world seems to be older than it is, unless its initial time is given.
MAX_AGE = 250

#: The most prototypes, and the most rows of one.
_CACHE_SIZE = 16
_MAX_ROWS = 2_000


class _Prototype:
    """State of a world; nothing in it changes."""

    def __init__(self, world: World, seed: Seed, names: Sequence[str]) -> None:
        self.seed = seed
        #: The moment at which the world was built, in milliseconds.
        self.at = world.now()
        self._world_name = world.name
        #: The look-up keys of the world, in the order in which they were generated.
        self._names = tuple(names)
        self._tables: dict[str, TableState] = {
            name: table.share_state() for name in TABLES if (table := world.table(name))
        }
        self._dicts = state_copies.copy_dicts(world)
        self._ids: Mapping[str, Any] = world.ids.state()
        self._counters_until = world.counters_until
        #: Pickled rows of the tables in which look-up keys occur; ``None`` if they were not needed yet.
        self._named: dict[str, bytes] | None = None

    def load_into(self, world: World) -> None:
        """Loads the state into an empty world."""
        names = world.ids.yield_like(self._names)
        renamed = {} if world.name == self._world_name else self._renamed(names)
        state_copies.load_rows(world, renamed)
        for name, state in self._tables.items():
            if name not in renamed:
                world.table(name).load_state(state)
        for name, entries in self._dicts.items():
            getattr(world, name).update(entries)
        world.ids.set_state(self._ids["last"], random=self._ids["random"])
        world.counters_until = self._counters_until

    def _renamed(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Returns the rows of the tables in which look-up keys occur, with others of the same lengths instead."""
        if self._named is None:
            pickled = {
                name: pickle.dumps(list(state.rows.values()), pickle.HIGHEST_PROTOCOL)
                for name, state in self._tables.items()
            }
            keys = [name.encode() for name in self._names]
            self._named = {name: data for name, data in pickled.items() if any(key in data for key in keys)}
        renamed = {}
        for table, data in self._named.items():
            for before, after in zip(self._names, names, strict=True):
                data = data.replace(before.encode(), after.encode())
            renamed[table] = pickle.loads(data)
        return renamed


_cache: dict[Hashable, _Prototype] = {}
_lock = threading.Lock()


def load(world: World, specification: WorldSpec, seed: Seed) -> bool:
    """Loads the prototype of a specification into an empty world; false if there is none."""
    prototype = _cache.get(_key(world, specification))
    if prototype is None or prototype.seed is not seed or not 0 <= world.now() - prototype.at <= MAX_AGE:
        return False
    prototype.load_into(world)
    return True


def keep(world: World, specification: WorldSpec, seed: Seed, names: Sequence[str]) -> None:
    """Keeps the state of a world as the prototype of its specification, unless it is large.

    Args:
        names: the look-up keys that were generated for it, in their order.
    """
    if sum(len(world.table(name)) for name in TABLES) > _MAX_ROWS:
        return
    prototype = _Prototype(world, seed, names)
    key = _key(world, specification)
    with _lock:
        _cache.pop(key, None)
        while len(_cache) >= _CACHE_SIZE:
            del _cache[next(iter(_cache))]
        _cache[key] = prototype


def forget() -> None:
    """Forgets all prototypes."""
    with _lock:
        _cache.clear()


def _key(world: World, specification: WorldSpec) -> Hashable:
    # Tokens that a seed fixes belong to the default world.
    return (
        world.run_time_limit,
        specification.name == DEFAULT_WORLD,
        specification.world_seed,
        specification.plan,
        specification.zone,
        specification.now,
    )
