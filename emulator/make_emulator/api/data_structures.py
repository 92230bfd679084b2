"""Data structures: the fields of the records of a data store. Scope area: ``udts``."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..schemas.data_structures import (
    DataStructureClone,
    DataStructureCloned,
    DataStructureCreate,
    DataStructureDetail,
    DataStructureListItem,
    DataStructuresQuery,
    DataStructureUpdate,
    DataStructureWritten,
)
from ..world import data_stores
from ..world.models import DataStructure, Team
from ..world.tables import Selection
from . import access_rules
from .ordering import by_name, make_paging

group = EndpointGroup("data structures")


@group.get(
    "/data-structures",
    scopes=["udts:read"],
    permission="udts get",
    query=DataStructuresQuery,
    response=many("dataStructures", DataStructureListItem),
    lists="id",
    paging=make_paging("name", {"name": by_name}),
    cols=True,
)
def list_data_structures(call: ApiCall, team: Team) -> Selection[DataStructure]:
    """List the data structures of a team."""
    return call.world.data_structures.where(team=team.id)


@group.get(
    "/data-structures/{dataStructureId}",
    scopes=["udts:read"],
    permission="udts get",
    response=one("dataStructure", DataStructureDetail),
    cols=True,
)
def get_data_structure(call: ApiCall, data_structure: DataStructure) -> DataStructure:
    """Get a data structure with its fields."""
    return data_structure


@group.post(
    "/data-structures",
    scopes=["udts:write"],
    permission="udt add",
    body=DataStructureCreate,
    response=one("dataStructure", DataStructureWritten),
)
def create_data_structure(call: ApiCall, team: Team) -> DataStructure:
    """Create a data structure."""
    return data_stores.create_structure(
        call.world, team, name=call.body["name"], spec=call.body["spec"], strict=call.body["strict"]
    )


@group.patch(
    "/data-structures/{dataStructureId}",
    scopes=["udts:write"],
    permission="udt edit",
    body=DataStructureUpdate,
    response=one("dataStructure", DataStructureWritten),
)
def update_data_structure(call: ApiCall, data_structure: DataStructure) -> DataStructure:
    """Change a data structure; new fields replace the old ones as a whole."""
    return data_stores.update_structure(call.world, data_structure, **call.body)


@group.delete(
    "/data-structures/{dataStructureId}",
    scopes=["udts:write"],
    permission="udt delete",
    query=ConfirmableQuery,
    response=value("dataStructure"),
)
def delete_data_structure(call: ApiCall, data_structure: DataStructure) -> int:
    """Delete a data structure; needs confirmation when scenarios use it."""
    return data_stores.delete_structure(call.world, data_structure, confirmed=call.confirmed)


@group.post(
    "/data-structures/{dataStructureId}/clone",
    scopes=["udts:write"],
    permission="udt add",
    body=DataStructureClone,
    response=Envelope(
        {"dataStructure": EnvelopeField(DataStructureCloned), "differentTeam": EnvelopeField()}
    ),
    accesses=access_rules.copies("data-structures", "data_structure"),
)
def clone_data_structure(
    call: ApiCall, data_structure: DataStructure, target_team: Team | None = None
) -> dict[str, object]:
    """Copy a data structure, also to another team."""
    team = target_team or call.world.teams[data_structure.team_id]
    copy = data_stores.create_structure(
        call.world, team, name=call.body["name"], spec=data_structure.spec, strict=data_structure.strict
    )
    return {"dataStructure": copy, "differentTeam": team.id != data_structure.team_id}
