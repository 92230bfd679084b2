"""The worlds of one server, and the names by which a request finds its own.

An API token, and a hook's udid, belong to exactly one world, so a plain client with plain headers lands in its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .http.faults import FaultRules
from .http.request_log import RequestLog
from .http.usage_stats import UsageStats
from .world import templates
from .world.models import Team, Token, User
from .world.transport import Transport
from .world.world import World, ignore_name

#: Name of the world that a server starts with.
DEFAULT_WORLD = "default"

#: Builds the state of a world from its specification; the app knows how.
WorldBuilder = Callable[[World, "WorldSpec"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """What a world is made from; resetting it starts over from here."""

    name: str
    seed: Any = "default"
    world_seed: int = 0
    plan: str | None = None
    zone: str | None = None
    now: str | None = None
    rate_limit: bool = True


@dataclass(slots=True)
class WorldHandle:
    """One world and what the server keeps beside it."""

    spec: WorldSpec
    world: World
    request_log: RequestLog = field(default_factory=RequestLog)
    faults: FaultRules = field(default_factory=FaultRules)
    usage_stats: UsageStats = field(default_factory=UsageStats)
    #: The tokens and udids, living and gone, by which requests find it; changed with the world's lock held.
    lookup_keys: set[str] = field(default_factory=set, repr=False)

    @property
    def name(self) -> str:
        return self.spec.name

    @contextmanager
    def locked(self) -> Iterator[World]:
        """The world as it is now, locked: whoever waited while it was reset gets the one that came after."""
        while True:
            world = self.world
            with world.lock:
                if world is self.world:
                    yield world
                    return

    def main_token(self) -> Token:
        """The first token of the world: the one that a newcomer is given."""
        return next(iter(self.world.tokens))

    def main_user(self) -> User:
        return self.world.users[self.main_token().user_id]

    def main_team(self) -> Team | None:
        """The first team of the main user, unless all were deleted."""
        member = next(iter(self.world.team_members.where(user=self.main_user().id)), None)
        return self.world.teams[member.team_id] if member else None


_SEED_CONFLICT = "another world has one of the tokens or udids of this seed"


class WorldNameTakenError(Exception):
    """There is a world of that name already."""


class WorldRegistry:
    """The registry of a server's worlds."""

    def __init__(
        self, build: WorldBuilder, seed_names: Sequence[str] = (), *, transport: Transport | None = None
    ) -> None:
        self._build = build
        self._transport = transport
        #: The seeds that come along: the only ones that a caller may name.
        self.seed_names = seed_names
        self._lock = threading.Lock()
        self._by_name: dict[str, WorldHandle] = {}
        self._directory: dict[str, WorldHandle] = {}
        self._unnamed = 0

    def __iter__(self) -> Iterator[WorldHandle]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> WorldHandle | None:
        return self._by_name.get(name)

    def default(self) -> WorldHandle | None:
        """The default world, or the first of those that are left."""
        return self._by_name.get(DEFAULT_WORLD) or next(iter(self), None)

    def by_token(self, token: str) -> WorldHandle | None:
        """The world in which a token is known."""
        return self._directory.get(token)

    def by_udid(self, udid: str) -> WorldHandle | None:
        """The world in which a hook has that udid, or had it."""
        return self._directory.get(udid)

    def create(self, specification: WorldSpec) -> WorldHandle:
        """Build a world.

        Raises:
            NameTaken: if there is one of that name.
            ValueError: if the seed makes no sense.
        """
        with self._lock:
            if specification.name in self._by_name:
                raise WorldNameTakenError(specification.name)
            tenant = WorldHandle(specification, self._build_world(specification))
            self._register(tenant)
            self._by_name[specification.name] = tenant
            return tenant

    def free_name(self) -> str:
        """A name that no world has yet."""
        with self._lock:
            while True:
                self._unnamed += 1
                if (name := f"world-{self._unnamed}") not in self._by_name:
                    return name

    def reset(self, tenant: WorldHandle) -> None:
        """Take a world back to its seed, and forget what was asked of it.

        Raises:
            ValueError: if another world, restored from a snapshot of this one, has one of its names; then nothing was changed.
        """
        fresh = self._build_world(tenant.spec)
        with self._lock, tenant.world.lock, fresh.lock:
            if any(self._directory.get(name, tenant) is not tenant for name in _lookup_keys(fresh)):
                raise ValueError(_SEED_CONFLICT)
            self._unregister(tenant)
            tenant.world.register_name = ignore_name
            tenant.world = fresh
            tenant.request_log.clear()
            tenant.faults.clear()
            tenant.usage_stats.clear()
            self._register(tenant)

    def replace(self, tenant: WorldHandle, world: World) -> None:
        """Give a world another state, and let it be found by the tokens and udids of that state.

        Raises:
            ValueError: if another world has one of them; then nothing was changed.
        """
        with self._lock, tenant.world.lock, world.lock:
            if any(self._directory.get(name, tenant) is not tenant for name in _lookup_keys(world)):
                raise ValueError("another world has one of its tokens or udids")
            if self._by_name.get(tenant.name) is not tenant:
                raise ValueError("the world was deleted")
            tenant.world.register_name = ignore_name
            self._unregister(tenant)
            tenant.world = world
            self._register(tenant)

    def delete(self, tenant: WorldHandle) -> None:
        with self._lock, tenant.world.lock:
            self._unregister(tenant)
            tenant.world.register_name = ignore_name
            self._by_name.pop(tenant.name, None)

    def _build_world(self, specification: WorldSpec) -> World:
        world = World(specification.name, seed=specification.world_seed, now=specification.now)
        world.rate_limited = specification.rate_limit
        # The seed is laid out at one moment, so that two worlds of one specification are equal to the millisecond.
        world.clock.freeze(specification.now)
        templates.install_public_templates(world)
        self._build(world, specification)
        world.clock.unfreeze()
        return world

    def _register(self, tenant: WorldHandle) -> None:
        world = tenant.world
        names = _lookup_keys(world)
        if any(name in self._directory for name in names):
            raise ValueError(_SEED_CONFLICT)
        for name in names:
            self._index(tenant, name)
        world.register_name = partial(self._index, tenant)
        world.transport = self._transport

    def _index(self, tenant: WorldHandle, name: str) -> None:
        tenant.lookup_keys.add(name)
        self._directory[name] = tenant

    def _unregister(self, tenant: WorldHandle) -> None:
        for name in tenant.lookup_keys:
            # Restored elsewhere and made anew, two worlds may come to make up the same name; it leads to the later one.
            if self._directory.get(name) is tenant:
                del self._directory[name]
        tenant.lookup_keys.clear()


def _lookup_keys(world: World) -> list[str]:
    """The names by which requests find a world."""
    return [*(token.token for token in world.tokens), *(hook.udid for hook in world.hooks)]
