"""The app "Data store": acts on the world's own data stores.

Sources: exported blueprints for fields and outputs; practitioners' notes for records that exist or are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ...world import datastores
from ...world.models import DataStore, Fields, Json, Record
from ...world.refusals import BadBlueprint, Invalid, NotFound, OutOfSpace
from ..conditions import conditions
from ..errors import BundleInvalid, Misfit, ModuleError
from ..filters import holds
from ..iml.evaluate import fill
from ..iml.functions.general import path_of, reach
from ..iml.order import sorted_by
from ..iml.values import EMPTY_TEXT, Mark, Value, as_text, coerce, is_array, plain
from .registry import NO_RESULTS, Emit, Field, Kind, ModuleContext, Outcome

_KEY = Field("key", "text", required=True)
_DATA = Field("data", "collection")


def _store(context: ModuleContext) -> DataStore:
    id = context.module.parameters.get("datastore")
    if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < 10:
        id = int(id)
    if isinstance(id, int) and not isinstance(id, bool):
        store = context.run.world.data_stores.get(id)
        if store is not None and store.team_id == context.run.scenario.team_id:
            return store
    raise ModuleError("InvalidConfigurationError", f"Data store '{str(id)[:50]}' not found.")


def _structure(context: ModuleContext, store: DataStore) -> tuple[Fields, bool]:
    if store.datastructure_id is None:
        return (), False
    structure = context.run.world.data_structures[store.datastructure_id]
    return structure.spec, structure.strict


def _data(context: ModuleContext, store: DataStore) -> dict[str, Json]:
    """The mapped record as the store takes it.

    Unless the structure is strict, fields that it does not have are dropped without a word (seen).
    """
    spec, strict = _structure(context, store)
    mapped = context.mapper.get("data") or {}
    types = {field["name"]: str(field.get("type", "any")) for field in spec}
    faults = 0
    data: dict[str, Json] = {}
    for name, value in mapped.items():
        if name not in types and not strict:
            continue
        if value is None or (value == "" and value is not EMPTY_TEXT):
            # A boolean cannot be emptied (developer documentation, "Processing of empty values").
            if types.get(name) != "boolean" and _erases(context, name):
                data[name] = [] if types.get(name) == "array" else None
            continue
        try:
            data[name] = plain(coerce(value, types.get(name, "any"), context.env.zone))
        except Misfit:
            faults += 1
    if faults:
        raise BundleInvalid(faults)
    return data


def _erases(context: ModuleContext, name: str) -> bool:
    """Whether a field of the record is mapped to ``erase``, which empties it where other empty values leave it alone."""
    record = context.module.mapper.get("data")
    raw = record.get(name) if isinstance(record, Mapping) else None
    return isinstance(raw, str) and "{{" in raw and fill(raw, context.env) is Mark.ERASE


def _written(write: Callable[[], Record]) -> Record:
    """What the world answers to a wish to write, in the engine's words."""
    try:
        return write()
    except OutOfSpace:
        raise ModuleError("OutOfSpaceError", "Out of space.") from None
    except Invalid as refusal:
        raise BundleInvalid(len(refusal.faults)) from None
    except NotFound:
        raise ModuleError("DataError", "Record not found.") from None


def _bundle(record: Record) -> Mapping[str, Value]:
    return {"key": record.key, "data": record.data}


def _add(context: ModuleContext) -> Outcome:
    world, store, mapper = context.run.world, _store(context), context.mapper
    key, overwrite = _key(mapper), bool(mapper["overwrite"])
    if key is not None and not overwrite and (store.id, key) in world.records:
        raise ModuleError("DataError", "Duplicate key error")
    data = _data(context, store)
    if key is not None:
        context.run.transaction.touch(world, store.id, key, first=context.first)
    record = _written(lambda: datastores.add_record(world, store, key=key, data=data, overwrite=overwrite))
    if key is None:
        context.run.transaction.added(record, first=context.first)
    return Emit([_bundle(record)])


def _key(mapper: Mapping[str, Value]) -> str | None:
    return plain(mapper["key"]) if "key" in mapper else None


