"""Sort keys. Each ends with the id, so that no two rows are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from ..http.endpoint import ApiCall
from ..http.paging import Paging
from ..world.tables import SortKey

Row = TypeVar("Row")

by_id: SortKey = attrgetter("id")


class _NamedRow(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


def _by_name(row: _NamedRow) -> tuple[str, int]:
    return row.name.casefold(), row.id


def sort_by(attribute: str) -> SortKey:
    """Order rows by an attribute; rows without a value come first."""

    def key(row: Any) -> tuple[bool, Any, int]:
        value = getattr(row, attribute)
        return value is not None, value if value is not None else 0, row.id

    return key


by_name: SortKey = _by_name

#: Paging of most lists: sorted by name by default, and practically unlimited.
NAME_PAGING = Paging(sort_keys={"name": by_name, "id": by_id}, sort="name")


def page_of(call: ApiCall, rows: Sequence[Row]) -> Sequence[Row]:
    """The requested page of rows that are no rows of a table, in their order."""
    page = call.page
    return rows if page is None else rows[page.offset : page.offset + page.limit]


def make_paging(
    sort: str, columns: Mapping[str, SortKey], *, limit: int = 10_000, descending: bool = False
) -> Paging:
    return Paging(sort_keys=columns, sort=sort, limit=limit, descending=descending)
