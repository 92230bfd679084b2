"""Keys of the keychain. Source: API documentation, "Keys"; the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, one, value
from ..schemas.keys import KeyCreate, KeyOut, KeysQuery, KeyTypeOut, KeyUpdate, KeyWritten
from ..world import keys
from ..world.keys import KeyType
from ..world.models import Key, Team

group = EndpointGroup("keys")


@group.get(
    "/keys",
    scopes=["keys:read"],
    permission="keys get",
    query=KeysQuery,
    response=many("keys", KeyOut),
    lists="id",
    cols=True,
)
def list_keys(call: ApiCall, team: Team) -> list[Key]:
    """List the keys of a team, all of them or those of a type."""
    type_name = call.query.get("type_name")
    rows = call.world.keys.where(team=team.id)
    return sorted((row for row in rows if type_name in (None, row.type_name)), key=lambda row: row.id)


@group.get(
    "/keys/types",
    scopes=["keys:read"],
    permission=NoPermissionRequired("a fixed list"),
    response=many("keysTypes", KeyTypeOut),
)
def list_key_types(call: ApiCall) -> list[KeyType]:
    """List the types of keys with their parameters."""
    return list(keys.all_key_types().values())


@group.get(
    "/keys/{keyId}", scopes=["keys:read"], permission="keys get", response=one("key", KeyOut), cols=True
)
def get_key(call: ApiCall, key: Key) -> Key:
    """Get a key, without its parameters."""
    return key


@group.post(
    "/keys",
    scopes=["keys:write"],
    permission="key add",
    body=KeyCreate,
    secret_body=True,
    response=one("key", KeyWritten),
)
def create_key(call: ApiCall, team: Team) -> Key:
    """Create a key of a type with its parameters."""
    body = call.body
    return keys.create(
        call.world, team, name=body["name"], type_name=body["type_name"], parameters=body["parameters"]
    )


@group.patch(
    "/keys/{keyId}",
    scopes=["keys:write"],
    permission="key edit",
    body=KeyUpdate,
    secret_body=True,
    response=one("key", KeyWritten),
)
def update_key(call: ApiCall, key: Key) -> Key:
    """Change the name of a key, its parameters, or both."""
    return keys.update(call.world, key, **call.body)


@group.delete(
    "/keys/{keyId}",
    scopes=["keys:write"],
    permission="key delete",
    query=ConfirmableQuery,
    response=value("key"),
)
def delete_key(call: ApiCall, key: Key) -> int:
    """Delete a key; needs confirmation. The scenarios that used it become invalid."""
    return keys.delete(call.world, key, confirmed=call.confirmed)
