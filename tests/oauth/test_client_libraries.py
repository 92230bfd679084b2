"""Client libraries that apps log in with, against the authorization server under Make's own host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import AccessDeniedError, InvalidGrantError
from requests_oauthlib import OAuth2Session as RequestsSession

from make_emulator import World, mock_make

CALLBACK = "https://app.example/callback"
DISCOVERY = "https://www.make.com/.well-known/openid-configuration"
SCOPE = ["openid", "teams:read"]


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make(block_others=True) as world:
        yield world


def test_authlib_logs_in_refreshes_and_revokes(world: World) -> None:
    client = world.oauth.create_client(redirect_uris=[CALLBACK], scopes=SCOPE)
    with OAuth2Session(
        client.id,
        client.secret,
        scope=SCOPE,
        redirect_uri=CALLBACK,
        token_endpoint_auth_method="client_secret_post",
        revocation_endpoint_auth_method="client_secret_post",
        code_challenge_method="S256",
    ) as session:
        metadata = session.get(DISCOVERY, withhold_token=True).json()
        verifier = "v" * 64
        url, state = session.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
        )
        redirect = world.oauth.approve(url)
        token = session.fetch_token(
            metadata["token_endpoint"], authorization_response=redirect, state=state, code_verifier=verifier
        )
        assert session.get(f"{world.base_url}/teams/{world.team_id}").status_code == 200
        assert session.get(metadata["userinfo_endpoint"]).json() == {"sub": str(world.user_id)}

        keys = KeySet.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
        decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={"iss": {"value": metadata["issuer"]}, "aud": {"value": client.id}},
            params={"nonce": "n-1", "client_id": client.id},
        )
        claims.validate()

        fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        assert fresh["access_token"] != token["access_token"]
        assert session.get(f"{world.base_url}/teams/{world.team_id}").status_code == 200
        answer = session.revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"])
        assert answer.status_code == 200
        assert session.get(f"{world.base_url}/teams/{world.team_id}").status_code == 401


def test_authlib_with_http_basic_is_refused_as_not_offered(world: World) -> None:
    client = world.oauth.create_client(redirect_uris=[CALLBACK])
    with OAuth2Session(client.id, client.secret, redirect_uri=CALLBACK) as session:
        url, state = session.create_authorization_url(world.oauth.authorization_url)
        redirect = world.oauth.approve(url)
        with pytest.raises(OAuthError, match="invalid_client: Clients authenticate by client_id"):
            session.fetch_token(world.oauth.token_url, authorization_response=redirect, state=state)


def test_requests_oauthlib_logs_in_and_refreshes(world: World) -> None:
    client = world.oauth.create_client(redirect_uris=[CALLBACK], scopes=SCOPE)
    saved: list[str] = []
    with RequestsSession(
        client.id,
        redirect_uri=CALLBACK,
        scope=SCOPE,
        pkce="S256",
        auto_refresh_url=world.oauth.token_url,
        auto_refresh_kwargs={"client_id": client.id, "client_secret": client.secret},
        token_updater=lambda token: saved.append(token["access_token"]),
    ) as session:
        url, _ = session.authorization_url(world.oauth.authorization_url)
        token = session.fetch_token(
            world.oauth.token_url,
            authorization_response=world.oauth.approve(url),
            include_client_id=True,
            client_secret=client.secret,
        )
        assert session.get(f"{world.base_url}/teams/{world.team_id}").status_code == 200
        session.token = {**token, "expires_at": 1}
        assert session.get(f"{world.base_url}/teams/{world.team_id}").status_code == 200
    assert len(saved) == 1
    assert saved != [token["access_token"]]


def test_requests_oauthlib_reports_that_a_code_was_used(world: World) -> None:
    client = world.oauth.create_client(redirect_uris=[CALLBACK], scopes=SCOPE)
    with RequestsSession(client.id, redirect_uri=CALLBACK, scope=SCOPE) as session:
        url, _ = session.authorization_url(world.oauth.authorization_url)
        redirect = world.oauth.approve(url)
        log_in = partial(
            session.fetch_token,
            world.oauth.token_url,
            authorization_response=redirect,
            include_client_id=True,
            client_secret=client.secret,
        )
        log_in()
        with pytest.raises(InvalidGrantError, match="The code was used before"):
            log_in()


def test_requests_oauthlib_reports_that_the_user_refused(world: World) -> None:
    client = world.oauth.create_client(redirect_uris=[CALLBACK])
    with RequestsSession(client.id, redirect_uri=CALLBACK) as session:
        url, _ = session.authorization_url(world.oauth.authorization_url)
        redirect = world.oauth.refuse(url)
        with pytest.raises(AccessDeniedError, match="The user refused"):
            session.fetch_token(world.oauth.token_url, authorization_response=redirect)
