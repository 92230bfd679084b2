"""OAuth 2.0 clients of a world, the grants of its users, and their codes and tokens.

Sources: API documentation, "OAuth 2.0" (access tokens live 3600 s, scope words are those of API tokens); the documentation
of Make's MCP server (a grant is bound to the one organization chosen at consent). The rest is assumed; see the ledger.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from .clock import SECOND
from .models import OAuthAccess, OAuthClient, OAuthCode, OAuthGrant, OAuthToken, Organization, User
from .world import World

#: Lifetime of an access token (API documentation), and of an authorization code (RFC 6749, 4.1.2: at most ten minutes).
ACCESS_TOKEN_LIFETIME = 3600 * SECOND
CODE_LIFETIME = 600 * SECOND

ACCESS, REFRESH = "access", "refresh"

#: The scope of OpenID Connect; all others are those of API tokens.
OPENID = "openid"

#: The most characters of the name of a client.
MAX_NAME_LENGTH = 200

#: The most characters of a text that is looked at as a token.
_MAX_TOKEN_LENGTH = 4096


# --- clients and grants --------------------------------------------------------------------------


def create_client(
    world: World,
    *,
    name: str,
    redirect_uris: Iterable[str],
    scopes: Iterable[str],
    is_public: bool = False,
    allows_loopback: bool = False,
    auto_approve: bool = False,
    rotates_refresh_tokens: bool = True,
    id: str | None = None,
    secret: str | None = None,
) -> OAuthClient:
    """Creates a client of this world; by default its id and its secret are generated.

    A public client has no secret, and gets no refresh tokens (API documentation: they are for confidential ones).
    """
    id = id or world.ids.uuid4()
    secret = None if is_public else secret or world.ids.udid()
    client = world.oauth_clients.put(
        OAuthClient(
            id=id,
            name=name,
            secret=secret,
            redirect_uris=tuple(redirect_uris),
            allows_loopback=allows_loopback,
            scopes=frozenset(scopes),
            auto_approve=auto_approve,
            has_refresh_tokens=not is_public,
            rotates_refresh_tokens=rotates_refresh_tokens,
            created=world.now(),
        )
    )
    world.register_lookup_key(id)
    return client


def create_grant(
    world: World,
    client: OAuthClient,
    user: User,
    organization: Organization,
    scopes: Iterable[str],
    *,
    resource: str | None = None,
) -> OAuthGrant:
    """Creates the grant of a consent; a client that registered itself gets a copy in this world."""
    _remove_dead_grants(world)
    if client.is_dynamic:
        world.oauth_clients.put(client)
    return world.oauth_grants.put(
        OAuthGrant(
            id=world.ids.next("oauthGrant"),
            client_id=client.id,
            user_id=user.id,
            organization_id=organization.id,
            scopes=frozenset(scopes),
            resource=resource,
            created=world.now(),
        )
    )


def _remove_dead_grants(world: World) -> None:
    """Removes the grants that no code and no token can use any more."""
    now = world.now()
    for grant in list(world.oauth_grants):
        has_token = any(token.expires is None or token.expires > now for token in _tokens(world, grant))
        if not has_token and all(code.expires <= now for code in world.oauth_codes.where(grant=grant.id)):
            world.oauth_grants.remove(grant.id)


def _tokens(world: World, grant: OAuthGrant) -> Iterator[OAuthToken]:
    return iter(world.oauth_tokens.where(grant=grant.id))


def grants_of(world: World, user: User) -> list[OAuthGrant]:
    """The grants of a user, oldest first."""
    return sorted((row for row in world.oauth_grants if row.user_id == user.id), key=lambda row: row.id)


def revoke_grant(world: World, grant_id: int) -> None:
    """Removes a grant with its codes and tokens, if it exists."""
    if grant_id in world.oauth_grants:
        world.oauth_grants.remove(grant_id)


# --- codes ---------------------------------------------------------------------------------------


def create_code(
    world: World,
    grant: OAuthGrant,
    *,
    redirect_uri: str,
    challenge: str | None = None,
    nonce: str | None = None,
    differs_in_scope: bool = False,
) -> OAuthCode:
    """Creates the authorization code of a grant."""
    code = world.oauth_codes.put(
        OAuthCode(
            code=world.ids.udid(),
            grant_id=grant.id,
            redirect_uri=redirect_uri,
            challenge=challenge,
            nonce=nonce,
            differs_in_scope=differs_in_scope,
            expires=world.now() + CODE_LIFETIME,
        )
    )
    world.register_lookup_key(code.code)
    return code


def use_code(world: World, code: OAuthCode) -> None:
    """Marks a code as used."""
    world.oauth_codes.put(replace(code, is_used=True))


# --- tokens --------------------------------------------------------------------------------------


def add_token(
    world: World,
    grant: OAuthGrant,
    kind: str,
    *,
    id: str,
    text: str,
    scopes: Iterable[str],
    expires: int | None,
) -> OAuthToken:
    """Adds a signed token to a grant, and removes those of the grant that have expired."""
    now = world.now()
    for token in list(_tokens(world, grant)):
        if token.expires is not None and token.expires <= now:
            world.oauth_tokens.remove(token.id)
    row = world.oauth_tokens.put(
        OAuthToken(
            id=id,
            grant_id=grant.id,
            kind=kind,
            text=text,
            scopes=frozenset(scopes),
            expires=expires,
            created=now,
        )
    )
    world.register_lookup_key(id)
    return row


def replace_refresh_token(world: World, token: OAuthToken) -> None:
    """Marks a refresh token as replaced; its id is kept, so that its reuse is recognized."""
    world.oauth_tokens.put(replace(token, text=""))


def token_id(text: str) -> str | None:
    """Returns the id among the claims of a token; ``None`` for a text that is none.

    The signature is not checked: the stored token of that id is compared with the text.
    """
    parts = text.split(".")
    if len(text) > _MAX_TOKEN_LENGTH or len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    id = claims.get("jti") if isinstance(claims, dict) else None
    return id if isinstance(id, str) else None


def find_token(world: World, text: str) -> OAuthToken | None:
    """Returns the token of that text, also one that has expired."""
    token = world.oauth_tokens.get(token_id(text) or "")
    if token is None or not token.text or not hmac.compare_digest(token.text.encode(), text.encode()):
        return None
    return token


def find_access(world: World, text: str) -> OAuthAccess | None:
    """Returns the access that an access token gives; ``None`` for one that is unknown, revoked or expired."""
    token = find_token(world, text)
    grant = world.oauth_grants.get(token.grant_id) if token else None
    if token is None or grant is None or token.kind != ACCESS:
        return None
    if token.expires is not None and token.expires <= world.now():
        return None
    return access_of(world, grant, token.scopes)


def access_of(world: World, grant: OAuthGrant, scopes: frozenset[str] | None = None) -> OAuthAccess:
    """Returns the access by a grant, with its scopes or fewer."""
    # Read without the lock of the world: the client may be removed meanwhile.
    client = world.oauth_clients.get(grant.client_id)
    return OAuthAccess(
        token=f"oauth-grant-{grant.id}",
        label=client.name if client else grant.client_id,
        user_id=grant.user_id,
        scopes=grant.scopes if scopes is None else scopes,
        created=grant.created,
        grant_id=grant.id,
        client_id=grant.client_id,
        organization_id=grant.organization_id,
    )
