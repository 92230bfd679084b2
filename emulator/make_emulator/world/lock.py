"""Lock of a world, which a long run lends to the requests that wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .changes import ChangeTracker

#: Seconds after which a run lends the lock to requests that wait for it.
MAX_HOLD = 0.05

#: The most seconds that it lends the lock at a time, if there are always more requests.
MAX_PAUSE = 0.1


class WorldLock:
    """Reentrant lock that its owner can lend to other threads."""

    __slots__ = ("_acquired", "_depth", "_lock", "_owner", "_waiting", "_waiting_changed", "tracker")

    def __init__(self) -> None:
        #: Tracks the changes of the world, if it is tracked; those of a thread that lends the lock are set aside.
        self.tracker: ChangeTracker | None = None
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._depth = 0
        self._acquired = 0.0
        #: The number of threads that wait for the lock.
        self._waiting = 0
        self._waiting_changed = threading.Condition()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()

    def acquire(self, timeout: float = -1) -> bool:
        """Acquires the lock once more; false if it is not free within so many seconds, -1 for any number."""
        if self._owner == threading.get_ident():
            self._depth += 1
            return True
        return self._acquire(1, timeout)

    def release(self) -> None:
        """Releases the lock once."""
        self._depth -= 1
        if not self._depth:
            self._release()

    @property
    def is_overdue(self) -> bool:
        """True if this thread has held the lock for `MAX_HOLD`, and others wait for it."""
        return (
            self._waiting > 0
            and self._owner == threading.get_ident()
            and time.monotonic() - self._acquired > MAX_HOLD
        )

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Releases the lock in this context, however often this thread holds it; no change if it does not."""
        if self._owner != threading.get_ident():
            yield
            return
        depth, tracker = self._depth, self.tracker
        changes = tracker.lend() if tracker is not None else None
        self._release()
        try:
            yield
        finally:
            self._acquire(depth)
            if tracker is not None and changes is not None:
                tracker.take_back(changes)

    def give_way(self) -> None:
        """Lends the lock until no thread waits for it, or `MAX_PAUSE` is over."""
        with self.lent(), self._waiting_changed:
            self._waiting_changed.wait_for(lambda: not self._waiting, MAX_PAUSE)

    def _acquire(self, depth: int, timeout: float = -1) -> bool:
        if not self._lock.acquire(blocking=False):
            with self._waiting_changed:
                self._waiting += 1
            acquired = self._lock.acquire(timeout=timeout)
            with self._waiting_changed:
                self._waiting -= 1
                self._waiting_changed.notify_all()
            if not acquired:
                return False
        self._owner = threading.get_ident()
        self._depth = depth
        self._acquired = time.monotonic()
        return True

    def _release(self) -> None:
        self._owner = None
        self._depth = 0
        self._lock.release()
