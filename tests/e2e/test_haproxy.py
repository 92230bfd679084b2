"""HAProxy in front of workers, with the generated configuration: each request goes to the worker of its world at once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import requests

from helpers.api import ADMIN_TOKEN
from helpers.fleet import name_at
from helpers.oauth import CALLBACK, PKCE, query_of
from helpers.server import run_server
from helpers.waiting import wait_until
from make_emulator.world.slots import slot_of_key, slot_of_name

COUNT = 3
KEY = {"X-Emulator-Key": "k"}


class Balanced:
    """Client of workers behind a load balancer."""

    def __init__(self, port: int, worker_port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self._worker_port = worker_port
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(
            method, path if path.startswith("http") else self.root + path, timeout=60, **options
        )

    def control(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.call(method, f"/_emulator{path}", headers=KEY, **options)

    def worker_url(self, index: int) -> str:
        return f"http://127.0.1.{index}:{self._worker_port}"


@contextmanager
def _run_worker(index: int, port: int) -> Iterator[subprocess.Popen[str]]:
    arguments = (
        "--workers", str(COUNT), "--worker-index", f"make-{index}", "--worker-url",
        f"http://127.0.1.{{index}}:{port}", "--host", f"127.0.1.{index}", "--port", str(port),
        "--control-key", "k", "--log-format", "none",
    )  # fmt: skip
    with run_server(*arguments) as (process, _):
        yield process


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    haproxy = shutil.which("haproxy")
    if haproxy is None:
        if os.environ.get("MAKE_EMULATOR_REQUIRE_HAPROXY_TESTS"):
            pytest.fail("haproxy is not installed")
        pytest.skip("haproxy is not installed")
    if not sys.platform.startswith("linux"):
        pytest.skip("each worker needs a loopback address of its own")
    port, worker_port = _free_port(), _free_port()
    path = tmp_path_factory.mktemp("haproxy") / "haproxy.cfg"
    printed = subprocess.run(
        [
            *(sys.executable, "-m", "make_emulator", "balancer", "--workers", str(COUNT)),
            *("--worker-url", f"http://127.0.1.{{index}}:{worker_port}", "--listen", f"127.0.0.1:{port}"),
        ],
        capture_output=True,
        check=True,
    )
    path.write_bytes(printed.stdout)
    checked = subprocess.run([haproxy, "-c", "-f", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    with ExitStack() as stack:
        for index in range(COUNT):
            stack.enter_context(_run_worker(index, worker_port))
        process = subprocess.Popen([haproxy, "-db", "-f", str(path)], stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        client = Balanced(port, worker_port)
        stack.callback(client.session.close)
        wait_until(lambda: process.poll() is not None or _is_up(client))
        assert process.poll() is None
        yield client


def _is_up(client: Balanced) -> bool:
    try:
        answers = {client.call("GET", "/_emulator/health").headers.get("X-Worker") for _ in range(2 * COUNT)}
    except requests.ConnectionError:
        return False
    return len(answers) == COUNT


@pytest.fixture(scope="module")
def worlds(balanced: Balanced) -> list[dict[str, Any]]:
    """One world of each worker."""
    answers = [
        balanced.control("POST", "/worlds", json={"name": name_at(index, "é", workers=COUNT)})
        for index in range(COUNT)
    ]
    assert [answer.status_code for answer in answers] == [201] * COUNT
    return [answer.json()["world"] for answer in answers]


def _worker(response: requests.Response) -> str:
    """The worker that the load balancer chose."""
    assert response.status_code < 400, response.text
    return response.headers["X-Worker"]


def test_each_request_goes_to_the_worker_of_its_world(
    balanced: Balanced, worlds: list[dict[str, Any]]
) -> None:
    for index, world in enumerate(worlds):
        here = f"worker{index}"
        header = {"Authorization": f"Token {world['token']}"}
        hooks = balanced.call("GET", "/api/v2/hooks?teamId=1", headers=header)
        assert _worker(hooks) == here
        udid = next(hook["udid"] for hook in hooks.json()["hooks"] if hook["type"] == "web")
        assert _worker(balanced.call("POST", f"/hook/{udid}", json={})) == here
        host = {"Host": "hook.eu1.make.com"}
        assert _worker(balanced.call("POST", f"/{udid}?x=1", json={}, headers=host)) == here
        assert _worker(balanced.control("GET", f"/worlds/{world['name']}/clock")) == here
        assert _worker(balanced.control("GET", f"/?world={world['name']}")) == here
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        accept = {"Accept": "application/json, text/event-stream"}
        for path in (f"/mcp/u/{world['token']}/stateless", f"/mcp/api/v1/u/{world['token']}"):
            assert _worker(balanced.call("POST", path, json=ping, headers=accept)) == here
        bearer = {"Authorization": f"Bearer {world['token']}", **accept}
        assert _worker(balanced.call("POST", "/mcp", json=ping, headers=bearer)) == here


def test_an_app_that_logs_in_reaches_the_world_of_its_client(
    balanced: Balanced, worlds: list[dict[str, Any]]
) -> None:
    for index, world in enumerate(worlds):
        path = f"/worlds/{world['name']}/oauth/clients"
        client = balanced.control("POST", path, json={"name": "App", "autoApprove": True}).json()["client"]
        redirect = balanced.call(
            "GET",
            "/oauth/v2/authorize",
            params={"client_id": client["id"], "redirect_uri": CALLBACK, "response_type": "code"},
            allow_redirects=False,
        )
        assert _worker(redirect) == f"worker{index}"
        tokens = balanced.call(
            "POST",
            "/oauth/v2/token",
            data={
                "client_id": client["id"],
                "client_secret": client["secret"],
                "grant_type": "authorization_code",
                "code": query_of(redirect.headers["Location"])["code"],
                "redirect_uri": CALLBACK,
            },
        ).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert _worker(balanced.call("GET", "/api/v2/users/me", headers=bearer)) == f"worker{index}"


def test_all_else_goes_to_the_worker_of_the_default_world(balanced: Balanced) -> None:
    for header in ({}, {"Authorization": f"Token {ADMIN_TOKEN}"}):
        answer = balanced.call("GET", "/api/v2/users/me", headers=header)
        assert answer.headers["X-Worker"] == "worker0"
        assert answer.status_code == (200 if header else 401)
    assert _worker(balanced.control("GET", "/worlds/default")) == "worker0"


def test_worlds_without_a_name_spread_and_are_all_listed(
    balanced: Balanced, worlds: list[dict[str, Any]]
) -> None:
    names = [balanced.control("POST", "/worlds", json={}).json()["world"]["name"] for _ in range(12)]
    assert Counter(slot_of_name(name) % COUNT for name in names).keys() == set(range(COUNT))
    listed = {world["name"] for world in balanced.control("GET", "/worlds").json()["worlds"]}
    assert listed == {"default", *names, *(world["name"] for world in worlds)}


def test_a_balancer_that_knows_nothing_of_worlds_is_enough(
    balanced: Balanced, worlds: list[dict[str, Any]]
) -> None:
    for index in range(COUNT):
        root = balanced.worker_url(index)
        for world in worlds:
            header = {"Authorization": f"Token {world['token']}"}
            me = balanced.call("GET", f"{root}/api/v2/users/me", headers=header)
            assert me.json()["authUser"]["id"] == 1
            assert balanced.call("GET", f"{root}/_emulator/worlds/{world['name']}", headers=KEY).ok
            page = balanced.call("GET", f"{root}/_emulator/?world={world['name']}", headers=KEY)
            assert all(f">{other['name']}<" in page.text for other in (*worlds, {"name": "default"}))
            wrong = {"X-Emulator-Key": "wrong"}
            for path in (f"/worlds/{world['name']}", "/worlds"):
                assert balanced.call("GET", f"{root}/_emulator{path}", headers=wrong).status_code == 403


def test_a_client_that_registers_itself_at_one_worker_is_known_to_all(
    balanced: Balanced, worlds: list[dict[str, Any]]
) -> None:
    for index in range(COUNT):
        root = balanced.worker_url(index)
        body = {"redirect_uris": [CALLBACK]}
        client = balanced.call("POST", f"{root}/oauth/v2/register/mcp", json=body).json()
        query = {
            "client_id": client["client_id"], "redirect_uri": CALLBACK, "response_type": "code", **PKCE,
        }  # fmt: skip
        url = requests.Request("GET", f"{balanced.root}/oauth/v2/authorize", params=query).prepare().url
        for world in worlds:
            path = f"/worlds/{world['name']}/oauth/requests"
            waiting = balanced.control("POST", path, json={"url": url})
            assert waiting.status_code == 201, waiting.text
            id = waiting.json()["request"]["id"]
            redirect = balanced.control("POST", f"{path}/{id}/approve").json()["redirectTo"]
            assert slot_of_key(query_of(redirect)["code"]) == slot_of_name(world["name"])


def test_a_worker_that_is_down_is_an_error_of_its_own_worlds_alone(balanced: Balanced) -> None:
    with ExitStack() as stack:
        port = _free_port()
        processes = [stack.enter_context(_run_worker(index, port)) for index in range(COUNT)]
        processes[1].kill()
        processes[1].wait()
        root = f"http://127.0.1.0:{port}"
        for index in range(COUNT):
            body = {"name": name_at(index, workers=COUNT)}
            answer = balanced.call("POST", f"{root}/_emulator/worlds", json=body, headers=KEY)
            assert answer.status_code == (503 if index == 1 else 201)
            if index == 1:
                assert answer.json()["code"] == "SC503"
                assert answer.headers["Retry-After"] == "1"
        names = balanced.call("GET", f"{root}/_emulator/worlds", headers=KEY).json()["worlds"]
        assert {world["name"] for world in names} == {
            "default",
            *(name_at(index, workers=COUNT) for index in (0, 2)),
        }
