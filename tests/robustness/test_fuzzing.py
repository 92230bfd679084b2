"""Fuzzing: mutated snapshots, state files, requests on the wire and JSON bodies are handled or rejected, and nothing breaks.

JSON-RPC is fuzzed in tests/mcp, blueprints in tests/engine/runtime, seeds in tests/seeds. The inputs that once mattered are kept as
explicit examples. More: ``pytest tests/robustness/test_fuzzing.py
--hypothesis-profile=thorough``.
"""

from __future__ import annotations

import copy
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.api import ADMIN_TOKEN, ApiClient, frozen_api
from make_emulator import MakeEmulator
from make_emulator.app import registry_of
from make_emulator.server.persistence import StateFiles
from make_emulator.server.recovery import read_state
from make_emulator.server.write_ahead_log import MAGIC, read_records
from make_emulator.world import snapshot
from make_emulator.world.snapshot_reader import InvalidSnapshotError

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


# --- snapshots -----------------------------------------------------------------------------------

DOCUMENT: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(frozen_api().world)))


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for key, inner in items:
        yield from _places(inner, (*path, key))


PLACES = list(_places(DOCUMENT))

#: Lists that read most of what a world holds.
READS = (
    "/scenarios?teamId=1", "/data-stores?teamId=1", "/data-stores/1/data", "/hooks?teamId=1", "/connections?teamId=1",
    "/scenarios/1/logs", "/templates?teamId=1", "/organizations", "/users/me", "/teams/1",
)  # fmt: skip


@given(place=st.sampled_from(PLACES), value=JSON_VALUES)
@example(place=("clock", "now"), value=2**62)
@example(place=("rows", "tokens"), value=[])
@example(place=("rows", "teams", 0, "organization_id"), value=99)
def test_a_mutated_snapshot_is_restored_or_rejected(place: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    owner: Any = document
    for part in place[:-1]:
        owner = owner[part]
    owner[place[-1]] = value
    try:
        restored = snapshot.loads(orjson.dumps(document), "default")
    except InvalidSnapshotError:
        return
    assert snapshot.loads(snapshot.dumps(snapshot.take(restored)), "default") is not None


def test_a_rejected_snapshot_changes_nothing(api: ApiClient) -> None:
    before = api.control("GET", "/worlds/default/snapshot").get_data()
    for place in PLACES[:: max(1, len(PLACES) // 40)]:
        document = copy.deepcopy(DOCUMENT)
        owner: Any = document
        for part in place[:-1]:
            owner = owner[part]
        owner[place[-1]] = {"unknown": [None]}
        response = api.control("PUT", "/worlds/default/snapshot", data=orjson.dumps(document))
        assert response.status_code in (200, 400), response.get_data(as_text=True)
        assert all(api.get(path).status_code < 500 for path in READS)
        api.control("PUT", "/worlds/default/snapshot", data=before)
    assert api.control("GET", "/worlds/default/snapshot").get_data() == before


# --- state files ---------------------------------------------------------------------------------


def _state_files() -> tuple[bytes, list[bytes]]:
    """A snapshot, and the records of the log that continues it."""
    with TemporaryDirectory() as folder:
        path, api = Path(folder, "state.json"), frozen_api()
        files = StateFiles(path, registry_of(api.app), "default")
        files.start()
        api.put("/data-stores/1/data/new", json={"sku": "A", "quantity": 1})
        api.delete("/data-stores/1/data?confirmed=true", json={"keys": ["new"]})
        api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True})
        api.control("POST", "/worlds/default/clock/advance", json={"seconds": 5})
        [segment] = path.parent.glob("*.log.*")
        written = path.read_bytes(), [record for record, _ in read_records(segment)]
        files.stop()
    return written


SNAPSHOT, RECORDS = _state_files()
PARSED = [orjson.loads(RECORD) for RECORD in RECORDS]
RECORD_PLACES = [(number, place) for number, record in enumerate(PARSED) for place in _places(record)]


@contextmanager
def _state(taken: bytes, log: bytes) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "state.json")
        path.write_bytes(taken)
        path.with_name("state.json.log.1").write_bytes(log)
        yield path


def _frame(record: bytes) -> bytes:
    return struct.pack("<II", len(record), zlib.crc32(record)) + record


LOG = MAGIC + b"".join(map(_frame, RECORDS))


def test_the_state_files_that_are_mutated_are_valid() -> None:
    with _state(SNAPSHOT, LOG) as path:
        state = read_state(path, "default")
    assert state is not None
    assert state.log_size > 0
    assert not any(record.key == "new" for record in state.world.records)


