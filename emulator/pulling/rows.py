"""Rows of the API's lists, as a seed has them: what is not listed here never gets into a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..world import hook_types
from ..world.datastores import MEGABYTE
from ..world.variables import TYPES
from .options import Row


def named(row: Row) -> Row:
    return {"id": row["id"], "name": row["name"]}


def _present(**values: Any) -> Row:
    return {key: value for key, value in values.items() if value is not None}


def variable_row(row: Mapping[str, Any]) -> Row:
    """A custom variable; only of a date does the value not tell the type."""
    is_date = TYPES.get(row["typeId"]) == "date"
    return {"name": row["name"], "value": row["value"], **({"type": "date"} if is_date else {})}


def connection_row(row: Row) -> Row:
    return {
        **named(row),
        "type": row["accountName"],
        **_present(
            label=row.get("accountLabel"),
            accountType=row.get("accountType"),
            theme=row.get("theme"),
            metadata=_account(row.get("metadata")),
            scopesCnt=row.get("scopesCnt"),
        ),
    }


def _account(metadata: Any) -> Row | None:
    """Whose account it is; whatever else there may be in the metadata of an app stays where it is."""
    if not isinstance(metadata, Mapping):
        return None
    kept = {key: metadata[key] for key in ("type", "value") if isinstance(metadata.get(key), str)}
    return kept or None


def function_row(row: Row) -> Row:
    return {**named(row), **_present(description=row.get("description") or None)}


def hook_row(row: Row) -> Row:
    """A hook with those settings that the emulator takes for its type; ``unknown`` are the names of the others."""
    data = {
        key: value for key, value in (row.get("data") or {}).items() if key != "teamId" and value is not None
    }
    unknown = []
    if (kind := hook_types.hook_types().get(row["typeName"])) is not None:
        known = {field["name"] for field in kind.fields}
        unknown = [key for key in data if key not in known]
        data = {key: value for key, value in data.items() if key in known}
    return {
        **named(row),
        "type": row["typeName"],
        **({"data": data} if data else {}),
        **({"enabled": False} if row.get("enabled") is False else {}),
        **({"unknown": unknown} if unknown else {}),
    }


def flat_folders(rows: list[Row], parent: int | None) -> Iterator[Row]:
    for row in rows:
        lies_in = row.get("parentId") or parent
        yield {**named(row), **_present(parent=lies_in)}
        children = row.get("children")
        if isinstance(children, list):
            yield from flat_folders(children, row["id"])


def parents_first(folders: Mapping[int, Row]) -> list[Row]:
    """By id, but none before the one in which it lies."""
    ordered: dict[int, Row] = {}

    for id in sorted(folders):
        above: dict[int, Row] = {}
        row: Row | None = folders[id]
        while row is not None and row["id"] not in above:
            above[row["id"]] = row
            row = folders.get(row.get("parent", 0))
        for key in reversed(above):
            ordered.setdefault(key, above[key])
    return list(ordered.values())


def data_store_row(row: Row) -> Row:
    megabytes = -(-int(row.get("maxSize") or MEGABYTE) // MEGABYTE)
    return {**named(row), "maxSizeMB": megabytes, **_present(dataStructure=row.get("datastructureId"))}


def record_row(row: Row) -> Row:
    return {"key": str(row["key"]), **({"data": row["data"]} if row.get("data") else {})}


def scenario_row(row: Row) -> Row:
    return {
        **named(row),
        **({"description": row["description"]} if row.get("description") else {}),
        "scheduling": row["scheduling"],
        **_present(folder=row.get("folderId"), created=row.get("created")),
        **({"active": True} if row.get("isActive", row.get("islinked")) else {}),
        **({"invalid": True} if row.get("isinvalid") else {}),
    }


def template_row(row: Row) -> Row:
    return {**named(row), **_present(description=row.get("description"))}
