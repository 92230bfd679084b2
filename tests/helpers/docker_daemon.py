"""Docker daemon that runs no containers: those of the emulator's image are processes of this checkout.

It speaks as much of the Engine API as clients need that start one container, wait for it and remove it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: The port in the container.
CONTAINER_PORT = 4747

_VERSION = "1.47"


@dataclass
class Container:
    """Container, which is a process once it is started."""

    id: str
    config: dict[str, Any]
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        given = dict(text.split("=", 1) for text in self.config.get("Env") or [])
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MAKE_EMULATOR_")
        }
        command = [sys.executable, "-m", "make_emulator", *(self.config.get("Cmd") or ["serve"])]
        self.process = subprocess.Popen(
            command,
            env={**environment, **given, "MAKE_EMULATOR_PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def inspect(self) -> dict[str, Any]:
        running = self.process is not None and self.process.poll() is None
        ports = {f"{CONTAINER_PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.port)}]}
        return {
            "Id": self.id,
            "Name": f"/{self.id[:12]}",
            "Created": "2026-01-01T00:00:00Z",
            "Image": "sha256:1",
            "Config": {"Image": self.config["Image"], "Env": self.config.get("Env") or [], "Labels": {}},
            "State": {
                "Status": "running" if running else "exited",
                "Running": running,
                "StartedAt": "2026-01-01T00:00:00Z",
                "FinishedAt": "0001-01-01T00:00:00Z",
                "ExitCode": 0,
            },
            "HostConfig": {"NetworkMode": "bridge", "PortBindings": {}},
            "NetworkSettings": {
                "Ports": ports,
                "Networks": {"bridge": {"NetworkID": "1", "Gateway": "127.0.0.1"}},
            },
            "Mounts": [],
        }


@dataclass
class Daemon:
    """The containers that clients created, and the calls that they made."""

    url: str = ""
    containers: dict[str, Container] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that lead Testcontainers here, also from a container."""
        return {
            "DOCKER_HOST": self.url,
            "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
            "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
            "TESTCONTAINERS_RYUK_DISABLED": "true",
        }


@contextmanager
def docker_daemon() -> Iterator[Daemon]:
    """A daemon at a free port."""
    daemon = Daemon()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_call(self) -> None:
            parts = urlsplit(self.path)
            path = re.sub(r"^/v[0-9.]+", "", parts.path)
            daemon.calls.append(f"{self.command} {path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            status, answer = respond(daemon, self.command, path, parse_qs(parts.query), body)
            payload = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Api-Version", _VERSION)
            if answer is not None:
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = do_HEAD = handle_call  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            """Writes no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    daemon.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    try:
        yield daemon
    finally:
        server.shutdown()
        server.server_close()
        for container in daemon.containers.values():
            container.stop()


def respond(
    daemon: Daemon, method: str, path: str, query: dict[str, list[str]], body: bytes
) -> tuple[int, Any]:
    """Returns the status and the JSON of a response."""
    match method, path.strip("/").split("/"):
        case "GET" | "HEAD", ["_ping"]:
            return 200, "OK"
        case "GET", ["version"]:
            return 200, {
                "Version": "27.0.0",
                "ApiVersion": _VERSION,
                "MinAPIVersion": "1.24",
                "Os": "linux",
                "Arch": "amd64",
            }
        case "GET", ["info"]:
            return 200, {
                "ServerVersion": "27.0.0",
                "OperatingSystem": "Linux",
                "OSType": "linux",
                "Architecture": "x86_64",
                "Images": 1,
            }
        case "GET", ["images", *_, "json"]:
            image = {
                "Id": "sha256:1",
                "RepoTags": [],
                "Config": {"ExposedPorts": {f"{CONTAINER_PORT}/tcp": {}}},
            }
            return 200, [image] if path.endswith("images/json") else image
        case "GET", ["containers", "json"]:
            return 200, []
        case "GET", ["networks"]:
            return 200, []
        case "GET", ["networks", _]:
            return 200, {"Id": "1", "Name": "bridge", "IPAM": {"Config": [{"Gateway": "127.0.0.1"}]}}
        case "POST", ["containers", "create"]:
            config = json.loads(body)
            container = Container(f"{len(daemon.created) + 1:064x}", config, _free_port())
            daemon.containers[container.id] = container
            daemon.created.append(config)
            return 201, {"Id": container.id, "Warnings": []}
    match method, path.strip("/").split("/"):
        case "POST", ["containers", id, "start"]:
            daemon.containers[id].start()
            return 204, None
        case "GET", ["containers", id, "json"]:
            return 200, daemon.containers[id].inspect()
        case "GET", ["containers", _, "logs"]:
            return 200, None
        case "POST", ["containers", id, "stop" | "kill"]:
            daemon.containers[id].stop()
            return 204, None
        case "DELETE", ["containers", id]:
            daemon.containers.pop(id).stop()
            return 204, None
    return 501, {"message": f"{method} {path} is not implemented here"}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
