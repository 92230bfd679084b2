"""One emulated Make: its tables, its clock, its ids, its lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from .clock import Clock
from .ids import IdGenerator
from .models import Consumption, ModuleScript
from .schema import Tables
from .transport import Transport


def ignore_name(_name: str) -> None:
    """Tells nobody."""


class World(Tables):
    """The state of one isolated Make.

    Hold ``lock`` while reading or changing it. ``announce`` is told each name (token, hook udid) by which a
    server may find this world.
    """

    def __init__(self, name: str, *, seed: int = 0, now: int | str | None = None) -> None:
        super().__init__()
        self.name = name
        self.seed = seed
        self.lock = threading.RLock()
        self.clock = Clock(now)
        self.ids = IdGenerator(seed, salt=name)
        self.register_name: Callable[[str], None] = ignore_name
        #: Carries requests of scenarios to services outside; ``None`` where nothing is ever called.
        self.transport: Transport | None = None
        self.rate_limited = True
        #: Who called -> when the current rate window opened, and the calls counted in it.
        self.rate_windows: dict[tuple[str, int], tuple[int, int]] = {}

        #: Owner -> what it consumed since its counters were last reset; see `make_emulator.world.consumption`.
        self.tallies: dict[tuple[str, int], Consumption] = {}

        #: When the month of some organization is over, at the earliest; 0 for not looked up yet.
        self.counters_until = 0
        #: Organization id -> the apps that were used in it, so that their first use needs no confirmation.
        self.installed_apps: dict[int, set[str]] = {}

        #: Module -> what it is to answer; see `make_emulator.engine.runtime.module_scripts`.
        self.scripts: dict[str, ModuleScript] = {}

        #: Scenario id, module id -> how far an "Increment function" has counted that is never reset.
        self.increments: dict[tuple[int, int], int] = {}

        #: Scenario id -> its runs that still have their steps, oldest first.
        self.detailed: dict[int, deque[str]] = {}

    def now(self) -> int:
        return self.clock.now()

    def count_call(self, bucket: tuple[str, int], length: int) -> tuple[int, int]:
        """Count a call of this moment in a fixed window of ``length`` milliseconds, opened by its first call.

        Returns:
            When the window opened, and the calls counted in it, this one included.
        """
        now = self.now()
        opened, calls = self.rate_windows.get(bucket, (now, 0))
        if not opened <= now < opened + length:
            opened, calls = now, 0
        self.rate_windows[bucket] = (opened, calls + 1)
        return opened, calls + 1

    def __repr__(self) -> str:
        return f"<World {self.name!r}>"
