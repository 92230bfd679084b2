"""Registry of the worlds of one server, looked up by token, udid, OAuth client or name.

An API token, a hook's udid, and an OAuth client with its codes and tokens belong to exactly one world, so a plain client with plain headers reaches its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .http.faults import FaultRules
from .http.request_log import RequestLog
from .http.usage_stats import UsageStats
from .json_types import Json
from .lazy_dataclasses import dataclass
from .redaction.secret_values import SecretValues
from .world import settings, slots
from .world.checkpoints import Checkpoints
from .world.exceptions import StateNotStoredError
from .world.models import Team, Token, User
from .world.slots import WHOLE, Shard
from .world.transport import Transport
from .world.world import DEFAULT_RUN_TIME_LIMIT, World, ignore_lookup_key

if TYPE_CHECKING:
    from .http.telemetry import RequestTelemetry

#: Name of the world that a server starts with.
DEFAULT_WORLD = slots.DEFAULT_NAME

#: The most seconds to wait for the end of interrupted runs.
INTERRUPTION_TIMEOUT = 5.0

#: Builds the state of a world from its specification; the app knows how.
WorldBuilder = Callable[[World, "WorldSpec"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """Specification from which a world is created, and to which it is reset."""

    name: str
    seed: Any = "default"
    world_seed: int = 0
    plan: str | None = None
    zone: str | None = None
    now: str | None = None
    rate_limit: bool = True
    #: Scopes of the first token, in the place of the seed's.
    scopes: Sequence[str] | None = None
    #: Settings by name, which take the place of the seed's; see `make_emulator.world.settings`.
    settings: Mapping[str, Json] = field(default_factory=dict)
    #: Name -> JSON text of the exported blueprints that a reset imports again; the caller that sets them has imported them before.
    blueprints: Mapping[str, str] = field(default_factory=dict)


class WorldStore(Protocol):
    """Store that keeps the state of one world, change by change, beyond the life of the server."""

    @property
    def is_writable(self) -> bool:
        """False while changes cannot be stored; the caller holds the lock of the world."""

    def commit(self, handle: WorldHandle) -> int:
        """Store the changes since the last commit, or undo them; returns the position up to which the store is written.

        The caller holds the lock of the world.

        Raises:
            StateNotStoredError: if they could not be stored, and were undone.
        """

    def sync(self, position: int) -> None:
        """Wait until the store is as safe as promised up to a position.

        Raises:
            StateNotStoredError: if it cannot be made safe.
        """

    def replace(self, world: World) -> None:
        """Store another state of the world, which takes its place; the caller holds the locks of both.

        Raises:
            StateNotStoredError: if it could not be stored; then nothing was changed.
        """

    def delete(self) -> None:
        """Forget the world, which is deleted; the caller holds its lock.

        Raises:
            StateNotStoredError: if it cannot be deleted.
        """


class ClientSession(Protocol):
    """Session of a client of a protocol that has some, such as MCP."""

    def close(self) -> None:
        """End it, with the streams that it holds open."""


#: Opens the store of a new world, and stores its state; ``None`` for a world that is not kept.
StoreOpener = Callable[["WorldHandle"], WorldStore | None]


class WorldSecrets:
    """Secrets of a world that redaction masks by value, those of deleted tokens and hooks included.

    Entries of the request log refer to it, and it to nothing that refers to them: a world is free with the last reference to it.
    """

    __slots__ = ("_known", "_lookup_keys", "world")

    def __init__(self, world: World, lookup_keys: Collection[str]) -> None:
        self.world = world
        self._lookup_keys = lookup_keys
        #: The secrets, and the state of the tables from which they were collected.
        self._known: tuple[World, tuple[int, ...], SecretValues] | None = None

    def __call__(self) -> SecretValues:
        """Returns the present secrets."""
        world = self.world
        # Read before the rows, so that a change in between is seen by the next call.
        revisions = (len(self._lookup_keys), *world.secret_revisions())
        known = self._known
        if known is None or known[0] is not world or known[1] != revisions:
            keys = frozenset(self._lookup_keys) - world.public_lookup_keys()
            self._known = known = world, revisions, world.secret_values() | SecretValues(keys)
        return known[2]


@dataclass(slots=True)
class WorldHandle:
    """Handle of one world, with its request log, fault rules and usage statistics."""

    spec: WorldSpec
    world: World
    request_log: RequestLog = field(default_factory=RequestLog)
    faults: FaultRules = field(default_factory=FaultRules)
    usage_stats: UsageStats = field(default_factory=UsageStats)
    #: Named states in memory, which a reset forgets.
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    #: Tokens and udids, present and deleted, by which requests find it; changed with the world's lock held.
    lookup_keys: set[str] = field(default_factory=set, repr=False)
    #: The secrets that redaction masks by value.
    secret_values: WorldSecrets = field(init=False, repr=False, compare=False)
    #: Keeps the state; ``None`` for a world that ends with the server.
    store: WorldStore | None = None
    #: Sessions by id, the least recently used first; they end with the world.
    sessions: dict[str, ClientSession] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.spec.name

    def __post_init__(self) -> None:
        self.secret_values = WorldSecrets(self.world, self.lookup_keys)

    def set_world(self, world: World) -> None:
        """Put another state in the place of the present one."""
        self.world = self.secret_values.world = world

    def locked(self, *, for_change: bool = False) -> LockedWorld:
        """Returns a context of the current world, locked; after a reset, callers that waited get the new one.

        Args:
            for_change: refuse at once where no change can be stored now.

        Raises:
            StateNotStoredError: if what was changed meanwhile could not be stored, and was undone; or no change can be.
        """
        return LockedWorld(self, for_change)

    def replace_world(self, world: World) -> None:
        """Replace the state by an earlier one, with the lock of the world held: all its look-up keys are known already."""
        before = self.world
        self.set_world(world)
        before.is_undone = True
        world.transport = before.transport
        world.telemetry = before.telemetry
        world.run_time_limit = before.run_time_limit
        world.register_lookup_key = before.register_lookup_key
        before.register_lookup_key = ignore_lookup_key
        for key in world.lookup_keys():
            world.register_lookup_key(key)

    def main_token(self) -> Token:
        """Returns the first token of the world, which users get to start with."""
        return next(iter(self.world.tokens))

    def main_user(self) -> User:
        return self.world.users[self.main_token().user_id]

    def main_team(self) -> Team | None:
        """Returns the first team of the main user, unless all were deleted."""
        member = next(iter(self.world.team_members.where(user=self.main_user().id)), None)
        return self.world.teams[member.team_id] if member else None


class LockedWorld:
    """Context in which a world is locked; see `WorldHandle.locked`. A class, as a generator takes three times as long."""

    __slots__ = ("_for_change", "_handle", "_world")

    def __init__(self, handle: WorldHandle, for_change: bool) -> None:
        self._handle = handle
        self._for_change = for_change

    def __enter__(self) -> World:
        handle = self._handle
        while True:
            self._world = world = handle.world
            world.lock.acquire()
            if world is handle.world:
                break
            world.lock.release()
        if self._for_change and handle.store is not None and not handle.store.is_writable:
            world.lock.release()
            raise StateNotStoredError("The state of the emulator cannot be stored.")
        return world

    def __exit__(self, *exc: object) -> None:
        handle, world, position = self._handle, self._world, 0
        try:
            if world.is_undone:
                raise StateNotStoredError("The state of the emulator could not be stored.")
            # A run may have lent the lock, and the world have been reset meanwhile.
            if handle.store is not None and world is handle.world:
                position = handle.store.commit(handle)
        finally:
            world.lock.release()
        # Without the lock: other requests of the world go on, and share the wait.
        if position and handle.store is not None:
            handle.store.sync(position)


def _import_blueprints(handle: WorldHandle) -> None:
    """Imports the exports of a specification as active scenarios of the first team."""
    # Imported here, so that the server starts early: most worlds have no exports.
    from .blueprint_import.files import BlueprintFile
    from .blueprint_import.scenarios import import_files

    if (team := handle.main_team()) is not None:
        files = [BlueprintFile(*each) for each in handle.spec.blueprints.items()]
        import_files(handle.world, handle.main_user(), team, files, activate=True)


_SEED_CONFLICT = "another world has one of the tokens or udids of this seed"
_OTHER_SHARD = "one of its tokens or udids leads to another worker of the fleet"


class WorldNameTakenError(Exception):
    """Name of a new world that another world has."""


class WorldRegistry:
    """Registry of worlds."""

    def __init__(
        self,
        build: WorldBuilder,
        seed_names: Sequence[str] = (),
        *,
        transport: Transport | None = None,
        telemetry: RequestTelemetry | None = None,
        run_time_limit: float = DEFAULT_RUN_TIME_LIMIT,
        has_hints: bool = True,
        shard: Shard = WHOLE,
    ) -> None:
        self._build = build
        #: The slots whose worlds this server has, if it is a worker of a fleet.
        self.shard = shard
        #: True if responses with an error have a hint in a header.
        self.has_hints = has_hints
        self._transport = transport
        #: Records spans of requests and runs; ``None`` without telemetry.
        self.telemetry = telemetry
        self._run_time_limit = run_time_limit
        #: Names of the shipped seeds: the only ones that a caller may name.
        self.seed_names = seed_names
        #: Opens the stores of worlds to come.
        self.open_store: StoreOpener | None = None
        self._unnamed_world = None if shard.is_first else WorldHandle(WorldSpec(name=""), World(""))
        self._lock = threading.Lock()
        self._by_name: dict[str, WorldHandle] = {}
        self._directory: dict[str, WorldHandle] = {}
        self._unnamed = 0
        #: Names of the worlds that are being built, and the worlds; a build takes as long as the runs of its seed.
        self._reserved_names: set[str] = set()
        self._unfinished_worlds: set[World] = set()
        self._is_interrupted = False

    def __iter__(self) -> Iterator[WorldHandle]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> WorldHandle | None:
        return self._by_name.get(name)

    def default(self) -> WorldHandle | None:
        """Returns the default world, or the first of those that are left; requests that belong to no world are logged there.

        On other workers of a fleet than that of the default world, it is an empty world without a name, so that no request gets into
        the world of somebody else.
        """
        if self._unnamed_world is not None:
            return self._unnamed_world
        return self._by_name.get(DEFAULT_WORLD) or next(iter(self), None)

    def by_token(self, token: str) -> WorldHandle | None:
        """Returns the world in which a token is known."""
        return self._directory.get(token)

    def by_udid(self, udid: str) -> WorldHandle | None:
        """Returns the world in which a hook has that udid, or had it."""
        return self._directory.get(udid)

    def by_oauth_key(self, key: str) -> WorldHandle | None:
        """Returns the world in which an OAuth client, an authorization code or a token has that id, or had it."""
        return self._directory.get(key)

    def create(self, spec: WorldSpec, world: World | None = None) -> WorldHandle:
        """Create a world, in the state of its seed or in a given one.

        Raises:
            WorldNameTakenError: if there is one of that name.
            ValueError: if the seed is invalid.
            StateNotStoredError: if its state cannot be stored.
        """
        if not self.shard.has_name(spec.name):
            raise ValueError(f"the world '{spec.name}' belongs to another worker of the fleet")
        with self._lock:
            if spec.name in self._by_name or spec.name in self._reserved_names:
                raise WorldNameTakenError(spec.name)
            self._reserved_names.add(spec.name)
        try:
            # Without the lock: other worlds are created, reset and deleted meanwhile.
            world = self.build_world(spec) if world is None else world
            handle = WorldHandle(spec, world)
            with world.lock:
                with self._lock:
                    self._register(handle)
                try:
                    if self.open_store is not None:
                        handle.store = self.open_store(handle)
                except BaseException:
                    with self._lock:
                        self._unregister(handle)
                    raise
                with self._lock:
                    self._by_name[spec.name] = handle
                return handle
        finally:
            self._reserved_names.discard(spec.name)

    def free_name(self) -> str:
        """Returns an unused name."""
        with self._lock:
            while True:
                self._unnamed += 1
                name = f"world-{self._unnamed}"
                if (
                    self.shard.has_name(name)
                    and name not in self._by_name
                    and name not in self._reserved_names
                ):
                    return name

    def interrupt_runs(self) -> None:
        """End all runs in progress, and until `resume_runs` those to come, so that the server can stop."""
        self._is_interrupted = True
        for world in [*(handle.world for handle in self), *list(self._unfinished_worlds)]:
            world.interruption.set()

    def resume_runs(self) -> None:
        """Let scenarios run again."""
        self._is_interrupted = False
        for handle in self:
            handle.world.interruption.clear()

    def reset(self, handle: WorldHandle) -> None:
        """Reset a world to its seed, and clear its request log, faults and usage.

        Raises:
            ValueError: if another world, restored from a snapshot of this one, has one of its names; then nothing was changed.
            StateNotStoredError: if the state cannot be stored; then nothing was changed.
        """
        fresh = self.build_world(handle.spec)
        with self._runs_ended(handle), handle.locked(), fresh.lock:
            self._take_place(handle, fresh, _SEED_CONFLICT)
            handle.request_log.clear()
            handle.faults.clear()
            handle.usage_stats.clear()
            handle.checkpoints.clear()

    def replace(self, handle: WorldHandle, world: World) -> None:
        """Replace the state of a world; it is looked up by the tokens and udids of the new state.

        Raises:
            ValueError: if another world has one of them; then nothing was changed.
            StateNotStoredError: if the state cannot be stored; then nothing was changed.
        """
        with self._runs_ended(handle), handle.locked(), world.lock:
            self._take_place(handle, world, "another world has one of its tokens or udids")

    def reserve_lookup_keys(self, handle: WorldHandle, keys: Iterable[str]) -> None:
        """Let a world be found by keys of rows that return to it; the caller holds its lock.

        Raises:
            ValueError: if another world has one of them; then nothing was changed.
        """
        with self._lock:
            names = list(keys)
            if any(self._directory.get(name, handle) is not handle for name in names):
                raise ValueError("another world has one of its tokens or udids")
            for name in names:
                self._index(handle, name)

    def _take_place(self, handle: WorldHandle, world: World, conflict: str) -> None:
        """Put a world in the place of the present one; the caller holds the locks of both.

        Raises:
            ValueError: if another world has one of its look-up keys, with the text ``conflict``; then nothing was changed.
            StateNotStoredError: if the state cannot be stored; then nothing was changed.
        """
        with self._lock:
            if self._by_name.get(handle.name) is not handle:
                raise ValueError("the world was deleted")
            keys = dict.fromkeys(world.lookup_keys())
            self._check_shard(keys)
            if any(self._directory.get(key, handle) is not handle for key in keys):
                raise ValueError(conflict)
            reserved = [key for key in keys if key not in self._directory]
            self._directory.update(dict.fromkeys(reserved, handle))
        try:
            # Without the lock: other worlds are created, reset and deleted while a large state is written.
            if handle.store is not None:
                handle.store.replace(world)
        except BaseException:
            with self._lock:
                self._release(reserved)
            raise
        with self._lock:
            self._release(reserved)
            handle.world.register_lookup_key = ignore_lookup_key
            self._unregister(handle)
            handle.set_world(world)
            self._register(handle)

    def _release(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._directory.pop(key, None)

    def delete(self, handle: WorldHandle) -> None:
        """Delete a world, unless it was deleted meanwhile.

        Raises:
            StateNotStoredError: if its stored state cannot be deleted; then nothing was changed.
        """
        with self._runs_ended(handle), handle.locked():
            if self._by_name.get(handle.name) is not handle:
                return
            if handle.store is not None:
                handle.store.delete()
            with self._lock:
                self._unregister(handle)
                handle.world.register_lookup_key = ignore_lookup_key
                del self._by_name[handle.name]
        for session in list(handle.sessions.values()):
            session.close()
        handle.sessions.clear()

    @contextmanager
    def _runs_ended(self, handle: WorldHandle) -> Iterator[None]:
        """Context in which the state of a world is replaced: its runs in progress are interrupted before."""
        with handle.locked() as world:
            if world.runs_in_progress:
                world.interruption.set()
                world.wait_for_runs(INTERRUPTION_TIMEOUT)
        try:
            yield
        except Exception:
            # Nothing was replaced.
            if not self._is_interrupted:
                world.interruption.clear()
            raise

    def build_world(self, spec: WorldSpec) -> World:
        """Returns a world in the state of its specification, which no request finds.

        Raises:
            ValueError: if the seed is invalid.
        """
        world = World(spec.name, seed=spec.world_seed, now=spec.now)
        self._unfinished_worlds.add(world)
        try:
            self._fill_world(world, spec)
        finally:
            self._unfinished_worlds.discard(world)
        return world

    def _fill_world(self, world: World, spec: WorldSpec) -> None:
        world.run_time_limit = self._run_time_limit
        if self._is_interrupted:
            world.interruption.set()
        world.rate_limited = spec.rate_limit
        # The seed is built at one moment, so that two worlds of one specification are equal to the millisecond.
        world.clock.freeze(spec.now)
        self._build(world, spec)
        if spec.scopes is not None:
            world.tokens.put(replace(next(iter(world.tokens)), scopes=frozenset(spec.scopes)))
        settings.apply(world, spec.settings)
        if spec.blueprints:
            _import_blueprints(WorldHandle(spec, world))
        world.clock.unfreeze()

    def _register(self, handle: WorldHandle) -> None:
        world = handle.world
        names = world.lookup_keys()
        self._check_shard(names)
        if any(name in self._directory for name in names):
            raise ValueError(_SEED_CONFLICT)
        for name in names:
            self._index(handle, name)
        world.register_lookup_key = partial(self._index, handle)
        world.transport = self._transport
        world.telemetry = self.telemetry
        world.run_time_limit = self._run_time_limit

    def _check_shard(self, keys: Iterable[str]) -> None:
        """Raises ValueError if requests with one of the keys are sent to another worker."""
        if not all(map(self.shard.has_key, keys)):
            raise ValueError(_OTHER_SHARD)

    def _index(self, handle: WorldHandle, name: str) -> None:
        handle.lookup_keys.add(name)
        self._directory[name] = handle

    def _unregister(self, handle: WorldHandle) -> None:
        for name in handle.lookup_keys:
            # Two worlds may generate the same name after a restore; it leads to the later one.
            if self._directory.get(name) is handle:
                del self._directory[name]
        handle.lookup_keys.clear()
