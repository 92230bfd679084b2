"""Data stores and records. Source: API documentation, "Data stores"; recorded exchanges."""

from __future__ import annotations

from typing import Any

from ..endpoint import Call, Confirmable, Group
from ..envelope import bare, many, one, value
from ..paging import Paging
from ..schemas.data_stores import (
    MAX_KEY,
    DataStoreCreate,
    DataStoreDetail,
    DataStoreListItem,
    DataStoresChoice,
    DataStoresDelete,
    DataStoresQuery,
    DataStoreUpdate,
    DataStoreWritten,
    RecordCreate,
    RecordOut,
    RecordsChoice,
)
from ..world import datastores
from ..world.datastores import MEGABYTE
from ..world.models import DataStore, DataStructure, Record, Team
from ..world.refusals import Invalid, NotFound, Unconfirmed
from ..world.tables import Selection
from .ordering import by_name, paging

group = Group("data stores")


def _insertion(record: Record) -> int:
    return record.sequence


@group.get(
    "/data-stores",
    scopes=["datastores:read"],
    permission="datastores get",
    query=DataStoresQuery,
    answer=many("dataStores", DataStoreListItem),
    paging=paging("name", {"name": by_name}),
    cols=True,
    core=20,
)
def list_data_stores(call: Call, team: Team) -> Selection[DataStore]:
    """List the data stores of a team."""
    return call.world.data_stores.where(team=team.id)


@group.get(
    "/data-stores/{dataStoreId}",
    scopes=["datastores:read"],
    permission="datastore view",
    answer=one("dataStore", DataStoreDetail),
    cols=True,
)
def get_data_store(call: Call, data_store: DataStore) -> DataStore:
    """Get a data store."""
    return data_store


@group.post(
    "/data-stores",
    scopes=["datastores:write"],
    permission="datastore add",
    body=DataStoreCreate,
    answer=one("dataStore", DataStoreWritten),
    core=21,
)
def create_data_store(call: Call, team: Team, datastructure: DataStructure | None = None) -> DataStore:
    """Create a data store; without a data structure it keeps keys only."""
    _same_team(team.id, datastructure)
    return datastores.create_store(
        call.world,
        team,
        name=call.body["name"],
        max_size_mb=call.body["max_size_mb"],
        structure=datastructure,
    )


@group.patch(
    "/data-stores/{dataStoreId}",
    scopes=["datastores:write"],
    permission="datastore edit",
    body=DataStoreUpdate,
    answer=one("dataStore", DataStoreWritten),
    core=22,
)
def update_data_store(
    call: Call, data_store: DataStore, datastructure: DataStructure | None = None
) -> DataStore:
    """Change a data store's name, size or data structure."""
    _same_team(data_store.team_id, datastructure)
    changes: dict[str, Any] = dict(call.body)
    if "max_size_mb" in changes:
        changes["max_size"] = changes.pop("max_size_mb") * MEGABYTE
    return datastores.update_store(call.world, data_store, **changes)


@group.delete(
    "/data-stores",
    scopes=["datastores:write"],
    permission="datastore delete",
    query=DataStoresDelete,
    body=DataStoresChoice,
    answer=value("dataStores"),
)
def delete_data_stores(call: Call, team: Team, stores: list[DataStore] | None = None) -> list[int]:
    """Delete some or all data stores of a team; needs confirmation when scenarios use one."""
    if stores is None:
        spared = set(call.body.get("except_ids", ()))
        stores = [row for row in call.world.data_stores.where(team=team.id) if row.id not in spared]
    chosen = {store.id: store for store in stores}
    for store in chosen.values():
        if store.team_id != team.id:
            raise NotFound("data store", store.id)
    return datastores.delete_stores(call.world, list(chosen.values()), confirmed=call.confirmed)


@group.delete(
    "/data-stores/{dataStoreId}",
    scopes=["datastores:write"],
    permission="datastore delete",
    query=Confirmable,
    answer=value("dataStore"),
)
def delete_data_store(call: Call, data_store: DataStore) -> int:
    """Delete a data store with its records; needs confirmation when scenarios use it."""
    [id] = datastores.delete_stores(call.world, [data_store], confirmed=call.confirmed)
    return id


@group.get(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:read"],
    permission="datastore view",
    answer=many("records", RecordOut),
    paging=Paging(by={"": _insertion}, sort=None, limit=10),
    core=23,
)
def list_records(call: Call, data_store: DataStore) -> tuple[Selection[Record], dict[str, Any]]:
    """List the records of a data store, oldest first, with the fields of its data structure."""
    structure_id = data_store.datastructure_id
    structure = call.world.data_structures[structure_id] if structure_id is not None else None
    return datastores.records(call.world, data_store), {
        "spec": list(structure.spec) if structure else [],
        "strict": structure.strict if structure else False,
        "count": data_store.records,
    }


@group.post(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:write"],
    permission="datastore edit",
    body=RecordCreate,
    answer=bare(RecordOut),
    core=24,
)
def create_record(call: Call, data_store: DataStore) -> Record:
    """Add a record; a key of 12 hexadecimal digits is made up when none is given."""
    return datastores.add_record(call.world, data_store, key=call.body.get("key"), data=call.body.get("data"))


@group.put(
    "/data-stores/{dataStoreId}/data/{key}",
    scopes=["datastores:write"],
    permission="datastore edit",
    raw_body=True,
    answer=bare(RecordOut),
    core=25,
)
def replace_record(call: Call, data_store: DataStore, key: str) -> Record:
    """Put a whole record at a key: fields that are not sent are gone."""
    if len(key) > MAX_KEY:
        raise Invalid("Parameter 'key' has a wrong length.")
    return datastores.replace_record(call.world, data_store, key, call.body)


@group.patch(
    "/data-stores/{dataStoreId}/data/{key}",
    scopes=["datastores:write"],
    permission="datastore edit",
    raw_body=True,
    answer=bare(RecordOut),
    core=26,
)
def update_record(call: Call, data_store: DataStore, key: str) -> Record:
    """Change some fields of a record: the others stay."""
    return datastores.update_record(call.world, data_store, key, call.body)


@group.delete(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:write"],
    permission="datastore edit",
    query=Confirmable,
    body=RecordsChoice,
    answer=value("keys"),
    core=27,
)
def delete_records(call: Call, data_store: DataStore) -> list[str]:
    """Delete some or all records; always needs confirmation."""
    if not call.confirmed:
        raise Unconfirmed("The removal of records is not confirmed.")
    keys = call.body.get("keys")
    if keys is None:
        spared = set(call.body.get("except_keys", ()))
        keys = [row.key for row in datastores.records(call.world, data_store) if row.key not in spared]
    return datastores.delete_records(call.world, data_store, keys)


def _same_team(team_id: int, structure: DataStructure | None) -> None:
    if structure is not None and structure.team_id != team_id:
        raise Invalid("The data structure belongs to another team.")
