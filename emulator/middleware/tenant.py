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

from ..world import templates
from ..world.models import Team, Token, User
from ..world.transport import Transport
from ..world.world import World, no_one
from .faults import Faults
from .journal import Journal
from .tally import Tally

#: Builds the state of a world from its specification; the app knows how.
Builder = Callable[[World, "Specification"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a world is made from; resetting it starts over from here."""

    name: str
    seed: Any = "default"
    world_seed: int = 0
    plan: str | None = None
    zone: str | None = None
    now: str | None = None
    rate_limit: bool = True


@dataclass(slots=True)
class Tenant:
    """One world and what the server keeps beside it."""

    specification: Specification
    world: World
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    tally: Tally = field(default_factory=Tally)
    #: The tokens and udids, living and gone, by which requests find it; changed with the world's lock held.
    names: set[str] = field(default_factory=set, repr=False)

    @property
    def name(self) -> str:
        return self.specification.name

    @contextmanager
    def hold(self) -> Iterator[World]:
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


_SEEDED = "another world has one of the tokens or udids of this seed"


class NameTaken(Exception):
    """There is a world of that name already."""


class Tenants:
    """The registry of a server's worlds."""

    def __init__(
        self, build: Builder, seed_names: Sequence[str] = (), *, transport: Transport | None = None
    ) -> None:
        self._build = build
        self._transport = transport
        #: The seeds that come along: the only ones that a caller may name.
        self.seed_names = seed_names
        self._lock = threading.Lock()
        self._by_name: dict[str, Tenant] = {}
        self._directory: dict[str, Tenant] = {}
        self._unnamed = 0

    def __iter__(self) -> Iterator[Tenant]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Tenant | None:
        return self._by_name.get(name)

    def by_token(self, token: str) -> Tenant | None:
        """The world in which a token is known."""
        return self._directory.get(token)

    def by_udid(self, udid: str) -> Tenant | None:
        """The world in which a hook has that udid, or had it."""
        return self._directory.get(udid)

    def create(self, specification: Specification) -> Tenant:
        """Build a world.

        Raises:
            NameTaken: if there is one of that name.
            ValueError: if the seed makes no sense.
        """
        with self._lock:
            if specification.name in self._by_name:
                raise NameTaken(specification.name)
            tenant = Tenant(specification, self._world(specification))
            self._publish(tenant)
            self._by_name[specification.name] = tenant
            return tenant

    def free_name(self) -> str:
        """A name that no world has yet."""
        with self._lock:
            while True:
                self._unnamed += 1
                if (name := f"world-{self._unnamed}") not in self._by_name:
                    return name

    def reset(self, tenant: Tenant) -> None:
        """Take a world back to its seed, and forget what was asked of it.

        Raises:
            ValueError: if another world, restored from a snapshot of this one, has one of its names; then nothing was changed.
        """
        fresh = self._world(tenant.specification)
        with self._lock, tenant.world.lock, fresh.lock:
            if any(self._directory.get(name, tenant) is not tenant for name in _names(fresh)):
                raise ValueError(_SEEDED)
            self._forget(tenant)
            tenant.world.announce = no_one
            tenant.world = fresh
            tenant.journal.clear()
            tenant.faults.clear()
            tenant.tally.clear()
            self._publish(tenant)

    def replace(self, tenant: Tenant, world: World) -> None:
        """Give a world another state, and let it be found by the tokens and udids of that state.

        Raises:
            ValueError: if another world has one of them; then nothing was changed.
        """
        with self._lock, tenant.world.lock, world.lock:
            if any(self._directory.get(name, tenant) is not tenant for name in _names(world)):
                raise ValueError("another world has one of its tokens or udids")
            if self._by_name.get(tenant.name) is not tenant:
                raise ValueError("the world was deleted")
            tenant.world.announce = no_one
            self._forget(tenant)
            tenant.world = world
            self._publish(tenant)

    def delete(self, tenant: Tenant) -> None:
        with self._lock, tenant.world.lock:
            self._forget(tenant)
            tenant.world.announce = no_one
            self._by_name.pop(tenant.name, None)

    def _world(self, specification: Specification) -> World:
        world = World(specification.name, seed=specification.world_seed, now=specification.now)
        world.rate_limited = specification.rate_limit
        # The seed is laid out at one moment, so that two worlds of one specification are equal to the millisecond.
        world.clock.freeze(specification.now)
        templates.furnish(world)
        self._build(world, specification)
        world.clock.unfreeze()
        return world

    def _publish(self, tenant: Tenant) -> None:
        world = tenant.world
        names = _names(world)
        if any(name in self._directory for name in names):
            raise ValueError(_SEEDED)
        for name in names:
            self._enter(tenant, name)
        world.announce = partial(self._enter, tenant)
        world.transport = self._transport

    def _enter(self, tenant: Tenant, name: str) -> None:
        tenant.names.add(name)
        self._directory[name] = tenant

    def _forget(self, tenant: Tenant) -> None:
        for name in tenant.names:
            # Restored elsewhere and made anew, two worlds may come to make up the same name; it leads to the later one.
            if self._directory.get(name) is tenant:
                del self._directory[name]
        tenant.names.clear()


def _names(world: World) -> list[str]:
    """The names by which requests find a world."""
    return [*(token.token for token in world.tokens), *(hook.udid for hook in world.hooks)]
