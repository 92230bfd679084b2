"""Framing of requests: what two parties may read differently is refused, and half a request is never processed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ADMIN_TOKEN
from helpers.streams import PieceReader
from make_emulator import MakeEmulator
from make_emulator.server import framing

BODY = json.dumps({"key": "cut", "data": {"sku": "A", "quantity": 1}}).encode()
HEAD = (
    "POST /api/v2/data-stores/1/data HTTP/1.1\r\n"
    f"Authorization: Token {ADMIN_TOKEN}\r\n"
    "Content-Type: application/json\r\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[MakeEmulator]:
    with MakeEmulator() as emulator:
        yield emulator


def exchange(
    server: MakeEmulator, sent: bytes, *, half_close: bool = False
) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and read until the server closes; returns status, headers and body of the first response."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as peer:
        peer.sendall(sent)
        if half_close:
            peer.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: peer.recv(65_536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return 0, {}, b""
    status, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return int(status.split(" ")[1]), headers, body


def keys(server: MakeEmulator) -> set[str]:
    response = requests.get(
        f"{server.base_url}/data-stores/1/data",
        params={"pg[limit]": 100},
        headers={"Authorization": f"Token {ADMIN_TOKEN}"},
        timeout=30,
    )
    return {record["key"] for record in response.json()["records"]}


@pytest.mark.parametrize(
    "fields",
    [
        f"Host: localhost\r\nContent-Length: {len(BODY)}\r\nContent-Length: {len(BODY) + 1}\r\n",
        f"Host: localhost\r\nContent-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n",
        f"Host: localhost\r\nContent-Length: +{len(BODY)}\r\n",
        "Host: localhost\r\nContent-Length: -1\r\n",
        "Host: localhost\r\nContent-Length: 0x10\r\n",
        f"Host: localhost\r\nContent-Length: {len(BODY)}, {len(BODY)}\r\n",
        f"Host: localhost\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n",
        f"Host: a, b\r\nContent-Length: {len(BODY)}\r\n",
        f"Content-Length: {len(BODY)}\r\n",
        f"Host: localhost\r\nContent-Length : {len(BODY)}\r\n",
        f"Host: localhost\r\n folded\r\nContent-Length: {len(BODY)}\r\n",
    ],
)
def test_an_ambiguous_head_is_400_in_makes_shape_and_closes_the_connection(
    server: MakeEmulator, fields: str
) -> None:
    status, headers, body = exchange(server, f"{HEAD}{fields}\r\n".encode() + BODY)
    assert status == 400
    assert headers["connection"] == "close"
    assert json.loads(body)["code"] == "SC400"
    assert json.loads(body)["message"] == "Bad Request"
    assert "cut" not in keys(server)


def test_a_repeated_length_that_agrees_is_taken(server: MakeEmulator) -> None:
    length = f"Content-Length: {len(BODY)}\r\n"
    head = f"{HEAD}Host: localhost\r\nConnection: close\r\n{length}{length}\r\n".encode()
    assert (
        exchange(server, head + BODY.replace(b"cut", b"twice"), half_close=False)[0] == 400
    )  # another length
    assert exchange(server, head + BODY.replace(b"cut", b"two"))[0] == 200
    assert "two" in keys(server)


@pytest.mark.parametrize("sent", [0, 1, len(BODY) - 1])
def test_a_body_that_is_cut_off_is_never_processed(server: MakeEmulator, sent: int) -> None:
    head = f"{HEAD}Host: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    assert exchange(server, head + BODY[:sent], half_close=True) == (0, {}, b"")
    assert "cut" not in keys(server)


@pytest.mark.parametrize("chunks", [b"5\r\nabc", b"5\r\nabcde\r\n", b"5\r\nabcde", b""])
def test_chunks_that_are_cut_off_are_never_processed(server: MakeEmulator, chunks: bytes) -> None:
    head = f"{HEAD}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert exchange(server, head + chunks, half_close=True) == (0, {}, b"")


@pytest.mark.parametrize(
    "chunks", [b"x\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"2\r\nabc\r\n0\r\n\r\n", b"3\nabc\r\n"]
)
def test_malformed_chunks_are_400(server: MakeEmulator, chunks: bytes) -> None:
    head = f"{HEAD}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    status, _, body = exchange(server, head + chunks)
    assert (status, json.loads(body)["code"]) == (400, "SC400")


def test_chunks_make_a_body(server: MakeEmulator) -> None:
    whole = BODY.replace(b"cut", b"chunked")
    chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(piece), piece) for piece in (whole[:7], whole[7:]))
    head = f"{HEAD}Host: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert exchange(server, head + chunks + b"0\r\nTrailer: x\r\n\r\n")[0] == 200
    assert "chunked" in keys(server)


@given(st.lists(st.binary(min_size=1, max_size=50)), st.binary(max_size=40), st.integers(1, 60))
def test_chunks_are_joined_or_refused(pieces: list[bytes], junk: bytes, size: int) -> None:
    encoded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    body, length = framing.read_chunked_body(PieceReader(encoded + junk, size), 1_000_000)
    with body:
        assert body.read() == b"".join(pieces)
    assert length == sum(map(len, pieces))
    with suppress(framing.FramingError, framing.IncompleteBodyError):
        framing.read_chunked_body(PieceReader(junk + encoded, size), 1_000_000)[0].close()
