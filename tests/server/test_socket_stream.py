"""Streams of a connection: what they read and write, and where they wait."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.streams import PieceReader
from make_emulator.server.socket_stream import SocketReader, SocketWriter, open_stream

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_reader_waits_for_lines_that_arrive_in_pieces(pair: Pair) -> None:
    ours, theirs = pair
    reader = SocketReader(ours, timeout=60)

    def send() -> None:
        for piece in (b"GET / HT", b"TP/1.1\r", b"\nHost: x\r\n"):
            theirs.sendall(piece)

    sender = threading.Thread(target=send)
    sender.start()
    assert reader.readline(100) == b"GET / HTTP/1.1\r\n"
    assert reader.readline(100) == b"Host: x\r\n"
    sender.join()
    theirs.close()
    assert reader.readline(100) == b""


def test_a_reader_tells_what_is_in_its_buffer_without_asking_the_socket(pair: Pair) -> None:
    ours, theirs = pair
    reader = SocketReader(ours, timeout=60)
    assert not reader.fill()
    theirs.sendall(b"one\ntwo\n")
    assert not reader.has_data()
    assert reader.fill()
    assert reader.has_data()
    assert reader.readline(100) == b"one\n"
    assert reader.has_data()
    assert reader.readline(100) == b"two\n"
    assert not reader.has_data()


def test_a_reader_that_filled_nothing_still_waits_afterwards(pair: Pair) -> None:
    ours, theirs = pair
    reader = SocketReader(ours, timeout=60)
    assert not reader.fill()
    sender = threading.Thread(target=theirs.sendall, args=(b"late\n",))
    sender.start()
    assert reader.readline(100) == b"late\n"
    sender.join()


def test_the_end_of_a_connection_is_no_data(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    reader = SocketReader(ours, timeout=60)
    assert not reader.fill()
    assert reader.read(10) == b""


def test_a_reader_gives_up_after_its_timeout(pair: Pair) -> None:
    ours, theirs = pair
    reader = SocketReader(ours, timeout=0)
    theirs.sendall(b"half")
    with pytest.raises(TimeoutError, match="timed out"):
        reader.readline(100)


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.booleans(), st.integers(0, 90)), max_size=30),
    st.integers(1, 99),
)
def test_a_reader_reads_as_a_file_does(data: bytes, calls: list[tuple[bool, int]], size: int) -> None:
    reader, file = PieceReader(data.replace(b"a", b"\n"), size), io.BytesIO(data.replace(b"a", b"\n"))
    for is_line, limit in calls:
        if is_line:
            assert reader.readline(limit) == file.readline(limit)
        else:
            assert reader.read(limit) == file.read(limit)
    assert reader.rest() == file.read()


@pytest.mark.parametrize("flag", [True, False])
def test_a_reader_lingers_for_data_or_the_end(
    pair: Pair, flag: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not flag:
        monkeypatch.setattr("make_emulator.server.socket_stream._DONT_WAIT", 0)
    ours, theirs = pair
    reader = open_stream(ours, "rb", timeout=60)
    assert isinstance(reader, SocketReader)
    assert not reader.linger()
    theirs.sendall(b"one\n")
    assert reader.linger()
    assert reader.linger()
    assert reader.readline(100) == b"one\n"
    theirs.close()
    assert reader.linger()
    assert reader.read(1) == b""


def test_a_writer_sends_all_to_a_client_that_reads_slowly(pair: Pair) -> None:
    ours, theirs = pair
    data = bytes(range(256)) * 20_000
    received = bytearray()

    def receive() -> None:
        while len(received) < len(data):
            received.extend(theirs.recv(3_000))

    receiver = threading.Thread(target=receive)
    receiver.start()
    assert SocketWriter(ours, timeout=60).write(data) == len(data)
    receiver.join()
    assert received == data


def test_a_writer_gives_up_on_a_client_that_does_not_read(pair: Pair) -> None:
    ours, _ = pair
    with pytest.raises(TimeoutError, match="timed out"):
        SocketWriter(ours, timeout=0).write(bytes(50_000_000))


def test_where_no_flag_says_not_to_wait_the_socket_itself_does_not(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no such flag."""
    monkeypatch.setattr("make_emulator.server.socket_stream._DONT_WAIT", 0)
    ours, theirs = pair
    reader = open_stream(ours, "rb", timeout=60)
    assert isinstance(reader, SocketReader)
    assert not reader.fill()
    theirs.sendall(b"data\n")
    assert reader.readline(100) == b"data\n"
    writer = open_stream(ours, "wb", timeout=60)
    assert isinstance(writer, SocketWriter)
    writer.write(b"answer")
    assert theirs.recv(100) == b"answer"
