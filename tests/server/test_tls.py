"""HTTPS with a throwaway authority: only clients that trust it trust the server."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
from click.testing import CliRunner

from helpers.server import run_server
from make_emulator import MakeEmulator
from make_emulator.cli.main import main
from make_emulator.server.tls import CA_BUNDLE_VARIABLES, EphemeralCA, shell_exports


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator(tls=True) as make:
        yield make


def trusting(make: MakeEmulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(make.ca_file))


# --- clients -------------------------------------------------------------------------------------


def test_clients_that_know_the_authority_trust_the_server(make: MakeEmulator) -> None:
    url, headers = f"{make.base_url}/teams/1", make.world.headers
    assert url.startswith("https://127.0.0.1:")
    with_requests = requests.get(url, headers=headers, verify=str(make.ca_file), timeout=5).json()
    with_httpx = httpx.get(url, headers=headers, verify=trusting(make)).json()
    requested = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(requested, timeout=5, context=trusting(make)) as response:
        with_urllib = json.load(response)
    assert with_requests == with_httpx == with_urllib
    assert with_requests["team"]["name"] == "Example Team"


def test_clients_that_do_not_know_it_reject(make: MakeEmulator) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=r"self-signed|unable to get local issuer"):
        requests.get(make.base_url, timeout=5)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_configures_clients(
    make: MakeEmulator, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in CA_BUNDLE_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(make.ca_file))
    assert requests.get(f"{make.base_url}/teams/1", headers=make.world.headers, timeout=5).ok


def test_the_environment_configures_openssl(make: MakeEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make.ca_file))
    attached = MakeEmulator.attach(make.url)
    assert attached.create_world().base_url == make.base_url


def test_the_names_of_this_machine_are_vouched_for(make: MakeEmulator) -> None:
    url = make.base_url.replace("127.0.0.1", "localhost")
    response = requests.get(f"{url}/teams/1", headers=make.world.headers, verify=str(make.ca_file), timeout=5)
    assert response.status_code == 200


def test_addresses_in_answers_are_https(make: MakeEmulator) -> None:
    world = make.create_world()
    response = requests.get(
        f"{make.base_url}/hooks",
        params={"teamId": world.team_id},
        headers=world.headers,
        verify=str(make.ca_file),
        timeout=5,
    )
    [url] = [row["url"] for row in response.json()["hooks"] if row["type"] == "web"]
    assert url.startswith(f"{make.url}/hook/")
    assert requests.post(url, json={}, verify=str(make.ca_file), timeout=5).text == "Accepted"


def test_the_fixtures_of_pytest_trust_an_emulator_with_tls(
    pytester: pytest.Pytester, make: MakeEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        def test_over_tls(make_client, make_world):
            assert make_world.base_url.startswith("https://")
            assert make_client.get("/teams/1").status_code == 200
        """
    )
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(make.ca_file))
    pytester.runpytest("-W", "error", f"--make-emulator-url={make.url}").assert_outcomes(passed=1)
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(variable)
    pytester.makeconftest(
        """
        import pytest
        from make_emulator import MakeEmulator

        @pytest.fixture(scope="session")
        def make_emulator():
            with MakeEmulator(tls=True) as make:
                yield make
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=1)


# --- connections ---------------------------------------------------------------------------------


def test_connections_are_kept_alive_and_carry_large_bodies(make: MakeEmulator) -> None:
    port = int(make.url.rpartition(":")[2])
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusting(make))
    headers = {**make.world.headers, "Content-Type": "application/json"}
    for size, status in ((100_000, 400), (3_000_000, 400), (100_000, 400)):
        body = json.dumps({"teamId": "x" * size})
        connection.request("POST", "/api/v2/data-stores", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_requests_in_one_record_are_all_answered(make: MakeEmulator) -> None:
    port = int(make.url.rpartition(":")[2])
    padding = "x" * 7000
    health = f"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\nX-Padding: {padding}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        trusting(make).wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(health.encode() * 2)
        received = b""
        while received.count(b'"ok"') < 2:
            piece = connection.recv(65_536)
            assert piece, "the connection was closed"
            received += piece


def test_plain_http_gets_a_clear_answer(make: MakeEmulator) -> None:
    response = requests.get(make.base_url.replace("https:", "http:"), timeout=5)
    assert (response.status_code, response.text) == (
        400,
        "This port speaks HTTPS only: call it with https://.\n",
    )


def test_silent_or_malformed_clients_do_not_block_others(make: MakeEmulator) -> None:
    address = ("127.0.0.1", int(make.url.rpartition(":")[2]))
    silent = [socket.create_connection(address) for _ in range(20)]
    with socket.create_connection(address) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05nonsense")
    assert requests.get(f"{make.url}/_emulator/health", verify=str(make.ca_file), timeout=5).ok
    for connection in silent:
        connection.close()


def test_a_reset_that_was_requested_is_one(make: MakeEmulator) -> None:
    world = make.create_world()
    world.faults.add(path="/teams/1", action="reset")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{make.base_url}/teams/1", headers=world.headers, verify=str(make.ca_file), timeout=5)


def test_stopping_waits_for_no_handshake_and_removes_the_file() -> None:
    make = MakeEmulator(tls=True).start()
    assert make.ca_file is not None
    file = make.ca_file
    assert "BEGIN CERTIFICATE" in file.read_text()
    assert "PRIVATE" not in file.read_text()
    address = ("127.0.0.1", int(make.url.rpartition(":")[2]))
    silent = socket.create_connection(address)
    half = socket.create_connection(address)
    half.sendall(b"\x16\x03\x01")
    make.stop()
    assert not file.parent.exists()
    silent.close()
    half.close()


# --- the command ---------------------------------------------------------------------------------


def test_the_command_serves_https_and_prints_the_certificate_file() -> None:
    with run_server("--tls") as (process, url):
        assert url.startswith("https://127.0.0.1:")
        assert process.stdout is not None
        reported = "".join(process.stdout.readline() for _ in range(11))
        [file] = re.findall(r"^  CA file\s+(\S.*)$", reported, flags=re.MULTILINE)
        assert [name for name in CA_BUNDLE_VARIABLES if f"{name}={file}" in reported] == list(
            CA_BUNDLE_VARIABLES
        )
        assert f"dashboard     {url.removesuffix('/api/v2')}/_emulator/" in reported
        health = url.replace("/api/v2", "/_emulator/health")
        assert requests.get(health, verify=file, timeout=5).json()["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, "Traceback" in errors) == (0, False)
        assert not os.path.exists(file)


def test_the_file_can_be_put_where_clients_look_for_it(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with run_server("--tls", "--tls-ca", str(file)) as (process, url):
        assert requests.get(f"{url}/teams/1", verify=str(file), timeout=5).status_code == 401
        process.terminate()
        process.communicate(timeout=10)
    assert file.exists()


def test_the_names_of_services_are_vouched_for_and_served(tmp_path: Path) -> None:
    """Those of --tls-name and --allowed-host, as a client in another container calls them."""
    file = tmp_path / "ca.pem"
    names = {
        "MAKE_EMULATOR_TLS_NAME": "make .corp.example",
        "MAKE_EMULATOR_ALLOWED_HOST": "emulator my_service *",
    }
    with run_server("--tls", "--tls-ca", str(file), **names) as (_, url):
        address = ("127.0.0.1", int(url.split(":")[2].partition("/")[0]))
        context = ssl.create_default_context(cafile=str(file))
        for name in ("make", "corp.example", "a.corp.example", "emulator", socket.gethostname()):
            with context.wrap_socket(socket.create_connection(address), server_hostname=name) as connection:
                connection.sendall(
                    f"GET /api/v2/users/me HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
                )
                assert connection.recv(100).startswith(b"HTTP/1.1 401 "), name
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            context.wrap_socket(socket.create_connection(address), server_hostname="other")


@pytest.mark.parametrize("name", ["my_service", "-a", "a b", "", "*", "a" * 64, "a..b"])
def test_a_name_that_no_certificate_can_say_is_one_clear_line(name: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--tls", "--tls-name", name])
    assert result.exit_code == 1
    assert "is not a host name, such as make or .example.com" in result.output
    assert len(result.output.splitlines()) == 1


def test_mistakes_are_one_clear_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["serve", "--tls-ca", str(tmp_path / "ca.pem")])
    assert (result.exit_code, "--tls-ca goes with --tls only" in result.output) == (2, True)
    nowhere = str(tmp_path / "nowhere" / "ca.pem")
    result = CliRunner().invoke(main, ["serve", "--tls", "--tls-ca", nowhere])
    assert result.exit_code == 1
    assert result.output == f"make-emulator: cannot write {nowhere}: No such file or directory\n"


def test_lines_for_the_shell_survive_odd_paths(tmp_path: Path) -> None:
    line = shell_exports(tmp_path / "my files" / "ca.pem")[0]
    assert line.startswith(("export REQUESTS_CA_BUNDLE='", "set REQUESTS_CA_BUNDLE="))


def test_two_servers_do_not_vouch_for_each_other(make: MakeEmulator) -> None:
    other = EphemeralCA()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(make.base_url, verify=str(other.write()), timeout=5)
    other.remove()
