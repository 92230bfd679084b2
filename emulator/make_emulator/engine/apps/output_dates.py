"""Dates in the outputs of modules that are simulated, scripted or given, in records of data stores, and in stored bundles.

JSON has no dates, so they are texts there; a field that is declared as a date holds one, from which another can be subtracted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from ...json_types import as_mappings
from ...module_catalogue import CatalogueField, module_catalogue
from ...world import custom_modules
from ...world.field_specs import field_name
from ...world.models import FieldSpecs, Json
from ..errors import ConversionError
from ..expressions.values import TimeZoneProvider, Value, as_date, is_array, utc
from .context import ModuleContext

_Dates: TypeAlias = "bool | dict[str, _Dates]"
"""``True`` for a date; else the fields of a collection, or of the items of an array, that are dates or have some."""

_TYPES = frozenset({"date", "timestamp"})


def restore_declared_dates(
    bundles: Sequence[Mapping[str, Value]], context: ModuleContext
) -> Sequence[Mapping[str, Value]]:
    """Returns bundles with dates in the fields that the blueprint, the world or the catalogue declares as dates.

    A text that is no date stays as it is.
    """
    module = context.module
    if module.interface is not None:
        return restore_dates(bundles, module.interface, context.env.zone)
    name, declared = module.full_name, context.run.world.custom_modules
    known = (
        custom_modules.find_module(declared, name, module.version)
        if name in declared
        else module_catalogue().find_module(name, module.version)
    )
    return _restore(bundles, _catalogue_dates(known.output) if known is not None else {}, context.env.zone)


def restore_dates(
    bundles: Sequence[Mapping[str, Value]], fields: FieldSpecs, zone: TimeZoneProvider
) -> Sequence[Mapping[str, Value]]:
    """Returns bundles with dates in the fields that are declared as dates; a text without a time zone is in ``zone``."""
    return _restore(bundles, _declared_dates(fields), zone)


def find_dates(value: Value, pointer: str = "") -> Iterator[str]:
    """Yields the JSON Pointers (RFC 6901) of the dates in a value, which are texts once it is stored."""
    if isinstance(value, datetime):
        yield pointer
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from find_dates(item, _extend_pointer(pointer, name))
    elif is_array(value):
        for place, item in enumerate(value):
            yield from find_dates(item, f"{pointer}/{place}")


def restore_stored_dates(value: Mapping[str, Value], dates: Collection[str]) -> Mapping[str, Value]:
    """Returns a stored collection with dates at these JSON Pointers; what was changed to something else stays as it is."""
    return _restore_mapping(value, dates, "") if dates else value


def _restore_mapping(values: Mapping[str, Value], dates: Collection[str], pointer: str) -> dict[str, Value]:
    return {name: _restore_at(item, dates, _extend_pointer(pointer, name)) for name, item in values.items()}


def _restore_at(value: Value, dates: Collection[str], pointer: str) -> Value:
    if isinstance(value, Mapping):
        return _restore_mapping(value, dates, pointer)
    if is_array(value):
        return [_restore_at(item, dates, f"{pointer}/{place}") for place, item in enumerate(value)]
    return _restore_value(value, True, utc) if pointer in dates else value


def _extend_pointer(pointer: str, name: str) -> str:
    # Not by `make_emulator.json_patch`, which a start does not import.
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def _restore(
    bundles: Sequence[Mapping[str, Value]], dates: dict[str, _Dates], zone: TimeZoneProvider
) -> Sequence[Mapping[str, Value]]:
    return [_restore_fields(bundle, dates, zone) for bundle in bundles] if dates else bundles


def _declared_dates(fields: Sequence[Mapping[str, Json]]) -> dict[str, _Dates]:
    dates: dict[str, _Dates] = {}
    for field in fields:
        spec = field.get("spec")
        if field.get("type") in _TYPES or (isinstance(spec, Mapping) and spec.get("type") in _TYPES):
            dates[field_name(field)] = True
        elif isinstance(spec, (list, tuple)) and (inner := _declared_dates(as_mappings(spec))):
            dates[field_name(field)] = inner
    return dates


def _catalogue_dates(fields: Sequence[CatalogueField]) -> dict[str, _Dates]:
    dates: dict[str, _Dates] = {}
    for field in fields:
        if field.type in _TYPES or (field.type == "array" and field.item_type in _TYPES):
            dates[field.name] = True
        elif inner := _catalogue_dates(field.fields):
            dates[field.name] = inner
    return dates


def _restore_fields(
    values: Mapping[str, Value], dates: dict[str, _Dates], zone: TimeZoneProvider
) -> Mapping[str, Value]:
    return {
        **values,
        **{name: _restore_value(values[name], kind, zone) for name, kind in dates.items() if name in values},
    }


def _restore_value(value: Value, dates: _Dates, zone: TimeZoneProvider) -> Value:
    if is_array(value):
        return [_restore_value(item, dates, zone) for item in value]
    if isinstance(dates, dict):
        return _restore_fields(value, dates, zone) if isinstance(value, Mapping) else value
    if not isinstance(value, str):
        return value
    try:
        return as_date(value, zone)
    except ConversionError:
        return value
