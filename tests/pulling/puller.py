"""Pulls from an emulator: what the tests of pulling share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator import World
from emulator.pulling import Masker, Options, Pace, Part, Pulled, Zone, pull
from emulator.world.clock import SECOND, moment_of


class WorldTimer:
    """The time of a world; waiting moves its clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slept: list[float] = []

    def now(self) -> float:
        return moment_of(self._world.clock.now) / SECOND

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._world.clock.advance(seconds=seconds)


class Timer:
    """A clock of its own, which only waiting moves."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds


class Ear:
    """Hears what a pull tells, and may stop it as somebody does who presses Ctrl-C."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.said: list[str] = []
        self.heard: list[tuple[str, int, int]] = []
        self._stop_after = stop_after

    def say(self, text: str) -> None:
        self.said.append(text)

    def at(self, what: str, done: int, total: int) -> None:
        self.heard.append((what, done, total))
        if len(self.heard) == self._stop_after:
            raise KeyboardInterrupt


class Puller:
    """One pull from a world of an emulator."""

    def __init__(
        self,
        world: World,
        *,
        token: str | None = None,
        ear: Ear | None = None,
        timer: WorldTimer | Timer | None = None,
    ) -> None:
        self.timer = timer or WorldTimer(world)
        self.ear = ear or Ear()
        self.token = token or world.token
        self.zone = Zone(world.base_url, self.token, Pace(self.timer, self.ear.say))
        self._team = world.team_id

    def pull(self, *, part: Path | None = None, resume: bool = False, **options: Any) -> Pulled:
        kept = Part(Masker(self.token), part)
        chosen = Options(**{"team_id": self._team, "records": None, **options})
        try:
            kept.open({"address": self.zone.address, "team": chosen.team_id}, resume=resume)
            return pull(self.zone, chosen, self.ear, kept)
        finally:
            kept.close()


def team_of(pulled: Pulled) -> dict[str, Any]:
    team: dict[str, Any] = pulled.team
    return team


def notes_of(pulled: Pulled) -> list[str]:
    return [str(note) for note in pulled.notes]
