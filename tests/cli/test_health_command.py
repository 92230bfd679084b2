"""The command ``health``, as health checks of containers run it."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner, Result

from helpers.server import run_server
from make_emulator import MakeEmulator, __version__
from make_emulator.app import create_app
from make_emulator.cli.main import main
from make_emulator.control.readiness import Readiness
from make_emulator.server.wsgi import Server


def check(*arguments: str, **environment: str) -> Result:
    variables = {f"MAKE_EMULATOR_{name}": value for name, value in environment.items()}
    return CliRunner().invoke(main, ["health", *arguments], env=variables, prog_name="make-emulator")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_server_is_found_by_the_variables_that_started_it(host: str, tls: bool) -> None:
    with MakeEmulator(tls=tls) as make:
        port = make.url.rpartition(":")[2]
        result = check(HOST=host, PORT=port)
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    scheme = "https" if tls else "http"
    assert (result.exit_code, result.output) == (
        0,
        f"make-emulator {__version__} is ready at {scheme}://{shown}:{port}\n",
    )


def test_a_server_at_every_address_that_needs_a_key_is_healthy_without_one() -> None:
    with run_server(MAKE_EMULATOR_HOST="0.0.0.0", MAKE_EMULATOR_CONTROL_KEY="sesame") as (_, url):
        assert check(HOST="0.0.0.0", PORT=url.split(":")[2].partition("/")[0]).exit_code == 0
        assert check("--url", url).exit_code == 0


def test_a_server_whose_start_scripts_run_is_not_ready() -> None:
    readiness = Readiness(is_ready=False)
    with Server(create_app(readiness=readiness)) as server:
        result = check("--url", server.url)
        assert (result.exit_code, result.stderr) == (
            1,
            f"make-emulator: the emulator at {server.url} is not ready: its start scripts run\n",
        )
        readiness.is_ready = True
        assert check("--url", server.url).exit_code == 0


def test_no_server_is_one_line_and_exit_1() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        result = check(PORT=port)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        result.stderr
        == f"make-emulator: no emulator answers at http://127.0.0.1:{port}: Connection refused\n"
    )


class _OtherServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'["not an emulator"]')

    def log_message(self, *arguments: object) -> None:
        """Logs nothing."""


def test_another_server_is_no_emulator() -> None:
    with HTTPServer(("127.0.0.1", 0), _OtherServer) as server:
        threading.Thread(target=server.handle_request).start()
        result = check("--url", f"http://127.0.0.1:{server.server_port}")
    assert (result.exit_code, result.stderr) == (
        1,
        f"make-emulator: what answers at http://127.0.0.1:{server.server_port} is no emulator: status 200\n",
    )


def test_what_does_not_speak_http_is_no_emulator() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=answer).start()
        result = check(PORT=str(server.getsockname()[1]))
    assert result.exit_code == 1
    assert result.stderr.endswith(": it does not speak HTTP\n")


def test_a_silent_server_is_waited_for_no_longer_than_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = check("--timeout", "0.1", PORT=str(server.getsockname()[1]))
    assert result.exit_code == 1
    assert result.stderr.endswith(": timed out\n")


@pytest.mark.parametrize("url", ["localhost:4747", "ftp://x", "http://", "http://x:y"])
def test_what_is_no_url_is_a_mistake_of_usage(url: str) -> None:
    result = check("--url", url)
    assert result.exit_code == 2
    assert f"{url!r} is not a URL, such as http://127.0.0.1:4747" in result.stderr