@given(place=st.sampled_from(RECORD_PLACES), value=JSON_VALUES)
@example(place=(1, ("put",)), value=[])
@example(place=(1, ("ids", "last")), value=1)
@example(place=(1, ("ids", "words")), value=[4.0, 0])
@example(place=(1, ("ids", "words")), value=[10**18, -1])
def test_a_mutated_record_of_a_log_is_replayed_or_rejected(
    place: tuple[int, tuple[Any, ...]], value: Any
) -> None:
    number, parts = place
    mutated = copy.deepcopy(PARSED)
    owner: Any = mutated[number]
    for part in parts[:-1]:
        owner = owner[part]
    owner[parts[-1]] = value
    log = MAGIC + b"".join(_frame(orjson.dumps(record)) for record in mutated)
    with _state(SNAPSHOT, log) as path, suppress(ValueError):
        assert read_state(path, "default", cut=True) is not None


@given(
    place=st.integers(0, len(SNAPSHOT) + len(LOG)),
    removed=st.integers(0, 4),
    inserted=st.binary(max_size=4),
)
@example(place=len(SNAPSHOT) + 8, removed=4, inserted=b"\xff\xff\xff\xff")
def test_mutated_bytes_of_state_files_are_read_or_rejected(place: int, removed: int, inserted: bytes) -> None:
    data = SNAPSHOT + LOG
    cut = len(SNAPSHOT) + (len(inserted) - removed if place < len(SNAPSHOT) else 0)
    data = data[:place] + inserted + data[place + removed :]
    with _state(data[:cut], data[cut:]) as path, suppress(ValueError):
        assert read_state(path, "default", cut=True) is not None


# --- requests on the wire ------------------------------------------------------------------------

BODY = b'{"sku":"A","quantity":1}'
VALID = (
    "PUT /api/v2/data-stores/1/data/k HTTP/1.1\r\n"
    "Host: localhost\r\n"
    f"Authorization: Token {ADMIN_TOKEN}\r\n"
    "Content-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n"
    "\r\n"
).encode() + BODY

PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\x00",
        b":",
        b" ",
        b"\xff",
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"%2F",
        b"?",
        b"//",
        b"HTTP/9.9",
    ]
)


@pytest.fixture(scope="module")
def server() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 4), PIECES | st.binary(max_size=4)), max_size=4
    )
)
@example(edits=[])
@example(edits=[(0, 0, b"\x16\x03\x01")])
@example(edits=[(5, 0, b"//[/")])
def test_mutated_bytes_on_a_connection_end_in_a_response_or_its_end(
    server: MakeEmulator, edits: list[tuple[int, int, bytes]]
) -> None:
    request = VALID
    for place, removed, inserted in edits:
        request = request[:place] + inserted + request[place + removed :]
    host, port = server.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=60) as peer, suppress(ConnectionError):
        peer.sendall(request)
        peer.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: peer.recv(65_536), b""))
    assert edits or received.startswith(b"HTTP/1.1 200 ")
    if received:
        status = received.split(b" ", 2)[1]
        assert received.startswith(b"HTTP/1.1 "), received[:100]
        assert status < b"500" or status == b"501", received[:300]


def test_the_server_lives_after_all_of_that(server: MakeEmulator) -> None:
    assert requests.get(f"{server.url}/_emulator/health", timeout=60).json()["status"] == "ok"


# --- JSON bodies ---------------------------------------------------------------------------------

CALLS = [
    ("control", "POST", "/worlds"),
    ("control", "POST", "/worlds/default/faults"),
    ("control", "POST", "/worlds/default/http"),
    ("control", "PATCH", "/worlds/default/clock"),
    ("control", "POST", "/worlds/default/clock/advance"),
    ("control", "POST", "/worlds/default/tokens"),
    ("control", "PUT", "/worlds/default/modules/slack:CreateMessage"),
    ("api", "POST", "/scenarios"),
    ("api", "PATCH", "/scenarios/1"),
    ("api", "POST", "/scenarios/1/run"),
    ("api", "POST", "/hooks"),
    ("api", "POST", "/data-structures"),
]

FIELDS = st.sampled_from(
    ["name", "seed", "now", "plan", "zone", "path", "status", "action", "seconds", "scopes", "output", "teamId", "blueprint", "scheduling", "url", "spec", "data"]
)  # fmt: skip


@given(call=st.sampled_from(CALLS), body=st.dictionaries(FIELDS, JSON_VALUES, max_size=4) | JSON_VALUES)
@example(call=("control", "PATCH", "/worlds/default/clock"), body={"now": "\ud7ff"})
@example(call=("control", "POST", "/worlds/default/clock/advance"), body={"seconds": 1e308})
def test_no_body_is_a_server_error(call: tuple[str, str, str], body: Any) -> None:
    api = frozen_api()
    kind, method, path = call
    response = (api.control if kind == "control" else api.call)(method, path, json=body)
    assert response.status_code < 500, response.get_data(as_text=True)
