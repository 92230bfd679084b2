"""Base of the lists of a world, read from the control API."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

from ..client.control import WorldClient

_Row = TypeVar("_Row")


class RemoteSequence(Sequence[_Row], Generic[_Row]):
    """Sequence of rows, oldest first; each access reads it anew."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client

    @abstractmethod
    def all(self) -> list[_Row]:
        """Returns all rows, in one call."""

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[_Row]:
        return iter(self.all())

    @overload
    def __getitem__(self, index: int) -> _Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Row]: ...

    def __getitem__(self, index: int | slice) -> _Row | list[_Row]:
        return self.all()[index]
