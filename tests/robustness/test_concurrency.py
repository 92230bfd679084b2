"""Many threads in one world: no call fails, no update is lost, and at the end the books balance."""

from __future__ import annotations

import http.client
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import orjson
import pytest
from flask import Flask
from target import ADMIN, Target, tables
from valid_requests import BLUEPRINT, ON_DEMAND

from emulator.app import API
from emulator.server import Server
from emulator.world.datastores import RECORD_OVERHEAD, bson_size
from emulator.world.models import Execution, Record
from emulator.world.world import World

THREADS = 32
CALLS = 20_000
CALLS_OVER_SOCKETS = 1_920

#: The store that all threads write to; it has a data structure of no fields, so it keeps whatever it is sent.
STORE = 3000

#: A call: method, path below /api/v2, body -> status and answer.
Send = Callable[[str, str, Any], tuple[int, Any]]


@pytest.fixture(autouse=True)
def _eager_switching() -> Iterator[None]:
    """Let the interpreter switch threads a hundred times as often as it would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def target() -> Target:
    target = Target()
    world = target.world
    world.clock.unfreeze()
    with world.lock:
        body = {"name": "Busy", "teamId": 1, "datastructureId": 3, "maxSizeMB": 100}
        answer = target.call("POST", "/data-stores", json=body)
        assert answer.json is not None
        store = answer.json["dataStore"]["id"]
    assert target.call("PUT", f"/data-stores/{store}/data/shared", json={}).status_code == 200
    target.store_id = store
    return target
