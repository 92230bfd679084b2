"""Real calls of scenarios: to a server on this machine, and only if the emulator allows network access."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from helpers.scenarios import create_live_scenario, http_request_module
from helpers.server import run_server
from helpers.waiting import wait_until
from make_emulator import MakeEmulator, http_client, mock_make, public_addresses
from make_emulator.http_client import HttpClient
from make_emulator.public_addresses import is_public
from make_emulator.testing import NetworkBlocked
from make_emulator.world.transport import NoResponseError, OutgoingRequest


class Service(ThreadingHTTPServer):
    """Answers with what it was sent, or as the path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.location = "/there"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are a part of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        self.server.seen.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path == "/slow":
            self.server.gate.wait(5)
        status = int(path[1:]) if path[1:].isdigit() else 200
        reported = {"method": self.command, "headers": list(self.headers.items()), "body": body.decode()}
        content = orjson.dumps(reported) if path != "/large" else b"x" * 100_000
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if path == "/302":
            self.send_header("Location", self.server.location)
        if "gzip" in (self.headers.get("Accept-Encoding") or ""):
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 (the names that http.server calls)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.gate.set()
    service.shutdown()
    thread.join()
    service.server_close()


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host has an address but those that are one."""
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def outgoing(url: str, **fields: Any) -> OutgoingRequest:
    return OutgoingRequest(**{"method": "GET", "url": url, "timeout": 600_000, **fields})


# --- one call ------------------------------------------------------------------------------------


def test_a_request_arrives_as_it_was_put_together_and_nothing_is_added(service: Service) -> None:
    headers = (("X-Trace", "1"), ("Accept-Encoding", "gzip, deflate"))
    response = HttpClient(allow_private=True)(
        outgoing(f"{service.url}/?a=1", method="POST", body=b"\xc3\xa9", headers=headers)
    )
    reported = orjson.loads(response.body)
    assert (response.status, reported["method"], reported["body"]) == (200, "POST", "é")
    assert sorted(reported["headers"]) == [
        ["Accept-Encoding", "gzip, deflate"],
        ["Content-Length", "2"],
        ["Host", service.url.removeprefix("http://")],
        ["X-Trace", "1"],
    ]
    assert response.header("content-encoding") == "gzip"
    assert response.elapsed >= 0
    assert service.seen == [("POST", "/?a=1")]


def test_neither_redirects_nor_proxies_nor_retries_happen_by_themselves(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    network = HttpClient(allow_private=True)
    assert network(outgoing(f"{service.url}/302")).header("location") == "/there"
    assert network(outgoing(f"{service.url}/503")).status == 503
    assert [path for _, path in service.seen] == ["/302", "/503"]


def test_an_answer_that_does_not_come_in_time_is_given_up(service: Service) -> None:
    with pytest.raises(NoResponseError) as missing:
        HttpClient(allow_private=True)(outgoing(f"{service.url}/slow", timeout=200))
    assert (missing.value.cause, str(missing.value)) == ("timeout", "The operation timed out.")
    assert missing.value.elapsed >= 200


def test_an_answer_that_drips_is_given_up_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                try:
                    while True:
                        connection.sendall(b"1\r\nx\r\n")
                        time.sleep(0.02)
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(NoResponseError, match="timed out"):
            HttpClient(allow_private=True)(
                outgoing(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=200)
            )
        thread.join(5)
        assert not thread.is_alive()


def test_a_head_that_drips_is_given_up_and_its_connection_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given_up = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                try:
                    while True:
                        connection.sendall(b"x")
                        time.sleep(0.01)
                except OSError:
                    given_up.set()

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(NoResponseError, match="timed out") as missing:
            HttpClient(allow_private=True)(
                outgoing(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=200)
            )
        assert missing.value.cause == "timeout"
        assert given_up.wait(60)
        thread.join()


def test_the_look_up_of_a_name_counts_as_a_part_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def look_up(*_: Any, **__: Any) -> Any:
        found.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(NoResponseError, match="timed out"):
        HttpClient(allow_private=True)(outgoing("http://slow-name.invalid/", timeout=100))
    found.set()


def test_an_interruption_ends_a_call_before_its_time(service: Service) -> None:
    interruption = threading.Event()
    threading.Timer(0.1, interruption.set).start()
    with pytest.raises(NoResponseError, match="interrupted"):
        HttpClient(allow_private=True)(outgoing(f"{service.url}/slow"), interruption)
    assert not service.gate.is_set()


def test_more_than_is_taken_is_rejected(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_RESPONSE_SIZE", 50_000)
    packed = (("Accept-Encoding", "gzip"),)  # a few hundred bytes on the way
    for headers in ((), packed):
        with pytest.raises(NoResponseError) as missing:
            HttpClient(allow_private=True)(outgoing(f"{service.url}/large", headers=headers))
        assert (missing.value.cause, str(missing.value)) == (
            "size",
            "The response is larger than 50000 bytes.",
        )


@pytest.mark.usefixtures("no_names")
def test_what_cannot_be_reached_is_reported_without_what_was_to_be_sent(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = "s3cret"
    for request, text in (
        (outgoing(f"http://127.0.0.1:{port}/?key={secret}"), f"connect ECONNREFUSED 127.0.0.1:{port}"),
        (
            outgoing(f"http://no-such-host.invalid/?key={secret}"),
            "getaddrinfo ENOTFOUND no-such-host.invalid",
        ),
        (
            outgoing(service.url, headers=(("X", f"{secret}\n"),)),
            "The request to 127.0.0.1 failed: ValueError.",
        ),
        (
            outgoing(service.url, headers=(("X", f"{secret}€"),)),
            "The request to 127.0.0.1 failed: UnicodeEncodeError.",
        ),
    ):
        with pytest.raises(NoResponseError) as missing:
            HttpClient(allow_private=True)(request)
        assert (missing.value.cause, str(missing.value)) == ("connection", text)
    assert service.seen == []


def test_certificates_are_verified_unless_the_module_says_otherwise() -> None:
    with MakeEmulator(tls=True) as make:
        url = f"{make.url}/_emulator/health"
        assert make.ca_file is not None
        network = HttpClient(allow_private=True)
        with pytest.raises(NoResponseError, match="cannot be verified"):
            network(outgoing(url))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert network(outgoing(url, verify_tls=False)).status == 200
        assert network(outgoing(url, ca_certificate=make.ca_file.read_text())).status == 200
        with pytest.raises(NoResponseError, match="cannot be verified"):
            network(outgoing(url, ca_certificate="no certificate"))


# --- scenarios -----------------------------------------------------------------------------------


def test_nothing_is_called_by_default(service: Service) -> None:
    with MakeEmulator() as make:
        world = make.world
        world.run(create_live_scenario(world, http_request_module(service.url)))
        assert world.http.requests[0]["answeredBy"] == "simulation"
    assert service.seen == []


def test_a_scenario_calls_what_no_rule_answers_for(service: Service) -> None:
    with MakeEmulator(allow_network=True, allow_private_network=True) as make:
        world = make.create_world()
        id = create_live_scenario(world, http_request_module(f"{service.url}/302"))
        [step] = world.steps(world.run(id)["executionId"])
        assert step["output"][0]["data"]["method"] == "GET"
        assert [row["answeredBy"] for row in world.http.requests] == ["network", "network"]
        assert [path for _, path in service.seen] == ["/302", "/there"]
        world.http.respond(f"{service.url}/*", status=418)
        [step, *_] = world.steps(world.run(id)["executionId"])
        assert step["error"] is not None
        assert step["error"]["name"] == "RuntimeError"
        assert len(service.seen) == 2
        world.reset()
        world.run(create_live_scenario(world, http_request_module(service.url)))
        world.restore(world.snapshot())
        world.run(create_live_scenario(world, http_request_module(service.url)))
        assert len(service.seen) == 4


def test_pages_are_not_requested_over_the_network_but_come_from_a_rule(service: Service) -> None:
    node = http_request_module(f"{service.url}/list", paginationType="pageBased")
    with MakeEmulator(allow_network=True, allow_private_network=True) as make:
        world = make.create_world()
        id = create_live_scenario(world, node)
        [step] = world.steps(world.run(id, responsive=False)["executionId"])
        assert step["error"] == {
            "name": "RuntimeError",
            "message": "Module 'http:MakeRequest, with paginationType' (1) is not supported by the emulator."
            " A rule for its address that has 'pages' can answer it.",
        }
        assert len(world.http.requests) == 0
        world.http.respond(f"{service.url}/*", pages=[1, 2])
        [step] = world.steps(world.run(id)["executionId"])
        assert [bundle["data"] for bundle in step["output"]] == [1, 2]
    assert service.seen == []


def test_a_call_keeps_only_its_own_world_waiting(service: Service) -> None:
    with MakeEmulator(allow_network=True, allow_private_network=True) as make:
        busy, other = make.create_world(), make.create_world()
        id = create_live_scenario(busy, http_request_module(f"{service.url}/slow"))
        caller = threading.Thread(target=busy.run, args=(id,))
        caller.start()
        wait_until(lambda: service.seen)
        assert (
            requests.get(f"{other.base_url}/users/me", headers=other.headers, timeout=60).status_code == 200
        )
        assert caller.is_alive()
        service.gate.set()
        caller.join()
        assert busy.http.requests[0]["status"] == 200


@pytest.mark.usefixtures("no_names")
def test_interception_leaves_the_calls_of_scenarios_alone(service: Service) -> None:
    with MakeEmulator(allow_network=True, allow_private_network=True) as make, mock_make(block_others=True):
        world = make.create_world()
        run = world.run(
            create_live_scenario(world, http_request_module("https://no-such-host.invalid/", timeout=5))
        )
        [step] = world.steps(run["executionId"])
        assert step["error"] == {
            "name": "ConnectionError",
            "message": "getaddrinfo ENOTFOUND no-such-host.invalid",
        }
        with pytest.raises(NetworkBlocked):
            requests.get("http://no-such-host.invalid/", timeout=5)
        world.run(create_live_scenario(world, http_request_module(service.url)))
        assert service.seen == [("POST", "/")]


def test_a_world_of_an_interception_never_calls() -> None:
    with mock_make() as world:
        world.run(create_live_scenario(world, http_request_module("http://127.0.0.1:9/")))
        assert world.http.requests[0]["answeredBy"] == "simulation"


def test_the_command_allows_it_if_it_is_set_to(service: Service) -> None:
    with (
        run_server(MAKE_EMULATOR_ALLOW_NETWORK="1", MAKE_EMULATOR_ALLOW_PRIVATE_NETWORK="1") as (_, url),
        MakeEmulator.attach(url.removesuffix("/api/v2")) as make,
    ):
        make.world.run(create_live_scenario(make.world, http_request_module(service.url)))
    assert service.seen == [("POST", "/")]


# --- addresses that are not public ---------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fc00::1",
        "fe80::1%eth0",
        "ff0e::1",
        "2001:db8::1",
        "localhost",
    ],
)
def test_an_address_that_is_not_public_is_none(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"])
def test_a_global_address_is_public(address: str) -> None:
    assert is_public(address)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names resolve to one list of addresses after another; returns the names that are looked up."""
    real, looked_up, left = socket.getaddrinfo, [], list(answers)

    def look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host[-1].isdigit():
            return real(host, port, *arguments, **options)
        looked_up.append(host)
        return [entry for address in left.pop(0) for entry in real(address, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return looked_up


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "localhost", "rebound.example"]
)
def test_what_is_not_public_is_not_connected_to(
    service: Service, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    if host == "rebound.example":
        resolve_to(monkeypatch, ["127.0.0.1"])

    def connect(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", connect)
    url = f"{scheme}://{host}:{service.server_port}/?key=s3cret"
    with pytest.raises(
        NoResponseError, match=r"not (a )?public.*: allow it with --allow-private-network\."
    ) as missing:
        HttpClient()(outgoing(url))
    assert missing.value.cause == "connection"
    assert "s3cret" not in str(missing.value)


def test_the_address_that_was_checked_is_connected_to(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_addresses, "is_public", lambda address: address == "127.0.0.1")
    looked_up = resolve_to(monkeypatch, ["10.0.0.1", "127.0.0.1"], ["10.0.0.1"])
    response = HttpClient()(outgoing(f"http://rebound.example:{service.server_port}/there"))
    assert ["Host", f"rebound.example:{service.server_port}"] in orjson.loads(response.body)["headers"]
    assert looked_up == ["rebound.example"]


def test_the_certificate_of_a_public_host_is_that_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_addresses, "is_public", lambda address: address == "127.0.0.1")
    with MakeEmulator(tls=True) as make:
        assert make.ca_file is not None
        port, authority = urlsplit(make.url).port, make.ca_file.read_text()
        resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.1"])
        network = HttpClient()
        url = f"https://localhost:{port}/_emulator/health"
        assert network(outgoing(url, ca_certificate=authority)).status == 200
        with pytest.raises(NoResponseError, match="cannot be verified"):
            network(outgoing(url.replace("localhost", "another.example"), ca_certificate=authority))


def test_a_redirect_to_a_private_address_is_a_connection_error(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_addresses, "is_public", lambda address: address == "127.0.0.1")
    resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    with MakeEmulator(allow_network=True) as make:
        world = make.create_world()
        service.location = f"http://elsewhere.test:{service.server_port}/there"
        id = create_live_scenario(world, http_request_module(f"http://first.test:{service.server_port}/302"))
        [step] = world.steps(world.run(id, responsive=False)["executionId"])
        assert step["error"] == {
            "name": "ConnectionError",
            "message": "elsewhere.test has the address 127.0.0.2, which is not public:"
            " allow it with --allow-private-network.",
        }
    assert [path for _, path in service.seen] == ["/302"]


def test_a_scenario_needs_a_flag_of_its_own_for_private_addresses(service: Service) -> None:
    with MakeEmulator(allow_network=True) as make:
        world = make.create_world()
        id = create_live_scenario(world, http_request_module(service.url))
        [step] = world.steps(world.run(id, responsive=False)["executionId"])
        assert step["error"] is not None
        assert step["error"]["name"] == "ConnectionError"
        assert [(row["answeredBy"], row["error"]) for row in world.http.requests] == [
            ("network", "ConnectionError")
        ]
    assert service.seen == []


def test_private_addresses_alone_are_not_allowed() -> None:
    with pytest.raises(ValueError, match="need network access"):
        MakeEmulator(allow_private_network=True)
