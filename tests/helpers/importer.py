"""Pulls from an emulator: what the tests of pulling share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from make_emulator import World
from make_emulator.importer import Checkpoint, ImportOptions, ImportResult, Masker, ZoneClient, pull
from make_emulator.throttle import DEFAULT_LIMIT, Throttle
from make_emulator.world.clock import SECOND, parse_iso


class WorldClockTimer:
    """The time of a world; waiting moves its clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slept: list[float] = []

    def now(self) -> float:
        return parse_iso(self._world.clock.now) / SECOND

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._world.clock.advance(seconds=seconds)


class FakeTimer:
    """A clock of its own, which only waiting moves."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds


class RecordingReporter:
    """Recorder of the messages of a pull, which can interrupt it as Ctrl-C does."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.messages: list[str] = []
        self.progress: list[tuple[str, int, int]] = []
        self._stop_after = stop_after

    def log_message(self, text: str) -> None:
        self.messages.append(text)

    def update(self, what: str, done: int, total: int) -> None:
        self.progress.append((what, done, total))
        if len(self.progress) == self._stop_after:
            raise KeyboardInterrupt


class PullHarness:
    """One pull from a world of an emulator."""

    def __init__(
        self,
        world: World,
        *,
        token: str | None = None,
        reporter: RecordingReporter | None = None,
        timer: WorldClockTimer | FakeTimer | None = None,
    ) -> None:
        self.timer = timer or WorldClockTimer(world)
        self.reporter = reporter or RecordingReporter()
        self.token = token or world.token
        throttle = Throttle(DEFAULT_LIMIT, self.timer, log=self.reporter.log_message)
        self.zone = ZoneClient(world.base_url, self.token, throttle)
        self._team = world.team_id

    def pull(self, *, part: Path | None = None, resume: bool = False, **options: Any) -> ImportResult:
        kept = Checkpoint(Masker(self.token), part)
        chosen = ImportOptions(**{"team_id": self._team, "records": None, **options})
        try:
            kept.open({"address": self.zone.address, "team": chosen.team_id}, resume=resume)
            return pull(self.zone, chosen, self.reporter, kept)
        finally:
            kept.close()


def team_of(pulled: ImportResult) -> dict[str, Any]:
    team: dict[str, Any] = pulled.team
    return team


def notes_of(pulled: ImportResult) -> list[str]:
    return [str(note) for note in pulled.notes]
