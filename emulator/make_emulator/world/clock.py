"""Clock of a world, the only reader of the system's time.

A moment is an ``int`` of milliseconds since the Unix epoch, UTC.
"""

from __future__ import annotations

import time
from calendar import monthrange
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

#: 9998-12-31T23:59:59Z, the last moment: a clock can be set to it, and stops there. A time zone or a month further on, it
#: still is a year that Python can name.
MAX_TIMESTAMP = 253_370_764_799_000
MAX_YEAR = 9998


@lru_cache(maxsize=65_536)
def format_iso(moment: int) -> str:
    """Formats a moment as Make does: ISO 8601 with milliseconds and ``Z``."""
    whole, milliseconds = divmod(moment, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def parse_iso(text: str) -> int:
    """Parses an ISO 8601 time; one without an offset is UTC.

    Raises:
        ValueError: if the text is not a time.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp() * SECOND)


def add_months(moment: int, months: int) -> int:
    """The same day and time some months later, or that month's last day (recorded: counters restart monthly)."""
    at = datetime.fromtimestamp(moment / SECOND, UTC)
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    if year > MAX_YEAR:
        return MAX_TIMESTAMP + 1
    day = min(at.day, monthrange(year, month)[1])
    return round(at.replace(year=year, month=month, day=day).timestamp() * SECOND)


class Clock:
    """Clock that follows the system's time at an offset, or is frozen."""

    __slots__ = ("_frozen", "_offset")

    def __init__(self, now: int | str | None = None) -> None:
        self._offset = 0
        self._frozen: int | None = None
        if now is not None:
            self.set(now)

    @property
    def frozen(self) -> bool:
        """True while the clock is frozen: the time advances only by `advance`."""
        return self._frozen is not None

    @property
    def offset(self) -> int:
        """The milliseconds by which the running clock is ahead of the system's."""
        return self._offset

    def resume(self, offset: int) -> None:
        """Runs, ``offset`` milliseconds ahead of the system's clock."""
        self._frozen = None
        self._offset = offset

    def now(self) -> int:
        """The present moment, in milliseconds since the epoch."""
        if self._frozen is not None:
            return self._frozen
        return min(time.time_ns() // 1_000_000 + self._offset, MAX_TIMESTAMP)

    def set(self, now: int | str) -> None:
        """Jumps to a moment; a frozen clock stays frozen there.

        Raises:
            ValueError: if it is before 1970, or after the last moment.
        """
        moment = parse_iso(now) if isinstance(now, str) else now
        if not 0 <= moment <= MAX_TIMESTAMP:
            raise ValueError("the time must be between 1970 and 9998-12-31T23:59:59Z")
        if self._frozen is not None:
            self._frozen = moment
        else:
            self._offset = moment - time.time_ns() // 1_000_000

    def advance_to(self, moment: int) -> None:
        """Advances to a moment; never back, and not past `MAX_TIMESTAMP`."""
        self.set(min(max(moment, self.now()), MAX_TIMESTAMP))

    def freeze(self, at: int | str | None = None) -> None:
        """Freezes the clock, at a moment or at the present one."""
        # Frozen first: a running clock would move on between the two steps.
        self._frozen = self.now()
        if at is not None:
            self.set(at)

    def unfreeze(self) -> None:
        """Lets the clock run again from its present moment."""
        if self._frozen is not None:
            now, self._frozen = self._frozen, None
            self.set(now)

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Advances by a duration, frozen or not."""
        step = round((seconds + 60 * (minutes + 60 * (hours + 24 * days))) * SECOND)
        if step < 0:
            raise ValueError("a clock cannot be advanced by a negative time")
        self.set(self.now() + step)
