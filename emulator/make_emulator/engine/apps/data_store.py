"""App "Data store": reads and writes the data stores of the world.

Sources: exported blueprints for fields and outputs; practitioners' notes for records that exist or are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ...world import data_stores
from ...world.exceptions import (
    InvalidParametersError,
    MalformedBlueprintError,
    NotFoundError,
    OutOfSpaceError,
)
from ...world.field_specs import field_name, field_type
from ...world.models import DataStore, FieldSpecs, Json, Record
from ..blueprints.conditions import parse_conditions
from ..errors import BundleValidationError, ConversionError, ModuleError, invalid_parameter
from ..expressions.evaluator import render
from ..expressions.functions.general import get_at_path, parse_path
from ..expressions.ordering import sort_by_keys
from ..expressions.utf16 import to_well_formed
from ..expressions.values import EMPTY_TEXT, FieldMarker, Value, as_text, coerce, is_array, to_json_value
from ..filters import condition_holds
from .app import App, Field
from .context import NO_RESULTS, Emit, ModuleContext, Outcome
from .output_dates import restore_dates

APP = App("datastore", is_built_in=True)

_KEY_FIELD = Field("key", "text", required=True)
_DATA_FIELD = Field("data", "collection")


def _find_data_store(context: ModuleContext) -> DataStore:
    id = context.module.parameters.get("datastore")
    if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < 10:
        id = int(id)
    if isinstance(id, int) and not isinstance(id, bool):
        store = context.run.world.data_stores.get(id)
        if store is not None and store.team_id == context.run.scenario.team_id:
            return store
    raise ModuleError("InvalidConfigurationError", f"Data store '{str(id)[:50]}' not found.")


def _data_structure(context: ModuleContext, store: DataStore) -> tuple[FieldSpecs, bool]:
    if store.datastructure_id is None:
        return (), False
    structure = context.run.world.data_structures[store.datastructure_id]
    return structure.spec, structure.strict


def _record_data(context: ModuleContext, store: DataStore) -> dict[str, Json]:
    """Converts the mapped record to the types of the store's data structure.

    Unless the structure is strict, fields that it does not have are dropped (observed).
    """
    spec, strict = _data_structure(context, store)
    types = {field_name(field): field_type(field) for field in spec}
    issues: list[str] = []
    data: dict[str, Json] = {}
    for name, value in context.collection("data").items():
        if name not in types and not strict:
            continue
        if value is None or (value == "" and value is not EMPTY_TEXT):
            # A boolean cannot be emptied (developer documentation, "Processing of empty values").
            if types.get(name) != "boolean" and _erases(context, name):
                data[name] = [] if types.get(name) == "array" else None
            continue
        try:
            data[name] = to_json_value(coerce(value, types.get(name, "any"), context.env.zone))
        except ConversionError:
            issues.append(invalid_parameter(name, types.get(name, "value")))
    if issues:
        raise BundleValidationError(*issues)
    return data


def _erases(context: ModuleContext, name: str) -> bool:
    """Returns True for a field that is mapped to ``erase``, which empties it, unlike other empty values."""
    record = context.module.mapper.get("data")
    raw = record.get(name) if isinstance(record, Mapping) else None
    return isinstance(raw, str) and "{{" in raw and render(raw, context.env) is FieldMarker.ERASE


def _write_record(write: Callable[[], Record]) -> Record:
    """Writes a record; errors of the world are raised as those of a module."""
    try:
        return write()
    except OutOfSpaceError:
        raise ModuleError("OutOfSpaceError", "Out of space.") from None
    except InvalidParametersError as error:
        raise BundleValidationError(*error.issues) from None
    except NotFoundError:
        raise ModuleError("DataError", "Record not found.") from None


#: Fields of a record as a bundle.
_RECORD_OUTPUTS = ("key", "data")


def _record_bundles(
    context: ModuleContext, store: DataStore, records: Sequence[Record]
) -> Sequence[Mapping[str, Value]]:
    return [
        {"key": record.key, "data": data}
        for record, data in zip(records, _stored_data(context, store, records), strict=True)
    ]


def _stored_data(
    context: ModuleContext, store: DataStore, records: Sequence[Record]
) -> Sequence[Mapping[str, Value]]:
    """Returns the data of records, with dates in the fields that the store's data structure declares as dates."""
    spec, _ = _data_structure(context, store)
    return restore_dates([record.data for record in records], spec, context.env.zone)


