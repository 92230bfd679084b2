"""Tables of immutable rows with indexes that are sorted on demand.

Rows are frozen dataclasses: changing one means putting its successor. A reader therefore never sees half a
change, and a copy of a table is a copy of references.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from sortedcontainers import SortedKeyList

Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)
SortKey = Callable[[Any], Any]


class Bucket(Generic[Row]):
    """The rows that share one value of an index, in every order that was asked for."""

    __slots__ = ("_orders", "_rows")

    def __init__(self) -> None:
        self._rows: dict[Hashable, Row] = {}
        self._orders: dict[SortKey, SortedKeyList] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def put(self, key: Hashable, row: Row) -> None:
        old = self._rows.get(key)
        self._rows[key] = row
        for order in self._orders.values():
            if old is not None:
                order.remove(old)
            order.add(row)

    def bulk_load(self, rows: Mapping[Any, Row]) -> None:
        """Put many rows into an empty bucket."""
        self._rows.update(rows)

    def remove(self, key: Hashable) -> None:
        row = self._rows.pop(key)
        for order in self._orders.values():
            order.remove(row)

    def sorted_by(self, sort_key: SortKey) -> SortedKeyList:
        """The rows in the order of ``sort_key``, which must tell any two rows apart."""
        order = self._orders.get(sort_key)
        if order is None:
            order = self._orders[sort_key] = SortedKeyList(self._rows.values(), key=sort_key)
        return order


_EMPTY: Bucket[Any] = Bucket()


class Selection(Generic[Row]):
    """Some rows of a table, not yet ordered or cut into pages."""

    __slots__ = ("_bucket", "_predicate")

    def __init__(self, bucket: Bucket[Row], predicate: Callable[[Row], bool] | None = None) -> None:
        self._bucket = bucket
        self._predicate = predicate

    def __iter__(self) -> Iterator[Row]:
        return filter(self._predicate, self._bucket) if self._predicate else iter(self._bucket)

    def __len__(self) -> int:
        return sum(1 for _ in self) if self._predicate else len(self._bucket)

    def filter(self, predicate: Callable[[Row], bool]) -> Selection[Row]:
        """The rows among these for which the predicate holds."""
        earlier = self._predicate
        if earlier is None:
            return Selection(self._bucket, predicate)
        return Selection(self._bucket, lambda row: earlier(row) and predicate(row))

    def page(
        self, sort_key: SortKey, *, descending: bool = False, offset: int = 0, limit: int | None = None
    ) -> list[Row]:
        """Up to ``limit`` rows from ``offset`` on; O(limit + log n) when nothing is filtered out."""
        if not self._bucket:
            return []
        order = self._bucket.sorted_by(sort_key)
        if self._predicate is not None:
            rows = filter(self._predicate, reversed(order) if descending else order)
            return list(islice(rows, offset, None if limit is None else offset + limit))
        size = len(order)
        start = min(offset, size)
        stop = size if limit is None else min(offset + limit, size)
        if descending:
            return list(order.islice(size - stop, size - start, reverse=True))
        return list(order.islice(start, stop))


class Table(Generic[Key, Row]):
    """Rows by primary key, and by the value of each index.

    An index is a function from a row to a value; rows whose value is ``None`` are left out of it.
    """

    __slots__ = ("_all_rows", "_buckets", "_indexes", "_key", "_rows", "name", "revision")

    def __init__(
        self,
        name: str,
        key: Callable[[Row], Key],
        indexes: Mapping[str, Callable[[Row], Hashable]] | None = None,
    ) -> None:
        self.name = name
        #: How often the table was changed.
        self.revision = 0
        self._key = key
        self._rows: dict[Key, Row] = {}
        self._all_rows: Bucket[Row] = Bucket()
        self._indexes = dict(indexes or {})
        self._buckets: dict[str, dict[Hashable, Bucket[Row]]] = {index: {} for index in self._indexes}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: Key) -> Row:
        return self._rows[key]

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def put(self, row: Row) -> Row:
        """Insert a row, or let it succeed the one with its key; a row keeps its place in insertion order."""
        self.revision += 1
        key = self._key(row)
        old = self._rows.get(key)
        self._rows[key] = row
        self._all_rows.put(key, row)
        for index, value_of in self._indexes.items():
            buckets = self._buckets[index]
            value = value_of(row)
            if old is not None and (before := value_of(old)) != value and before is not None:
                self._drop(buckets, before, key)
            if value is not None:
                bucket = buckets.get(value)
                if bucket is None:
                    bucket = buckets[value] = Bucket()
                bucket.put(key, row)
        return row

    def bulk_load(self, rows: Sequence[Row]) -> None:
        """Put many rows into an empty table at once.

        Raises:
            ValueError: if two of them have one key.
        """
        keys = list(map(self._key, rows))
        self._rows.update(zip(keys, rows, strict=True))
        if len(self._rows) != len(keys):
            raise ValueError(f"there are two rows of one key in the table of {self.name}s")
        self._all_rows.bulk_load(self._rows)
        for index, value_of in self._indexes.items():
            by_value: dict[Hashable, dict[Hashable, Row]] = {}
            for key, value in zip(keys, map(value_of, rows), strict=True):
                if value is not None:
                    by_value.setdefault(value, {})[key] = self._rows[key]
            buckets = self._buckets[index]
            for value, some in by_value.items():
                bucket: Bucket[Row] = Bucket()
                bucket.bulk_load(some)
                buckets[value] = bucket
        self.revision += 1

    def remove(self, key: Key) -> Row:
        self.revision += 1
        row = self._rows.pop(key)
        self._all_rows.remove(key)
        for index, value_of in self._indexes.items():
            value = value_of(row)
            if value is not None:
                self._drop(self._buckets[index], value, key)
        return row

    @staticmethod
    def _drop(buckets: dict[Hashable, Bucket[Row]], value: Hashable, key: Key) -> None:
        bucket = buckets[value]
        bucket.remove(key)
        if not bucket:
            del buckets[value]

    def all(self) -> Selection[Row]:
        return Selection(self._all_rows)

    def where(self, **condition: Hashable) -> Selection[Row]:
        """The rows whose index has a value, e.g. ``scenarios.where(team=7)``."""
        [(index, value)] = condition.items()
        return Selection(self._buckets[index].get(value, _EMPTY))
