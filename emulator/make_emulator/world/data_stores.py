"""Data stores, their records, and the data structures that give records a shape.

The figures of sizes reproduce two recorded samples exactly: a record weighs 28 bytes, its key, and its data as
BSON. A store without a structure stores keys only (recorded: the data comes back empty).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypedDict, Unpack

from . import blueprint_refs
from .exceptions import (
    InvalidParametersError,
    NotConfirmedError,
    NotFoundError,
    OutOfSpaceError,
    PlanLimitError,
    ResourceInUseError,
)
from .field_specs import field_name, field_type, inner_fields
from .models import DataStore, DataStructure, FieldSpecs, Json, Record, Team
from .tables import Selection
from .world import World

MEGABYTE = 1_048_576
RECORD_OVERHEAD = 28

#: Help centre, "Data stores": a record holds at most 15 MB.
MAX_RECORD_SIZE = 15 * MEGABYTE


# --- data stores ---------------------------------------------------------------------------------


def create_store(
    world: World,
    team: Team,
    *,
    name: str,
    max_size_mb: int,
    structure: DataStructure | None = None,
    id: int | None = None,
) -> DataStore:
    """Creates a store, whose size is reserved from the organization's allowance.

    Raises:
        OutOfSpaceError: if the organization's allowance is used up (Make's IM003).
        PlanLimitError: if the organization may have no more stores.
    """
    max_size = max_size_mb * MEGABYTE
    organization = world.organizations[team.organization_id]
    siblings = world.data_stores.where(organization=organization.id)
    if len(siblings) >= organization.license.dslimit:
        raise PlanLimitError(f"The plan allows {organization.license.dslimit} data store(s).")
    _check_storage_allowance(world, team, max_size)
    return insert_store(
        world,
        team.id,
        id=world.ids.assign("data store", id),
        name=name,
        max_size=max_size,
        structure_id=structure.id if structure else None,
    )


def insert_store(
    world: World,
    team_id: int,
    *,
    id: int,
    name: str,
    max_size: int,
    structure_id: int | None = None,
    records: Iterable[Record] = (),
) -> DataStore:
    """Inserts a store with its records, unchecked."""
    rows = [world.records.put(record) for record in records]
    return world.data_stores.put(
        DataStore(
            id=id,
            name=name,
            team_id=team_id,
            datastructure_id=structure_id,
            max_size=max_size,
            records=len(rows),
            size=sum(record.size for record in rows),
        )
    )


class DataStoreChanges(TypedDict, total=False):
    """Fields of a data store that can be changed."""

    name: str
    max_size: int
    datastructure_id: int | None


def update_store(world: World, store: DataStore, **changes: Unpack[DataStoreChanges]) -> DataStore:
    """Changes a data store.

    Raises:
        OutOfSpaceError: if the new size does not fit the allowance, or is below what the records take.
    """
    max_size = changes.get("max_size", store.max_size)
    if max_size < store.size:
        raise OutOfSpaceError("The records take more room than that.")
    if max_size > store.max_size:
        _check_storage_allowance(world, world.teams[store.team_id], max_size - store.max_size)
    return world.data_stores.put(replace(store, **changes))


def _check_storage_allowance(world: World, team: Team, size: int) -> None:
    organization = world.organizations[team.organization_id]
    reserved = sum(store.max_size for store in world.data_stores.where(organization=organization.id))
    if reserved + size > organization.license.dsslimit:
        raise OutOfSpaceError()


def delete_stores(world: World, stores: Sequence[DataStore], *, confirmed: bool) -> list[int]:
    """Deletes stores with their records; all of them or none.

    Raises:
        NotConfirmedError: if a scenario uses one of them and the caller did not confirm.
    """
    for store in stores:
        if not confirmed and blueprint_refs.scenarios_using(world, "dataStore", store.id, store.team_id):
            raise NotConfirmedError(f"Data store '{store.id}' is used by scenarios.", "deleteDataStore")
    for store in stores:
        world.data_stores.remove(store.id)
    return [store.id for store in stores]


# --- records -------------------------------------------------------------------------------------


def records(world: World, store: DataStore) -> Selection[Record]:
    """The records of a store."""
    return world.records.where(store=store.id)


def add_record(
    world: World,
    store: DataStore,
    *,
    key: str | None = None,
    data: Mapping[str, Json] | None = None,
    overwrite: bool = False,
) -> Record:
    """Stores a record; without a key, one of 12 hexadecimal digits is generated.

    Raises:
        InvalidParametersError: if the data do not fit the structure, or the key is taken and ``overwrite`` is not set.
        OutOfSpaceError: if the store is full.
    """
    if key is None:
        key = world.ids.hex(12)
    if not overwrite and (store.id, key) in world.records:
        raise InvalidParametersError(f"Record with the key '{key}' already exists.")
    return _write_record(
        world,
        store,
        key,
        _validate_record_data(world, store, {} if data is None else data, blank=data is None),
    )


def replace_record(world: World, store: DataStore, key: str, data: Mapping[str, Json]) -> Record:
    """Creates or replaces the record with a key (the generic rule of PUT)."""
    return _write_record(world, store, key, _validate_record_data(world, store, data))


def update_record(world: World, store: DataStore, key: str, changes: Mapping[str, Json]) -> Record:
    """Changes some fields of a record; the others stay.

    Raises:
        NotFoundError: if there is no record with that key.
    """
    record = find_record(world, store, key)
    return _write_record(world, store, key, _validate_record_data(world, store, {**record.data, **changes}))


def find_record(world: World, store: DataStore, key: str) -> Record:
    """The record of a store with a key.

    Raises:
        NotFoundError: if there is none.
    """
    record = world.records.get((store.id, key))
    if record is None:
        raise NotFoundError("record", key)
    return record


def delete_records(world: World, store: DataStore, keys: Iterable[str]) -> list[str]:
    """Deletes the records with these keys and returns the keys that existed; others are ignored."""
    deleted: list[str] = []
    freed = 0
    for key in dict.fromkeys(keys):
        if (store.id, key) in world.records:
            freed += world.records.remove((store.id, key)).size
            deleted.append(key)
    if deleted:
        store = world.data_stores[store.id]
        world.data_stores.put(replace(store, records=store.records - len(deleted), size=store.size - freed))
    return deleted


def _write_record(world: World, store: DataStore, key: str, data: Mapping[str, Json]) -> Record:
    store = world.data_stores[store.id]
    old = world.records.get((store.id, key))
    size = record_size(key, data)
    if size > MAX_RECORD_SIZE:
        raise OutOfSpaceError("A record holds at most 15 MB.")
    store_size = store.size + size - (old.size if old else 0)
    if store_size > store.max_size:
        raise OutOfSpaceError()
    record = replace(old, data=data, size=size) if old else create_record(world, store.id, key, data, size)
    world.records.put(record)
    world.data_stores.put(replace(store, records=store.records + (old is None), size=store_size))
    return record


def _validate_record_data(
    world: World, store: DataStore, data: Mapping[str, Json], *, blank: bool = False
) -> Mapping[str, Json]:
    """The part of the data that the store holds, validated against the structure."""
    if store.datastructure_id is None:
        return {}
    structure = world.data_structures[store.datastructure_id]
    if blank:
        data = {field_name(field): None for field in structure.spec}
    issues = list(find_field_issues(structure.spec, data, strict=structure.strict))
    if issues:
        raise InvalidParametersError(*issues)
    return data


def count_records(world: World) -> None:
    """Makes the number and the size of the records of every store those of the records that there are."""
    for store in list(world.data_stores):
        rows = world.records.where(store=store.id)
        records, size = len(rows), sum(record.size for record in rows)
        if (records, size) != (store.records, store.size):
            world.data_stores.put(replace(store, records=records, size=size))


def create_record(world: World, store_id: int, key: str, data: Mapping[str, Json], size: int) -> Record:
    """A new record of a store, of the size that `record_size` computes; not yet put into it."""
    return Record(data_store_id=store_id, key=key, data=data, size=size, sequence=world.ids.next("record"))


def record_size(key: str, data: Mapping[str, Json]) -> int:
    """The bytes that a record takes of its store."""
    return RECORD_OVERHEAD + len(key.encode()) + bson_size(data)


def bson_size(value: Json) -> int:
    """The bytes that a value takes as BSON, by which Make counts the size of a record."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return 4 if -(2**31) <= value < 2**31 else 8
    if isinstance(value, float):
        return 8
    if isinstance(value, str):
        return 5 + len(value.encode())
    items = value.items() if isinstance(value, Mapping) else ((str(i), v) for i, v in enumerate(value))
    return 5 + sum(2 + len(name.encode()) + bson_size(item) for name, item in items)


