"""The checks of ``doctor``."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from make_emulator import MakeEmulator, __version__
from make_emulator.cli import installation
from make_emulator.cli.doctor import Check, render_lines
from make_emulator.cli.main import main

_CLEARED = [
    *(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")),
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "CURL_CA_BUNDLE",
    "MAKE_ZONE",
    "MAKE_BASE_URL",
]


@pytest.fixture(autouse=True)
def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*_CLEARED, *(name for name in os.environ if name.startswith("MAKE_EMULATOR_"))]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], env=environment)


def checks_of(*arguments: str, **environment: str) -> dict[str, list[tuple[str, str, str | None]]]:
    """The checks by their names: status, text and remedy of each."""
    result = run("--format", "json", *arguments, **environment)
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document["version"] == __version__
    rows = document["checks"]
    assert document["problems"] == sum(row["status"] == "problem" for row in rows)
    assert result.exit_code == (1 if document["problems"] else 0)
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in rows:
        found.setdefault(row["check"], []).append((row["status"], row["text"], row["remedy"]))
    return found


def test_all_is_well_beside_a_running_emulator(make: MakeEmulator) -> None:
    result = run("--url", make.url, COLUMNS="100")
    assert result.exit_code == 0, result.stdout
    assert f"ok       make-emulator {__version__} serves at {make.url}.\n" in result.stdout
    assert "ok       No proxy is set.\n" in result.stdout
    assert result.stdout.endswith("\nNo problem found.\n")


def test_an_emulator_that_should_run_is_missed() -> None:
    [(status, text, remedy)] = checks_of("--url", "http://127.0.0.1:9")["server"]
    assert (status, remedy) == ("problem", "make-emulator serve starts one")
    assert text == "No emulator answers at http://127.0.0.1:9: Connection refused."


def test_another_version_is_a_problem(monkeypatch: pytest.MonkeyPatch, make: MakeEmulator) -> None:
    monkeypatch.setattr("make_emulator.cli.doctor.__version__", "9.9.9")
    result = run("--format", "json", "--url", make.url)
    [row] = [row for row in json.loads(result.stdout)["checks"] if row["check"] == "server"]
    assert (result.exit_code, row["status"]) == (1, "problem")
    assert row["text"] == (f"make-emulator {__version__} serves at {make.url}, and this command is of 9.9.9.")


class _OtherServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_port_that_another_program_holds_is_a_problem_that_names_it() -> None:
    with HTTPServer(("127.0.0.1", 0), _OtherServer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_port
        [(status, text, remedy)] = checks_of("--url", f"http://127.0.0.1:{port}")["server"]
        server.shutdown()
        thread.join()
    assert (status, remedy) == ("problem", "serve --port 0 picks a free port")
    assert text.startswith(f"What answers at http://127.0.0.1:{port} is no emulator: status 404")
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in text


def test_a_free_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr("make_emulator.cli.doctor.DEFAULT_URL", f"http://127.0.0.1:{port}")
    [(status, text, _)] = checks_of()["port"]
    assert (status, text) == ("ok", f"Port {port} of 127.0.0.1 is free; no emulator runs there.")


def test_certificates_are_checked_as_clients_check_them(tmp_path: Path) -> None:
    with MakeEmulator(tls=True) as make:
        assert make.ca_file is not None
        trusted = checks_of("--url", make.url, "--tls-ca", str(make.ca_file))
        unknown = checks_of("--url", make.url)["certificate"]
        plain = checks_of("--url", make.url.replace("https", "http"))["server"]
        unreadable = checks_of("--url", make.url, "--tls-ca", str(tmp_path / "none.pem"))["certificate"]
    [(status, text, _)] = trusted["certificate"]
    assert (status, text.partition(", until ")[0]) == ("ok", f"The certificate of {make.url} is trusted")
    [(status, text, remedy)] = unknown
    assert status == "problem"
    assert text.startswith(f"The certificate of {make.url} is not trusted: ")
    assert remedy == 'eval "$(make-emulator env --tls-ca ca.pem)" sets the variables of the CA'
    [(status, text, remedy)] = plain
    assert (status, text.endswith(" speaks HTTPS only."), remedy) == ("problem", True, f"call {make.url}")
    [(status, text, _)] = unreadable
    assert (status, text.endswith("cannot be used: No such file or directory.")) == ("problem", True)


def test_a_proxy_that_takes_the_requests_is_a_problem(make: MakeEmulator) -> None:
    [(status, text, remedy)] = checks_of("--url", make.url, http_proxy="http://ann:pw@proxy.example:1")[
        "proxy"
    ]
    assert (status, remedy) == ("problem", 'eval "$(make-emulator env)" sets NO_PROXY')
    assert "(http_proxy)" in text
    assert "pw" not in text
    passed = {"http_proxy": "http://proxy.example:1", "no_proxy": "127.0.0.1"}
    [(status, text, _)] = checks_of("--url", make.url, **passed)["proxy"]
    assert (status, text) == ("ok", "A proxy is set, and 127.0.0.1 is called without it.")


def test_a_ca_file_that_is_gone_is_a_problem(make: MakeEmulator, tmp_path: Path) -> None:
    path = str(tmp_path / "gone.pem")
    [(status, text, remedy)] = checks_of("--url", make.url, NODE_EXTRA_CA_CERTS=path)["certificate"]
    assert (status, remedy) == ("problem", "unset NODE_EXTRA_CA_CERTS")
    assert path in text


def test_variables_that_nothing_reads_are_found(make: MakeEmulator) -> None:
    environment = {
        "MAKE_EMULATOR_PROT": "4750",
        "MAKE_EMULATOR_JUKEBOX_COINS": "3",
        "MAKE_EMULATOR_LINT_STRICT": "1",
        "MAKE_EMULATOR_REQUIRE_NODE": "1",
    }
    found = checks_of("--url", make.url, **environment)["variables"]
    assert found == [
        ("note", "Nothing reads the variable MAKE_EMULATOR_JUKEBOX_COINS.", None),
        ("problem", "Nothing reads the variable MAKE_EMULATOR_PROT.", "did you mean MAKE_EMULATOR_PORT?"),
        ("ok", "Variables in use: MAKE_EMULATOR_LINT_STRICT, MAKE_EMULATOR_REQUIRE_NODE.", None),
    ]


@pytest.mark.parametrize(
    ("name", "value", "is_noted"),
    [
        ("MAKE_ZONE", "eu1", True),
        ("MAKE_ZONE", "us2.make.com", True),
        ("MAKE_BASE_URL", "https://eu1.make.com/api/v2", True),
        ("MAKE_ZONE", "127.0.0.1:4747", False),
        ("MAKE_BASE_URL", "http://127.0.0.1:4747/api/v2", False),
        ("MAKE_ZONE", "", False),
    ],
)
def test_variables_that_lead_to_the_real_service_are_noted(
    make: MakeEmulator, name: str, value: str, is_noted: bool
) -> None:
    found = checks_of("--url", make.url, **{name: value}).get("variables", [])
    assert [status for status, text, _ in found if text.startswith(f"{name} is ")] == ["note"] * is_noted


def test_old_libraries_are_a_problem(monkeypatch: pytest.MonkeyPatch, make: MakeEmulator) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda name: ["click>=8.1", "flask>=99.1", "no-such-library>=1.0", "pytest>=99; extra == 'contract'"],
    )
    libraries = checks_of("--url", make.url)["libraries"]
    texts = [text for _, text, _ in libraries]
    assert [status for status, _, _ in libraries] == ["problem", "problem"]
    assert texts[0].startswith("flask 3.")
    assert texts[0].endswith(" is older than 99.1, the oldest that is tested.")
    assert texts[1] == "no-such-library is not installed."


def test_an_extra_that_is_not_installed_is_noted(monkeypatch: pytest.MonkeyPatch, make: MakeEmulator) -> None:
    monkeypatch.setitem(
        installation.EXTRAS, "functions", ("no_such_module", "custom functions in JavaScript")
    )
    assert (
        "note",
        "The extra 'functions' is not installed: custom functions in JavaScript.",
        "pip install 'make-emulator[functions]'",
    ) in checks_of("--url", make.url)["extras"]


def test_lines_fit_the_terminal() -> None:
    checks = [Check("x", "problem", "word " * 40, "remedy " * 30), Check("y", "ok", "Well.")]
    lines = list(render_lines(checks, 60))
    assert max(map(len, lines)) <= 60 + len("\x1b[31m\x1b[0m")
    assert lines[-1] == "1 problem"


@pytest.mark.parametrize("url", ["127.0.0.1", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_url_is_a_mistake_of_usage(url: str) -> None:
    result = run("--url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not a URL, such as http://127.0.0.1:4747" in result.stderr
