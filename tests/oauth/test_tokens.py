from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from helpers.api import ApiClient, assert_ok, assert_status
from helpers.oauth import (
    CALLBACK,
    CLIENT_ID,
    PKCE,
    VERIFIER,
    OAuthHarness,
    assert_oauth_error,
    claims_of,
)

NOON_SECONDS = 1_772_452_800


def verification_keys(oauth: OAuthHarness) -> KeySet:
    keys: Any = assert_ok(oauth.get("/oauth/v2/oidc/jwks"))
    return KeySet.import_key_set(keys)


# --- authorization codes -----------------------------------------------------------------------------


def test_a_code_is_exchanged_for_tokens(oauth: OAuthHarness) -> None:
    response = oauth.token(code=oauth.code(scope="teams:read"), redirect_uri=CALLBACK)
    tokens = assert_ok(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["access_token"].startswith("eyJ")
    assert tokens["refresh_token"].startswith("eyJ")
    assert assert_ok(oauth.call("/teams/1", tokens["access_token"]))["team"]["id"] == 1


def test_an_access_token_says_what_it_is_for(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens(scope="teams:read", resource="http://localhost/")
    keys = verification_keys(oauth)
    token = jwt.decode(tokens["access_token"], keys, algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    jti = token.claims.pop("jti")
    assert isinstance(jti, str)
    assert token.claims == {
        "iss": "http://localhost",
        "sub": "1",
        "aud": "http://localhost/",
        "client_id": CLIENT_ID,
        "iat": NOON_SECONDS,
        "exp": NOON_SECONDS + 3600,
        "scope": "teams:read",
        "organization_id": 1,
    }


def test_an_access_token_ends_by_the_clock_of_the_world(oauth: OAuthHarness, api: ApiClient) -> None:
    tokens = oauth.tokens()
    api.world.clock.advance(3599)
    assert_ok(oauth.call("/teams/1", tokens["access_token"]))
    api.world.clock.advance(1)
    assert oauth.call("/teams/1", tokens["access_token"]).status_code == 401
    assert_ok(oauth.refresh(tokens["refresh_token"]))


def test_a_code_ends_after_ten_minutes_of_the_world(oauth: OAuthHarness, api: ApiClient) -> None:
    early, late = oauth.code(), oauth.code(state="2")
    api.world.clock.advance(599)
    assert_ok(oauth.token(code=early))
    api.world.clock.advance(1)
    assert assert_oauth_error(oauth.token(code=late), "invalid_grant") == "The code has expired."


def test_a_second_use_of_a_code_revokes_what_came_of_it(oauth: OAuthHarness) -> None:
    code = oauth.code()
    tokens = assert_ok(oauth.token(code=code))
    refreshed = assert_ok(oauth.refresh(tokens["refresh_token"]))
    other = oauth.tokens(state="2")
    reason = assert_oauth_error(oauth.token(code=code), "invalid_grant")
    assert reason == "The code was used before; the tokens that came of it are revoked."
    for token in (tokens, refreshed):
        assert oauth.call("/teams/1", token["access_token"]).status_code == 401
    assert_oauth_error(oauth.refresh(refreshed["refresh_token"]), "invalid_grant")
    assert_ok(oauth.call("/teams/1", other["access_token"]))


def test_a_code_is_of_its_client_only(oauth: OAuthHarness) -> None:
    other = oauth.create_client()
    code = oauth.code()
    response = oauth.token(code=code, client_id=other["id"], client_secret=other["secret"])
    assert assert_oauth_error(response, "invalid_grant") == "There is no such code for this client."
    assert_ok(oauth.token(code=code))


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"grant_type": None}, "invalid_request", "The parameter grant_type is missing."),
        ({"grant_type": "password"}, "unsupported_grant_type", "The grant_type must be"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type", "The grant_type must be"),
        ({"code": None}, "invalid_request", "The parameter code is missing."),
        ({"code": "x" * 32}, "invalid_grant", "There is no such code for this client."),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, "invalid_grant", "The redirect_uri is not that of"),
        ({"code_verifier": VERIFIER}, "invalid_grant", "The authorization request had no code_challenge."),
        ({"resource": "https://evil.example/"}, "invalid_target", "The resource is not a server of Make."),
        ({"grant_type": "refresh_token"}, "invalid_request", "The parameter refresh_token is missing."),
    ],
)
def test_a_wrong_request_leaves_the_code_as_it_is(
    oauth: OAuthHarness, fields: dict[str, str | None], code: str, reason: str
) -> None:
    right = {"code": oauth.code()}
    assert assert_oauth_error(oauth.token(**{**right, **fields}), code).startswith(reason)
    assert_ok(oauth.token(**right))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"client_id": None}, "The parameter client_id is missing."),
        ({"client_id": "unknown"}, "There is no client of this client_id."),
        ({"client_secret": None}, "The parameter client_secret is missing."),
        ({"client_secret": "wrong"}, "The client_secret is wrong."),
        ({"client_secret": "wröng\ud800"}, "The client_secret is wrong."),
    ],
)
def test_a_client_that_does_not_authenticate_is_401(
    oauth: OAuthHarness, fields: dict[str, str | None], reason: str
) -> None:
    code = oauth.code()
    fields = {name: value and value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    response = oauth.token(code=code, **fields)
    assert assert_oauth_error(response, "invalid_client", 401) == reason
    assert "WWW-Authenticate" not in response.headers
    assert_ok(oauth.token(code=code))


def test_http_basic_is_not_offered(oauth: OAuthHarness) -> None:
    data = {"grant_type": "authorization_code", "code": oauth.code()}
    response = oauth.post("/oauth/v2/token", data=data, auth=(CLIENT_ID, "emulator-secret"))
    assert_oauth_error(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="OAuth"'


def test_the_body_is_a_form_without_repetitions(oauth: OAuthHarness) -> None:
    body = {"grant_type": "authorization_code", "client_id": CLIENT_ID}
    response = oauth.post("/oauth/v2/token", json=body)
    assert assert_oauth_error(response, "invalid_request") == (
        "The content type must be application/x-www-form-urlencoded."
    )
    response = oauth.post("/oauth/v2/token", data={"code": ["a", "b"]})
    assert assert_oauth_error(response, "invalid_request") == "The parameter code occurs more than once."
    response = oauth.post("/oauth/v2/token", data={f"field{number}": "1" for number in range(300)})
    assert assert_oauth_error(response, "invalid_request") == "The body has more than 200 fields."
    response = oauth.post("/oauth/v2/token", data={"code": "x" * 8_193})
    assert assert_oauth_error(response, "invalid_request") == "The parameter code is too long."
    response = oauth.post("/oauth/v2/token", data={"code": "x" * 70_000})
    assert_oauth_error(response, "invalid_request", 413)
    assert oauth.get("/oauth/v2/token").status_code == 405


def test_parameters_in_the_url_of_a_token_request_do_not_count(oauth: OAuthHarness) -> None:
    response = oauth.post(f"/oauth/v2/token?client_id={CLIENT_ID}&client_secret=emulator-secret", data={})
    assert_oauth_error(response, "invalid_client", 401)


# --- proof key for code exchange -----------------------------------------------------------------------


def test_a_public_client_exchanges_its_code_by_its_verifier(oauth: OAuthHarness) -> None:
    client = oauth.create_client(public=True, scopes=["teams:read"])
    code = oauth.code(client_id=client["id"], scope="teams:read", **PKCE)
    tokens = assert_ok(
        oauth.token(code=code, client_id=client["id"], client_secret=None, code_verifier=VERIFIER)
    )
    assert set(tokens) == {"access_token", "token_type", "expires_in"}
    assert_ok(oauth.call("/teams/1", tokens["access_token"]))


@pytest.mark.parametrize(
    ("verifier", "reason"),
    [
        (None, "The parameter code_verifier is missing."),
        (VERIFIER[:42], "A code_verifier has 43 to 128 characters, letters, digits and -._~ only."),
        (VERIFIER + "+" * 3, "A code_verifier has 43 to 128 characters, letters, digits and -._~ only."),
        ("v" * 129, "A code_verifier has 43 to 128 characters, letters, digits and -._~ only."),
        (VERIFIER[::-1], "The code_verifier does not belong to the code_challenge."),
        (PKCE["code_challenge"], "The code_verifier does not belong to the code_challenge."),
    ],
)
def test_a_wrong_verifier_is_refused(oauth: OAuthHarness, verifier: str | None, reason: str) -> None:
    code = oauth.code(**PKCE)
    assert assert_oauth_error(oauth.token(code=code, code_verifier=verifier), "invalid_grant") == reason
    assert_ok(oauth.token(code=code, code_verifier=VERIFIER))


def test_a_public_client_has_no_secret(oauth: OAuthHarness) -> None:
    client = oauth.create_client(public=True)
    assert client["secret"] is None
    code = oauth.code(client_id=client["id"], **PKCE)
    response = oauth.token(code=code, client_id=client["id"], client_secret="x", code_verifier=VERIFIER)
    assert assert_oauth_error(response, "invalid_client", 401) == "A public client has no client_secret."


# --- refresh tokens ------------------------------------------------------------------------------------


def test_a_refresh_token_gives_new_tokens_and_is_replaced(oauth: OAuthHarness) -> None:
    first = oauth.tokens(scope="teams:read")
    second = assert_ok(oauth.refresh(first["refresh_token"]))
    assert set(second) == set(first)
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    for tokens in (first, second):
        assert_ok(oauth.call("/teams/1", tokens["access_token"]))
    third = assert_ok(oauth.refresh(second["refresh_token"]))
    assert_ok(oauth.call("/teams/1", third["access_token"]))


def test_a_refresh_token_that_was_replaced_revokes_the_grant(oauth: OAuthHarness) -> None:
    first = oauth.tokens()
    second = assert_ok(oauth.refresh(first["refresh_token"]))
    reason = assert_oauth_error(oauth.refresh(first["refresh_token"]), "invalid_grant")
    assert reason == "The refresh token was replaced before; all tokens of the grant are revoked."
    assert_oauth_error(oauth.refresh(second["refresh_token"]), "invalid_grant")
    assert oauth.call("/teams/1", second["access_token"]).status_code == 401


def test_without_rotation_a_refresh_token_stays(oauth: OAuthHarness) -> None:
    client = oauth.create_client(rotateRefreshTokens=False)
    own = {"client_id": client["id"], "client_secret": client["secret"]}
    tokens = assert_ok(oauth.token(code=oauth.code(client_id=client["id"]), **own))
    for _ in range(2):
        refreshed = assert_ok(oauth.refresh(tokens["refresh_token"], **own))
        assert refreshed["refresh_token"] == tokens["refresh_token"]
        assert_ok(oauth.call("/teams/1", refreshed["access_token"]))


def test_a_refresh_may_ask_for_fewer_scopes_and_not_for_more(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens(scope="teams:read,scenarios:read")
    response = oauth.refresh(tokens["refresh_token"], scope="teams:read hooks:read")
    assert assert_oauth_error(response, "invalid_scope") == "The scope is more than what the user granted."
    fewer = assert_ok(oauth.refresh(tokens["refresh_token"], scope="teams:read"))
    assert_ok(oauth.call("/teams/1", fewer["access_token"]))
    assert oauth.call("/scenarios?teamId=1", fewer["access_token"]).status_code == 403
    again = assert_ok(oauth.refresh(fewer["refresh_token"]))
    assert_ok(oauth.call("/scenarios?teamId=1", again["access_token"]))


def test_a_refresh_token_is_of_its_client_only(oauth: OAuthHarness) -> None:
    other = oauth.create_client()
    tokens = oauth.tokens()
    own = {"client_id": other["id"], "client_secret": other["secret"]}
    assert_oauth_error(oauth.refresh(tokens["refresh_token"], **own), "invalid_grant")
    assert_oauth_error(oauth.refresh(tokens["access_token"]), "invalid_grant")
    assert_oauth_error(oauth.refresh("eyJ.eyJ.x"), "invalid_grant")
    assert_oauth_error(oauth.refresh(tokens["refresh_token"] + "x"), "invalid_grant")
    assert_ok(oauth.refresh(tokens["refresh_token"]))


def test_a_client_that_registered_itself_refreshes_if_it_said_so(oauth: OAuthHarness) -> None:
    for grant_types, expected in (
        (["authorization_code", "refresh_token"], True),
        (["authorization_code"], False),
    ):
        client = oauth.register(grant_types=grant_types)
        own = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        code = oauth.code(client_id=client["client_id"], scope="teams:read", **PKCE)
        tokens = assert_ok(oauth.token(code=code, code_verifier=VERIFIER, **own))
        assert ("refresh_token" in tokens) is expected
        assert claims_of(tokens["access_token"])["iss"] == "http://localhost/mcp"
        if expected:
            assert_ok(oauth.refresh(tokens["refresh_token"], scope="teams:read offline_access", **own))


def test_tokens_of_two_worlds_do_not_meet(oauth: OAuthHarness, api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    client = oauth.register()
    own = {
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "code_verifier": VERIFIER,
    }
    tokens = {}
    for world in ("default", "other"):
        code = oauth.code(world, client_id=client["client_id"], state=world, **PKCE)
        tokens[world] = assert_ok(oauth.token(code=code, **own))
    api.control("POST", "/worlds/other/clock/advance", json={"seconds": 3600})
    assert oauth.call("/teams/1", tokens["other"]["access_token"]).status_code == 401
    assert_ok(oauth.call("/teams/1", tokens["default"]["access_token"]))
    api.control("DELETE", "/worlds/default")
    assert oauth.call("/teams/1", tokens["default"]["access_token"]).status_code == 401
    own.pop("code_verifier")
    assert_oauth_error(oauth.refresh(tokens["default"]["refresh_token"], **own), "invalid_grant")
    assert_ok(oauth.refresh(tokens["other"]["refresh_token"], **own))


def test_without_a_world_there_are_no_tokens(oauth: OAuthHarness, api: ApiClient) -> None:
    client = oauth.register()
    api.control("DELETE", "/worlds/default")
    response = oauth.token(code="x", client_id=client["client_id"], client_secret=client["client_secret"])
    assert_oauth_error(response, "temporarily_unavailable", 503)
    assert_ok(oauth.get("/.well-known/openid-configuration"))


def test_a_client_that_registered_itself_survives_with_its_grant(
    oauth: OAuthHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = oauth.register()
    own = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    code = oauth.code(client_id=client["client_id"], **PKCE)
    tokens = assert_ok(oauth.token(code=code, code_verifier=VERIFIER, **own))
    monkeypatch.setattr("make_emulator.oauth.authorization_server.MAX_CLIENTS", 1)
    oauth.register()
    assert_ok(oauth.refresh(tokens["refresh_token"], **own))
    assert_status(oauth.authorize(client_id=client["client_id"], **PKCE))


# --- OpenID Connect ------------------------------------------------------------------------------------


def test_an_id_token_says_who_the_user_is(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens(scope="openid", nonce="n-1")
    keys = verification_keys(oauth)
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    assert token.claims == {
        "iss": "http://localhost",
        "sub": "1",
        "aud": CLIENT_ID,
        "iat": NOON_SECONDS,
        "exp": NOON_SECONDS + 3600,
        "nonce": "n-1",
    }
    refreshed = assert_ok(oauth.refresh(tokens["refresh_token"]))
    assert "nonce" not in claims_of(refreshed["id_token"])


def test_userinfo_shows_the_user_of_a_token_with_openid(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens(scope="openid", user_id=2)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert assert_ok(oauth.get("/oauth/v2/oidc/userinfo", headers=headers)) == {"sub": "2"}
    assert assert_ok(oauth.post("/oauth/v2/oidc/userinfo", headers=headers)) == {"sub": "2"}


def test_userinfo_refuses_other_tokens(oauth: OAuthHarness, api: ApiClient) -> None:
    response = oauth.get("/oauth/v2/oidc/userinfo")
    assert_oauth_error(response, "invalid_request", 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="OAuth"'
    for text in (api.token, "x"):
        response = oauth.get("/oauth/v2/oidc/userinfo", headers={"Authorization": f"Bearer {text}"})
        assert_oauth_error(response, "invalid_token", 401)
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    tokens = oauth.tokens(scope="user:read")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = oauth.get("/oauth/v2/oidc/userinfo", headers=headers)
    assert_oauth_error(response, "insufficient_scope", 403)
    assert 'scope="openid"' in response.headers["WWW-Authenticate"]


# --- revocation ----------------------------------------------------------------------------------------


def revoke(oauth: OAuthHarness, token: str | None, **fields: str) -> int:
    data = {
        "client_id": CLIENT_ID,
        "client_secret": "emulator-secret",
        **({"token": token} if token else {}),
        **fields,
    }
    response = oauth.post("/oauth/v2/revoke", data=data)
    if response.status_code == 200:
        assert response.get_data() == b""
    return response.status_code


def test_revoking_an_access_token_ends_it_alone(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens()
    assert revoke(oauth, tokens["access_token"], token_type_hint="refresh_token") == 200
    assert oauth.call("/teams/1", tokens["access_token"]).status_code == 401
    assert_ok(oauth.refresh(tokens["refresh_token"]))


def test_revoking_a_refresh_token_ends_the_grant(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens()
    assert revoke(oauth, tokens["refresh_token"]) == 200
    assert oauth.call("/teams/1", tokens["access_token"]).status_code == 401
    assert_oauth_error(oauth.refresh(tokens["refresh_token"]), "invalid_grant")
    assert revoke(oauth, tokens["refresh_token"]) == 200, "what is revoked already needs no error"


def test_revocation_needs_the_client_of_the_token(oauth: OAuthHarness) -> None:
    tokens, other = oauth.tokens(), oauth.create_client()
    assert revoke(oauth, tokens["access_token"], client_secret="wrong") == 401
    assert revoke(oauth, tokens["access_token"], client_id=other["id"], client_secret=other["secret"]) == 400
    assert revoke(oauth, None) == 400
    assert revoke(oauth, "unknown") == 200
    assert_ok(oauth.call("/teams/1", tokens["access_token"]))


# --- secrets -------------------------------------------------------------------------------------------


def test_no_secret_is_shown(oauth: OAuthHarness, api: ApiClient) -> None:
    code = oauth.code(scope="openid teams:read", **PKCE)
    tokens = assert_ok(oauth.token(code=code, code_verifier=VERIFIER))
    oauth.call("/teams/1", tokens["access_token"])
    revoke(oauth, tokens["access_token"])
    shown = "".join(
        api.control("GET", path).get_data(as_text=True)
        for path in (
            "/worlds/default/requests",
            "/worlds/default/requests?format=har",
            "/worlds/default/oauth/clients",
            "/worlds/default/oauth/requests",
            "/worlds/default/snapshot?redact=true",
            "/worlds/default/access-report",
            "/",
        )
    )
    secrets = [
        code,
        VERIFIER,
        "emulator-secret",
        *(tokens[name] for name in tokens if name.endswith("_token")),
    ]
    for secret in secrets:
        assert secret not in shown
    assert CLIENT_ID in shown
    assert "Example App" in shown
