"""Credential requests: their creation, the authorization of their credentials, and what becomes of these.

In Make the addressed user opens a page and signs in to each service; here the control API authorizes, which creates the
connections and keys. Sources: the vendor's OpenAPI document; the vendor's SDK and its live tests.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from ..lazy_dataclasses import dataclass
from ..module_catalogue import module_catalogue
from . import connections, keys, organizations
from .app_credentials import needed_credentials
from .clock import add_months
from .connections import OAUTH
from .exceptions import (
    IncompatibleInputError,
    InvalidParametersError,
    InvalidStateError,
    NotConfirmedError,
    PlanLimitError,
)
from .models import (
    Connection,
    ConnectionTestResult,
    Credential,
    CredentialComponent,
    CredentialRequest,
    Json,
    Team,
    User,
)
from .roles import ORGANIZATION_MEMBER, TEAM_MEMBER
from .visibility import Visibility
from .world import World

#: Months until a request expires (examples of the document).
EXPIRES_AFTER_MONTHS = 1

#: Names of requests that are given none; the first is in the vendor's live tests, the second in the SDK's sample.
DEFAULT_NAME = "Request for credentials"
EXTENSION_NAME = "Scope Extension Request"

_AUTHORIZED = ConnectionTestResult("ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSpec:
    """Credential to request."""

    component: CredentialComponent
    name: str
    label: str | None = None
    description: str | None = None
    scope: Sequence[str] = ()
    name_override: str | None = None
    app_name: str | None = None
    app_modules: Sequence[str] = ()
    app_version: str | None = None
    prefill_hard: Mapping[str, Json] = field(default_factory=dict)
    prefill_soft: Mapping[str, Json] = field(default_factory=dict)
    extends: int | None = None


# --- creation ------------------------------------------------------------------------------------


def create(
    world: World,
    user: User,
    team_id: int,
    specs: Sequence[CredentialSpec],
    *,
    name: str | None = None,
    description: str | None = None,
    provider: User | None = None,
    is_action: bool = False,
) -> CredentialRequest:
    """Creates a request with its credentials, which are pending.

    Raises:
        InvalidParametersError, IncompatibleInputError: see `check`.
    """
    check(specs)
    now = world.now()
    request = world.credential_requests.put(
        CredentialRequest(
            id=_new_id(world, "credential request"),
            index=world.ids.last["credential request"],
            team_id=team_id,
            user_id=user.id,
            name=name or DEFAULT_NAME,
            description=description,
            provider_id=provider.id if provider is not None else None,
            is_action=is_action,
            created=now,
            updated=now,
            expires=add_months(now, EXPIRES_AFTER_MONTHS),
            should_send_email=provider is not None,
        )
    )
    for spec in specs:
        world.credentials.put(
            Credential(
                id=_new_id(world, "credential"),
                request_id=request.id,
                index=world.ids.last["credential"],
                team_id=team_id,
                component=spec.component,
                type=_type_of(spec.component, spec.name),
                name=spec.name,
                label=spec.label if spec.label is not None else _label_of(spec.component, spec.name),
                description=spec.description,
                scope=tuple(dict.fromkeys(spec.scope)),
                created=now,
                updated=now,
                app_name=spec.app_name,
                app_modules=tuple(spec.app_modules),
                app_version=spec.app_version,
                name_override=spec.name_override,
                extends=spec.extends,
                prefill_hard=spec.prefill_hard,
                prefill_soft=spec.prefill_soft,
            )
        )
    return request


def extend(world: World, user: User, connection: Connection, scopes: Collection[str]) -> CredentialRequest:
    """Requests more scopes for an OAuth connection.

    Raises:
        IncompatibleInputError: if the connection has no scopes, or has them all already.
    """
    if connection.account_type != OAUTH:
        raise IncompatibleInputError("Invalid scope")
    if connections.has_scopes(connection, scopes):
        raise IncompatibleInputError("The connection has all of these scopes already.")
    spec = CredentialSpec(
        component="account",
        name=connection.account_name,
        label=connection.account_label,
        scope=[*connection.scopes, *scopes],
        name_override=connection.name,
        extends=connection.id,
    )
    return create(world, user, connection.team_id, [spec], name=EXTENSION_NAME, is_action=True)


def specs_of_app(
    app_name: str,
    *,
    app_version: int | None = None,
    app_modules: Sequence[str] = (),
    app_endpoints: Sequence[str] = (),
    name_override: str | None = None,
    description: str | None = None,
) -> list[CredentialSpec]:
    """The credentials for modules of an app; see `app_credentials.needed_credentials`."""
    return [
        CredentialSpec(
            component=needed.component,
            name=needed.name,
            description=description,
            name_override=name_override,
            app_name=needed.app_name,
            app_modules=needed.app_modules,
            app_version=needed.app_version,
        )
        for needed in needed_credentials(app_name, app_version, app_modules, app_endpoints)
    ]


def find_provider(world: World, visibility: Visibility, team: Team, user_id: int) -> User:
    """The user to whom a request is addressed, who becomes a member of the team.

    Raises:
        NotFoundError: if the caller cannot see such a user.
    """
    user: User = visibility.find("user", user_id)
    _join(world, user, team)
    return user


def invite_provider(world: World, team: Team, *, name: str, email: str) -> User:
    """The user with an e-mail address, created if there is none, who becomes a member of the organization and the team.

    Raises:
        PlanLimitError: if the plan allows no more users.
    """
    user = next((row for row in world.users if row.email.casefold() == email.casefold()), None)
    if user is None:
        organization = world.organizations[team.organization_id]
        members = world.organization_members.where(organization=organization.id)
        if len(members) >= organization.license.users:
            raise PlanLimitError(f"The plan allows {organization.license.users} user(s).")
        user = organizations.create_user(world, name=name, email=email)
    _join(world, user, team)
    return user


def _join(world: World, user: User, team: Team) -> None:
    organization = world.organizations[team.organization_id]
    if (user.id, organization.id) not in world.organization_members:
        organizations.add_organization_member(world, user, organization, role_id=ORGANIZATION_MEMBER)
    if (user.id, team.id) not in world.team_members:
        organizations.add_team_member(world, user, team, role_id=TEAM_MEMBER)


def check(specs: Sequence[CredentialSpec]) -> None:
    """Checks the credentials of a request.

    Raises:
        InvalidParametersError: if there are none.
        IncompatibleInputError: if a type does not exist, or a connection has no scopes.
    """
    if not specs:
        raise InvalidParametersError("A request needs a connection or a key.")
    for spec in specs:
        # The catalogue knows types of which the emulator has no fields.
        if spec.component == "keychain":
            if not module_catalogue().has_connection_type(f"keychain:{spec.name}"):
                keys.get_type(spec.name)
            continue
        if not module_catalogue().has_connection_type(spec.name):
            connections.get_connection_type(spec.name)
        if spec.scope and _type_of("account", spec.name) != OAUTH:
            raise IncompatibleInputError("Invalid scope")


def _type_of(component: str, name: str) -> str:
    if component == "keychain":
        return "key"
    return OAUTH if connections.account_appearance(name).account_type == OAUTH else "basic"


def _label_of(component: str, name: str) -> str:
    if component == "account":
        return connections.account_appearance(name).label
    kind = keys.all_key_types().get(name)
    return kind.label if kind is not None else name


def _new_id(world: World, kind: str) -> str:
    """A UUID that follows from the world's seed and the number of such rows, so that no other id shifts."""
    number = world.ids.next(kind)
    bits = random.Random(f"{kind}:{world.seed}:{number}").getrandbits(128)
    return str(uuid.UUID(int=bits, version=4))


