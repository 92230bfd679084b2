"""How fast a run may ask: so that it stays below the calls a minute of the organization's plan."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

#: The window of Make's rate limit, in seconds.
WINDOW_SECONDS = 60.0

#: Of ten calls that a plan allows this many are used: others call in the same organization.
_MAX_SHARE = 0.9


class Throttle:
    """Lets at most a number of calls pass in any minute, and sleeps before one too many.

    Args:
        limit: calls a minute that the plan allows; ``None`` while that is not known, which lets everything pass.
        sleep: waits for some seconds; against an emulator, moves its clock.
        now: tells the time in seconds.
    """

    def __init__(
        self,
        limit: int | None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self._sleep = sleep
        self._now = now
        self._calls: deque[float] = deque()
        #: How long was waited so far, in seconds.
        self.waited = 0.0

    def acquire(self) -> None:
        """Wait until one more call is within the limit, and count it."""
        if self.limit is None:
            return
        allowed = max(int(self.limit * _MAX_SHARE), 1)
        self._drop_expired()
        while len(self._calls) >= allowed:
            self.wait(WINDOW_SECONDS - (self._now() - self._calls[0]) + 0.5)
            self._drop_expired()
        self._calls.append(self._now())

    def _drop_expired(self) -> None:
        moment = self._now()
        while self._calls and moment - self._calls[0] >= WINDOW_SECONDS:
            self._calls.popleft()

    def wait_full_window(self, seconds: float = WINDOW_SECONDS + 1) -> None:
        """Let a whole window pass."""
        self.wait(seconds)
        self._calls.clear()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waited += seconds
        self._sleep(seconds)
