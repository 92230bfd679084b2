"""Parser for paging and columns: ``pg[limit]``, ``pg[offset]``, ``pg[sortBy]``, ``pg[sortDir]`` and ``cols[]``.

Source: API documentation, "Pagination, sorting and filtering"; recorded responses. No source says how the service treats an
invalid page; here it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..schemas.base import MAX_ID, ResponseSchema
from ..world.tables import SortKey

_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_COLUMN_KEY = re.compile(r"cols\[([0-9]{0,4})\]", re.ASCII)

#: Maximum number of rows of a page: the largest limit observed in a response.
MAX_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Paging:
    """Sorting and paging of a list.

    Args:
        sort_keys: sortable column -> sort key; the key must differ between any two rows.
        sort: the default column; ``None`` for lists that offer no sorting.
    """

    sort_keys: Mapping[str, SortKey]
    sort: str | None
    descending: bool = False
    limit: int = 10_000
    #: The maximum of ``pg[limit]``.
    maximum: int = MAX_LIMIT

    def sort_key(self, sort: str | None) -> SortKey:
        return self.sort_keys[sort or ""]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Requested page."""

    sort: str | None
    descending: bool
    offset: int
    limit: int

    def to_json(self) -> dict[str, Json]:
        """Returns the ``pg`` of the response, in the recorded order of keys."""
        if self.sort is None:
            return {"limit": self.limit, "offset": self.offset, "returnTotalCount": False}
        return {
            "sortBy": self.sort,
            "limit": self.limit,
            "sortDir": "desc" if self.descending else "asc",
            "offset": self.offset,
            "returnTotalCount": False,
        }


def parse_columns(
    arguments: MultiDict[str, str],
    schema: type[ResponseSchema] | None,
    issues: list[str],
    *,
    is_plain: bool = False,
) -> tuple[str, ...] | None:
    """Returns the columns of ``cols[]``, in their order; ``None`` without ``cols[]``.

    Args:
        is_plain: true if ``cols``, without brackets, is read as well.
    """
    requested: list[tuple[int, str]] = []
    if is_plain:
        requested += [(0, column) for column in arguments.getlist("cols")]
    for key in arguments:
        if (match := _COLUMN_KEY.fullmatch(key)) is not None:
            place = int(match[1]) if match[1] else 0
            requested.extend((place, column) for column in arguments.getlist(key))
    if not requested:
        return None
    requested.sort(key=lambda item: item[0])
    known = schema.columns() if schema else {}
    if any(column == "*" for _, column in requested):
        return tuple(known)
    columns = tuple(dict.fromkeys(column for _, column in requested))
    issues.extend(
        f"Unknown column '{column}' in parameter 'cols'." for column in columns if column not in known
    )
    return columns


def parse_page(arguments: MultiDict[str, str], paging: Paging, issues: list[str]) -> PageRequest:
    """Returns the page of ``pg[]``."""
    sort, descending, offset, limit = paging.sort, paging.descending, 0, paging.limit
    for key in arguments:
        if not key.startswith("pg["):
            continue
        text = arguments[key]
        if len(arguments.getlist(key)) > 1:
            issues.append(f"Parameter '{key}' was given more than once.")
        match key:
            case "pg[limit]":
                limit = _parse_integer(key, text, 1, paging.maximum, issues)
            case "pg[offset]":
                offset = _parse_integer(key, text, 0, MAX_ID, issues)
            case "pg[sortBy]" if paging.sort is not None:
                if text not in paging.sort_keys:
                    issues.append(f"Unknown column '{text}' in parameter 'pg[sortBy]'.")
                sort = text
            case "pg[sortDir]" if paging.sort is not None:
                if text not in ("asc", "desc"):
                    issues.append("Parameter 'pg[sortDir]' must be one of: asc, desc.")
                descending = text == "desc"
    return PageRequest(sort, descending, offset, limit)


def _parse_integer(key: str, text: str, least: int, most: int, issues: list[str]) -> int:
    if _NUMBER.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    issues.append(f"Parameter '{key}' must be a whole number from {least} to {most}.")
    return least
