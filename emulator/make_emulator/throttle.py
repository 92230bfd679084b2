"""Client-side throttle: keeps a client of the Make API below the rate limit of an organization that others use too.

The limit is fixed for windows of a minute (API documentation, "Rate limiting"); the response headers carry what is left
of the current one (recorded headers). A share of each window is never used, so that other clients of the organization
are not rejected because of this one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

#: The length of a window of Make's rate limit, in seconds.
WINDOW_SECONDS = 60.0

#: The limit of the smallest plan, for use while the license is not known yet.
DEFAULT_LIMIT = 30

#: Seconds that `Throttle.wait_full_window` adds to a window: the clocks of both ends differ.
_FULL_WINDOW_MARGIN = 1.0


class Timer(Protocol):
    """Clock in seconds, on which one can sleep."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemTimer:
    """Clock of this machine, in seconds since the epoch."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Throttle:
    """Sliding-window throttle: delays requests so that any minute holds at most a share of the limit.

    Args:
        limit: requests a minute that the plan allows; ``None`` while unknown, which lets every request pass.
        timer: the clock to wait on; `read_headers` compares it with the epoch seconds of ``X-RateLimit-Reset``.
        share: the part of the limit to use, between 0 and 1.
        margin: seconds added to each wait for a window to pass, for clocks that differ.
        log: receives a line for each wait of a second or more.
    """

    def __init__(
        self,
        limit: int | None,
        timer: Timer,
        *,
        share: float = 0.8,
        margin: float = 0.0,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.limit = limit
        self.timer = timer
        #: Total time waited so far, in seconds.
        self.waited = 0.0
        self._share = share
        self._margin = margin
        self._log = log
        self._sent: deque[float] = deque()
        self._not_before: float | None = None

    def acquire(self) -> None:
        """Waits until one more request is within the limit, and counts it."""
        now = self.timer.now()
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        earliest = now if self._not_before is None else self._not_before
        if self.limit is not None:
            allowed = max(self._share_of(self.limit), 1)
            if len(self._sent) >= allowed:
                earliest = max(earliest, self._sent[-allowed] + WINDOW_SECONDS + self._margin)
        if earliest > now:
            self._pause(earliest - now)
        self._sent.append(self.timer.now())

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Reads the state of the current window from the headers of a response."""
        limit = _header_number(headers, "X-RateLimit-Limit")
        remaining = _header_number(headers, "X-RateLimit-Remaining")
        if limit is not None and remaining is not None and remaining <= limit - self._share_of(limit):
            self._not_before = self.timer.now() + self._seconds_until_reset(headers)

    def on_rate_limited(self, headers: Mapping[str, str]) -> None:
        """Holds back after a 429: as long as its headers say, or else for a whole window."""
        retry_after = _header_number(headers, "Retry-After")
        seconds = self._seconds_until_reset(headers) if retry_after is None else retry_after
        self._not_before = self.timer.now() + seconds

    def back_off(self, seconds: float) -> None:
        """Holds back for a while, as after a failure of the service."""
        not_before = self.timer.now() + seconds
        self._not_before = not_before if self._not_before is None else max(self._not_before, not_before)

    def wait(self, seconds: float) -> None:
        """Sleeps, whatever the limit."""
        self.waited += seconds
        self.timer.sleep(seconds)

    def wait_full_window(self) -> None:
        """Sleeps for a whole window, after which no earlier request counts."""
        self.wait(WINDOW_SECONDS + _FULL_WINDOW_MARGIN)
        self._sent.clear()

    def _share_of(self, limit: float) -> int:
        return int(limit * self._share)

    def _seconds_until_reset(self, headers: Mapping[str, str]) -> float:
        reset = _header_number(headers, "X-RateLimit-Reset")
        seconds = WINDOW_SECONDS if reset is None else reset - self.timer.now()
        # A wrong clock must neither hurry nor stall the client.
        return seconds if 0 < seconds <= WINDOW_SECONDS + 1 else WINDOW_SECONDS

    def _pause(self, seconds: float) -> None:
        if self._log is not None and seconds >= 1:
            self._log(f"waiting {seconds:.0f} s for the rate limit")
        self.wait(seconds)


def _header_number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers[name])
    except (KeyError, ValueError):
        return None
