"""Keeps below the rate limit of an organization that others use at the same time.

The limit is fixed for windows of a minute (API documentation, "Rate limiting"); the answers tell what is left of the
current one (recorded headers). A part of each window is never touched, so that whatever else calls the API of the
organization is not refused because of a pull.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

#: The length of a window, in seconds, and of how much of it a pull may make use.
WINDOW_SECONDS = 60.0
MAX_SHARE = 0.8

#: Before the license was read: what the smallest plan allows.
DEFAULT_LIMIT = 30


class Timer(Protocol):
    """What tells the time, in seconds since the epoch, and lets it pass."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemTimer:
    """The time of this machine."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Throttle:
    """Says when the next request may go out."""

    def __init__(self, timer: Timer, say: Callable[[str], None]) -> None:
        self.timer = timer
        self._log_message = say
        self._sent: deque[float] = deque()
        self._allowed = int(DEFAULT_LIMIT * MAX_SHARE)
        self._not_before = 0.0

    def set_limit(self, limit: int) -> None:
        """Take note of the organization's requests a minute, as its license has them."""
        self._allowed = max(int(limit * MAX_SHARE), 1)

    def wait(self) -> None:
        """Wait for the turn of the next request, and count it."""
        now = self.timer.now()
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        earliest = self._not_before
        if len(self._sent) >= self._allowed:
            earliest = max(earliest, self._sent[-self._allowed] + WINDOW_SECONDS)
        if earliest > now:
            self._pause(earliest - now)
        self._sent.append(self.timer.now())

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Read what an answer tells of the current window."""
        limit, left = (
            _header_number(headers, "X-RateLimit-Limit"),
            _header_number(headers, "X-RateLimit-Remaining"),
        )
        if limit is not None and left is not None and left <= limit - int(limit * MAX_SHARE):
            self._not_before = self.timer.now() + self._until_reset(headers)

    def on_rate_limited(self, headers: Mapping[str, str]) -> None:
        """Hold back after a 429: as long as it says, or else for a whole window."""
        after = _header_number(headers, "Retry-After")
        self._not_before = self.timer.now() + (self._until_reset(headers) if after is None else after)

    def back_off(self, seconds: float) -> None:
        """Send nothing for a while, as after a failure of the service."""
        self._not_before = max(self._not_before, self.timer.now() + seconds)

    def _until_reset(self, headers: Mapping[str, str]) -> float:
        reset = _header_number(headers, "X-RateLimit-Reset")
        seconds = WINDOW_SECONDS if reset is None else reset - self.timer.now()
        # A clock that is wrong must neither hurry nor stall a pull.
        return seconds if 0 < seconds <= WINDOW_SECONDS + 1 else WINDOW_SECONDS

    def _pause(self, seconds: float) -> None:
        if seconds >= 1:
            self._log_message(f"waiting {seconds:.0f} s for the rate limit")
        self.timer.sleep(seconds)


def _header_number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers[name])
    except (KeyError, ValueError):
        return None
