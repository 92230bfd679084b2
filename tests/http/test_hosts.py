"""Host names under which the server answers: protection from DNS rebinding."""

from __future__ import annotations

import socket

import pytest
import requests

from helpers.api import ADMIN_TOKEN, ApiClient, json_of
from make_emulator import mock_make
from make_emulator.app import create_app
from make_emulator.world.zones import PrivateZone

ME = "/users/me"


def status_of(api: ApiClient, host: str) -> int:
    return api.get(ME, headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4747",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "eu1.make.com.evil.example",
        "make",
        "evil.example.",
        "[evil.example]",
        "x" * 5_000,
        "a b",
    ],
)
def test_a_name_that_is_not_of_this_server_is_421(api: ApiClient, host: str) -> None:
    response = api.get(ME, headers={"Host": host})
    assert response.status_code == 421
    body = json_of(response)
    assert (body["message"], body["code"]) == ("Misdirected Request", "SC421")
    assert "--allowed-host" in body["detail"]
    assert len(body["detail"]) < 300


def test_it_is_421_before_anything_changes(api: ApiClient) -> None:
    response = api.post("/teams", json={"name": "x", "organizationId": 1}, headers={"Host": "evil.example"})
    assert response.status_code == 421
    assert "x" not in [team.name for team in api.world.teams]


@pytest.mark.parametrize("path", ["/", "/unknown", "/_emulator/health", "/_emulator/", "/_emulator/unknown"])
def test_the_check_covers_all_of_the_application(api: ApiClient, path: str) -> None:
    response = api.app.test_client().get(path, headers={"Host": "evil.example"})
    assert response.status_code == 421


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:4747",
        "localhost.",
        "make.localhost",
        "127.0.0.1:4747",
        "10.0.0.7",
        "[::1]:4747",
        "[fe80::1]",
        "eu1.make.com",
        "us2.make.com:443",
        "acme.make.celonis.com",
        socket.gethostname(),
    ],
)
def test_names_of_this_machine_addresses_and_zones_are_answered(api: ApiClient, host: str) -> None:
    # A zone that is not the world's own does not know its token.
    assert status_of(api, host) in (200, 401)


def test_a_request_without_a_name_is_answered(api: ApiClient) -> None:
    client = api.app.test_client()
    response = client.get(
        "/api/v2/users/me",
        headers={"Authorization": f"Token {ADMIN_TOKEN}"},
        environ_overrides={"HTTP_HOST": ""},
    )
    assert response.status_code == 200


def test_configured_names_are_answered() -> None:
    api = ApiClient(
        create_app(allowed_hosts=["make", "Build.Example.com", ".corp.example", "*.test.example"])
    )
    for host in ("make:4747", "build.example.com", "corp.example", "a.b.corp.example", "x.test.example"):
        assert status_of(api, host) == 200, host
    for host in ("maker", "x.build.example.com", "evilcorp.example", "make.evil.example"):
        assert status_of(api, host) == 421, host


def test_every_name_can_be_allowed() -> None:
    assert status_of(ApiClient(create_app(allowed_hosts=["*"])), "evil.example") == 200


@pytest.mark.parametrize("name", ["", "*.*", "http://make", "a b", "x*", "*x", "/x"])
def test_what_is_no_host_name_cannot_be_allowed(name: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        create_app(allowed_hosts=[name])


def test_the_private_zone_of_a_world_is_answered_with_its_hooks() -> None:
    api = ApiClient(create_app(zone="make.corp.example"))
    assert status_of(api, "make.corp.example") == 200
    assert status_of(api, "hook.make.corp.example") == 404
    assert status_of(api, "other.corp.example") == 421


def test_interception_serves_a_private_zone() -> None:
    with mock_make(zone=PrivateZone("make.corp.example")) as world:
        response = requests.get(f"{world.base_url}{ME}", headers=world.headers, timeout=60)
    assert response.status_code == 200


def test_webhooks_are_open_under_every_name(api: ApiClient) -> None:
    client = api.app.test_client()
    response = client.post("/hook/none", headers={"Host": "tunnel.example"})
    assert (response.status_code, response.get_data()) == (410, b"Webhook not found.")
