"""The image: what it holds, and what a container of it serves."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from make_emulator import __version__
from make_emulator.cli.main import COMMANDS
from make_emulator.resources import fixture_path

from .conftest import Container

pytestmark = pytest.mark.e2e

SEED = "organizations: [{ name: Acme, teams: [{ name: Operations }] }]\n"


def url_of(printed: str) -> str:
    [url] = re.findall(r"^  base URL +(\S+)/api/v2$", printed, re.MULTILINE)
    return str(url)


def test_the_configuration_of_the_image(container: Container) -> None:
    config = container.config
    assert config["User"] == "10001:10001"
    assert set(config["ExposedPorts"]) == {"4747/tcp"}
    assert config["StopSignal"] == "SIGTERM"
    assert [*config["Entrypoint"], *config["Cmd"]] == ["make-emulator", "serve"]
    assert config["Healthcheck"]["Test"] == ["CMD", "make-emulator", "health"]
    assert "health" in COMMANDS
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def test_the_user_has_no_rights_and_can_write_nothing_of_the_image(container: Container) -> None:
    assert container.run("id", "-u").stdout == "10001\n"
    assert container.run("sh", "-c", "touch /opt/make-emulator/x").returncode != 0
    # Of the files themselves, were the root not read-only.
    writable = [
        path
        for top in ("opt", "emulator", "etc", "usr")
        for path in (container.root / top).rglob("*")
        if not path.is_symlink()
        if path.stat().st_uid == 10001 or path.stat().st_gid == 10001 or path.stat().st_mode & 0o002
    ]
    assert writable == [container.root / "emulator/data"]


def test_what_builds_is_not_shipped(container: Container) -> None:
    assert not (container.root / "src").exists()
    installed = container.run("python", "-c", "import make_emulator, quickjs; print(make_emulator.__file__)")
    assert installed.stdout.startswith("/opt/make-emulator/lib/"), installed.stderr
    assert container.run("/opt/make-emulator/bin/python", "-m", "pip", "--version").returncode != 0
    assert container.run("make-emulator", "--version").stdout == f"make-emulator, version {__version__}\n"


def test_a_container_serves_and_is_healthy(container: Container) -> None:
    with container.start() as printed:
        url = url_of(printed)
        response = requests.post(
            f"{url}/api/v2/scenarios/1/run",
            json={"data": {"name": "Zoe"}, "responsive": True},
            headers={"Authorization": f"Token {ADMIN_TOKEN}"},
            timeout=60,
        )
        assert response.json()["outputs"] == {"greeting": "Hello, Zoe!"}
        healthy = container.run(*container.config["Healthcheck"]["Test"][1:])
        assert (healthy.returncode, healthy.stdout) == (0, f"make-emulator {__version__} is ready at {url}\n")
    assert container.run("make-emulator", "health").returncode == 1


def other_address() -> str:
    """An address of this machine that is not loopback, from which a container sees callers of another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


def test_the_key_that_it_prints_opens_control_api_and_dashboard_to_other_machines(
    container: Container,
) -> None:
    with container.start() as printed:
        [key] = re.findall(r"^  control key +(\S+)  \(generated", printed, re.MULTILINE)
        assert f"/_emulator/#key={key}\n" in printed
        base = f"http://{other_address()}:{container.variables['MAKE_EMULATOR_PORT']}/_emulator"
        for path in ("/worlds", "/"):
            assert requests.get(f"{base}{path}", timeout=60).status_code == 403
            assert (
                requests.get(f"{base}{path}", headers={"X-Emulator-Key": key}, timeout=60).status_code == 200
            )


def test_a_container_with_tls_is_healthy_and_known_by_the_name_of_its_service(
    container: Container, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o777)
    data.chmod(0o777)
    variables = {
        **container.variables,
        "MAKE_EMULATOR_TLS": "1",
        "MAKE_EMULATOR_TLS_CA": "/emulator/data/ca.pem",
        "MAKE_EMULATOR_ALLOWED_HOST": "make",
    }
    secure = replace(container, variables=variables, volumes={"/emulator/data": data})
    with secure.start() as printed:
        url = url_of(printed)
        assert url.startswith("https://")
        assert secure.run("make-emulator", "health").stdout.endswith(f" is ready at {url}\n")
        context = ssl.create_default_context(cafile=str(data / "ca.pem"))
        address = ("127.0.0.1", int(container.variables["MAKE_EMULATOR_PORT"]))
        with context.wrap_socket(socket.create_connection(address), server_hostname="make") as connection:
            connection.sendall(b"GET /api/v2/users/me HTTP/1.1\r\nHost: make\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_container_starts_with_the_files_of_its_volume(container: Container, tmp_path: Path) -> None:
    folder = tmp_path / "init.d"
    folder.mkdir()
    (folder / "acme.yaml").write_text(SEED, "utf-8")
    (folder / "greeting.json").write_bytes(fixture_path("blueprints", "greeting.json").read_bytes())
    mounted = replace(container, volumes={"/emulator/init.d": folder})
    with mounted.start() as printed:
        assert "  files         /emulator/init.d: 1 seed, 1 blueprint\n" in printed
        [world] = requests.get(f"{url_of(printed)}/_emulator/worlds", timeout=60).json()["worlds"]
        listed = requests.get(
            f"{url_of(printed)}/api/v2/scenarios",
            params={"teamId": world["teamId"]},
            headers={"Authorization": f"Token {world['token']}"},
            timeout=60,
        ).json()["scenarios"]
        assert [row["name"] for row in listed] == ["Greeting"]
    (folder / "acme.yaml").write_text("organizations: 1\n", "utf-8")
    stopped = mounted.run(*container.config["Entrypoint"], *container.config["Cmd"])
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith("/emulator/init.d/acme.yaml:1: organizations: ")
