"""What the tests share: the application in this process, and a client that knows the tokens of the default world."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from werkzeug.test import TestResponse

import make_emulator
from make_emulator.app import API_PREFIX, DEFAULT_WORLD, create_app, registry_of
from make_emulator.registry import WorldHandle
from make_emulator.world.world import World

pytest_plugins = ["pytester"]

# How long an example takes depends on what else the machine does, and is no matter of a property. The suite has three
# minutes; for a long look: pytest --hypothesis-profile=thorough.
settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile("quick")

ADMIN_TOKEN = "11111111-1111-4111-8111-111111111111"
READER_TOKEN = "22222222-2222-4222-8222-222222222222"
OUTSIDER_TOKEN = "33333333-3333-4333-8333-333333333333"


class ApiClient:
    """Calls the API of an application without a socket."""

    def __init__(self, app: Flask, token: str = ADMIN_TOKEN) -> None:
        self.app = app
        self.token = token
        self._client = app.test_client()

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call a path below ``/api/v2``; ``token=None`` sends no token."""
        token = options.pop("token", self.token)
        headers = {"Authorization": f"Token {token}"} if token else {}
        headers |= options.pop("headers", {})
        return self._client.open(API_PREFIX + path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def control(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call a path below ``/_emulator``."""
        return self._client.open("/_emulator" + path, method=method, **options)

    @property
    def tenant(self) -> WorldHandle:
        tenant = registry_of(self.app).get(DEFAULT_WORLD)
        assert tenant is not None
        return tenant

    @property
    def world(self) -> World:
        return self.tenant.world

    def token_with(self, *scopes: str) -> str:
        """A token of the default world's user that has just these scopes."""
        answer = self.control("POST", "/worlds/default/tokens", json={"scopes": list(scopes)})
        return str(answer.json["token"]) if answer.json else ""


def assert_ok(answer: Any) -> dict[str, Any]:
    """The body of an answer that must be 200."""
    assert answer.status_code == 200, answer.json
    body: dict[str, Any] = answer.json
    return body


def assert_refused(answer: Any, status: int, **body: Any) -> dict[str, Any]:
    """The body of an answer that must have that status and those fields."""
    assert answer.status_code == status, answer.json
    assert answer.json is not None
    assert {key: answer.json.get(key) for key in body} == body
    found: dict[str, Any] = answer.json
    return found


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the test runs that a test starts load our plugin and xdist only: others take seconds to import in each process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "make_emulator.testing.plugin,xdist.plugin")


@pytest.fixture
def api() -> ApiClient:
    """The default world, with its clock standing still at noon of 2 March 2026."""
    api = ApiClient(create_app(now="2026-03-02T12:00:00Z"))
    api.world.clock.freeze("2026-03-02T12:00:00Z")
    return api


@pytest.fixture
def world(make_world: make_emulator.World) -> make_emulator.World:
    """A world of the test's own, on the server that the tests of a process share: seen from outside, as users see it."""
    return make_world


@pytest.fixture
def empty_world() -> World:
    """A world with nothing in it, at 2026-01-01."""
    return World("test", seed=1, now="2026-01-01T00:00:00Z")
