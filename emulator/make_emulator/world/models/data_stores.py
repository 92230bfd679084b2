"""Data stores, their records and structures."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import FieldSpecs, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStructure:
    """Structure of the records of data stores; ``strict`` rejects fields that are not in ``spec``."""

    id: int
    name: str
    team_id: int
    spec: FieldSpecs
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStore:
    """Data store; `make_emulator.world.data_stores` updates ``records`` and ``size`` with its records."""

    id: int
    name: str
    team_id: int
    datastructure_id: int | None
    max_size: int
    records: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Record of a data store; ``size`` in bytes counts against that of the store, ``sequence`` is the order of insertion."""

    data_store_id: int
    key: str
    data: Mapping[str, Json]
    size: int
    sequence: int
