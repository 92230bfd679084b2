"""Credential requests and their credentials. Sources: the vendor's OpenAPI document; the vendor's SDK."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, pre_load, validates_schema

from ..json_types import Json
from ..world import credential_requests
from ..world.models import Credential, CredentialRequest
from ..world.world import World
from .base import (
    BodySchema,
    Bool,
    Choice,
    Derived,
    Int,
    ListField,
    Object,
    QuerySchema,
    ResourceId,
    ResponseSchema,
    Text,
    Timestamp,
    user_summary,
)
from .serialize import compile_serializer

_STATUSES = ("authorized", "declined", "incomplete", "invalid", "partially_authorized", "pending")
_nullable_string = fields.String(allow_none=True)


def _organization(world: World, row: CredentialRequest) -> int:
    return world.teams[row.team_id].organization_id


def _text(id: int | None) -> str | None:
    return None if id is None else str(id)


def _provider_id(world: World, row: CredentialRequest) -> str | None:
    return _text(row.provider_id)


def _provider(world: World, row: CredentialRequest) -> Any:
    return user_summary(world.users.get(row.provider_id)) if row.provider_id is not None else None


def _user(world: World, row: CredentialRequest) -> Any:
    return user_summary(world.users.get(row.user_id))


def _app_names(world: World, row: CredentialRequest) -> list[str]:
    names = (each.app_name for each in credential_requests.credentials_of(world, row))
    return list(dict.fromkeys(name for name in names if name is not None))


def _no_value(world: World, row: CredentialRequest) -> None:
    return None


class CredentialRequestOut(ResponseSchema):
    id = fields.String()
    organization_id = Derived(_organization, fields.Integer())
    team_id = fields.Integer()
    user_id = fields.Integer()
    name = fields.String()
    description = fields.String(allow_none=True)
    external_provider_id = Derived(_no_value, _nullable_string)
    make_provider_id = Derived(_provider_id, _nullable_string)
    created_at = Timestamp(attribute="created")
    updated_at = Timestamp(attribute="updated")
    expires_at = Timestamp(attribute="expires")
    status = Derived(credential_requests.status_of, fields.String())
    should_send_email = fields.Boolean()
    email_sent_at = Derived(_no_value, _nullable_string)


class CredentialRequestWithProvider(CredentialRequestOut):
    """One request, with the user to whom it is addressed."""

    make_provider = Derived(_provider, fields.Dict(allow_none=True))


class CredentialRequestDetails(CredentialRequestWithProvider):
    """One request at its own path."""

    app_names = Derived(_app_names, fields.List(fields.String()), metadata={"extra": True})


class CredentialRequestListItem(CredentialRequestWithProvider):
    """Row of the list, with the apps of its credentials."""

    app_names = Derived(_app_names, fields.List(fields.String()))


class CredentialOut(ResponseSchema):
    """One credential; ``remoteId`` is the id of the connection or key that came of it."""

    id = fields.String()
    request_id = fields.String()
    component = fields.String()
    type = fields.String()
    name = fields.String()
    label = fields.String()
    description = fields.String(allow_none=True)
    scope = fields.List(fields.String())
    remote_id = Derived(lambda world, row: _text(row.remote_id), _nullable_string)
    remote_scope = fields.List(fields.String())
    token_id = fields.String(allow_none=True)
    created_at = Timestamp(attribute="created")
    updated_at = Timestamp(attribute="updated")
    state = Derived(credential_requests.state_of, fields.String())
    decline_reason = fields.String(allow_none=True)
    app_name = fields.String(allow_none=True)
    app_modules = fields.List(fields.String())
    app_version = fields.String(allow_none=True)
    name_override = fields.String(allow_none=True)


def serialize_credentials(world: World, rows: list[Credential]) -> list[Json]:
    """Credentials as they are part of other objects."""
    return [compile_serializer(CredentialOut, None)(world, row) for row in rows]


def _credentials(world: World, row: CredentialRequest) -> list[Json]:
    return serialize_credentials(world, credential_requests.credentials_of(world, row))


class CredentialRequestDetail(CredentialRequestWithProvider):
    """One request with its creator and its credentials."""

    user = Derived(_user, fields.Dict(allow_none=True))
    credentials = Derived(_credentials, fields.List(fields.Dict()))


class AppModuleOut(ResponseSchema):
    """Module of an app with the credential that it needs; ``scope`` is omitted where there are no scopes."""

    omit_none = ("scope",)

    id = fields.String()
    name = fields.String()
    label = fields.String()
    type = fields.String()
    scope = Derived(lambda world, row: row.scope, fields.List(fields.String(), allow_none=True))
    hook = fields.Boolean()


class CredentialRequestsQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    user_id = Int(1)
    make_provider_id = Int(1)
    status = Choice(*_STATUSES)
    name = Text(255, 0)


class CredentialRequestDelete(QuerySchema):
    confirmed = Bool(load_default=False)


_NESTED = {"type": "Parameter '{path}' must be an object."}


class _Nested(BodySchema):
    error_messages = _NESTED


class NewUser(_Nested):
    name = Text(255, required=True)
    email = Text(256, required=True)


class Provider(_Nested):
    """Exactly one of an existing user and a new one."""

    provider_make_user_id = Int(1)
    new_user = fields.Nested(NewUser)

    @validates_schema
    def _exactly_one(self, data: dict[str, object], **kwargs: object) -> None:
        if len(data) != 1:
            raise ValidationError(
                "Exactly one of 'providerMakeUserId' and 'newUser' is needed in '{path}'.", "provider"
            )


class RequestedKey(_Nested):
    type = Text(64, required=True)
    label = Text(128, 0)
    description = Text(512, 0)
    name_override = Text(255)
    app_name = Text(255, required=True)
    app_modules = ListField(Text(255), required=True, maximum=1000)
    app_version = Text(64, required=True)


class RequestedConnection(RequestedKey):
    scope = ListField(Text(128), maximum=1000)


class CredentialRequestCreate(BodySchema):
    """The first form, which is deprecated: connections and keys by their types."""

    name = Text(255, required=True)
    team_id = ResourceId("team", required=True)
    description = Text(512, 0)
    connections = ListField(fields.Nested(RequestedConnection), maximum=32)
    keys = ListField(fields.Nested(RequestedKey), maximum=32)
    provider = fields.Nested(Provider, required=True)


class AppSelection(_Nested):
    """Modules of an app, from which the credentials follow."""

    app_name = Text(255, required=True)
    app_modules = ListField(Text(255), minimum=1, maximum=1000)
    app_version = Int(0)
    name_override = Text(255)
    description = Text(512, 0)


class RequiredAppSelection(AppSelection):
    app_modules = ListField(Text(255), minimum=1, maximum=1000, required=True)


class CredentialRequestCreateByModules(BodySchema):
    name = Text(255, required=True)
    team_id = ResourceId("team", required=True)
    description = Text(512, 0)
    credentials = ListField(fields.Nested(RequiredAppSelection), required=True, minimum=1, maximum=64)
    provider = fields.Nested(Provider, required=True)


class ActionAppSelection(AppSelection):
    """Modules, endpoints, or both of an app (SDK)."""

    app_endpoints = ListField(Text(255), minimum=1, maximum=1000)

    @validates_schema
    def _at_least_one(self, data: dict[str, object], **kwargs: object) -> None:
        if "app_modules" not in data and "app_endpoints" not in data:
            raise ValidationError("Missing value of required parameter '{path}'.", "appModules")


class ActionConnection(_Nested):
    team_id = Int(1, required=True)
    account_name = Text(128, required=True)
    name = Text(128)
    scopes = ListField(Text(128), minimum=1, maximum=1000)
    app_name = Text(255)
    app_modules = ListField(Text(255), maximum=1000)
    app_version = Text(64)


class ActionKey(_Nested):
    team_id = Int(1, required=True)
    type = Text(128, required=True)
    name = Text(128)
    app_name = Text(255)
    app_modules = ListField(Text(255), maximum=1000)
    app_version = Text(64)


class ActionCreate(BodySchema):
    """An action: by modules of apps with ``teamId`` (SDK), or for one connection or key (the document)."""

    name = Text(255)
    description = Text(512, 0)
    team_id = ResourceId("team", required=True)
    credentials = ListField(fields.Nested(ActionAppSelection), minimum=1, maximum=64)
    connection = fields.Nested(ActionConnection)
    key = fields.Nested(ActionKey)

    @pre_load
    def _lift_team(self, data: Any, **kwargs: Any) -> Any:
        """Copies the team of a connection or key to the top, where it is looked up."""
        if not isinstance(data, dict):
            return data
        for part in (data.get("connection"), data.get("key")):
            if isinstance(part, dict) and "teamId" in part and "teamId" not in data:
                return {**data, "teamId": part["teamId"]}
        return data

    @validates_schema
    def _one_form(self, data: dict[str, Any], **kwargs: object) -> None:
        if sum(name in data for name in ("credentials", "connection", "key")) != 1:
            raise ValidationError("Exactly one of 'credentials', 'connection' and 'key' is needed.")
        part = data.get("connection") or data.get("key")
        if part is not None and part["team_id"] != data["team_id"]:
            raise ValidationError("Parameter '{path}' is given twice with different values.", "teamId")


class Prefill(_Nested):
    """Data given in advance: those that the user cannot change, and those that the user can."""

    hard = Object()
    soft = Object()

    @validates_schema
    def _scalars(self, data: dict[str, dict[str, Any]], **kwargs: object) -> None:
        for name, values in data.items():
            if not all(isinstance(value, (str, int, float)) for value in values.values()):
                raise ValidationError("The values of '{path}' must be strings, numbers or booleans.", name)


class SelectedKey(_Nested):
    type = Text(64, required=True)
    description = Text(512, 0)
    prefill = fields.Nested(Prefill)
    name_override = Text(255)


class SelectedConnection(SelectedKey):
    scope = ListField(Text(128), maximum=1000)


class CreateByCredentials(BodySchema):
    name = Text(255)
    description = Text(512, 0)
    team_id = ResourceId("team", required=True)
    connections = ListField(fields.Nested(SelectedConnection), maximum=32)
    keys = ListField(fields.Nested(SelectedKey), maximum=32)


class ExtendConnection(BodySchema):
    connection_id = ResourceId("connection", required=True)
    scopes = ListField(Text(1024), required=True, minimum=1, maximum=1000)


class CredentialDecline(BodySchema):
    reason = Text(2048)