@APP.module(
    "AddRecord",
    Field("key", "text"),
    Field("overwrite", "boolean", required=True),
    _DATA_FIELD,
    outputs=_RECORD_OUTPUTS,
    records="write",
)
def _add(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _find_data_store(context)
    key, overwrite = _mapped_key(context), context.boolean("overwrite")
    if key is not None and not overwrite and (store.id, key) in world.records:
        raise ModuleError("DataError", "Duplicate key error")
    data = _record_data(context, store)
    if key is not None:
        context.run.transaction.record_change(world, store.id, key, first=context.first)
    record = _write_record(
        lambda: data_stores.add_record(world, store, key=key, data=data, overwrite=overwrite)
    )
    if key is None:
        context.run.transaction.record_insert(record, first=context.first)
    return Emit(_record_bundles(context, store, [record]))


def _mapped_key(context: ModuleContext) -> str | None:
    key = context.optional_text("key")
    return None if key is None else to_well_formed(key)


@APP.module(
    "UpdateRecord",
    _KEY_FIELD,
    Field("upsert", "boolean", required=True),
    Field("overwriteArrays", "boolean", required=True),
    _DATA_FIELD,
    outputs=_RECORD_OUTPUTS,
    records="write",
)
def _update(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _find_data_store(context)
    key, data = to_well_formed(context.text("key")), _record_data(context, store)
    old = world.records.get((store.id, key))
    context.run.transaction.record_change(world, store.id, key, first=context.first)
    if old is None:
        if not context.boolean("upsert"):
            raise ModuleError("DataError", "Record not found.")
        record = _write_record(lambda: data_stores.add_record(world, store, key=key, data=data))
        return Emit(_record_bundles(context, store, [record]))
    if not context.boolean("overwriteArrays"):
        for name, value in data.items():
            before = old.data.get(name)
            if isinstance(value, list) and isinstance(before, list) and not _erases(context, name):
                data[name] = [*before, *value]
    record = _write_record(lambda: data_stores.update_record(world, store, key, data))
    return Emit(_record_bundles(context, store, [record]))


@APP.module("GetRecord", _KEY_FIELD, Field("returnWrapped", "boolean", required=True), records="read")
def _get(context: ModuleContext) -> Outcome:
    """Emits the record, or an empty bundle if it does not exist, which is not an error (observed)."""
    store = _find_data_store(context)
    record = context.run.world.records.get((store.id, to_well_formed(context.text("key"))))
    if record is None:
        return Emit([{}])
    present = _record_bundles if context.boolean("returnWrapped") else _stored_data
    return Emit(present(context, store, [record]))


@APP.module("ExistRecord", _KEY_FIELD, outputs=("exist",), records="read")
def _check_existence(context: ModuleContext) -> Outcome:
    key = (_find_data_store(context).id, to_well_formed(context.text("key")))
    return Emit([{"exist": key in context.run.world.records}])


@APP.module(
    "SearchRecord",
    Field("filter", "array"),
    Field("sort", "array"),
    Field("mappAbleLimit", "uinteger"),
    outputs=_RECORD_OUTPUTS,
    records="read",
)
def _search(context: ModuleContext) -> Outcome:
    """Emits one bundle a record; without any, the flow ends there unless the module is set to continue."""
    parameters = context.module.parameters
    records = sort_by_keys(list(_matching_records(context)), _sort_keys(context.mapper.get("sort")))
    limit = context.mapper.get("mappAbleLimit", parameters.get("limit"))
    if isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0:
        records = records[:limit]
    if not records and parameters.get("continueWhenNoRes") is True:
        return Emit(NO_RESULTS)
    return Emit(_record_bundles(context, _find_data_store(context), records))


def _matching_records(context: ModuleContext) -> Iterator[Record]:
    try:
        groups = parse_conditions(context.mapper.get("filter"), "the search")
    except MalformedBlueprintError:
        raise BundleValidationError(invalid_parameter("filter")) from None
    records = data_stores.records(context.run.world, _find_data_store(context))
    context.env.budget.charge(1 + len(records))
    for record in records:
        if not groups or any(
            all(
                condition_holds(part.operator, _field_value(record, part.a), part.b, context.env)
                for part in group
            )
            for group in groups
        ):
            yield record


def _field_value(record: Record, name: Value) -> Value:
    """Returns a field of a record by its name, or the record's key."""
    path = as_text(name) if not isinstance(name, (Mapping, list)) else ""
    if path in record.data:
        value: Value = record.data[path]
        return value
    return record.key if path == "key" else get_at_path(record.data, parse_path(path))


def _sort_keys(sort: Value) -> Sequence[tuple[Callable[[Record], Value], bool]]:
    """Returns the sort keys, the primary one first, each with True for descending order."""
    orders: list[tuple[Callable[[Record], Value], bool]] = []
    for part in sort if is_array(sort) else ():
        if not isinstance(part, Mapping) or not isinstance(part.get("key"), str):
            raise BundleValidationError(invalid_parameter("sort"))
        orders.append((partial(_field_value, name=part["key"]), part.get("order") in (-1, "-1", "desc")))
    return orders


@APP.module("DeleteRecord", _KEY_FIELD, outputs=_RECORD_OUTPUTS, records="write")
def _delete(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _find_data_store(context)
    record = world.records.get((store.id, to_well_formed(context.text("key"))))
    if record is None:
        raise ModuleError("DataError", "Record not found.")
    context.run.transaction.record_change(world, store.id, record.key, first=context.first)
    data_stores.delete_records(world, store, [record.key])
    return Emit(_record_bundles(context, store, [record]))


@APP.module("DeleteAllRecords", outputs=(), records="write")
def _delete_all(context: ModuleContext) -> Outcome:
    world, store = context.run.world, _find_data_store(context)
    keys = [record.key for record in data_stores.records(world, store)]
    for key in keys:
        context.run.transaction.record_change(world, store.id, key, first=context.first)
    data_stores.delete_records(world, store, keys)
    return Emit([{}])


@APP.module("Stats", outputs=("count",), records="read")
def _count(context: ModuleContext) -> Outcome:
    return Emit([{"count": _find_data_store(context).records}])
