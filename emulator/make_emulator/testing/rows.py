"""Rows that the control API lists, as a sequence that asks anew each time it is looked at."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from ..client.control import ControlClient


class RemoteSequence(Sequence[dict[str, Any]]):
    """What a world has of something, oldest first."""

    def __init__(self, control: ControlClient, world: str) -> None:
        self._control = control
        self._world = world

    @abstractmethod
    def all(self) -> list[dict[str, Any]]:
        """All rows, in one call."""

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.all())

    def __getitem__(self, index: Any) -> Any:
        return self.all()[index]
