"""Several workers behind one address: a client sees one server."""

from __future__ import annotations

import html
import http.client
import json
import re
import smtplib
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.fleet import FleetClient, name_at, run_fleet
from helpers.oauth import CALLBACK, PKCE, VERIFIER, query_of
from make_emulator.world.slots import slot_of_key, slot_of_name

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows hands no connections over")


@pytest.fixture(scope="module")
def fleet() -> Iterator[FleetClient]:
    with run_fleet(workers=2) as client:
        yield client


@pytest.fixture(scope="module")
def worlds(fleet: FleetClient) -> list[dict[str, str]]:
    """One world of each worker."""
    return [fleet.create_world(name_at(index, "module")) for index in range(2)]


def test_worlds_without_a_name_spread_over_the_workers(fleet: FleetClient) -> None:
    names = [fleet.create_world()["name"] for _ in range(12)]
    assert len(set(names)) == 12
    assert set(Counter(slot_of_name(name) % 2 for name in names)) == {0, 1}
    assert set(names) <= set(fleet.worlds())


def test_a_name_belongs_to_one_worker_so_that_it_is_taken_only_once(fleet: FleetClient) -> None:
    for index in range(2):
        world = fleet.create_world(name_at(index, "taken"))
        assert slot_of_key(world["token"]) == slot_of_name(world["name"])
        for _ in range(3):
            response = fleet.control("POST", "/worlds", json={"name": world["name"]})
            assert response.status_code == 400
            assert "There is a world named" in response.text


def test_each_token_reaches_its_own_world_whatever_connection_it_comes_on(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    for index, world in enumerate(worlds):
        path = f"/_emulator/worlds/{world['name']}/tokens"
        body = {"scopes": ["user:read"], "label": f"own-{index}"}
        token = requests.post(f"{fleet.root}{path}", json=body, timeout=60).json()["token"]
        world["own"] = token
    with fleet.session() as session:
        for _ in range(3):
            for index, world in enumerate(worlds):
                me = session.get(
                    f"{fleet.base_url}/users/me",
                    headers={"Authorization": f"Token {world['own']}"},
                    timeout=60,
                )
                assert me.json()["authUser"]["id"] == 1
                log = session.get(f"{fleet.root}/_emulator/worlds/{world['name']}/requests", timeout=60)
                labels = {entry["tokenLabel"] for entry in log.json()["requests"]}
                assert labels == {f"own-{index}"}


def test_pipelined_requests_to_two_worlds_get_their_responses_in_order(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    tokens = [worlds[index]["token"] for index in (0, 1, 1, 0, 1, 0)]
    with fleet.connect() as peer:
        for number, token in enumerate(tokens):
            body = json.dumps({"name": f"Team {number}", "organizationId": 1}).encode()
            peer.sendall(
                b"POST /api/v2/teams HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + f"Authorization: Token {token}\r\nContent-Length: {len(body)}\r\n".encode()
                + (b"Connection: close\r\n\r\n" if number == 5 else b"\r\n")
                + body
            )
        received = _read_all(peer)
    heads = received.split(b"HTTP/1.1 ")[1:]
    assert [head[:3] for head in heads] == [b"200"] * 6
    assert [f'"name":"Team {number}"'.encode() in head for number, head in enumerate(heads)] == [True] * 6


@pytest.mark.parametrize("framing", ["length", "chunked", "expect"])
def test_a_body_that_comes_late_reaches_the_world_whole(
    fleet: FleetClient, worlds: list[dict[str, str]], framing: str
) -> None:
    name = "x" * 100_000
    body = json.dumps({"name": name, "organizationId": 1}).encode()
    for world in worlds:
        head = (
            f"POST /api/v2/teams HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {world['token']}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
        ).encode()
        with fleet.connect() as peer:
            if framing == "chunked":
                peer.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5] + b"\r\n")
                rest = body[5:]
                peer.sendall(f"{len(rest):x}\r\n".encode() + rest + b"\r\n0\r\n\r\n")
            elif framing == "expect":
                peer.sendall(head + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                assert peer.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
                peer.sendall(body)
            else:
                peer.sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:7])
                peer.sendall(body[7:])
            received = _read_all(peer)
        assert received.count(b"HTTP/1.1 ") == 1
        # The name is longer than Make allows, so all of it was read.
        assert received.startswith(b"HTTP/1.1 400 ")