# --- states --------------------------------------------------------------------------------------


def credentials_of(world: World, request: CredentialRequest) -> list[Credential]:
    """The credentials of a request, in their order."""
    return sorted(world.credentials.where(request=request.id), key=lambda row: row.index)


def remote_exists(world: World, credential: Credential) -> bool:
    """Returns True if the connection or the key that came of a credential exists."""
    id = credential.remote_id
    return id is not None and id in (world.connections if credential.component == "account" else world.keys)


def state_of(world: World, credential: Credential) -> str:
    """The state as the API shows it: ``invalid`` if the connection or the key was deleted by another way."""
    lost = credential.remote_id is not None and not remote_exists(world, credential)
    return "invalid" if lost else credential.state


def status_of(world: World, request: CredentialRequest) -> str:
    """The status of a request, which follows from the states of its credentials."""
    states = {state_of(world, row) for row in credentials_of(world, request)}
    if len(states) == 1:
        [state] = states
        return "authorized" if state == "reauthorizing" else state
    if states & {"authorized", "reauthorizing"}:
        return "partially_authorized"
    return "pending" if "pending" in states else "incomplete"


def list_requests(
    world: World,
    team: Team,
    *,
    user_id: int | None = None,
    provider_id: int | None = None,
    status: str | None = None,
    name: str = "",
) -> list[CredentialRequest]:
    """The requests of a team in their order, filtered; ``name`` is a part of their names, without regard to case."""
    return [
        row
        for row in sorted(world.credential_requests.where(team=team.id), key=lambda row: row.index)
        if user_id in (None, row.user_id)
        and provider_id in (None, row.provider_id)
        and name.casefold() in row.name.casefold()
        and status in (None, status_of(world, row))
    ]


