"""OAuth 2.0 of a world, from tests: clients, and consent without a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from ..client.control import ControlClient, ControlError, WorldClient, drop_none
from ..client.responses import AuthorizationRequestRow, OAuthClientRow, TokenResponse
from ..http.bearer import authorization_origin
from ..json_types import JsonObject

#: The redirect URI of `WorldOAuth.log_in`, for clients that allow any on loopback.
_REDIRECT_URI = "http://127.0.0.1/callback"

#: The code verifier of `WorldOAuth.log_in`.
_VERIFIER = "make-emulator-log-in-without-a-browser-0123456789"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Client that a test has created; a public one has no secret."""

    id: str
    secret: str | None = field(repr=False)
    name: str
    redirect_uris: Sequence[str]


class WorldOAuth:
    """Authorization server as a world sees it: its addresses, its clients, and the requests that wait for consent."""

    def __init__(self, control: ControlClient, client: WorldClient, base_url: str) -> None:
        self._control = control
        self._client = client
        self._origin = origin = authorization_origin(base_url.removesuffix("/api/v2"))
        #: Issuer for clients of the API, and for MCP clients, which register themselves.
        self.issuer = origin
        self.mcp_issuer = f"{origin}/mcp"
        self.authorization_url = f"{origin}/oauth/v2/authorize"
        self.token_url = f"{origin}/oauth/v2/token"
        self.revocation_url = f"{origin}/oauth/v2/revoke"

    def create_client(
        self,
        name: str = "Test client",
        *,
        redirect_uris: Iterable[str] = (),
        scopes: Iterable[str] | None = None,
        public: bool = False,
        allow_loopback: bool | None = None,
        auto_approve: bool = False,
        rotate_refresh_tokens: bool = True,
    ) -> OAuthClient:
        """Creates a client of this world.

        Args:
            redirect_uris: those that are allowed.
            scopes: the scopes that it may ask for; by default every scope, and ``openid``.
            public: true for a client without a secret, which needs PKCE.
            allow_loopback: true to allow any redirect URI on loopback, too; by default if there are no redirect URIs.
            auto_approve: true to skip the consent page: the first user approves at once.
            rotate_refresh_tokens: false for refresh tokens that can be used more than once.

        Raises:
            ControlError: if the client is invalid.
        """
        body = drop_none(
            name=name,
            redirectUris=list(redirect_uris),
            scopes=None if scopes is None else list(scopes),
            public=public,
            allowLoopback=allow_loopback,
            autoApprove=auto_approve,
            rotateRefreshTokens=rotate_refresh_tokens,
        )
        row: JsonObject = self._client.call("POST", "oauth", "clients", body=body)["client"]
        return OAuthClient(row["id"], row["secret"], row["name"], tuple(row["redirectUris"]))

    def clients(self) -> list[OAuthClientRow]:
        """Returns the clients of this world, without their secrets; of those that registered themselves, those with access."""
        rows: list[OAuthClientRow] = self._client.call("GET", "oauth", "clients")["clients"]
        return rows

    def requests(self) -> list[AuthorizationRequestRow]:
        """Returns the authorization requests that wait for consent, the oldest first.

        Those of clients that registered themselves are listed in every world; approving one binds it to this world.
        """
        rows: list[AuthorizationRequestRow] = self._client.call("GET", "oauth", "requests")["requests"]
        return rows

    def approve(
        self,
        request: int | str,
        *,
        user_id: int | None = None,
        organization_id: int | None = None,
        scopes: Iterable[str] | None = None,
    ) -> str:
        """Approves a request as a user; returns the redirect to the client, with the code.

        Args:
            request: the id of a waiting request, or the URL at which an app wants its user to log in.
            user_id: the user; by default the first one.
            organization_id: the organization that the client gets access to; by default the first of the user.
            scopes: the requested scopes that are granted; by default all.

        Raises:
            ControlError: if there is no such request, or it is invalid.
        """
        body = drop_none(
            userId=user_id,
            organizationId=organization_id,
            scopes=None if scopes is None else list(scopes),
        )
        return self._decide(request, "approve", body)

    def refuse(self, request: int | str) -> str:
        """Refuses a request as a user; returns the redirect to the client, with the error.

        Raises:
            ControlError: if there is no such request, or it is invalid.
        """
        return self._decide(request, "refuse", {})

    def log_in(
        self,
        client: OAuthClient,
        scopes: Iterable[str] = (),
        *,
        user_id: int | None = None,
        organization_id: int | None = None,
    ) -> TokenResponse:
        """Does all that a client and a user do for tokens; returns the response of the token endpoint.

        Args:
            scopes: the scopes that the client asks for; by default all that it may.

        Raises:
            ControlError: if the authorization server refuses.
        """
        redirect_uri = client.redirect_uris[0] if client.redirect_uris else _REDIRECT_URI
        challenge = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=")
        query = {
            "client_id": client.id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        location = self.approve(
            f"{self.authorization_url}?{urlencode(query)}", user_id=user_id, organization_id=organization_id
        )
        return self._request_tokens(
            client,
            grant_type="authorization_code",
            code=parse_qs(urlsplit(location).query)["code"][0],
            redirect_uri=redirect_uri,
            code_verifier=_VERIFIER,
        )

    def refresh(self, client: OAuthClient, refresh_token: str) -> TokenResponse:
        """Gets new tokens for a refresh token; returns the response of the token endpoint.

        Raises:
            ControlError: if the authorization server refuses.
        """
        return self._request_tokens(client, grant_type="refresh_token", refresh_token=refresh_token)

    def _decide(self, request: int | str, decision: str, body: Any) -> str:
        if isinstance(request, str):
            opened = self._client.call("POST", "oauth", "requests", body={"url": request})
            request = int(opened["request"]["id"])
        answer = self._client.call("POST", "oauth", "requests", str(request), decision, body=body)
        return str(answer["redirectTo"])

    def _request_tokens(self, client: OAuthClient, **fields: str) -> TokenResponse:
        form = urlencode({"client_id": client.id, **drop_none(client_secret=client.secret), **fields})
        status, body = self._control.post(
            "/oauth/v2/token", form.encode(), "application/x-www-form-urlencoded"
        )
        tokens: TokenResponse = orjson.loads(body)
        if status != 200:
            raise ControlError(f"POST {self.token_url} answered {status}: {tokens}", status)
        return tokens
