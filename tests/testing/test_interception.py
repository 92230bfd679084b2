"""`mock_make` as a whole: what is caught, what is not, and what is left behind."""

from __future__ import annotations

import asyncio
import http.client
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3

import make_emulator
from helpers.api import ADMIN_TOKEN, team_name
from make_emulator import mock_make
from make_emulator.server.wsgi import Server
from make_emulator.testing import ControlError, NetworkBlocked
from make_emulator.world.zones import Zone


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of a server that has nothing to do with Make."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "9")])
        return [b"elsewhere"]

    with Server(app) as server:
        yield server.url


# --- which hosts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("eu1.make.com", "eu1.make.com"),
        ("eu2.make.com", "eu2"),
        ("us1.make.com", "us1"),
        ("US2.make.com", "us2"),
        ("eu1.make.celonis.com", "eu1.make.celonis.com"),
        ("us1.make.com:443", "us1"),
    ],
)
def test_every_zone_of_make_is_caught(host: str, zone: Zone) -> None:
    with mock_make(zone=zone) as world:
        response = requests.get(f"https://{host}/api/v2/teams/1", headers=world.headers, timeout=5)
        assert response.json()["team"]["name"] == "Example Team"
        world.requests.assert_called("GET", "/teams/1", times=1)


def test_a_token_is_good_in_its_own_zone_only() -> None:
    with mock_make() as world:
        response = requests.get("https://us1.make.com/api/v2/teams/1", headers=world.headers, timeout=5)
        assert response.status_code == 401
        assert response.json()["detail"] == "Invalid token header."
        [entry] = world.requests.all()
        assert "The token belongs to eu1.make.com, and the call went to us1.make.com" in entry["sentence"]


def test_a_hook_receives_in_its_own_zone_only() -> None:
    with mock_make() as world:
        url = f"{world.base_url}/hooks?teamId={world.team_id}"
        hooks = requests.get(url, headers=world.headers, timeout=5).json()["hooks"]
        [url] = [hook["url"] for hook in hooks if hook["type"] == "web"]
        assert requests.post(url, json={}, timeout=5).status_code == 200
        response = requests.post(url.replace("eu1", "us1"), json={}, timeout=5)
        assert (response.status_code, response.text) == (410, "Webhook not found.")


def test_a_zone_of_ones_own_is_caught_with_its_hooks() -> None:
    seed = {"organizations": [{"name": "Mine", "zone": "make.example.org", "teams": [{"name": "Only"}]}]}
    with mock_make(seed=seed) as world:
        assert world.base_url == "https://make.example.org/api/v2"
        assert team_name(world) == "Only"
        response = requests.post("https://hook.make.example.org/unknown", timeout=5)
        assert (response.status_code, response.text) == (410, "Webhook not found.")


def test_a_hook_receives_at_the_address_that_the_api_shows() -> None:
    with mock_make(zone="us1") as world:
        [hook] = [
            row
            for row in requests.get(
                f"{world.base_url}/hooks",
                params={"teamId": world.team_id},
                headers=world.headers,
                timeout=5,
            ).json()["hooks"]
            if row["type"] == "web"
        ]
        assert hook["url"] == f"https://hook.us1.make.com/{hook['udid']}"
        response = requests.post(f"{hook['url']}?source=test", json={"email": "zoe@example.com"}, timeout=5)
        assert (response.status_code, response.text) == (200, "Accepted")
        logs = f"{world.base_url}/hooks/{hook['id']}/logs"
        [row] = requests.get(logs, headers=world.headers, timeout=5).json()["hookLogs"]
        log = requests.get(f"{logs}/{row['id']}", headers=world.headers, timeout=5).json()["hookLog"]
        assert log["data"]["request"]["url"] == hook["url"]
        assert log["data"]["parsedItems"] == [{"email": "zoe@example.com", "source": "test"}]


def test_other_hosts_are_left_alone(elsewhere: str) -> None:
    with mock_make():
        assert requests.get(elsewhere, timeout=5).text == "elsewhere"


def test_other_hosts_are_rejected_on_demand_but_this_machine_is_not(elsewhere: str) -> None:
    with mock_make(block_others=True) as world:
        assert team_name(world) == "Example Team"
        assert requests.get(elsewhere, timeout=5).text == "elsewhere"
        with pytest.raises(NetworkBlocked, match=r"keeps this process from calling www\.example\.com"):
            requests.get("https://www.example.com", timeout=5)
        with pytest.raises(NetworkBlocked, match=r"calling help\.make\.com"):
            urllib3.PoolManager().request("GET", "https://help.make.com")
        with pytest.raises(NetworkBlocked, match=r"calling 192\.0\.2\.1"):
            socket.create_connection(("192.0.2.1", 80))


def test_a_client_that_is_not_caught_fails_rather_than_reaching_make() -> None:
    with mock_make():
        with pytest.raises(NetworkBlocked, match=r"call eu1\.make\.com itself.*MakeEmulator"):
            socket.create_connection(("eu1.make.com", 443))
        with pytest.raises(NetworkBlocked, match=r"hook\.us1\.make\.com"):
            asyncio.run(_connect("hook.us1.make.com"))


