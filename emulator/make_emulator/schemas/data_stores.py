"""Data stores and their records, as recorded in July 2026 (order of keys and types included)."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validates_schema

from ..world.models import DataStore
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Derived,
    Int,
    ListField,
    Object,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
)

_MAX_SIZE_MB = 1_000_000

#: Maximum length of the key of a record, in characters.
MAX_KEY_LENGTH = 1024


class DataStoreListItem(ResponseSchema):
    """Row of the list: the structure is included only if ``cols[]`` names it."""

    id = fields.Integer()
    name = fields.String()
    records = fields.Integer()
    size = Derived(lambda world, row: str(row.size), fields.String())
    max_size = Derived(lambda world, row: str(row.max_size), fields.String())
    team_id = fields.Integer()
    datastructure_id = fields.Integer(allow_none=True, metadata={"extra": True})


def _records_as_text(world: World, store: DataStore) -> str:
    return str(store.records)


class DataStoreDetail(ResponseSchema):
    """One store. ``records`` is a string here, and only here (recorded)."""

    id = fields.Integer()
    name = fields.String()
    records = Derived(_records_as_text, fields.String())
    size = Derived(lambda world, row: str(row.size), fields.String())
    max_size = Derived(lambda world, row: str(row.max_size), fields.String())
    team_id = fields.Integer()
    datastructure_id = fields.Integer(allow_none=True)


class DataStoreWritten(ResponseSchema):
    """Response to creating and updating."""

    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    datastructure_id = fields.Integer(allow_none=True)
    records = fields.Integer()
    size = Derived(lambda world, row: str(row.size), fields.String())
    max_size = Derived(lambda world, row: str(row.max_size), fields.String())


class RecordOut(ResponseSchema):
    key = fields.String()
    data = fields.Dict()


class DataStoresQuery(QuerySchema):
    team_id = ResourceId("team", required=True)


class DataStoresDelete(QuerySchema):
    team_id = ResourceId("team", required=True)
    confirmed = Bool(load_default=False)


class DataStoreCreate(BodySchema):
    name = Text(128, required=True)
    team_id = ResourceId("team", required=True)
    datastructure_id = ResourceId("dataStructure", allow_none=True)
    max_size_mb = Int(1, _MAX_SIZE_MB, required=True, data_key="maxSizeMB")


class DataStoreUpdate(BodySchema):
    name = Text(128)
    datastructure_id = ResourceId("dataStructure", allow_none=True)
    max_size_mb = Int(1, _MAX_SIZE_MB, data_key="maxSizeMB")


class _AllOrSelected(BodySchema):
    """Exactly one of a list, ``all``, or ``all`` with exceptions."""

    _some = ""
    _except = ""

    all = Bool()

    @validates_schema
    def _exactly_one(self, data: dict[str, object], **kwargs: object) -> None:
        if (self._some in data) == bool(data.get("all")):
            raise ValidationError(f"Exactly one of '{self.fields[self._some].data_key}' and 'all' is needed.")
        if self._except in data and not data.get("all"):
            raise ValidationError(f"'{self.fields[self._except].data_key}' goes with 'all' only.")


class DataStoresSelection(_AllOrSelected):
    _some = "store_ids"
    _except = "except_ids"

    store_ids = ListField(ResourceId("dataStore"), minimum=1, data_key="ids")
    except_ids = ListField(Int(1))


class RecordsSelection(_AllOrSelected):
    _some = "keys"
    _except = "except_keys"

    keys = ListField(Text(MAX_KEY_LENGTH), minimum=1)
    except_keys = ListField(Text(MAX_KEY_LENGTH))


class RecordCreate(BodySchema):
    key = Text(MAX_KEY_LENGTH)
    data = Object(keys=fields.String())
