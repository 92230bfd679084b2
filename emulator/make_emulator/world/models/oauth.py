"""OAuth 2.0: clients, the grants that users give them, and the codes and tokens of a grant."""

from __future__ import annotations

from dataclasses import field

from ...lazy_dataclasses import dataclass
from .organizations import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """Client of the authorization server; a public one has no secret.

    A client that registered itself belongs to no world: the world of a consent has a copy, by which its grants are served.
    """

    id: str
    name: str
    secret: str | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    #: True to allow any redirect URI on loopback, besides the registered ones.
    allows_loopback: bool = False
    #: The scopes that it may ask for.
    scopes: frozenset[str]
    is_dynamic: bool = False
    #: True to skip the consent page: the first user approves at once.
    auto_approve: bool = False
    #: True to issue refresh tokens.
    has_refresh_tokens: bool = True
    #: True to replace a refresh token with every use.
    rotates_refresh_tokens: bool = True
    created: int

    @property
    def lookup_id(self) -> str | None:
        """The key by which a server finds the world of the client; ``None`` for one that registered itself."""
        return None if self.is_dynamic else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthGrant:
    """Consent of a user: a client acts for the user in one organization, with some scopes."""

    id: int
    client_id: str
    user_id: int
    organization_id: int
    scopes: frozenset[str]
    #: The resource (RFC 8707) that tokens are meant for.
    resource: str | None = None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthCode:
    """Authorization code of a grant. A used one is kept, so that its second use is recognized."""

    code: str = field(repr=False)
    grant_id: int
    redirect_uri: str
    #: The S256 code challenge (RFC 7636).
    challenge: str | None = None
    #: The nonce of OpenID Connect.
    nonce: str | None = None
    #: True if other scopes were granted than requested, which the token response has to show.
    differs_in_scope: bool = False
    expires: int
    is_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthToken:
    """Access or refresh token of a grant, found by its id, the ``jti`` among its claims."""

    id: str = field(repr=False)
    grant_id: int
    #: ``access`` or ``refresh``.
    kind: str
    #: The token itself; empty once a refresh token was replaced.
    text: str = field(repr=False)
    scopes: frozenset[str]
    #: The time from which it is invalid; ``None`` for one without an end.
    expires: int | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthAccess(Token):
    """Access of a client by a grant, in the form of an API token whose label is the name of the client.

    It stands for all access tokens of the grant, and is stored in no table.
    """

    grant_id: int
    client_id: str
    organization_id: int

    @property
    def auth_used(self) -> str:
        return "oauth"

    @property
    def only_organization_id(self) -> int | None:
        return self.organization_id
