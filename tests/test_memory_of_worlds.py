"""Memory of worlds: a deleted one is free at once, so that a suite with a world for each test leaves no work for the garbage collector."""

from __future__ import annotations

import gc
import json
import logging
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from make_emulator.app import create_app, registry_of
from make_emulator.client.wsgi_client import call_wsgi
from make_emulator.registry import WorldSpec

RUN = "/api/v2/scenarios/1/run", {"data": {"name": "Zoe"}, "responsive": True}


@pytest.fixture
def app() -> Flask:
    return create_app()


@pytest.fixture(autouse=True)
def collector_disabled(app: Flask, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    # A captured record of the log would keep its request.
    caplog.set_level(logging.WARNING, "make_emulator")
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _call(app: Flask, token: str, method: str, path: str, body: Any = None) -> int:
    headers = [("Authorization", f"Token {token}"), ("Content-Type", "application/json")]
    content = None if body is None else json.dumps(body)
    return call_wsgi(app, method, "https", "eu1.make.com", path, headers, content).status


def test_a_deleted_world_is_freed_without_the_garbage_collector(app: Flask) -> None:
    registry = registry_of(app)
    handle = registry.create(WorldSpec(name="other"))
    [token, *_] = handle.world.tokens
    statuses = [
        _call(app, token.token, "GET", "/api/v2/scenarios?teamId=1"),
        _call(app, token.token, "POST", *RUN),
        _call(
            app, token.token, "POST", "/api/v2/data-stores/1/data", {"data": {"sku": "A-1", "quantity": 2}}
        ),
        _call(app, token.token, "GET", "/api/v2/scenarios/999"),
    ]
    assert statuses == [200, 200, 200, 404]
    assert [entry.to_json()["status"] for entry in handle.request_log] == statuses
    world, log = weakref.ref(handle.world), weakref.ref(handle.request_log)
    registry.delete(handle)
    del handle, token
    assert world() is None
    assert log() is None


def test_a_request_that_runs_a_scenario_leaves_no_reference_cycle(app: Flask) -> None:
    default = registry_of(app).default()
    assert default is not None
    [token, *_] = default.world.tokens
    assert _call(app, token.token, "POST", *RUN) == 200
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        assert _call(app, token.token, "POST", *RUN) == 200
        gc.collect()
        left = [type(each).__name__ for each in gc.garbage if "make_emulator" in type(each).__module__]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


def test_an_entry_of_a_reset_world_still_knows_its_secrets(app: Flask) -> None:
    registry = registry_of(app)
    handle = registry.default()
    assert handle is not None
    [token, *_] = handle.world.tokens
    assert _call(app, token.token, "GET", f"/api/v2/scenarios/{token.token}") == 400
    [entry] = handle.request_log
    registry.reset(handle)
    assert token.token not in entry.sentence()
    assert entry.secrets is handle.secret_values
    assert handle.secret_values.world is handle.world
