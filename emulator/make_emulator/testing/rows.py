"""Base of the lists of a world, read from the control API."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from ..client.control import WorldClient
from ..json_types import JsonObject


class RemoteSequence(Sequence[JsonObject]):
    """Sequence of rows, oldest first; each access reads it anew."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client

    @abstractmethod
    def all(self) -> list[JsonObject]:
        """Returns all rows, in one call."""

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[JsonObject]:
        return iter(self.all())

    def __getitem__(self, index: Any) -> Any:
        return self.all()[index]