def test_malformed_requests_are_refused_at_whatever_worker_they_arrive(fleet: FleetClient) -> None:
    for _ in range(6):
        for head in (
            b"GET /api/v2/users/me HTTP/1.1\r\n\r\n",
            b"GET /api/v2/users/me HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ):
            with fleet.connect() as peer:
                peer.sendall(head)
                assert peer.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_an_unknown_token_is_the_usual_error_whoever_would_have_it(fleet: FleetClient) -> None:
    bodies = set()
    for token in (
        "99999999-9999-4999-8999-999999999999",
        "000e5107-9999-4999-8999-999999999999",
        "001e5107-9999-4999-8999-999999999999",
    ):
        response = fleet.get("/users/me", token)
        assert response.status_code == 401
        bodies.add(response.text)
    assert len(bodies) == 1


def test_an_unknown_code_is_the_usual_error_whichever_worker_would_have_it(fleet: FleetClient) -> None:
    for slot in ("000", "001"):
        form = {
            "client_id": f"{slot}e5107-9999-4999-8999-999999999999",
            "client_secret": "s",
            "grant_type": "authorization_code",
            "code": f"{slot}e5107" + "x" * 24,
        }
        response = requests.post(f"{fleet.root}/oauth/v2/token", data=form, timeout=60)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert (
            requests.get(
                f"{fleet.root}/oauth/v2/oidc/userinfo",
                headers={"Authorization": f"Bearer {slot}e5107"},
                timeout=60,
            ).status_code
            == 401
        )
    assert "" not in fleet.worlds()


def test_hooks_and_mcp_urls_lead_to_their_worlds(fleet: FleetClient, worlds: list[dict[str, str]]) -> None:
    for world in worlds:
        hooks = fleet.get("/hooks?teamId=1", world["token"]).json()["hooks"]
        udid = next(hook["udid"] for hook in hooks if hook["type"] == "web")
        assert slot_of_key(udid) == slot_of_name(world["name"])
        assert requests.post(f"{fleet.root}/hook/{udid}", json={"a": 1}, timeout=60).text == "Accepted"
        answer = requests.post(
            f"{fleet.root}/mcp/u/{world['token']}/stateless",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"Accept": "application/json, text/event-stream"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        assert '"result"' in answer.text
        log = fleet.control("GET", f"/worlds/{world['name']}/requests").json()["requests"]
        assert any("hook" in entry["sentence"] for entry in log)
        assert any("/mcp" in entry["path"] for entry in log)


def test_an_app_logs_in_with_oauth_at_the_world_of_its_client(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    for world in worlds:
        path = f"/worlds/{world['name']}/oauth/clients"
        client = fleet.control("POST", path, json={"name": "App", "autoApprove": True}).json()["client"]
        redirect = requests.get(
            f"{fleet.root}/oauth/v2/authorize",
            params={"client_id": client["id"], "redirect_uri": CALLBACK, "response_type": "code"},
            allow_redirects=False,
            timeout=60,
        )
        code = query_of(redirect.headers["Location"])["code"]
        form = {"client_id": client["id"], "client_secret": client["secret"]}
        tokens = requests.post(
            f"{fleet.root}/oauth/v2/token",
            data={**form, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
            timeout=60,
        ).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = requests.get(f"{fleet.base_url}/users/me", headers=headers, timeout=60)
        assert me.json()["authUser"]["id"] == 1
        refreshed = requests.post(
            f"{fleet.root}/oauth/v2/token",
            data={**form, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
            timeout=60,
        )
        assert refreshed.status_code == 200
        revoked = requests.post(
            f"{fleet.root}/oauth/v2/revoke",
            data={**form, "token": refreshed.json()["refresh_token"]},
            timeout=60,
        )
        assert revoked.status_code == 200
        assert requests.get(f"{fleet.base_url}/users/me", headers=headers, timeout=60).status_code == 401


def test_the_key_set_verifies_the_tokens_of_all_workers(fleet: FleetClient) -> None:
    for _ in range(3):
        keys = requests.get(f"{fleet.root}/oauth/v2/oidc/jwks", timeout=60).json()["keys"]
        assert len({key["kid"] for key in keys}) == 2


def test_the_dashboard_shows_any_world_and_the_names_of_all(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    for world in worlds:
        page = requests.get(f"{fleet.root}/_emulator/", params={"world": world["name"]}, timeout=60)
        assert page.status_code == 200
        for other in (*worlds, {"name": "default"}):
            assert f">{other['name']}<" in page.text.replace("\n", "").replace(" ", "")


def test_the_studio_reads_any_world_through_any_worker(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    for world in worlds:
        # Every connection may reach another worker.
        for _ in range(3):
            page = requests.get(f"{fleet.root}/", headers={"Accept": "text/html"}, timeout=60)
            assert page.url == f"{fleet.root}/_emulator/studio"
            path = f"/worlds/{world['name']}/scenarios"
            [first, *_] = fleet.control("GET", path).json()["scenarios"]
            drawing = fleet.control("GET", f"{path}/{first['id']}/drawing").json()["drawing"]
            assert drawing["nodes"]
            body = {"world": world["name"], "scenarioId": first["id"]}
            checked = fleet.control("POST", "/lint", json=body)
            assert checked.status_code == 200
            assert "findings" in checked.json()


def test_a_snapshot_goes_back_into_its_world_and_into_no_world_of_another_worker(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    for index, world in enumerate(worlds):
        snapshot = fleet.control("GET", f"/worlds/{world['name']}/snapshot").content
        headers = {"Content-Type": "application/json"}
        path = f"/worlds/{world['name']}/snapshot"
        assert fleet.control("PUT", path, data=snapshot, headers=headers).ok
        path = f"/worlds/{worlds[1 - index]['name']}/snapshot"
        response = fleet.control("PUT", path, data=snapshot, headers=headers)
        assert response.status_code == 400
        assert "another worker" in response.text


def test_a_copy_of_a_snapshot_goes_into_a_world_of_another_worker(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    first, second = worlds
    before = fleet.control("GET", f"/worlds/{second['name']}/snapshot").content
    headers = {"Content-Type": "application/json"}
    data = fleet.control("GET", f"/worlds/{first['name']}/snapshot").content
    path = f"/worlds/{second['name']}/snapshot"
    copied = fleet.control("PUT", f"{path}?copy=true", data=data, headers=headers).json()["world"]
    assert copied["token"] not in (first["token"], second["token"])
    assert copied["token"][8:] == first["token"][8:]
    assert fleet.get("/users/me", copied["token"]).ok
    assert fleet.get("/users/me", second["token"]).status_code == 401
    assert fleet.get("/users/me", first["token"]).ok
    assert fleet.control("PUT", path, data=before, headers=headers).ok
    assert fleet.get("/users/me", second["token"]).ok


def test_injected_faults_reach_the_client(fleet: FleetClient, worlds: list[dict[str, str]]) -> None:
    for world in worlds:
        faults = f"/worlds/{world['name']}/faults"
        for action in ("reset", "truncate"):
            assert fleet.control("POST", faults, json={"path": "/users/me", "action": action, "times": 1}).ok
        for _ in range(2):
            with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                fleet.get("/users/me", world["token"])
        assert fleet.get("/users/me", world["token"]).ok


def test_a_client_cannot_pass_for_a_worker(fleet: FleetClient, worlds: list[dict[str, str]]) -> None:
    for world in worlds:
        connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=60)
        connection.request(
            "GET",
            f"/_emulator/worlds/{world['name']}",
            headers={"X-Make-Emulator-Worker": "guess 192.0.2.1 https"},
        )
        response = connection.getresponse()
        assert response.status == 200
        assert json.loads(response.read())["world"]["baseUrl"].startswith("http://127.0.0.1")
        connection.close()


def test_an_address_of_another_machine_stays_one_on_its_way_to_another_worker() -> None:
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address beside loopback")
    with run_fleet("--host", "0.0.0.0") as fleet:
        for index in range(2):
            name = fleet.create_world(name_at(index))["name"]
            for _ in range(4):
                url = f"http://{address}:{fleet.port}/_emulator/worlds/{name}"
                assert requests.get(url, timeout=60).status_code == 403
        assert requests.get(f"http://{address}:{fleet.port}/_emulator/worlds", timeout=60).status_code == 403
        assert requests.post(f"http://{address}:{fleet.port}/_emulator/worlds", timeout=60).status_code == 403


def test_with_tls_requests_are_forwarded_with_their_faults_and_streams() -> None:
    with run_fleet("--tls") as fleet:
        fleet = FleetClient(fleet.process, fleet.base_url, 2, verify=_ca_file(fleet))
        worlds = [fleet.create_world(name_at(index)) for index in range(2)]
        with fleet.session() as session:
            for world in worlds * 3:
                headers = {"Authorization": f"Token {world['token']}"}
                me = session.get(f"{fleet.base_url}/users/me", headers=headers, timeout=60)
                assert me.json()["authUser"]["id"] == 1
                assert (
                    session.get(f"{fleet.root}/_emulator/worlds/{world['name']}", timeout=60)
                    .json()["world"]["baseUrl"]
                    .startswith("https://")
                )
        for world in worlds:
            faults = f"/worlds/{world['name']}/faults"
            for action in ("reset", "truncate"):
                body = {"path": "/users/me", "action": action, "times": 2}
                assert fleet.control("POST", faults, json=body).ok
            for _ in range(4):
                with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                    fleet.get("/users/me", world["token"])
            with fleet.session() as session:
                stream = session.get(
                    f"{fleet.root}/mcp/u/{world['token']}/sse",
                    headers={"Accept": "text/event-stream"},
                    stream=True,
                    timeout=60,
                )
                assert next(stream.iter_lines()) == b"event: endpoint"
                stream.close()


def _read_all(peer: socket.socket) -> bytes:
    return b"".join(iter(lambda: peer.recv(65_536), b""))


def _own_address() -> str | None:
    """The address by which this machine would call others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        try:
            peer.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = peer.getsockname()[0]
    return None if address.startswith("127.") else address


def _ca_file(fleet: FleetClient) -> str:
    assert fleet.process.stdout is not None
    for line in fleet.process.stdout:
        if "CA file" in line:
            return line.split()[-1]
    raise AssertionError("there is no CA file")


def test_the_default_world_and_its_well_known_token_are_there(fleet: FleetClient) -> None:
    assert fleet.worlds()[0] == "default"
    assert fleet.get("/users/me", ADMIN_TOKEN).json()["authUser"]["name"] == "Ada Maker"


def _register(fleet: FleetClient) -> dict[str, str]:
    body = {"client_name": "Agent", "redirect_uris": [CALLBACK]}
    response = requests.post(f"{fleet.root}/oauth/v2/register/mcp", json=body, timeout=60)
    assert response.status_code == 201
    client: dict[str, str] = response.json()
    return client


def test_a_client_that_registered_itself_gets_access_to_a_world_of_any_worker(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    client = _register(fleet)
    query = {
        "client_id": client["client_id"], "redirect_uri": CALLBACK, "response_type": "code", **PKCE,
    }  # fmt: skip
    for world in worlds:
        with fleet.session() as browser:
            page = browser.get(f"{fleet.root}/oauth/v2/authorize", params=query, timeout=60)
            if f", world {world['name']}<" not in page.text:
                (address,) = re.findall(rf'<a href="([^"]+)">{world["name"]}</a>', page.text)
                page = browser.get(fleet.root + html.unescape(address), timeout=60)
            (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
            (ticket,) = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)
            choice = f"1:1:{world['name']}"
            assert f'value="{choice}"' in page.text
            form = {"csrf_token": ticket, "choice": choice, "decision": "approve", "scope": ["mcp:use"]}
            done = browser.post(
                fleet.root + html.unescape(action), data=form, allow_redirects=False, timeout=60
            )
        code = query_of(done.headers["Location"])["code"]
        assert slot_of_key(code) == slot_of_name(world["name"])
        tokens = requests.post(
            f"{fleet.root}/oauth/v2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client["client_id"],
                "client_secret": client["client_secret"],
                "code": code,
                "code_verifier": VERIFIER,
            },
            timeout=60,
        )
        assert tokens.status_code == 200, tokens.text
        answer = requests.post(
            f"{fleet.root}/mcp/stateless",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={
                "Authorization": f"Bearer {tokens.json()['access_token']}",
                "Accept": "application/json, text/event-stream",
            },
            timeout=60,
        )
        assert answer.status_code == 200, answer.text


def test_a_person_logs_in_with_a_token_of_a_world_of_any_worker() -> None:
    with run_fleet("--control-key", "k") as fleet:
        key = {"X-Emulator-Key": "k"}
        client = _register(fleet)
        query = {
            "client_id": client["client_id"], "redirect_uri": CALLBACK, "response_type": "code", **PKCE,
        }  # fmt: skip
        for index in range(2):
            body = {"name": name_at(index)}
            world = fleet.control("POST", "/worlds", json=body, headers=key).json()["world"]
            with fleet.session() as browser:
                page = browser.get(f"{fleet.root}/oauth/v2/authorize", params=query, timeout=60)
                for _ in range(2):
                    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
                    ids = re.findall(r'name="request_id" value="([^"]+)"', page.text)
                    if ids:
                        form = {"request_id": ids[0], "api_token": world["token"]}
                        page = browser.post(fleet.root + html.unescape(action), data=form, timeout=60)
                assert f'value="1:1:{world["name"]}"' in page.text


def test_a_client_cannot_choose_its_own_credentials(fleet: FleetClient) -> None:
    body = {"redirect_uris": [CALLBACK]}
    headers = {
        "X-Make-Emulator-Worker": "guess 127.0.0.1 http",
        "X-Make-Emulator-Client": "55555555-5555-4555-8555-555555555555 secret",
    }
    response = requests.post(f"{fleet.root}/oauth/v2/register/mcp", json=body, headers=headers, timeout=60)
    assert response.status_code == 201
    assert response.json()["client_id"] != "55555555-5555-4555-8555-555555555555"


def test_mail_at_one_port_reaches_the_hooks_of_all_workers() -> None:
    with run_fleet("--smtp-port", "0") as fleet:
        assert fleet.process.stdout is not None
        port = next(
            int(line.rpartition(":")[2]) for line in fleet.process.stdout if line.startswith("  mail")
        )
        worlds = [fleet.create_world(name_at(index)) for index in range(2)]
        udids = []
        for world in worlds:
            hooks = fleet.get("/hooks?teamId=1", world["token"]).json()["hooks"]
            udids.append(next(hook["udid"] for hook in hooks if hook["typeName"] == "gateway-mailhook"))
        message = EmailMessage()
        message["Subject"] = "Both"
        message["From"] = "a@example.com"
        message.set_content("text")
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            refused = client.send_message(
                message, to_addrs=[f"{udid}@example.com" for udid in (*udids, "001e5107unknown")]
            )
            assert list(refused) == ["001e5107unknown@example.com"]
            assert refused["001e5107unknown@example.com"][0] == 550
        for world in worlds:
            log = fleet.control("GET", f"/worlds/{world['name']}/requests").json()["requests"]
            assert [entry["status"] for entry in log if entry["method"] == "MAIL"] == [250]
        # The path by which workers ask one another is none for clients.
        assert fleet.control("GET", f"/fleet/mail/{udids[1]}").status_code == 404


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_a_request_keeps_its_protocol_on_the_way(
    fleet: FleetClient, worlds: list[dict[str, str]], protocol: str
) -> None:
    for world in worlds:
        for _ in range(2):
            with fleet.connect() as peer:
                head = f"GET /api/v2/users/me {protocol}\r\nHost: localhost\r\nAuthorization: Token {world['token']}\r\n"
                peer.sendall(head.encode() + (b"Connection: close\r\n\r\n"))
                received = _read_all(peer)
            assert received.startswith(b"HTTP/1.1 200 ")
            assert received.count(b"HTTP/1.1 ") == 1
            assert b'"authUser"' in received


def test_many_clients_at_once_reach_their_own_worlds(
    fleet: FleetClient, worlds: list[dict[str, str]]
) -> None:
    ids = []
    for index, world in enumerate(worlds):
        body = {"name": f"Own team {index}", "organizationId": 1}
        headers = {"Authorization": f"Token {world['token']}"}
        response = requests.post(f"{fleet.base_url}/teams", json=body, headers=headers, timeout=60)
        ids.append(response.json()["team"]["id"])

    def call(number: int) -> set[str]:
        names = set()
        with fleet.session() as session:
            for _ in range(10):
                headers = {"Authorization": f"Token {worlds[number % 2]['token']}"}
                url = f"{fleet.base_url}/teams/{ids[number % 2]}"
                names.add(session.get(url, headers=headers, timeout=60).json()["team"]["name"])
        return names

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(call, range(32)))
    assert found == [{f"Own team {number % 2}"} for number in range(32)]