def _update(context: ModuleContext) -> Outcome:
    world, store, mapper = context.run.world, _store(context), context.mapper
    key, data = str(plain(mapper["key"])), _data(context, store)
    old = world.records.get((store.id, key))
    context.run.transaction.touch(world, store.id, key, first=context.first)
    if old is None:
        if not mapper["upsert"]:
            raise ModuleError("DataError", "Record not found.")
        return Emit([_bundle(_written(lambda: datastores.add_record(world, store, key=key, data=data)))])
    if not mapper["overwriteArrays"]:
        for name, value in data.items():
            before = old.data.get(name)
            if isinstance(value, list) and isinstance(before, list) and not _erases(context, name):
                data[name] = [*before, *value]
    return Emit([_bundle(_written(lambda: datastores.update_record(world, store, key, data)))])


def _get(context: ModuleContext) -> Outcome:
    """A record that does not exist is an empty bundle, and no error (seen)."""
    record = context.run.world.records.get((_store(context).id, str(plain(context.mapper["key"]))))
    if record is None:
        return Emit([{}])
    return Emit([_bundle(record) if context.mapper["returnWrapped"] else record.data])


def _exist(context: ModuleContext) -> Outcome:
    key = (_store(context).id, str(plain(context.mapper["key"])))
    return Emit([{"exist": key in context.run.world.records}])


def _search(context: ModuleContext) -> Outcome:
    """One bundle a record; without any, the path ends there unless the module is told to go on."""
    parameters = context.module.parameters
    records = sorted_by(list(_matching(context)), _orders(context.mapper.get("sort")))
    limit = context.mapper.get("mappAbleLimit", parameters.get("limit"))
    if isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0:
        records = records[:limit]
    if not records and parameters.get("continueWhenNoRes") is True:
        return Emit(NO_RESULTS)
    return Emit([_bundle(record) for record in records])


def _matching(context: ModuleContext) -> Iterator[Record]:
    try:
        groups = conditions(context.mapper.get("filter"), "the search")
    except BadBlueprint:
        raise BundleInvalid() from None
    records = datastores.records(context.run.world, _store(context))
    context.env.budget.step(1 + len(records))
    for record in records:
        if not groups or any(
            all(holds(part.operator, _field(record, part.a), part.b, context.env) for part in group)
            for group in groups
        ):
            yield record


def _field(record: Record, name: Value) -> Value:
    """A field of a record by its bare name, or the record's key."""
    path = as_text(name) if not isinstance(name, (Mapping, list)) else ""
    if path in record.data:
        return record.data[path]
    return record.key if path == "key" else reach(record.data, path_of(path))


def _orders(sort: Value) -> Sequence[tuple[Callable[[Record], Value], bool]]:
    """What to sort by, the most important first, and whether downwards."""
    orders: list[tuple[Callable[[Record], Value], bool]] = []
    for part in sort if is_array(sort) else ():
        if not isinstance(part, Mapping) or not isinstance(part.get("key"), str):
            raise BundleInvalid()
        orders.append((partial(_field, name=part["key"]), part.get("order") in (-1, "-1", "desc")))
    return orders


def _delete(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _store(context)
    record = world.records.get((store.id, str(plain(context.mapper["key"]))))
    if record is None:
        raise ModuleError("DataError", "Record not found.")
    context.run.transaction.touch(world, store.id, record.key, first=context.first)
    datastores.delete_records(world, store, [record.key])
    return Emit([_bundle(record)])


def _delete_all(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _store(context)
    keys = [record.key for record in datastores.records(world, store)]
    for key in keys:
        context.run.transaction.touch(world, store.id, key, first=context.first)
    datastores.delete_records(world, store, keys)
    return Emit([{}])


def _count(context: ModuleContext) -> Outcome:
    return Emit([{"count": _store(context).records}])


KINDS: tuple[Kind, ...] = (
    Kind(
        "datastore:AddRecord",
        _add,
        (Field("key", "text"), Field("overwrite", "boolean", required=True), _DATA),
    ),
    Kind(
        "datastore:UpdateRecord",
        _update,
        (
            _KEY,
            Field("upsert", "boolean", required=True),
            Field("overwriteArrays", "boolean", required=True),
            _DATA,
        ),
    ),
    Kind("datastore:GetRecord", _get, (_KEY, Field("returnWrapped", "boolean", required=True))),
    Kind("datastore:ExistRecord", _exist, (_KEY,)),
    Kind(
        "datastore:SearchRecord",
        _search,
        (Field("filter", "array"), Field("sort", "array"), Field("mappAbleLimit", "uinteger")),
    ),
    Kind("datastore:DeleteRecord", _delete, (_KEY,)),
    Kind("datastore:DeleteAllRecords", _delete_all),
    Kind("datastore:Stats", _count),
)
