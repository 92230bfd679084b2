"""Roles and their permissions. Sources: the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from ..json_types import Json
from ..world import custom_roles
from ..world.models import Role
from ..world.world import World
from .base import BodySchema, Choice, Derived, Int, ListField, QuerySchema, ResourceId, ResponseSchema, Text

_CATEGORIES = ("organization", "team")


class RoleOut(ResponseSchema):
    """Role with the names of its permissions; custom roles have no identifier, Make's own no organization."""

    omit_none = ("identifier", "organizationId")

    id = fields.Integer()
    name = fields.String()
    identifier = fields.String(allow_none=True)
    category = fields.String()
    subsidiary = fields.Boolean()
    management_type = fields.String()
    description = fields.String(allow_none=True)
    organization_id = fields.Integer(allow_none=True)
    permissions = fields.List(fields.String(), attribute="permission_list")


class RoleListOut(RoleOut):
    """Role in a list: id and name, and the columns that ``cols[]`` names."""

    identifier = fields.String(allow_none=True, metadata={"extra": True})
    category = fields.String(metadata={"extra": True})
    subsidiary = fields.Boolean(metadata={"extra": True})
    management_type = fields.String(metadata={"extra": True})
    description = fields.String(allow_none=True, metadata={"extra": True})
    organization_id = fields.Integer(allow_none=True, metadata={"extra": True})
    permissions = fields.List(fields.String(), attribute="permission_list", metadata={"extra": True})


class RolePermissionOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    note = fields.String()
    category = fields.String()
    role_category = fields.String()
    label = fields.String()
    custom_roles_hidden = fields.Boolean()
    requires = fields.List(fields.String())


def _permissions(world: World, role: Role) -> list[dict[str, Json]]:
    return [{"id": row.id, "name": row.name} for row in custom_roles.permissions_of(role)]


class CustomRoleOut(ResponseSchema):
    """Custom role as creating and changing answer it: with its permissions as objects."""

    id = fields.Integer()
    name = fields.String()
    category = fields.String()
    management_type = fields.String()
    description = fields.String(allow_none=True)
    permissions = Derived(_permissions, fields.List(fields.Dict()))


class RolesQuery(QuerySchema):
    """Filter of roles; a team or an organization adds its custom roles."""

    category = Choice(*_CATEGORIES)
    exclude_role = ListField(Int(1))
    role_id = Int(1)
    team_id = ResourceId("team")
    organization_id = ResourceId("organization")


class RoleQuery(QuerySchema):
    organization_id = ResourceId("organization")


class RolePermissionsQuery(QuerySchema):
    role_category = Choice(*_CATEGORIES)


class CustomRoleCreate(BodySchema):
    """New custom role; its category has two names: the document's ``permissionType`` and the SDK's ``category``."""

    name = Text(50, required=True)
    permission_type = Choice(*_CATEGORIES)
    category = Choice(*_CATEGORIES)
    organization_id = ResourceId("organization", required=True)
    description = Text(1024, minimum=0, allow_none=True)
    permissions = ListField(Int(1))

    @validates_schema
    def _has_one_category(self, data: dict[str, Any], **kwargs: Any) -> None:
        given = {data[name] for name in ("permission_type", "category") if name in data}
        if not given:
            raise ValidationError({"permissionType": ["Missing value of required parameter '{path}'."]})
        if len(given) > 1:
            raise ValidationError({"permissionType": ["Invalid value of parameter '{path}'."]})


class CustomRoleUpdate(BodySchema):
    """Changes of a custom role whose id is in the path."""

    organization_id = ResourceId("organization", required=True)
    name = Text(50)
    description = Text(1024, minimum=0, allow_none=True)
    permissions = ListField(Int(1))


class CustomRoleIdUpdate(CustomRoleUpdate):
    """Changes of a custom role, with its id."""

    id = Int(1, required=True)


class CustomRoleDelete(BodySchema):
    """Organization of a custom role whose id is in the path."""

    organization_id = ResourceId("organization", required=True)


class CustomRoleIdDelete(CustomRoleDelete):
    id = Int(1, required=True)
