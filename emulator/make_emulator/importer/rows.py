"""Conversion of API rows to rows of a seed, as an allow-list: no other field gets into a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..json_types import JsonObject
from ..world import hooks
from ..world.data_stores import MEGABYTE
from ..world.variables import TYPE_NAMES


def id_and_name(row: JsonObject) -> JsonObject:
    return {"id": row["id"], "name": row["name"]}


def _without_nulls(**values: Any) -> JsonObject:
    return {key: value for key, value in values.items() if value is not None}


def variable_row(row: Mapping[str, Any]) -> JsonObject:
    """Converts a custom variable; only a date needs its type beside the value."""
    is_date = TYPE_NAMES.get(row["typeId"]) == "date"
    return {"name": row["name"], "value": row["value"], **({"type": "date"} if is_date else {})}


def connection_row(row: JsonObject) -> JsonObject:
    return {
        **id_and_name(row),
        "type": row["accountName"],
        **_without_nulls(
            label=row.get("accountLabel"),
            accountType=row.get("accountType"),
            theme=row.get("theme"),
            metadata=_account_metadata(row.get("metadata")),
            scopesCnt=row.get("scopesCnt"),
        ),
    }


def _account_metadata(metadata: Any) -> JsonObject | None:
    """Returns the account of a connection; other metadata of the app are left out."""
    if not isinstance(metadata, Mapping):
        return None
    kept = {key: metadata[key] for key in ("type", "value") if isinstance(metadata.get(key), str)}
    return kept or None


def custom_role_row(row: JsonObject) -> JsonObject:
    return {
        **id_and_name(row),
        "category": row["category"],
        **_without_nulls(description=row.get("description") or None),
        "permissions": list(row.get("permissions") or ()),
    }


def credential_request_row(row: JsonObject) -> JsonObject:
    """Converts a credential request; the connections and keys that came of it are named by their ids."""
    credentials = [(item, _credential_row(item)) for item in row["credentials"]]
    return {
        "name": row["name"],
        **_without_nulls(
            description=row.get("description"),
            user=(row.get("user") or {}).get("id"),
            provider=(row.get("makeProvider") or {}).get("id"),
            created=row["createdAt"],
        ),
        **{
            key: items
            for key, component in (("connections", "account"), ("keys", "keychain"))
            if (items := [new for item, new in credentials if item["component"] == component])
        },
    }


def _credential_row(row: JsonObject) -> JsonObject:
    reference = "connection" if row["component"] == "account" else "key"
    is_authorized = row["state"] in ("authorized", "reauthorizing") and row.get("remoteId") is not None
    return {
        "type": row["name"],
        **_without_nulls(
            name=row.get("nameOverride"),
            description=row.get("description"),
            app=row.get("appName"),
            appModules=row.get("appModules") or None,
            appVersion=row.get("appVersion"),
            scopes=row.get("scope") or None if reference == "connection" else None,
            declined=(row.get("declineReason") or "") if row["state"] == "declined" else None,
        ),
        **({reference: int(row["remoteId"])} if is_authorized else {}),
    }


def device_row(row: JsonObject) -> JsonObject:
    info = row.get("info")
    return {
        **id_and_name(row),
        "scope": [text for text in row.get("scope") or () if isinstance(text, str)],
        **({"info": dict(info)} if isinstance(info, Mapping) else {}),
    }


def key_row(row: JsonObject) -> JsonObject:
    return {**id_and_name(row), "type": row["typeName"]}


def custom_property_row(row: JsonObject) -> JsonObject:
    options = [option["value"] for option in row.get("options") or ()]
    return {
        **id_and_name(row),
        "label": row["label"],
        "type": row["type"],
        **_without_nulls(description=row.get("description"), options=options or None),
        **({"required": True} if row.get("required") else {}),
    }


def function_row(row: JsonObject) -> JsonObject:
    return {**id_and_name(row), **_without_nulls(description=row.get("description") or None)}


def hook_row(row: JsonObject) -> JsonObject:
    """Converts a hook, with the settings that the emulator has for its type; ``unknown`` are the names of the others."""
    data = {
        key: value for key, value in (row.get("data") or {}).items() if key != "teamId" and value is not None
    }
    unknown = []
    if (kind := hooks.all_hook_types().get(row["typeName"])) is not None:
        known = {field["name"] for field in kind.fields}
        unknown = [key for key in data if key not in known]
        data = {key: value for key, value in data.items() if key in known}
    return {
        **id_and_name(row),
        "type": row["typeName"],
        **({"data": data} if data else {}),
        **({"enabled": False} if row.get("enabled") is False else {}),
        **({"unknown": unknown} if unknown else {}),
    }


def flatten_folders(rows: list[JsonObject], parent: int | None) -> Iterator[JsonObject]:
    for row in rows:
        parent_id = row.get("parentId") or parent
        yield {**id_and_name(row), **_without_nulls(parent=parent_id)}
        children = row.get("children")
        if isinstance(children, list):
            yield from flatten_folders(children, row["id"])


def sort_parents_first(folders: Mapping[int, JsonObject]) -> list[JsonObject]:
    """Returns folders by id, each after its parent."""
    ordered: dict[int, JsonObject] = {}

    for id in sorted(folders):
        above: dict[int, JsonObject] = {}
        row: JsonObject | None = folders[id]
        while row is not None and row["id"] not in above:
            above[row["id"]] = row
            row = folders.get(row.get("parent", 0))
        for key in reversed(above):
            ordered.setdefault(key, above[key])
    return list(ordered.values())


def data_store_row(row: JsonObject) -> JsonObject:
    megabytes = -(-int(row.get("maxSize") or MEGABYTE) // MEGABYTE)
    return {
        **id_and_name(row),
        "maxSizeMB": megabytes,
        **_without_nulls(dataStructure=row.get("datastructureId")),
    }


def record_row(row: JsonObject) -> JsonObject:
    return {"key": str(row["key"]), **({"data": row["data"]} if row.get("data") else {})}


def scenario_row(row: JsonObject) -> JsonObject:
    return {
        **id_and_name(row),
        **({"description": row["description"]} if row.get("description") else {}),
        "scheduling": row["scheduling"],
        **_without_nulls(folder=row.get("folderId"), created=row.get("created")),
        **({"active": True} if row.get("isActive", row.get("islinked")) else {}),
        **({"invalid": True} if row.get("isinvalid") else {}),
    }


def template_row(row: JsonObject) -> JsonObject:
    return {**id_and_name(row), **_without_nulls(description=row.get("description"))}
