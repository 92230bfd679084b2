"""Data stores and records. Source: API documentation, "Data stores"; recorded exchanges."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import bare, many, one, value
from ..http.paging import Paging
from ..json_types import Json
from ..schemas.data_stores import (
    MAX_KEY_LENGTH,
    DataStoreCreate,
    DataStoreDetail,
    DataStoreListItem,
    DataStoresDelete,
    DataStoresQuery,
    DataStoresSelection,
    DataStoreUpdate,
    DataStoreWritten,
    RecordCreate,
    RecordOut,
    RecordsSelection,
)
from ..world import data_stores
from ..world.data_stores import MEGABYTE
from ..world.exceptions import InvalidParametersError, NotConfirmedError, NotFoundError
from ..world.models import DataStore, DataStructure, Record, Team
from ..world.tables import Selection
from . import access_rules
from .ordering import by_name, make_paging

group = EndpointGroup("data stores")


def _insertion_order(record: Record) -> int:
    return record.sequence


@group.get(
    "/data-stores",
    scopes=["datastores:read"],
    permission="datastores get",
    query=DataStoresQuery,
    response=many("dataStores", DataStoreListItem),
    lists="id",
    paging=make_paging("name", {"name": by_name}),
    cols=True,
    core=20,
)
def list_data_stores(call: ApiCall, team: Team) -> Selection[DataStore]:
    """List the data stores of a team."""
    return call.world.data_stores.where(team=team.id)


@group.get(
    "/data-stores/{dataStoreId}",
    scopes=["datastores:read"],
    permission="datastore view",
    response=one("dataStore", DataStoreDetail),
    cols=True,
)
def get_data_store(call: ApiCall, data_store: DataStore) -> DataStore:
    """Get a data store."""
    return data_store


@group.post(
    "/data-stores",
    scopes=["datastores:write"],
    permission="datastore add",
    body=DataStoreCreate,
    response=one("dataStore", DataStoreWritten),
    core=21,
)
def create_data_store(call: ApiCall, team: Team, datastructure: DataStructure | None = None) -> DataStore:
    """Create a data store; without a data structure it keeps keys only."""
    _check_same_team(team.id, datastructure)
    return data_stores.create_store(
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
    response=one("dataStore", DataStoreWritten),
    core=22,
)
def update_data_store(
    call: ApiCall, data_store: DataStore, datastructure: DataStructure | None = None
) -> DataStore:
    """Change a data store's name, size or data structure."""
    _check_same_team(data_store.team_id, datastructure)
    changes = dict(call.body)
    if "max_size_mb" in changes:
        changes["max_size"] = changes.pop("max_size_mb") * MEGABYTE
    return data_stores.update_store(call.world, data_store, **changes)


def _selected_stores(call: ApiCall) -> list[DataStore]:
    """Returns the data stores that a request names, or all of the team but those that it excludes."""
    team, stores = call.rows["team"], call.rows.get("stores")
    if stores is None:
        spared = set(call.body.get("except_ids", ()))
        return [row for row in call.world.data_stores.where(team=team.id) if row.id not in spared]
    return list({store.id: store for store in stores}.values())


@group.delete(
    "/data-stores",
    scopes=["datastores:write"],
    permission="datastore delete",
    query=DataStoresDelete,
    body=DataStoresSelection,
    response=value("dataStores"),
    accesses=lambda call: access_rules.writes("data-stores", _selected_stores(call)),
)
def delete_data_stores(call: ApiCall, team: Team, stores: list[DataStore] | None = None) -> list[int]:
    """Delete some or all data stores of a team; needs confirmation when scenarios use one."""
    chosen = _selected_stores(call)
    for store in chosen:
        if store.team_id != team.id:
            raise NotFoundError("data store", store.id)
    return data_stores.delete_stores(call.world, chosen, confirmed=call.confirmed)


@group.delete(
    "/data-stores/{dataStoreId}",
    scopes=["datastores:write"],
    permission="datastore delete",
    query=ConfirmableQuery,
    response=value("dataStore"),
)
def delete_data_store(call: ApiCall, data_store: DataStore) -> int:
    """Delete a data store with its records; needs confirmation when scenarios use it."""
    [id] = data_stores.delete_stores(call.world, [data_store], confirmed=call.confirmed)
    return id


@group.get(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:read"],
    permission="datastore view",
    response=many("records", RecordOut),
    paging=Paging(sort_keys={"": _insertion_order}, sort=None, limit=10),
    core=23,
)
def list_records(call: ApiCall, data_store: DataStore) -> tuple[Selection[Record], dict[str, Json]]:
    """List the records of a data store, oldest first, with the fields of its data structure."""
    structure_id = data_store.datastructure_id
    structure = call.world.data_structures[structure_id] if structure_id is not None else None
    return data_stores.records(call.world, data_store), {
        "spec": list(structure.spec) if structure else [],
        "strict": structure.strict if structure else False,
        "count": data_store.records,
    }


@group.post(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:write"],
    permission="datastore edit",
    body=RecordCreate,
    response=bare(RecordOut),
    core=24,
)
def create_record(call: ApiCall, data_store: DataStore) -> Record:
    """Add a record; without a key, one of 12 hexadecimal digits is generated."""
    return data_stores.add_record(
        call.world, data_store, key=call.body.get("key"), data=call.body.get("data")
    )


@group.put(
    "/data-stores/{dataStoreId}/data/{key}",
    scopes=["datastores:write"],
    permission="datastore edit",
    raw_body=True,
    response=bare(RecordOut),
    core=25,
)
def replace_record(call: ApiCall, data_store: DataStore, key: str) -> Record:
    """Replace a record, or add it: missing fields are removed."""
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidParametersError("Parameter 'key' has a wrong length.")
    return data_stores.replace_record(call.world, data_store, key, call.body)


@group.patch(
    "/data-stores/{dataStoreId}/data/{key}",
    scopes=["datastores:write"],
    permission="datastore edit",
    raw_body=True,
    response=bare(RecordOut),
    core=26,
)
def update_record(call: ApiCall, data_store: DataStore, key: str) -> Record:
    """Change some fields of a record."""
    return data_stores.update_record(call.world, data_store, key, call.body)


@group.delete(
    "/data-stores/{dataStoreId}/data",
    scopes=["datastores:write"],
    permission="datastore edit",
    query=ConfirmableQuery,
    body=RecordsSelection,
    response=value("keys"),
    core=27,
)
def delete_records(call: ApiCall, data_store: DataStore) -> list[str]:
    """Delete some or all records; always needs confirmation."""
    if not call.confirmed:
        raise NotConfirmedError("The removal of records is not confirmed.", "deleteRecords")
    keys = call.body.get("keys")
    if keys is None:
        spared = set(call.body.get("except_keys", ()))
        keys = [row.key for row in data_stores.records(call.world, data_store) if row.key not in spared]
    return data_stores.delete_records(call.world, data_store, keys)


def _check_same_team(team_id: int, structure: DataStructure | None) -> None:
    if structure is not None and structure.team_id != team_id:
        raise InvalidParametersError("The data structure belongs to another team.")