def test_a_client_on_uvloop_that_is_not_caught_fails_too() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def look_up(host: str) -> Any:
        return await asyncio.get_running_loop().getaddrinfo(host, 443)

    def run(main: Any) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)

    names = ("create_connection", "getaddrinfo")
    before = [getattr(uvloop.Loop, name) for name in names]
    with mock_make(block_others=True):
        with pytest.raises(NetworkBlocked, match=r"call eu1\.make\.com itself"):
            run(_connect("eu1.make.com"))
        with pytest.raises(NetworkBlocked, match=r"hook\.us1\.make\.com"):
            run(look_up("hook.us1.make.com"))
        with pytest.raises(NetworkBlocked, match=r"calling www\.example\.com"):
            run(_connect("www.example.com"))
        assert run(look_up("127.0.0.1"))
    assert [getattr(uvloop.Loop, name) for name in names] == before
    assert not any(name in vars(uvloop.Loop) for name in names)


async def _connect(host: str) -> None:
    await asyncio.open_connection(host, 443, ssl=True)


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:3128")
    with mock_make(block_others=True) as world:
        assert team_name(world) == "Example Team"
        plain = requests.get("http://eu1.make.com/api/v2/teams/1?cols[]=id", headers=world.headers, timeout=5)
        assert plain.json() == {"team": {"id": 1}}


# --- the world -----------------------------------------------------------------------------------


def test_the_arguments_say_what_the_world_is_made_from() -> None:
    with mock_make(
        seed="default", plan="core", zone="us2", now="2026-01-01T00:00:00Z", scopes=["organizations:read"]
    ) as world:
        assert (world.plan, world.zone) == ("core", "us2.make.com")
        assert world.base_url == "https://us2.make.com/api/v2"
        assert world.clock.now.startswith("2026-01-01T00:00")
        url = f"{world.base_url}/organizations/1"
        response = requests.get(url, headers=world.headers, timeout=5)
        assert response.json()["organization"]["productName"] == "Core"
        assert response.headers["X-RateLimit-Limit"] == "60"
        refused = requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5)
        assert (refused.status_code, refused.json()["code"]) == (403, "SC403")


def test_without_a_rate_limit_nothing_is_counted() -> None:
    with mock_make(rate_limit=False) as world:
        response = requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5)
        assert "X-RateLimit-Limit" not in response.headers


def test_each_time_the_world_is_fresh_and_the_same() -> None:
    interception = mock_make()
    for _ in range(2):
        with interception as world:
            assert world.token == ADMIN_TOKEN
            gone = requests.delete(f"{world.base_url}/scenarios/1", headers=world.headers, timeout=5)
            assert gone.json() == {"scenario": 1}


def test_the_request_log_can_be_read_when_all_is_over() -> None:
    with mock_make() as world:
        team_name(world)
    world.requests.assert_called("GET", "/teams/1", times=1)


def test_a_world_that_is_still_looked_at_is_not_used_again() -> None:
    worlds = []
    for _ in range(3):
        with mock_make() as world:
            team_name(world)
        worlds.append(world)
    with mock_make() as world:
        assert [len(each.requests) for each in (*worlds, world)] == [1, 1, 1, 0]


def test_nothing_of_one_world_is_left_in_the_next() -> None:
    tokens = set()
    for _ in range(3):
        with mock_make() as world:
            assert (len(world.requests), len(world.faults)) == (0, 0)
            assert not world.clock.frozen
            tokens.add(world.create_token(["teams:read"]))
            world.faults.add(path="/teams/*", status=503)
            world.clock.freeze("2030-01-01T00:00:00Z")
        del world
    assert len(tokens) == 1


def test_wrong_arguments_are_reported_and_leave_nothing_behind() -> None:
    real = socket.getaddrinfo
    with pytest.raises(ValueError, match="no seed named 'nowhere'"), mock_make(seed="nowhere"):
        pass
    with pytest.raises(ValueError, match="no plan 'gold'"), mock_make(plan="gold"):  # type: ignore[call-overload]
        pass
    with pytest.raises(ControlError, match="scopes"), mock_make(scopes=["everything:read"]):
        pass
    with pytest.raises(TypeError, match="colour"):
        mock_make(colour="red")  # type: ignore[call-overload]
    assert socket.getaddrinfo is real


# --- nesting and restoring -----------------------------------------------------------------------


def patched() -> list[Any]:
    """The functions that interception replaces."""
    httpx = pytest.importorskip("httpx")
    return [
        urllib3.HTTPConnectionPool._make_request,
        urllib3.HTTPSConnectionPool._prepare_proxy,
        http.client.HTTPConnection.connect,
        http.client.HTTPSConnection.connect,
        httpx.HTTPTransport.handle_request,
        httpx.AsyncHTTPTransport.handle_async_request,
        socket.getaddrinfo,
    ]


def test_everything_is_put_back_even_after_an_error() -> None:
    before = patched()

    def fail() -> None:
        with mock_make():
            assert all(now is not then for now, then in zip(patched(), before, strict=True))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert all(now is then for now, then in zip(patched(), before, strict=True))


def test_nested_the_innermost_answers_and_the_outer_one_after_it() -> None:
    before = patched()
    with mock_make() as outer:
        with mock_make() as inner:
            team_name(outer)
            assert (len(outer.requests), len(inner.requests)) == (0, 1)
        team_name(outer)
        assert (len(outer.requests), len(inner.requests)) == (1, 1)
    assert patched() == before


def test_it_works_where_httpx_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with mock_make() as world:
        assert team_name(world) == "Example Team"


def test_threads_share_what_is_in_force() -> None:
    names: list[str] = []
    with mock_make(rate_limit=False) as world:
        threads = [threading.Thread(target=lambda: names.append(team_name(world))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(world.requests) == 8
    assert names == ["Example Team"] * 8


def test_the_package_exports_it() -> None:
    assert "mock_make" in make_emulator.__all__
    assert make_emulator.mock_make is mock_make
