"""Edges of the emulator: its control API, its request log, its socket."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

import orjson
import pytest

from helpers.api import ADMIN_TOKEN
from helpers.populated_app import PopulatedApp, fingerprint
from make_emulator.app import API_PREFIX
from make_emulator.http.request_log import BODY_LIMIT as KEPT
from make_emulator.server.request_head import MAX_SIZE
from make_emulator.server.wsgi import Server
from make_emulator.world.enums import timezone_codes


@pytest.fixture
def target() -> PopulatedApp:
    return PopulatedApp()


# --- the control API -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://localhost:8080",
        "null",
        "http://[::1",
        "",
    ],
)
def test_no_page_of_the_web_reaches_the_control_api(target: PopulatedApp, origin: str) -> None:
    response = target.control("POST", "/worlds/default/reset", headers={"Origin": origin})
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 403),
        ("eu1.make.com", 403),
        ("localhost.evil.example:80", 421),
    ],
)
def test_a_name_that_was_made_to_point_here_does_not_reach_the_control_api(
    target: PopulatedApp, host: str, status: int
) -> None:
    assert target.control("GET", "/worlds", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:4747", "[::1]:4747", "make.localhost"])
def test_the_names_of_this_machine_reach_the_control_api(target: PopulatedApp, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert target.control("GET", "/worlds", headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1", "192.168.1.1", "::2", "x"])
def test_another_machine_does_not_reach_the_control_api(target: PopulatedApp, address: str) -> None:
    response = target.control("GET", "/worlds", environ_overrides={"REMOTE_ADDR": address})
    assert response.status_code == 403


def test_a_world_whose_team_and_organization_were_deleted_can_still_be_described_and_reset(
    target: PopulatedApp,
) -> None:
    assert target.call("DELETE", "/organizations/1?confirmed=true").status_code == 200
    response = target.control("GET", "/worlds")
    assert response.json is not None
    [world] = response.json["worlds"]
    assert (world["teamId"], world["organizationId"], world["zone"]) == (None, None, None)
    assert target.control("POST", "/worlds/default/reset").status_code == 200
    assert target.call("GET", "/teams/1").status_code == 200


@pytest.mark.parametrize(
    "seed",
    [
        {},
        {"users": 1},
        {"users": [], "organizations": []},
        {"users": [{"id": 1, "name": "A", "email": "a@example.com"}], "organizations": []},
        {"users": [{"id": 1}], "organizations": [{"id": 1}], "tokens": [{}]},
        {"users": [], "organizations": [], "tokens": [{"label": "x", "user": 9, "scopes": "all"}]},
        {"users": [{"id": [], "name": {}, "email": None}], "organizations": [], "tokens": [1]},
        "unknown",
        "../../pyproject.toml",
        "\x00",
        "x" * 5_000,
    ],
)
def test_a_seed_that_is_invalid_is_400_and_leaves_no_world(target: PopulatedApp, seed: Any) -> None:
    response = target.control("POST", "/worlds", json={"name": "new", "seed": seed})
    assert response.status_code == 400
    assert [handle.name for handle in target.registry] == ["default"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "path", ["/worlds", "/worlds/default/tokens", "/worlds/default/clock", "/worlds/default/clock/advance"]
)
def test_nonsense_never_breaks_the_control_api(target: PopulatedApp, method: str, path: str) -> None:
    values: tuple[Any, ...] = (
        None,
        True,
        10**30,
        -1,
        1e300,
        "x",
        "9999-12-31T23:59:59-23:59",
        "\x00",
        [],
        [[]],
        {},
        {"a": 1},
    )
    names = (
        "name",
        "seed",
        "worldSeed",
        "plan",
        "zone",
        "now",
        "rateLimit",
        "scopes",
        "userId",
        "label",
        "seconds",
    )
    for body in [*({name: value} for name in (*names, "frozen") for value in values), *values]:
        response = target.control(method, path, data=json.dumps(body))
        assert response.status_code < 500, (body, response.get_data(as_text=True))
    for octets in (b"{", b"\xff", b"[" * 10_000, b"{}" + b" " * 5_000_000):
        assert target.control(method, path, data=octets).status_code < 500


@pytest.mark.parametrize("timezone", ["Pacific/Pago_Pago", "Europe/Prague", "Pacific/Kiritimati"])
@pytest.mark.parametrize("now", ["1970-01-01T00:00:00Z", "9998-12-31T23:59:59Z"])
def test_at_both_ends_of_time_every_scheduling_can_be_started(
    target: PopulatedApp, now: str, timezone: str
) -> None:
    [id] = [id for id, code in timezone_codes().items() if code == timezone]
    assert target.call("PATCH", "/organizations/1", json={"timezoneId": id}).status_code == 200
    # The runs that it would have missed in eight thousand years are not the subject here.
    assert target.call("POST", "/scenarios/3/stop").status_code == 200
    target.world.clock.freeze(now)
    flow = [{"id": 1, "module": "util:SetVariable2", "version": 1, "mapper": {"name": "x", "value": "1"}}]
    for scheduling in (
        {"type": "indefinitely", "interval": 900},
        {"type": "once", "date": "9998-12-31T23:59:59Z"},
        {"type": "daily", "time": "23:59"},
        {"type": "weekly", "days": [0, 6], "time": "00:00"},
        {"type": "monthly", "days": [31], "time": "23:59"},
        {"type": "yearly", "days": [29], "months": [2], "time": "12:00"},
        {"type": "yearly", "days": [31], "months": [12], "time": "23:59"},
    ):
        body = {
            "teamId": 1,
            "blueprint": json.dumps({"name": "Timed", "flow": flow, "metadata": {}}),
            "scheduling": json.dumps(scheduling),
        }
        made = target.call("POST", "/scenarios", json=body)
        assert made.json is not None
        for path in ("start", "usage", "logs", "stop"):
            method = "POST" if path in ("start", "stop") else "GET"
            response = target.call(method, f"/scenarios/{made.json['scenario']['id']}/{path}")
            assert response.status_code < 500, (now, scheduling, path)
    for path in (
        "/enums/timezones",
        "/organizations/1",
        "/scenarios?teamId=1",
        "/scenarios/1/usage?organizationTimezone=true",
    ):
        assert target.call("GET", path).status_code == 200


# --- the request log -----------------------------------------------------------------------------


def _journal(target: PopulatedApp) -> str:
    return target.control("GET", "/worlds/default/requests").get_data(as_text=True)


@pytest.mark.parametrize("padding", [0, KEPT])
def test_secrets_stay_out_of_the_request_log_wherever_they_stand(target: PopulatedApp, padding: int) -> None:
    blueprint = json.dumps({"name": "x", "flow": [{"parameters": {"password": "hunter1"}}]})
    body = {
        "apiKey": "hunter2",
        "nested": [{"client_secret": 'hunter"3', "privateKey": 44444444}],
        "blueprint": blueprint,
        "token": ADMIN_TOKEN,
        "text": "x" * padding,
    }
    target.call("PUT", "/data-stores/1/data/secret", data=orjson.dumps(body), content_type="application/json")
    target.call("GET", f"/data-stores/1/data/{ADMIN_TOKEN}?password=hunter5&x={ADMIN_TOKEN}")
    text = _journal(target)
    assert "hunter" not in text
    assert "44444444" not in text
    assert ADMIN_TOKEN not in text


def test_a_secret_that_the_request_log_cut_in_two_is_not_half_shown(target: PopulatedApp) -> None:
    start = b'{"text":"' + b"x" * (KEPT - 40) + b' "'
    body = start + b',"y":"' + ADMIN_TOKEN.encode() + b'"}'
    target.call("PUT", "/data-stores/1/data/secret", data=body, content_type="application/json")
    assert ADMIN_TOKEN[:8] not in _journal(target)


def test_no_object_shows_a_token_when_it_is_printed(target: PopulatedApp) -> None:
    shown = repr(
        [*target.world.tokens, target.world, target.handle, target.app, list(target.handle.request_log)]
    )
    assert ADMIN_TOKEN not in shown


# --- the socket ----------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [ADMIN_TOKEN, "unknown"])
@pytest.mark.parametrize("size", [2_100_001, 5_000_000])
def test_a_client_that_sends_too_much_still_hears_why(target: PopulatedApp, token: str, size: int) -> None:
    before = fingerprint(target.world)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    with (
        Server(target.app) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection,
    ):
        connection.request("POST", API_PREFIX + "/teams", b'"' + b"x" * (size - 1), headers)
        response = connection.getresponse()
        body = orjson.loads(response.read())
    too_large = {"detail": "request entity too large"}
    assert (response.status, body) == (400, too_large) if token == ADMIN_TOKEN else (401, body)
    assert fingerprint(target.world) == before


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/v2/users/me?" + b"x" * (2 * MAX_SIZE) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v2/users/me HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (2 * MAX_SIZE) + b"\r\n\r\n",
        b"POST /api/v2/teams HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /api/v2/teams HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api/v2/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Token a\r\n Token b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    ],
)
def test_a_malformed_request_is_rejected_and_the_server_lives_on(target: PopulatedApp, head: bytes) -> None:
    with Server(target.app) as server:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
            connection.connect()
            assert connection.sock is not None
            try:
                connection.sock.sendall(head)
                status = connection.sock.recv(64)
            except ConnectionError:
                status = b""  # Refused in the middle of sending.
        assert status == b"" or b" 4" in status[:12]
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
            connection.request(
                "GET", API_PREFIX + "/users/me", headers={"Authorization": f"Token {ADMIN_TOKEN}"}
            )
            assert connection.getresponse().status == 200
