"""Token endpoint (RFC 6749, 3.2): an authorization code, or a refresh token, for tokens.

Sources: API documentation, "OAuth 2.0" (fields of requests and responses, 3600 seconds, refresh tokens for confidential
clients); RFC 7636 (PKCE), RFC 9700 (reuse of codes and of refresh tokens). See the ledger for what is assumed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..world import oauth
from ..world.clock import SECOND
from ..world.models import OAuthClient, OAuthCode, OAuthGrant, OAuthToken
from ..world.world import World
from . import jwt
from .authorization import parse_resource
from .errors import OAuthError, invalid_grant, invalid_request
from .metadata import issuer
from .scopes import join_scopes, split_scopes

#: RFC 7636, 4.1.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """Request of an authenticated client, in the locked world that its code or refresh token belongs to.

    Args:
        origin: scheme and host that were called; issuers follow it.
    """

    world: World
    client: OAuthClient
    parameters: Mapping[str, str]
    origin: str


def lookup_key(parameters: Mapping[str, str]) -> str | None:
    """Returns the key by which a server finds the world of a request; ``None`` if it has none."""
    if code := parameters.get("code"):
        return code
    return oauth.token_id(parameters.get("refresh_token", ""))


def issue_tokens(request: TokenRequest) -> dict[str, Json]:
    """Returns the response to a token request.

    Raises:
        OAuthError: if no tokens can be issued.
    """
    match request.parameters.get("grant_type"):
        case None | "":
            raise invalid_request("The parameter grant_type is missing.")
        case "authorization_code":
            return _redeem_code(request)
        case "refresh_token":
            return _refresh(request)
    raise OAuthError("unsupported_grant_type", "The grant_type must be authorization_code or refresh_token.")


# --- authorization codes -------------------------------------------------------------------------


def _redeem_code(request: TokenRequest) -> dict[str, Json]:
    world, parameters = request.world, request.parameters
    text = parameters.get("code")
    if not text:
        raise invalid_request("The parameter code is missing.")
    code = world.oauth_codes.get(text)
    grant = world.oauth_grants[code.grant_id] if code is not None else None
    if code is None or grant is None or grant.client_id != request.client.id:
        raise invalid_grant("There is no such code for this client.")
    if code.is_used:
        # Perhaps it was stolen, so that neither user of it can be trusted (RFC 6749, 4.1.2).
        oauth.revoke_grant(world, grant.id)
        raise invalid_grant("The code was used before; the tokens that came of it are revoked.")
    if code.expires <= world.now():
        raise invalid_grant("The code has expired.")
    if parameters.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
        raise invalid_grant("The redirect_uri is not that of the authorization request.")
    _check_verifier(code, parameters.get("code_verifier"))
    _check_resource(request, grant)
    oauth.use_code(world, code)
    return _build_response(
        request,
        grant,
        grant.scopes,
        names_scope=code.differs_in_scope,
        nonce=code.nonce,
        refresh_token=_sign_refresh_token(request, grant) if request.client.has_refresh_tokens else None,
    )


def _check_verifier(code: OAuthCode, verifier: str | None) -> None:
    if code.challenge is None:
        if verifier:
            raise invalid_grant("The authorization request had no code_challenge.")
        return
    if not verifier:
        raise invalid_grant("The parameter code_verifier is missing.")
    if not _VERIFIER.fullmatch(verifier):
        raise invalid_grant("A code_verifier has 43 to 128 characters, letters, digits and -._~ only.")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    if not hmac.compare_digest(digest, code.challenge.encode()):
        raise invalid_grant("The code_verifier does not belong to the code_challenge.")


def _check_resource(request: TokenRequest, grant: OAuthGrant) -> None:
    resource = parse_resource(request.parameters, request.origin)
    if resource is not None and grant.resource is not None and resource != grant.resource:
        raise OAuthError("invalid_target", "The resource is not that of the authorization request.")


# --- refresh tokens ------------------------------------------------------------------------------


def _refresh(request: TokenRequest) -> dict[str, Json]:
    world, client = request.world, request.client
    text = request.parameters.get("refresh_token")
    if not text:
        raise invalid_request("The parameter refresh_token is missing.")
    known = world.oauth_tokens.get(oauth.token_id(text) or "")
    token = oauth.find_token(world, text)
    grant = world.oauth_grants[known.grant_id] if known is not None else None
    if known is None or known.kind != oauth.REFRESH or grant is None or grant.client_id != client.id:
        raise invalid_grant("There is no such refresh token for this client.")
    if token is None:
        if not known.text:
            # Replaced before: perhaps it was stolen (RFC 9700, 4.14.2).
            oauth.revoke_grant(world, grant.id)
            raise invalid_grant("The refresh token was replaced before; all tokens of the grant are revoked.")
        raise invalid_grant("There is no such refresh token for this client.")
    scopes = _narrowed_scopes(request, token)
    _check_resource(request, grant)
    if client.rotates_refresh_tokens:
        oauth.replace_refresh_token(world, token)
        text = _sign_refresh_token(request, grant)
    return _build_response(request, grant, scopes, refresh_token=text)


def _narrowed_scopes(request: TokenRequest, token: OAuthToken) -> frozenset[str]:
    """Returns the scopes that the client asks for, at most those that were granted."""
    words = frozenset(split_scopes(request.parameters.get("scope", "")))
    if request.client.is_dynamic:
        words &= request.client.scopes
    if not words <= token.scopes:
        raise OAuthError("invalid_scope", "The scope is more than what the user granted.")
    return words or token.scopes


# --- responses -----------------------------------------------------------------------------------


def _build_response(
    request: TokenRequest,
    grant: OAuthGrant,
    scopes: frozenset[str],
    *,
    names_scope: bool = False,
    nonce: str | None = None,
    refresh_token: str | None,
) -> dict[str, Json]:
    response: dict[str, Json] = {"access_token": _sign_access_token(request, grant, scopes)}
    if refresh_token is not None:
        response["refresh_token"] = refresh_token
    if oauth.OPENID in scopes:
        response["id_token"] = _sign_id_token(request, grant, nonce)
    response |= {"token_type": "Bearer", "expires_in": oauth.ACCESS_TOKEN_LIFETIME // SECOND}
    return {**response, "scope": join_scopes(scopes)} if names_scope else response


def _sign_access_token(request: TokenRequest, grant: OAuthGrant, scopes: frozenset[str]) -> str:
    """Returns a new access token, with the claims of RFC 9068."""
    expires = request.world.now() + oauth.ACCESS_TOKEN_LIFETIME
    id = request.world.ids.uuid4()
    claims = {
        **_claims(request, grant, id),
        "exp": expires // SECOND,
        "client_id": grant.client_id,
        "aud": grant.resource or issuer(request.origin, for_mcp=request.client.is_dynamic),
        "scope": join_scopes(scopes),
        "organization_id": grant.organization_id,
    }
    text = jwt.sign(claims, type="at+jwt")
    oauth.add_token(request.world, grant, oauth.ACCESS, id=id, text=text, scopes=scopes, expires=expires)
    return text


def _sign_refresh_token(request: TokenRequest, grant: OAuthGrant) -> str:
    id = request.world.ids.uuid4()
    text = jwt.sign(_claims(request, grant, id), type="rt+jwt")
    oauth.add_token(request.world, grant, oauth.REFRESH, id=id, text=text, scopes=grant.scopes, expires=None)
    return text


def _sign_id_token(request: TokenRequest, grant: OAuthGrant, nonce: str | None) -> str:
    """Returns a token of OpenID Connect: who the user is, for the client."""
    now = request.world.now()
    claims: dict[str, Json] = {
        "iss": issuer(request.origin, for_mcp=request.client.is_dynamic),
        "sub": str(grant.user_id),
        "aud": grant.client_id,
        "iat": now // SECOND,
        "exp": (now + oauth.ACCESS_TOKEN_LIFETIME) // SECOND,
    }
    return jwt.sign({**claims, "nonce": nonce} if nonce is not None else claims)


def _claims(request: TokenRequest, grant: OAuthGrant, id: str) -> dict[str, Json]:
    """Returns the claims that access and refresh tokens share."""
    return {
        "iss": issuer(request.origin, for_mcp=request.client.is_dynamic),
        "sub": str(grant.user_id),
        "iat": request.world.now() // SECOND,
        "jti": id,
    }
