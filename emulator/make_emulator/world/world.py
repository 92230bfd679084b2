"""World: the tables, clock, ids and lock of one emulated Make."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .changes import ChangeTracker, TrackedDict
from .clock import Clock
from .ids import IdGenerator
from .lock import WorldLock
from .models import Consumption, CustomModule, ModuleScript
from .schema import Tables
from .tables import Table
from .transport import Transport

if TYPE_CHECKING:
    from .telemetry import RunTelemetry

#: Seconds of the system's time that the computation of a run may take: the emulator's own limit, to protect itself.
DEFAULT_RUN_TIME_LIMIT = 60.0


def ignore_lookup_key(_key: str) -> None:
    """Ignore a look-up key, in a world that no server registered."""


class World(Tables):
    """The state of one isolated Make.

    Hold ``lock`` while reading or changing it. ``register_lookup_key`` is called with each key (token, hook udid, OAuth client) by which a
    server may look up this world.
    """

    def __init__(self, name: str, *, seed: int = 0, now: int | str | None = None) -> None:
        super().__init__()
        self.name = name
        self.seed = seed
        self.lock = WorldLock()
        #: Scenario id -> the number of its runs that are being computed. A run may lend the lock meanwhile.
        self.runs_in_progress: Counter[int] = Counter()
        self._run_ended = threading.Condition()
        #: Ends the runs in progress, with the next look that they take at it.
        self.interruption = threading.Event()
        #: Seconds that the computation of a run may take.
        self.run_time_limit = DEFAULT_RUN_TIME_LIMIT
        self.clock = Clock(now)
        self.ids = IdGenerator(seed, salt=name)
        self.register_lookup_key: Callable[[str], None] = ignore_lookup_key
        #: Sends requests of scenarios to external services; ``None`` if none are ever sent.
        self.transport: Transport | None = None
        #: Records spans of runs; ``None`` without telemetry.
        self.telemetry: RunTelemetry | None = None
        #: Takes the place of operations of modules, see `make_emulator.engine.runtime.interception`; ``None`` if none does.
        self.interceptor: object | None = None
        #: True once its changes could not be stored and were undone: another world has taken its place.
        self.is_undone = False
        self.rate_limited = True
        #: Caller -> the opening time of the current rate window, and the calls counted in it.
        self.rate_windows = TrackedDict[tuple[str, int], tuple[int, int]]("rate_windows")

        #: Owner -> its consumption since its counters were last reset; see `make_emulator.world.consumption`.
        self.tallies = TrackedDict[tuple[str, int], Consumption]("tallies")

        #: The revision of the tables of runs to come, and the time of the first of these; see `make_emulator.engine.scheduling`.
        self.next_event = (-1, 0)
        #: The earliest end of a month of an organization; 0 if not computed yet.
        self.counters_until = 0
        #: Organization id -> the apps that were used in it, so that their first use needs no confirmation.
        self.installed_apps = TrackedDict[int, frozenset[str]]("installed_apps")

        #: Module -> its scripted output; see `make_emulator.engine.runtime.module_scripts`.
        self.scripts = TrackedDict[str, ModuleScript]("scripts")

        #: Scenario id, module id -> the count of an "Increment function" that is never reset.
        self.increments = TrackedDict[tuple[int, int], int]("increments")

        #: Full name -> a module that it declares; see `make_emulator.world.custom_modules`.
        self.custom_modules = TrackedDict[str, CustomModule]("custom_modules")
        #: Name -> the value of a setting that is not the default; see `make_emulator.world.settings`.
        self.settings = TrackedDict[str, bool | str]("settings")

        #: Scenario id -> its runs whose steps are stored, oldest first.
        self.detailed = TrackedDict[int, tuple[str, ...]]("detailed")

    def rename(self, name: str) -> None:
        """Give the world another name; keys that it has keep the slot of the former one."""
        self.name = name
        self.ids.rename(name)

    def track_changes(self) -> ChangeTracker:
        """Track the changes of the tables and dicts from now on; returns their tracker, which replaces an earlier one."""
        self.lock.tracker = tracker = ChangeTracker()
        for part in vars(self).values():
            if isinstance(part, Table | TrackedDict):
                part.tracker = tracker
        return tracker

    def now(self) -> int:
        """The present moment of the world's clock, in milliseconds since the epoch."""
        return self.clock.now()

    @contextmanager
    def run_in_progress(self, scenario_id: int) -> Iterator[None]:
        """Context of the computation of a run."""
        self.runs_in_progress[scenario_id] += 1
        try:
            yield
        finally:
            self.runs_in_progress[scenario_id] -= 1
            self.runs_in_progress += Counter()
            with self._run_ended:
                self._run_ended.notify_all()

    def wait_for_runs(self, seconds: float) -> bool:
        """Lends the lock until no run is in progress, at most for some seconds; false if there still is one."""
        deadline = time.monotonic() + seconds
        while self.runs_in_progress:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self.lock.lent(), self._run_ended:
                self._run_ended.wait_for(lambda: not self.runs_in_progress, left)
        return True

    def count_call(self, bucket: tuple[str, int], length: int) -> tuple[int, int]:
        """Count a call of this moment in a fixed window of ``length`` milliseconds, opened by its first call.

        Returns:
            The opening time of the window, and the calls counted in it, this one included.
        """
        now = self.now()
        opened, calls = self.rate_windows.get(bucket, (now, 0))
        if not opened <= now < opened + length:
            opened, calls = now, 0
        self.rate_windows[bucket] = (opened, calls + 1)
        return opened, calls + 1

    def __repr__(self) -> str:
        return f"<World {self.name!r}>"
