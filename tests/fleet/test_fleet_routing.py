from __future__ import annotations

import pytest

from make_emulator.fleet.routing import (
    Elsewhere,
    find_destination,
    name_of_checked_world,
    name_of_new_world,
    slot_of_form,
    split_target,
)
from make_emulator.oauth import jwt
from make_emulator.world.ids import IdGenerator
from make_emulator.world.slots import slot_of_name

NAME = "world-7"
SLOT = slot_of_name(NAME)
IDS = IdGenerator(0, salt=NAME)
TOKEN = IDS.uuid4()
UDID = IDS.udid()
CHOSEN = "11111111-1111-4111-8111-111111111111"


def _destination(
    target: str, method: str = "GET", *, host: str = "localhost:4747", authorization: str | None = None
) -> object:
    path, query = split_target(target)
    return find_destination(method, path, query, host, authorization)


@pytest.fixture(scope="module")
def access_token() -> str:
    return jwt.sign({"jti": TOKEN, "sub": "1"}, type="at+jwt")


@pytest.mark.parametrize(
    "target",
    [
        f"/_emulator/worlds/{NAME}",
        f"/_emulator/worlds/{NAME}/requests?limit=1",
        "/_emulator/worlds/world%2D7/clock",
        f"/_emulator/?world={NAME}",
        f"/_emulator/execution?id=1&world={NAME}",
        f"/_emulator/checkpoints?world={NAME}",
        f"/_emulator/catalogue?world={NAME}",
        f"/_emulator/modules/slack?world={NAME}",
        f"/hook/{UDID}",
        f"/hook/{UDID}/more?x=1",
        f"/mcp/u/{TOKEN}",
        f"/mcp/u/{TOKEN}/sse/message?sessionId=1",
        f"/mcp/api/v1/u/{TOKEN}/stateless",
        f"/mcp/server/{CHOSEN}/t/{TOKEN}/stream",
        f"/oauth/v2/authorize?response_type=code&client_id={TOKEN}",
        f"/oauth/v2/authorize?client_id={CHOSEN}&emulator_slot={UDID[:8]}",
        f"http://localhost:4747/hook/{UDID}",
        f"/%5Femulator/worlds/{NAME}",
    ],
)
def test_the_target_of_a_request_says_which_world_it_is_for(target: str) -> None:
    assert _destination(target) == SLOT


def test_the_path_on_the_host_of_hooks_is_the_udid() -> None:
    assert _destination(f"/{UDID}?x=1", "POST", host="hook.eu1.make.com") == SLOT


@pytest.mark.parametrize(
    "path", ["/api/v2/scenarios", "/mcp", "/mcp/stateless", "/mcp.make.com/", "/oauth/v2/oidc/userinfo"]
)
def test_the_token_of_a_request_says_which_world_it_is_for(path: str, access_token: str) -> None:
    for text in (f"Token {TOKEN}", f"Bearer {TOKEN.upper()}", f"Bearer {access_token}"):
        assert _destination(path, authorization=text) == SLOT


def test_a_key_in_a_toolbox_path_is_stronger_than_the_header() -> None:
    target = f"/mcp/server/{CHOSEN}/t/{TOKEN}"
    assert _destination(target, authorization=f"Bearer {CHOSEN}") == SLOT
    assert _destination(f"/mcp/server/{CHOSEN}", authorization=f"Bearer {TOKEN}") == SLOT


@pytest.mark.parametrize(
    ("target", "authorization"),
    [
        ("/api/v2/users/me", None),
        ("/api/v2/users/me", "Token"),
        ("/api/v2/users/me", f"Token {CHOSEN}"),
        ("/api/v2/users/me", "Bearer a.b.c"),
        ("/api/v2/users/me", "Bearer " + "." * 9000),
        ("/hook/unknown", None),
        (f"/mcp/u/{CHOSEN}", None),
        ("/_emulator/", None),
        ("/_emulator/docs", None),
        ("/_emulator/ready", None),
        ("/_emulator/worlds/default/clock", None),
        ("/oauth/v2/authorize", None),
        (f"/oauth/v2/authorize?client_id={CHOSEN}", None),
        ("/", None),
        ("*", None),
        ("", None),
    ],
)
def test_all_else_is_for_the_default_world(target: str, authorization: str | None) -> None:
    assert _destination(target, authorization=authorization) == 0


@pytest.mark.parametrize(
    "target",
    [
        "/_emulator/worlds",
        "/_emulator/health",
        "/_emulator/openapi.json",
        "/.well-known/oauth-authorization-server",
        "/oauth/v2/oidc/jwks",
        "/oauth/v2/register/mcp",
        "/oidc/.well-known/openid-configuration",
    ],
)
def test_every_worker_responds_to_requests_that_belong_to_no_world(target: str) -> None:
    assert _destination(target) is Elsewhere.ANY


@pytest.mark.parametrize(
    "path",
    ["/_emulator/worlds", "/_emulator/lint", "/_emulator/mend", "/oauth/v2/token", "/oauth/v2/revoke"],
)
def test_the_body_says_more_about_some_requests(path: str) -> None:
    assert _destination(path, "POST") is Elsewhere.BODY


def test_a_form_has_the_slot_of_its_code_or_token_before_that_of_its_client(access_token: str) -> None:
    other = IdGenerator(0, salt="world-8").uuid4()
    assert slot_of_form(f"client_id={other}&code={UDID}".encode()) == SLOT
    assert slot_of_form(f"client_id={other}&token={access_token}".encode()) == SLOT
    assert slot_of_form(f"client_id={TOKEN}&code=unknown".encode()) == SLOT
    default = IdGenerator(0, salt="default").udid()
    assert slot_of_form(f"client_id={TOKEN}&code={default}".encode()) == 0
    assert slot_of_form(b"") == slot_of_form(b"\xff=\xff&&=") == slot_of_form(b"a&" * 2000) == 0


def test_the_name_of_a_new_world_is_that_of_the_body() -> None:
    assert name_of_new_world(b'{"name": "w"}') == "w"
    for body in (b"", b"{", b"[]", b"{}", b'{"name": 1}', b'{"name": ""}', b'{"name": null}'):
        assert name_of_new_world(body) is None


def test_the_name_of_a_checked_world_is_that_of_the_body() -> None:
    assert name_of_checked_world(b'{"world": "w", "scenarioId": 1}') == "w"
    for body in (b"", b"[]", b'{"blueprint": {}}', b'{"world": 1}', b'{"world": null}'):
        assert name_of_checked_world(body) is None