# --- changes -------------------------------------------------------------------------------------


def authorize(world: World, credential: Credential, *, data: Mapping[str, Json] | None = None) -> Credential:
    """Authorizes a credential as its user does: creates the connection or the key, or renews the connection.

    Args:
        data: the credentials of the service; those that the request fixes in advance take precedence. Without any, and
            none in the request, they are unknown, as those of a connection in a seed.

    Raises:
        InvalidStateError: if it is authorized already, or the request has expired.
        InvalidParametersError: if required data of the type are missing, or there are unknown ones.
        IncompatibleInputError: if a file is none of its kind.
    """
    request = world.credential_requests[credential.request_id]
    known = _check_authorization(world, credential, data)
    remote_id = _create_remote(world, request, credential, known)
    return _put(
        world,
        credential,
        state="authorized",
        remote_id=remote_id,
        remote_scope=credential.scope,
        token_id=_new_id(world, "credential token"),
        decline_reason=None,
    )


def authorize_all(
    world: World, credentials: Sequence[Credential], data: Mapping[str, Mapping[str, Json]]
) -> None:
    """Authorizes several credentials, or none if one cannot be; ``data`` are those of each by its id.

    Raises:
        InvalidStateError, InvalidParametersError, IncompatibleInputError: see `authorize`.
    """
    for credential in credentials:
        _check_authorization(world, credential, data.get(credential.id))
    for credential in credentials:
        authorize(world, credential, data=data.get(credential.id))


def _check_authorization(
    world: World, credential: Credential, data: Mapping[str, Json] | None
) -> Mapping[str, Json] | None:
    """Returns the data of a credential that is to be authorized, ``None`` if they are unknown."""
    if world.now() >= world.credential_requests[credential.request_id].expires:
        raise InvalidStateError("The credential request has expired.")
    state = state_of(world, credential)
    if state not in ("pending", "reauthorizing", "declined", "invalid"):
        raise InvalidStateError(f"The credential is {state}.")
    known = {**credential.prefill_soft, **(data or {}), **credential.prefill_hard}
    if not known:
        return None
    if credential.component == "keychain":
        keys.check_parameters(credential.name, known)
    elif (kind := connections.all_connection_types().get(credential.name)) is not None:
        connections.check_data(kind, known)
    return known


def _create_remote(
    world: World, request: CredentialRequest, credential: Credential, data: Mapping[str, Json] | None
) -> int:
    name = credential.name_override or credential.label or credential.name
    team = world.teams[credential.team_id]
    if credential.component == "keychain":
        return keys.create(world, team, name=name, type_name=credential.name, parameters=data).id
    existing = credential.extends if credential.extends is not None else credential.remote_id
    connection = world.connections.get(existing) if existing is not None else None
    if connection is not None:
        scopes = tuple(dict.fromkeys((*connection.scopes, *credential.scope)))
        connection = replace(connection, scopes=scopes, credentials=data or connection.credentials)
        return connections.set_test_result(world, connection, _AUTHORIZED).id
    return connections.insert(
        world,
        team.id,
        name=name,
        type_name=credential.name,
        scopes=credential.scope,
        author_id=request.provider_id or request.user_id,
        credentials=data,
        verdict=_AUTHORIZED if credential.type == OAUTH else None,
    ).id


