"""Any parameters: the authorization server answers every request, and never with a server error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ApiClient, frozen_api
from helpers.oauth import CALLBACK, CLIENT_ID, CLIENT_SECRET, PKCE, VERIFIER, OAuthHarness

NAMES = (
    *("client_id", "client_secret", "redirect_uri", "response_type", "scope", "state", "code_challenge"),
    *("code_challenge_method", "resource", "nonce", "prompt", "grant_type", "code", "code_verifier"),
    *(
        "refresh_token",
        "token",
        "token_type_hint",
        "csrf_token",
        "decision",
        "choice",
        "request_id",
        "api_token",
    ),
)
VALUES = (
    *(
        CLIENT_ID,
        CLIENT_SECRET,
        CALLBACK,
        VERIFIER,
        PKCE["code_challenge"],
        "S256",
        "plain",
        "code",
        "openid",
    ),
    *("authorization_code", "refresh_token", "http://[", "http://localhost:x/", "//", "eyJ.eyJqdGkiOjF9.x"),
    *("eyJ.eyJqdGkiOiJ4In0.x", "1", "approve", "refuse", "1:1:default", "http://localhost/\x00", "a" * 5000),
)
TEXTS = st.one_of(st.sampled_from(VALUES), st.text(max_size=40))
PARAMETERS = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), TEXTS), max_size=12)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda items: st.one_of(
        st.lists(items, max_size=3), st.dictionaries(st.text(max_size=5), items, max_size=3)
    ),
    max_leaves=5,
)
METADATA = st.dictionaries(
    st.sampled_from(["redirect_uris", "grant_types", "response_types", "client_name", "scope", "client_uri"]),
    st.one_of(
        JSON, st.lists(st.one_of(st.sampled_from([CALLBACK, "https://[", "x:"]), st.text()), max_size=3)
    ),
)


@pytest.fixture(scope="module")
def oauth() -> OAuthHarness:
    api: ApiClient = frozen_api()
    oauth = OAuthHarness(api)
    oauth.authorize()
    return oauth


def encoded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields.setdefault(_sendable(name), []).append(_sendable(value))
    return fields


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@given(pairs=PARAMETERS)
def test_any_query_of_the_authorization_endpoint_is_answered(
    oauth: OAuthHarness, pairs: list[tuple[str, str]]
) -> None:
    response = oauth.get("/oauth/v2/authorize", query_string=encoded(pairs))
    assert response.status_code in (200, 302, 400), response.get_data(as_text=True)


@given(pairs=PARAMETERS, path=st.sampled_from(["authorize", "token", "revoke"]))
def test_any_form_is_answered(oauth: OAuthHarness, pairs: list[tuple[str, str]], path: str) -> None:
    response = oauth.post(f"/oauth/v2/{path}", data=encoded(pairs))
    assert response.status_code in (200, 302, 400, 401, 403), response.get_data(as_text=True)


@given(
    body=st.binary(max_size=200), content_type=st.sampled_from(["application/x-www-form-urlencoded", "x", ""])
)
def test_any_body_of_the_token_endpoint_is_answered(
    oauth: OAuthHarness, body: bytes, content_type: str
) -> None:
    response = oauth.post("/oauth/v2/token", data=body, content_type=content_type)
    assert response.status_code in (400, 401)
    assert set(response.get_json()) == {"error", "error_description"}


@given(metadata=st.one_of(METADATA, JSON))
def test_any_metadata_of_a_client_are_answered(oauth: OAuthHarness, metadata: Any) -> None:
    response = oauth.post("/oauth/v2/register/mcp", json=metadata)
    assert response.status_code in (201, 400)
    assert ("client_id" in response.get_json()) == (response.status_code == 201)


@given(token=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60))
def test_any_bearer_token_is_answered(oauth: OAuthHarness, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert oauth.get("/oauth/v2/oidc/userinfo", headers=headers).status_code == 401
    assert oauth.get("/api/v2/users/me", headers=headers).status_code == 401