# --- data structures -----------------------------------------------------------------------------


def create_structure(
    world: World, team: Team, *, name: str, spec: FieldSpecs, strict: bool, id: int | None = None
) -> DataStructure:
    """Creates a data structure; ``strict`` rejects fields that are not in ``spec``."""
    id = world.ids.assign("data structure", id)
    return world.data_structures.put(
        DataStructure(id=id, name=name, team_id=team.id, spec=spec, strict=strict)
    )


class DataStructureChanges(TypedDict, total=False):
    """Fields of a data structure that can be changed."""

    name: str
    spec: FieldSpecs
    strict: bool


def update_structure(
    world: World, structure: DataStructure, **changes: Unpack[DataStructureChanges]
) -> DataStructure:
    """Changes a data structure."""
    return world.data_structures.put(replace(structure, **changes))


def delete_structure(world: World, structure: DataStructure, *, confirmed: bool) -> int:
    """Deletes a structure that no data store has.

    Raises:
        ResourceInUseError: if a data store has it.
        NotConfirmedError: if a scenario uses it and the caller did not confirm.
    """
    if stores := list(world.data_stores.where(structure=structure.id)):
        raise ResourceInUseError(f"Data structure '{structure.id}' is used by data store '{stores[0].id}'.")
    if not confirmed and blueprint_refs.scenarios_using(
        world, "dataStructure", structure.id, structure.team_id
    ):
        raise NotConfirmedError(
            f"Data structure '{structure.id}' is used by scenarios.", "deleteDataStructure"
        )
    return world.data_structures.remove(structure.id).id


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "email": (str,),
    "url": (str,),
    "filename": (str,),
    "password": (str,),
    "date": (str,),
    "time": (str,),
    "number": (int, float),
    "integer": (int,),
    "uinteger": (int,),
    "boolean": (bool,),
    "array": (list,),
    "collection": (dict,),
}


def find_field_issues(spec: FieldSpecs, data: Mapping[str, Json], *, strict: bool) -> Iterable[str]:
    """The issues of data under a specification of fields, one text for each invalid parameter."""
    for field in spec:
        name, kind = field_name(field), field_type(field)
        value = data.get(name)
        if value is None or value == "":
            if field.get("required"):
                yield f"Missing value of required parameter '{name}'."
            continue
        types = _PYTHON_TYPES.get(kind)
        if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            yield f"Invalid {kind} in parameter '{name}'."
        elif (
            kind == "collection" and isinstance(value, Mapping) and (inner := inner_fields(field)) is not None
        ):
            yield from find_field_issues(inner, value, strict=strict)
    if strict:
        known = {field_name(field) for field in spec}
        yield from (f"Unknown parameter '{name}'." for name in data if name not in known)