def authorize_with(world: World, credential: Credential, remote_id: int) -> Credential:
    """Authorizes a credential by a connection or key of its team that exists already.

    Raises:
        InvalidParametersError: if it has another type.
    """
    if credential.component == "account":
        kind = world.connections[remote_id].account_name
    else:
        kind = world.keys[remote_id].type_name
    if kind != credential.name:
        raise InvalidParametersError(
            f"The type is {credential.name!r}, that of number {remote_id} is {kind!r}."
        )
    return _put(
        world,
        credential,
        state="authorized",
        remote_id=remote_id,
        remote_scope=credential.scope,
        token_id=_new_id(world, "credential token"),
    )


def decline(world: World, credential: Credential, reason: str | None) -> Credential:
    """Declines a credential; again, to change the reason.

    Raises:
        InvalidStateError: if it is authorized.
    """
    if remote_exists(world, credential):
        raise InvalidStateError("The credential is authorized.")
    return _put(world, credential, state="declined", decline_reason=reason)


def delete_remote(world: World, credential: Credential) -> Credential:
    """Deletes the connection or the key that came of a credential, which is pending again.

    Raises:
        InvalidStateError: if there is none.
        ResourceInUseError: if a hook uses it.
    """
    if not remote_exists(world, credential):
        raise InvalidStateError("The credential has no connection or key.")
    _delete_remote(world, credential)
    return _put(world, credential, state="pending", remote_id=None, remote_scope=(), token_id=None)


def request_reauthorization(world: World, credential: Credential) -> Credential:
    """Asks the user to sign in again, if the OAuth connection of a credential does not work any more.

    Raises:
        IncompatibleInputError: if it has no OAuth connection.
        InvalidStateError: if the connection works.
    """
    connection = world.connections.get(credential.remote_id or 0) if credential.type == OAUTH else None
    if connection is None:
        raise IncompatibleInputError("The credential has no OAuth connection.")
    if connections.find_failure(world, connection) is None:
        raise InvalidStateError("The connection is valid.")
    return _put(world, credential, state="reauthorizing")


def delete(world: World, request: CredentialRequest, *, confirmed: bool) -> bool:
    """Deletes a request with the connections and keys that came of it.

    Raises:
        NotConfirmedError: if there are any and the caller did not confirm.
        ResourceInUseError: if a hook uses one.
    """
    made = [
        row for row in credentials_of(world, request) if row.extends is None and remote_exists(world, row)
    ]
    if made and not confirmed:
        raise NotConfirmedError("The connections and keys of the credential request would be deleted.")
    for row in made:
        if row.component == "account" and row.remote_id is not None:
            connections.check_unused_by_hooks(world, world.connections[row.remote_id])
    for row in made:
        _delete_remote(world, row)
    world.credential_requests.remove(request.id)
    return True


def _delete_remote(world: World, credential: Credential) -> None:
    assert credential.remote_id is not None
    if credential.component == "account":
        connections.delete(world, world.connections[credential.remote_id], confirmed=True)
    else:
        keys.delete(world, world.keys[credential.remote_id], confirmed=True)


def _put(world: World, credential: Credential, **changes: object) -> Credential:
    now = world.now()
    request = world.credential_requests[credential.request_id]
    world.credential_requests.put(replace(request, updated=now))
    return world.credentials.put(replace(credential, updated=now, **changes))  # type: ignore[arg-type]


def pending(world: World, request: CredentialRequest) -> Iterable[Credential]:
    """The credentials of a request that wait for their user."""
    return [
        row
        for row in credentials_of(world, request)
        if state_of(world, row) in ("pending", "reauthorizing", "invalid")
    ]
