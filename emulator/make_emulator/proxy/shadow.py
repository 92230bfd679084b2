"""Shadow of the zone: the emulator answers the same requests beside it, and differences are reported on the spot."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ..json_types import Json
from ..replay.archive import Archive, Exchange
from ..replay.player import ExchangeResult, Player
from ..replay.report import ReplayReport

#: Exchanges that may wait for the shadow; the client never does.
_MAX_WAITING = 1_000


class Shadow:
    """Plays exchanges, one after another, in a thread of its own.

    Args:
        seed: the seed of the world, or its name or file.
        report: receives each result.

    Raises:
        SeedError: if the seed is invalid.
    """

    def __init__(
        self,
        seed: Json,
        *,
        started: int,
        zone: str | None,
        has_state: bool,
        report: Callable[[ExchangeResult], None],
    ) -> None:
        self._player = Player(seed, started=started, zone=zone, has_state=has_state)
        self._seed = seed if isinstance(seed, str) else "inline"
        self._has_state = has_state
        self._report = report
        self._waiting: queue.Queue[Exchange | None] = queue.Queue(_MAX_WAITING)
        self.results: list[ExchangeResult] = []
        #: Number of exchanges that were not played, as too many waited.
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="make-emulator-shadow", daemon=True)
        self._thread.start()

    def play(self, exchange: Exchange) -> None:
        """Takes an exchange up, to be played as soon as those before it are."""
        try:
            self._waiting.put_nowait(exchange)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Plays what waits, and ends the thread."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def summary(self) -> ReplayReport | None:
        """Returns the report of all exchanges; ``None`` if there was none."""
        if not self.results:
            return None
        archive = Archive([result.exchange for result in self.results], {})
        return ReplayReport(
            "shadow",
            archive,
            self.results,
            seed=self._seed,
            has_state=self._has_state,
            assumptions=self._player.assumptions,
        )

    def _run(self) -> None:
        while (exchange := self._waiting.get()) is not None:
            self._player.learn(exchange)
            result = self._player.play(exchange)
            self.results.append(result)
            self._report(result)
