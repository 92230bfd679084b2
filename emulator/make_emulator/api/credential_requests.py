"""Credential requests. Sources: the vendor's OpenAPI document; the vendor's SDK and its live tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..policies.resources import WRITE, Access, Resource
from ..schemas.base import request_origin
from ..schemas.credential_requests import (
    ActionCreate,
    AppModuleOut,
    CreateByCredentials,
    CredentialDecline,
    CredentialOut,
    CredentialRequestCreate,
    CredentialRequestCreateByModules,
    CredentialRequestDelete,
    CredentialRequestDetail,
    CredentialRequestDetails,
    CredentialRequestListItem,
    CredentialRequestOut,
    CredentialRequestsQuery,
    ExtendConnection,
)
from ..world import app_credentials, credential_requests
from ..world.app_credentials import ModuleCredential
from ..world.credential_requests import CredentialSpec
from ..world.models import Connection, Credential, CredentialRequest, Team, User
from . import access_rules

group = EndpointGroup("credential requests")

_READ, _WRITE = "accounts get", "account add"
_CREATED = Envelope({"request": EnvelopeField(CredentialRequestOut), "publicUri": EnvelopeField()})
_CREATED_WITH_CREDENTIALS = Envelope(
    {
        "request": EnvelopeField(CredentialRequestOut),
        "credentials": EnvelopeField(CredentialOut, many=True),
        "publicUri": EnvelopeField(),
    }
)
_NO_PERMISSION = NoPermissionRequired("The modules of apps are the same for every user.")


@group.get(
    "/credential-requests/requests",
    scopes=["credential-requests:read"],
    permission=_READ,
    query=CredentialRequestsQuery,
    response=many("requests", CredentialRequestListItem),
    lists="id",
    plain_cols=True,
)
def list_credential_requests(call: ApiCall, team: Team) -> list[CredentialRequest]:
    """List the credential requests of a team."""
    query = call.query
    return credential_requests.list_requests(
        call.world,
        team,
        user_id=query.get("user_id"),
        provider_id=query.get("make_provider_id"),
        status=query.get("status"),
        name=query.get("name", ""),
    )


@group.post(
    "/credential-requests/requests",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    body=CredentialRequestCreate,
    response=_CREATED,
    evidence="Deprecated, and what the vendor's SDK calls.",
)
def create_credential_request(call: ApiCall, team: Team) -> dict[str, Any]:
    """Create a credential request by types of connections and keys."""
    return _create_for_provider(call, team, list(_requested(call.body)))


@group.post(
    "/credential-requests/requests/v2",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    body=CredentialRequestCreateByModules,
    response=_CREATED,
)
def create_credential_request_by_modules(call: ApiCall, team: Team) -> dict[str, Any]:
    """Create a credential request by modules of apps, from which the connections and keys follow."""
    return _create_for_provider(call, team, list(_selected(call.body)))


@group.get(
    "/credential-requests/requests/{requestId}",
    scopes=["credential-requests:read"],
    permission=_READ,
    response=one("request", CredentialRequestDetails),
    plain_cols=True,
)
def get_credential_request(call: ApiCall, request: CredentialRequest) -> CredentialRequest:
    """Get a credential request."""
    return request


@group.delete(
    "/credential-requests/requests/{requestId}",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    query=CredentialRequestDelete,
    response=value("deleted"),
    accesses=lambda call: _deletion(
        call, call.rows["request"].id, credential_requests.credentials_of(call.world, call.rows["request"])
    ),
)
def delete_credential_request(call: ApiCall, request: CredentialRequest) -> bool:
    """Delete a credential request with the connections and keys that came of it, which needs confirmation."""
    return credential_requests.delete(call.world, request, confirmed=call.confirmed)


@group.get(
    "/credential-requests/requests/{requestId}/detail",
    scopes=["credential-requests:read"],
    permission=_READ,
    response=one("requestDetail", CredentialRequestDetail),
)
def get_credential_request_detail(call: ApiCall, request: CredentialRequest) -> CredentialRequest:
    """Get a credential request with its users and its credentials."""
    return request


@group.post(
    "/credential-requests/credentials/{credentialId}/decline",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    body=CredentialDecline,
    response=one("credential", CredentialOut),
    plain_cols=True,
    accesses=access_rules.part_of("credential-requests", "credential", "request_id"),
)
def decline_credential(call: ApiCall, credential: Credential) -> Credential:
    """Decline a credential; once more, to change the reason."""
    return credential_requests.decline(call.world, credential, call.body.get("reason"))


@group.post(
    "/credential-requests/credentials/{credentialId}/delete-remote",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    response=one("credential", CredentialOut),
    plain_cols=True,
    accesses=lambda call: _deletion(call, call.rows["credential"].request_id, [call.rows["credential"]]),
)
def delete_remote_credential(call: ApiCall, credential: Credential) -> Credential:
    """Delete the connection or key that came of a credential, which is pending again."""
    return credential_requests.delete_remote(call.world, credential)


@group.post(
    "/credential-requests/credentials/{credentialId}/request-reauthorize",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    response=one("credential", CredentialOut),
    plain_cols=True,
    accesses=access_rules.part_of("credential-requests", "credential", "request_id"),
)
def request_reauthorization(call: ApiCall, credential: Credential) -> Credential:
    """Ask the user to sign in again, if the OAuth connection of a credential does not work any more."""
    return credential_requests.request_reauthorization(call.world, credential)


@group.post(
    "/credential-requests/actions/create",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    body=ActionCreate,
    response=_CREATED,
)
def create_credential_action(call: ApiCall, team: Team) -> dict[str, Any]:
    """Create a credential request that anybody with its link can open, by modules of apps, or for one connection or key."""
    return _create_action(call, team, list(_selected(call.body)) or [_single(call.body)])


@group.post(
    "/credential-requests/actions/create-by-credentials",
    scopes=["credential-requests:write"],
    permission=_WRITE,
    body=CreateByCredentials,
    secret_body=True,
    response=_CREATED_WITH_CREDENTIALS,
    evidence="The vendor's SDK and its live tests.",
)
def create_credential_action_by_types(call: ApiCall, team: Team) -> dict[str, Any]:
    """Create a credential request by types of connections and keys, perhaps with data given in advance."""
    created = _create_action(call, team, list(_requested(call.body)))
    return {**created, "credentials": credential_requests.credentials_of(call.world, created["request"])}


@group.post(
    "/credential-requests/actions/extend",
    scopes=["credential-requests:write"],
    permission="account edit",
    body=ExtendConnection,
    response=_CREATED,
    evidence="The vendor's SDK.",
    accesses=lambda call: (
        Access(WRITE, Resource("credential-requests")),
        Access(WRITE, Resource("connections", str(call.rows["connection"].id))),
    ),
)
def extend_connection(call: ApiCall, connection: Connection) -> dict[str, Any]:
    """Request more scopes for an OAuth connection."""
    request = credential_requests.extend(call.world, call.user, connection, call.body["scopes"])
    return {"request": request, "publicUri": _public_uri(request)}


@group.get(
    "/credential-requests/apps/{name}/{version}/modules-with-credentials",
    scopes=["apps:read"],
    permission=_NO_PERMISSION,
    response=many("appModules", AppModuleOut),
)
def list_modules_with_credentials(call: ApiCall, name: str, version: str) -> list[ModuleCredential]:
    """List the modules of an app that need credentials."""
    return _module_credentials(name, version)


@group.get(
    "/imt/apps/{name}/{version}/modules-with-credentials",
    scopes=["apps:read"],
    permission=_NO_PERMISSION,
    response=many("appModules", AppModuleOut),
    evidence="Deprecated.",
)
def list_modules_with_credentials_of_imt(call: ApiCall, name: str, version: str) -> list[ModuleCredential]:
    """List the modules of an app that need credentials, at the former path."""
    return _module_credentials(name, version)


def _module_credentials(name: str, version: str) -> list[ModuleCredential]:
    return app_credentials.list_module_credentials(name, app_credentials.find_version(name, version))


def _create_for_provider(call: ApiCall, team: Team, specs: list[CredentialSpec]) -> dict[str, Any]:
    world, provider = call.world, call.body["provider"]
    credential_requests.check(specs)
    user: User = (
        credential_requests.invite_provider(world, team, **provider["new_user"])
        if "new_user" in provider
        else credential_requests.find_provider(
            world, call.visibility, team, provider["provider_make_user_id"]
        )
    )
    return _create(call, team, specs, user)


def _create_action(call: ApiCall, team: Team, specs: list[CredentialSpec]) -> dict[str, Any]:
    return _create(call, team, specs, None)


def _create(call: ApiCall, team: Team, specs: list[CredentialSpec], provider: User | None) -> dict[str, Any]:
    request = credential_requests.create(
        call.world,
        call.user,
        team.id,
        specs,
        name=call.body.get("name"),
        description=call.body.get("description"),
        provider=provider,
        is_action=provider is None,
    )
    return {"request": request, "publicUri": _public_uri(request)}


def _requested(body: dict[str, Any]) -> Iterator[CredentialSpec]:
    """Yields the credentials that a body names by their types."""
    for row in body.get("connections", ()):
        yield _spec(row, component="account")
    for row in body.get("keys", ()):
        yield _spec(row, component="keychain")


def _spec(row: dict[str, Any], **fixed: Any) -> CredentialSpec:
    rest = {name: each for name, each in row.items() if name not in ("type", "prefill")}
    prefill = row.get("prefill", {})
    return CredentialSpec(
        name=row["type"],
        prefill_hard=prefill.get("hard", {}),
        prefill_soft=prefill.get("soft", {}),
        **rest,
        **fixed,
    )


def _selected(body: dict[str, Any]) -> Iterator[CredentialSpec]:
    """Yields the credentials that follow from the modules which a body names."""
    for row in body.get("credentials", ()):
        yield from credential_requests.specs_of_app(**row)


def _single(body: dict[str, Any]) -> CredentialSpec:
    """Returns the one connection or key of an action."""
    row = body.get("connection") or body["key"]
    is_connection = "connection" in body
    return CredentialSpec(
        component="account" if is_connection else "keychain",
        name=row["account_name"] if is_connection else row["type"],
        name_override=row.get("name"),
        scope=row.get("scopes", ()),
        app_name=row.get("app_name"),
        app_modules=row.get("app_modules", ()),
        app_version=row.get("app_version"),
    )


def _public_uri(request: CredentialRequest) -> str:
    """Returns the address at which the user opens a request, on the host that was called."""
    called = request_origin.get()()
    if request.is_action:
        host = "https://www.make.com" if (urlsplit(called).hostname or "").endswith(".make.com") else called
        return f"{host}/credential-requests/action/{request.id}"
    return f"{called}/credence/{request.team_id}/{request.id}"


def _deletion(call: ApiCall, request_id: str, credentials: Iterable[Credential]) -> Iterator[Access]:
    """Returns the accesses of a deletion of credentials, with the connections and keys that came of them."""
    yield Access(WRITE, Resource("credential-requests", request_id))
    for credential in credentials:
        if credential.extends is None and credential_requests.remote_exists(call.world, credential):
            kind = "connections" if credential.component == "account" else "keys"
            yield Access(WRITE, Resource(kind, str(credential.remote_id)))
