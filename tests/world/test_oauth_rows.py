from __future__ import annotations

import base64
import json

import pytest

from make_emulator.world import oauth, organizations, snapshot
from make_emulator.world.models import OAuthClient, OAuthGrant, OAuthToken
from make_emulator.world.world import World


def _jwt(id: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"jti": id}).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl"


@pytest.fixture
def world(empty_world: World) -> World:
    """Ann owns organization 1 and has granted the client "App" access to it."""
    empty_world.clock.freeze()
    ann = organizations.create_user(empty_world, name="Ann", email="ann@example.com")
    organization, _ = organizations.create_organization(
        empty_world, ann, name="One", country_id=1, timezone_id=113
    )
    organizations.create_token(empty_world, ann, ["user:read"], label="first")
    client = oauth.create_client(
        empty_world, name="App", redirect_uris=["https://app.example/cb"], scopes=["user:read", "teams:read"]
    )
    oauth.create_grant(empty_world, client, ann, organization, ["user:read", "teams:read"])
    return empty_world


def _client(world: World) -> OAuthClient:
    return next(iter(world.oauth_clients))


def _grant(world: World) -> OAuthGrant:
    return next(iter(world.oauth_grants))


def _add_token(world: World, kind: str = oauth.ACCESS, *, expires: int | None = None) -> OAuthToken:
    id = world.ids.uuid4()
    return oauth.add_token(
        world, _grant(world), kind, id=id, text=_jwt(id), scopes=["user:read"], expires=expires
    )


def test_an_access_token_gives_the_access_of_its_grant(world: World) -> None:
    token = _add_token(world, expires=world.now() + 1)
    access = oauth.find_access(world, token.text)
    assert access is not None
    assert (access.label, access.user_id, access.organization_id) == ("App", 1, 1)
    assert access.scopes == {"user:read"}
    assert (access.auth_used, access.only_organization_id) == ("oauth", 1)


def test_an_access_token_ends_by_the_clock_of_the_world(world: World) -> None:
    token = _add_token(world, expires=world.now() + oauth.ACCESS_TOKEN_LIFETIME)
    world.clock.advance(3599)
    assert oauth.find_access(world, token.text) is not None
    world.clock.advance(1)
    assert oauth.find_access(world, token.text) is None


def test_a_refresh_token_gives_no_access(world: World) -> None:
    token = _add_token(world, oauth.REFRESH)
    assert oauth.find_token(world, token.text) == token
    assert oauth.find_access(world, token.text) is None


def test_a_token_with_the_id_of_another_is_none(world: World) -> None:
    token = _add_token(world)
    assert oauth.token_id(token.text) == token.id
    assert oauth.find_token(world, token.text + "x") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.e30.c",
        "a.W10.c",
        "a.MQ.c",
        "a.é.c",
        _jwt(1),
        _jwt(None),
        "eyJ" * 3000,
        "a.b",
    ],
)
def test_other_texts_have_no_id(text: str) -> None:
    assert oauth.token_id(text) is None


def test_a_replaced_refresh_token_is_known_by_its_id_only(world: World) -> None:
    token = _add_token(world, oauth.REFRESH)
    oauth.replace_refresh_token(world, token)
    assert oauth.find_token(world, token.text) is None
    assert world.oauth_tokens[token.id].text == ""


def test_revoking_a_grant_ends_its_codes_and_tokens(world: World) -> None:
    token = _add_token(world)
    oauth.create_code(world, _grant(world), redirect_uri="https://app.example/cb")
    oauth.revoke_grant(world, token.grant_id)
    oauth.revoke_grant(world, token.grant_id)
    assert oauth.find_access(world, token.text) is None
    assert (len(world.oauth_grants), len(world.oauth_codes), len(world.oauth_tokens)) == (0, 0, 0)


def test_grants_that_nothing_can_use_are_removed_by_the_next_consent(world: World) -> None:
    ann, organization = world.users[1], world.organizations[1]
    oauth.create_code(world, _grant(world), redirect_uri="https://app.example/cb")
    second = oauth.create_grant(world, _client(world), ann, organization, ["user:read"])
    assert len(world.oauth_grants) == 2
    world.clock.advance(oauth.CODE_LIFETIME / 1000)
    third = oauth.create_grant(world, _client(world), ann, organization, ["user:read"])
    assert [grant.id for grant in world.oauth_grants] == [third.id]
    assert second.id != third.id


def test_the_access_of_an_organization_ends_with_it(world: World) -> None:
    token = _add_token(world)
    organizations.delete_organization(world, world.organizations[1], confirmed=True)
    assert oauth.find_access(world, token.text) is None
    assert len(world.oauth_clients) == 1


def test_a_snapshot_restores_clients_grants_and_tokens(world: World) -> None:
    token = _add_token(world, expires=world.now() + 1000)
    restored = snapshot.loads(snapshot.dumps(snapshot.take(world)), "copy")
    assert _client(restored) == _client(world)
    assert oauth.find_access(restored, token.text) == oauth.find_access(world, token.text)
    assert _client(world).id in restored.lookup_keys()


def test_a_snapshot_for_showing_has_no_secrets(world: World) -> None:
    token = _add_token(world)
    code = oauth.create_code(world, _grant(world), redirect_uri="https://app.example/cb")
    shown = b"".join(snapshot.iter_dumps(snapshot.redact(snapshot.take(world)))).decode()
    secret = _client(world).secret
    assert secret is not None
    for text in (secret, token.text, token.id, code.code):
        assert text not in shown
    assert _client(world).id in shown


def test_secrets_are_not_shown_by_repr(world: World) -> None:
    token = _add_token(world)
    client = _client(world)
    assert client.secret is not None
    assert client.secret not in repr(client)
    assert token.text not in repr(token)
