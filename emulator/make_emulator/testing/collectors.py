"""Collectors of a test run: sums of the reports of its worlds, taken before the worlds end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from ..json_types import JsonObject

#: Active collectors: some for a test run, more while a test run runs another.
_active_collectors: list[Collector] = []


class WorldReports(Protocol):
    """Reports of a world, such as the client of its control API has them; a `ControlError` if it has ended."""

    def provenance(self) -> Mapping[str, Any]: ...

    def coverage(self) -> Mapping[str, Any]: ...


class Collector(ABC):
    """Sum of one kind of report."""

    def start(self) -> None:
        """Starts to collect the report of each world that this process deletes or resets."""
        _active_collectors.append(self)

    def stop(self) -> None:
        """Stops collecting; the sum stays."""
        if self in _active_collectors:
            _active_collectors.remove(self)

    @abstractmethod
    def collect(self, world: WorldReports) -> None:
        """Adds the report of a world.

        Raises:
            ControlError: if the world has ended.
        """

    @abstractmethod
    def add(self, report: Mapping[str, Any]) -> None:
        """Adds a report of the control API, or of `report`."""

    @abstractmethod
    def report(self) -> JsonObject:
        """Returns the sum in the format of the report of one world; it can be sent between processes."""


def is_collecting() -> bool:
    """Returns True if a collector is active."""
    return bool(_active_collectors)


def collect(*worlds: WorldReports) -> None:
    """Adds the reports of worlds to the active collectors, before the worlds end; skips those that have ended."""
    if not _active_collectors:
        return
    # Imported here: the pytest plugin loads this module in every test run, also in those without an emulator.
    from ..client.control import ControlError

    for world in worlds:
        for collector in _active_collectors:
            try:
                collector.collect(world)
            except ControlError:
                break
