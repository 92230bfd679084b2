"""Fixtures of all tests, and the settings of Hypothesis."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import make_emulator
from make_emulator.engine.javascript import pool
from make_emulator.world.world import World

pytest.register_assert_rewrite("helpers")

from helpers.api import ApiClient, frozen_api  # noqa: E402  # after its assertions are registered
from helpers.mcp import McpHarness  # noqa: E402
from helpers.oauth import OAuthHarness  # noqa: E402
from helpers.webhooks import WebhookHarness  # noqa: E402

# The limit of custom functions is computing time, of which a slow machine needs more: a fixture sets the one of Make.
os.environ[pool.TIME_LIMIT_VARIABLE] = "30000"

pytest_plugins = ["pytester"]

# The duration of an example depends on the load of the machine: no deadline. More examples: pytest --hypothesis-profile=thorough.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _ANY_SPEED, max_examples=50)
settings.register_profile("thorough", _ANY_SPEED, max_examples=2_000)
settings.load_profile("quick")


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits pytest runs of a test to our plugin and xdist: other plugins take seconds to import in each process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "make_emulator.testing.plugin,xdist.plugin")


@pytest.fixture
def makes_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make's limit of 300 ms for custom functions, for tests of functions that do not end."""
    monkeypatch.delenv(pool.TIME_LIMIT_VARIABLE)


@pytest.fixture
def api() -> ApiClient:
    """Client of a fresh default world, its clock frozen at noon of 2 March 2026."""
    return frozen_api()


@pytest.fixture
def gateway(api: ApiClient) -> WebhookHarness:
    """A hook of the default world without a scenario."""
    return WebhookHarness(api)


@pytest.fixture
def mcp(api: ApiClient) -> McpHarness:
    """Client of the MCP server, without sessions, with every scope."""
    return McpHarness(api)


@pytest.fixture
def oauth(api: ApiClient) -> OAuthHarness:
    """The authorization server of the world of ``api``."""
    return OAuthHarness(api)


@pytest.fixture
def paused_gateway(gateway: WebhookHarness) -> WebhookHarness:
    """A hook whose scenario is inactive: deliveries stay in the queue."""
    gateway.listen(start=False)
    return gateway


@pytest.fixture(scope="module")
def make() -> Iterator[make_emulator.MakeEmulator]:
    """A server that the tests of a module share."""
    with make_emulator.MakeEmulator() as emulator:
        yield emulator


@pytest.fixture
def world(make_world: make_emulator.World) -> make_emulator.World:
    """An isolated world on the server that the tests of a process share, used through sockets."""
    return make_world


@pytest.fixture
def empty_world() -> World:
    """A world without rows, at 2026-01-01."""
    return World("test", seed=1, now="2026-01-01T00:00:00Z")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through modules and collected tests again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
