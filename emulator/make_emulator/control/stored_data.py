"""Data stores with their records, and custom variables, in the control API: to look at, without an entry in the request log."""

from __future__ import annotations

from itertools import islice

import orjson
from flask import Blueprint, Response, request

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import JsonObject
from ..registry import WorldRegistry
from ..world import data_stores
from ..world.models import Record
from ..world.world import World
from .params import parse_count
from .worlds import find_world

#: Records of a page, unless a query has another limit, and the longest text that is searched for.
MAX_RECORDS, MAX_TEXT_LENGTH = 100, 200


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/data-stores")
    def list_data_stores(name: str) -> Response:
        """Data stores of all teams, with the number of their records and their size in bytes."""
        with find_world(registry, name).locked() as world:
            return json_response({"dataStores": [_store_view(world, row.id) for row in world.data_stores]})

    @blueprint.get("/worlds/<name>/data-stores/<int:store_id>/records")
    def list_stored_records(name: str, store_id: int) -> Response:
        """Records of a data store, the oldest first; ``?q=`` searches keys and values, ``limit=`` (100), ``offset=``."""
        text = request.args.get("q", "")[:MAX_TEXT_LENGTH].casefold().strip()
        limit, offset = parse_count("limit", MAX_RECORDS), parse_count("offset", 0)
        with find_world(registry, name).locked() as world:
            store = world.data_stores.get(store_id)
            if store is None:
                raise ResourceNotFoundError(f"There is no data store {store_id} in that world.")
            rows = data_stores.records(world, store)
            if text:
                found = [row for row in rows if _has_text(row, text)]
                page, total = found[offset : offset + limit], len(found)
            else:
                page, total = list(islice(rows, offset, offset + limit)), store.records
        return json_response(
            {"records": [{"key": row.key, "data": dict(row.data)} for row in page], "total": total}
        )

    @blueprint.get("/worlds/<name>/variables")
    def list_variables(name: str) -> Response:
        """Custom variables of organizations and teams, by name, each with its owner."""
        with find_world(registry, name).locked() as world:
            rows = sorted(world.variables, key=lambda row: (row.owner, row.owner_id, row.name))
            return json_response(
                {
                    "variables": [
                        {
                            "owner": row.owner,
                            "ownerId": row.owner_id,
                            "name": row.name,
                            "typeId": row.type_id,
                            "value": row.value,
                        }
                        for row in rows
                    ]
                }
            )


def _store_view(world: World, id: int) -> JsonObject:
    store = world.data_stores[id]
    return {
        "id": store.id,
        "name": store.name,
        "teamId": store.team_id,
        "teamName": world.teams[store.team_id].name,
        "records": store.records,
        "size": store.size,
        "maxSize": store.max_size,
    }


def _has_text(row: Record, text: str) -> bool:
    return text in row.key.casefold() or text in orjson.dumps(row.data).decode().casefold()
