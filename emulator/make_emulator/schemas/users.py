"""Users and roles.

Sources: API documentation "Users", "Users > Me", "Users > Roles"; the vendor's OpenAPI document; the SDK's samples.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from ..lazy_dataclasses import dataclass
from ..world import invitations
from ..world.enums import get_timezone
from ..world.models import Organization, User
from ..world.roles import PERMISSION_CATEGORIES
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Choice,
    Constant,
    Derived,
    Int,
    ListField,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
)
from .organizations import NAME_PATTERN

#: Two-factor authentication of every user: none. 1 is an authenticator app, 2 the sign-in of another service.
NO_TFA = 0


class UserOut(ResponseSchema):
    id = fields.Integer()
    name = fields.String()
    email = fields.String()
    language = fields.String()
    timezone_id = fields.Integer()
    locale_id = fields.Integer()
    country_id = fields.Integer()
    features = Constant({}, fields.Dict())
    avatar = fields.String()
    last_login = Timestamp()
    tfa_status = Constant(NO_TFA, fields.Integer())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUser(User):
    """User in a list of an organization's users, or of a team's, which names no organization."""

    listed_in: int | None

    @classmethod
    def of(cls, user: User, organization: Organization | None) -> ListedUser:
        values = {field.name: getattr(user, field.name) for field in dataclasses.fields(user)}
        return cls(**values, listed_in=organization.id if organization else None)


def _team_ids(world: World, row: ListedUser) -> list[int] | None:
    """Teams of a user in the organization that was requested."""
    if row.listed_in is None:
        return None
    teams = {member.team_id for member in world.team_members.where(user=row.id)}
    return sorted(id for id in teams if world.teams[id].organization_id == row.listed_in)


class UserListItem(UserOut):
    user_team_ids = Derived(
        _team_ids, fields.List(fields.Integer(), allow_none=True), metadata={"extra": True}
    )


class PermittedUserOut(ResponseSchema):
    """User found by permission. There are no personal spaces and no pending invitations."""

    id = fields.Integer()
    name = fields.String(allow_none=True)
    email = fields.String()
    personal_space_id = Constant(None, fields.Integer(allow_none=True), metadata={"extra": True})
    language = fields.String(metadata={"extra": True})
    timezone_id = fields.Integer(metadata={"extra": True})
    locale_id = fields.Integer(metadata={"extra": True})
    country_id = fields.Integer(metadata={"extra": True})
    avatar = fields.String(allow_none=True, metadata={"extra": True})
    last_login = Timestamp(metadata={"extra": True})
    invitation_status = Constant(
        None,
        fields.String(allow_none=True, validate=validate.OneOf(("pending", "expired", None))),
        metadata={"extra": True},
    )


def _timezone(world: World, user: User) -> str:
    return get_timezone(user.timezone_id).key


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitedUser(User):
    """User whose roles are shown with those in organizations that have invited them."""

    @classmethod
    def of(cls, user: User) -> InvitedUser:
        return cls(**{field.name: getattr(user, field.name) for field in dataclasses.fields(user)})


def _organization_roles(world: World, user: User) -> list[dict[str, object]]:
    invited = invitations.invitations_of(world, user) if isinstance(user, InvitedUser) else []
    return [
        *_joined_roles(world, user),
        *(
            {
                "usersRoleId": row.role_id,
                "userId": user.id,
                "organizationId": row.organization_id,
                "invitation": invitations.status(world, row),
            }
            for row in invited
        ),
    ]


def _joined_roles(world: World, user: User) -> list[dict[str, object]]:
    return [
        {
            "usersRoleId": row.role_id,
            "userId": user.id,
            "organizationId": row.organization_id,
            "invitation": None,
        }
        for row in world.organization_members.where(user=user.id)
    ]


def _team_roles(world: World, user: User) -> list[dict[str, object]]:
    return [
        {
            "usersRoleId": row.role_id,
            "userId": user.id,
            "teamId": row.team_id,
            "changeable": row.changeable,
        }
        for row in world.team_members.where(user=user.id)
    ]


class AuthUserOut(ResponseSchema):
    """User of the token, as observed in May 2026 (order of keys included); the extra columns are documented."""

    id = fields.Integer()
    name = fields.String()
    email = fields.String()
    language = fields.String()
    timezone_id = fields.Integer()
    locale_id = fields.Integer()
    country_id = fields.Integer()
    features = Constant({}, fields.Dict())
    avatar = fields.String()
    last_login = Timestamp()
    tfa_status = Constant(NO_TFA, fields.Integer())
    timezone = Derived(_timezone, fields.String())
    locale = Derived(lambda world, row: row.language, fields.String())
    slug = Constant(None, fields.String(allow_none=True))
    has_added_app = Constant(False, fields.Boolean())
    ui_settings = Constant({}, fields.Dict())
    overridden_feature_flags = Constant([], fields.List(fields.String()))
    email_notifications = Constant(None, fields.Dict(allow_none=True), metadata={"extra": True})
    users_admins_role_id = Derived(
        lambda world, row: 1 if row.is_admin else None,
        fields.Integer(allow_none=True),
        metadata={"extra": True},
    )
    user_organization_roles = Derived(
        _organization_roles, fields.List(fields.Dict()), metadata={"extra": True}
    )
    user_team_roles = Derived(_team_roles, fields.List(fields.Dict()), metadata={"extra": True})
    force_set_password = Constant(False, fields.Boolean(), metadata={"extra": True})
    has_password = Constant(True, fields.Boolean(), metadata={"extra": True})
    tfa_enabled = Constant(False, fields.Boolean(), metadata={"extra": True})
    is_affiliate_partner = Constant(False, fields.Boolean(), metadata={"extra": True})
    support_eligible = Constant(False, fields.Boolean(), metadata={"extra": True})


class AuthorizationOut(ResponseSchema):
    auth_used = fields.String()
    scope = fields.List(fields.String())


class UserUpdate(BodySchema):
    name = fields.String(validate=[validate.Length(1, 250), NAME_PATTERN])
    language = Text(8)
    timezone_id = Int(1)
    locale_id = Int(1)
    country_id = Int(1)


class ApiTokenOut(ResponseSchema):
    """API token, of which only the beginning is shown."""

    token = Derived(lambda world, row: f"{row.token[:8]}-****-****-****-************", fields.String())
    scope = Derived(lambda world, row: sorted(row.scopes), fields.List(fields.String()))
    created = Timestamp()
    label = fields.String()


class ApiTokenCreated(ApiTokenOut):
    """A new token: here, and only here, it is shown in full."""

    token = fields.String()  # type: ignore[assignment]


class OAuthConnectionOut(ResponseSchema):
    """Consent of the caller to an OAuth client. No source says what ``id`` counts: here it is that of the consent."""

    id = fields.Integer()
    client_name = Derived(lambda world, row: world.oauth_clients[row.client_id].name, fields.String())
    created = Timestamp(data_key="lastUsedAt")
    scopes = Derived(lambda world, row: sorted(row.scopes), fields.List(fields.String()))


class ApiTokenCreate(BodySchema):
    label = Text(128, required=True)
    scope = ListField(Text(128), required=True)


class UsersQuery(QuerySchema):
    team_id = ResourceId("team")
    organization_id = ResourceId("organization")
    name = Text(128)
    email = Text(254)
    team_role_id = Int(1)
    organization_role_id = Int(1)
    filter_by_team_id = Int(0)
    tfa_status = Choice("0", "1", "2")


class PermissionQuery(QuerySchema):
    """Permission, and its scope: ``company`` means a team."""

    type = Choice("organization", "company", required=True)
    permission = Text(128, required=True)
    organization_id = ResourceId("organization")
    team_id = ResourceId("team")

    @validates_schema
    def _fits_its_type(self, data: dict[str, Any], **kwargs: Any) -> None:
        level, owner, id = (
            ("team", "team_id", "teamId")
            if data["type"] == "company"
            else ("organization", "organization_id", "organizationId")
        )
        wrong: dict[str, list[str | list[Any] | dict[Any, Any]]] = {}
        if owner not in data:
            wrong[id] = ["Missing value of required parameter '{path}'."]
        if PERMISSION_CATEGORIES.get(data["permission"]) != level:
            wrong["permission"] = ["Invalid value of parameter '{path}'."]
        if wrong:
            raise ValidationError(wrong)


class MeQuery(QuerySchema):
    include_invited_org = Bool(load_default=False)
