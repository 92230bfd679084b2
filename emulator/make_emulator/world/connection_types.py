"""The kinds of connection that there are, and the fields that each asks for. The data: ``connection-types.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from ..resources import fixture_path
from .exceptions import IncompatibleInputError

BASIC, OAUTH = "basic", "oauth"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionType:
    """A kind of connection; its own fields go flat into the body that creates one."""

    id: str
    label: str
    account_type: str
    theme: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    editable: bool = True

    @property
    def credential_fields(self) -> tuple[str, ...]:
        return self.required + self.optional


@lru_cache(maxsize=1)
def all_connection_types() -> Mapping[str, ConnectionType]:
    """Every kind of connection by its id."""
    rows = yaml.load(
        fixture_path("connection-types.yaml").read_text("utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    return {
        id: ConnectionType(
            id=id,
            label=row["label"],
            account_type=row["account"],
            theme=row["theme"],
            required=tuple(row.get("required", ())),
            optional=tuple(row.get("optional", ())),
            editable=row.get("editable", True),
        )
        for id, row in rows.items()
    }


def get_connection_type(id: str) -> ConnectionType:
    """The kind of connection with an id.

    Raises:
        UnfitInput: if there is none.
    """
    found = all_connection_types().get(id)
    if found is None:
        raise IncompatibleInputError("Invalid connection type")
    return found
