"""Fixtures of all tests, and the settings of Hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import settings

import make_emulator
from make_emulator.world.world import World

pytest.register_assert_rewrite("helpers")

from helpers.api import ApiClient, frozen_api  # noqa: E402  # after its assertions are registered
from helpers.webhooks import WebhookHarness  # noqa: E402

pytest_plugins = ["pytester"]

# No deadline: the duration of an example depends on the load of the machine. More examples: pytest --hypothesis-profile=thorough.
settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile("quick")


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits pytest runs of a test to our plugin and xdist: other plugins take seconds to import in each process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "make_emulator.testing.plugin,xdist.plugin")


@pytest.fixture
def api() -> ApiClient:
    """Client of a fresh default world, its clock frozen at noon of 2 March 2026."""
    return frozen_api()


@pytest.fixture
def gateway(api: ApiClient) -> WebhookHarness:
    """A hook of the default world without a scenario."""
    return WebhookHarness(api)


@pytest.fixture
def paused_gateway(gateway: WebhookHarness) -> WebhookHarness:
    """A hook whose scenario is inactive: deliveries stay in the queue."""
    gateway.listen(start=False)
    return gateway


@pytest.fixture
def world(make_world: make_emulator.World) -> make_emulator.World:
    """An isolated world on the server that the tests of a process share, used through sockets."""
    return make_world


@pytest.fixture
def empty_world() -> World:
    """A world without rows, at 2026-01-01."""
    return World("test", seed=1, now="2026-01-01T00:00:00Z")
