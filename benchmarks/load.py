"""A load generator that needs nothing but Python: a few keep-alive connections, each with one request in flight.

It runs in a process of its own, so that it does not take turns with the server under one interpreter lock::

    python -m benchmarks.load 127.0.0.1 8080 --seconds 1 --connections 4 < request.bin
"""

from __future__ import annotations

import argparse
import gc
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_CONTENT_LENGTH = b"\r\ncontent-length:"
_CONNECTION_CLOSE = b"\r\nconnection: close"
_KEEP_ALIVE = b"\r\nconnection: keep-alive"
_CHUNKED = b"\r\ntransfer-encoding: chunked"
_LAST_CHUNK = b"\r\n0\r\n\r\n"

#: Stands in an `Exchange` for the number of the request, of eight digits.
COUNTER = b"<counter>"

#: Stands there for the number of its batch, of four digits: for the token of a server that limits the rate of each token.
BATCH = b"<batch>"

#: Requests in a batch.
BATCH_SIZE = 4000


class UnexpectedResponseError(RuntimeError):
    """Response other than success, which invalidates the measurement."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Result of a round of load; times in milliseconds.

    Args:
        requests: those with the expected response.
        refused: those with any other response.
    """

    requests: int
    seconds: float
    median: float
    p99: float
    refused: int = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to send over and over, and bytes that its response contains; both may hold `COUNTER` and `BATCH`."""

    request: bytes
    expected: bytes = b""

    def numbered(self, numbers: Iterator[int]) -> Iterator[tuple[bytes, bytes]]:
        """The request and the expected bytes for each of these numbers."""
        if COUNTER not in self.request and BATCH not in self.request:
            while True:
                yield self.request, self.expected
        for number in numbers:
            counter, batch = b"%08d" % number, b"%04d" % (number // BATCH_SIZE)
            yield (
                self.request.replace(COUNTER, counter).replace(BATCH, batch),
                self.expected.replace(COUNTER, counter),
            )


def request_bytes(
    method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """An HTTP/1.1 request as it goes over the wire.

    The length that it announces is that of the body with the numbers of `COUNTER` and `BATCH`.
    """
    parts = urlsplit(url)
    lines = [
        f"{method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
    ]
    headers = headers or {}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        if "Content-Type" not in headers:
            lines.append("Content-Type: application/json")
        length = len(body.replace(COUNTER, b"12345678").replace(BATCH, b"1234"))
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection:
    """One keep-alive connection, opened again when the server announces that it closes it."""

    def __init__(self, address: tuple[str, int], timeout: float = 30) -> None:
        self._address = address
        self._timeout = timeout
        self._received = bytearray()
        self._length = -1
        #: Whether the last response announced the end of the connection.
        self.is_closing = False
        self.sent_at = 0.0
        self._expected = b""
        self._open()

    def _open(self) -> None:
        self.is_closing = False
        self.socket = socket.create_connection(self._address, timeout=self._timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reopen(self, selector: selectors.BaseSelector) -> None:
        """Open the connection again if the last response announced its end."""
        if self.is_closing:
            selector.unregister(self.socket)
            self.close()
            self._open()
            selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self, request: bytes, expected: bytes = b"") -> None:
        """Send a request; its response should contain the expected bytes."""
        self._received.clear()
        self._length = -1
        self._expected = expected
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what has come; whether the response is complete.

        Raises:
            UnexpectedResponseError: if the server hung up in the middle, or the length of the response is unknown.
        """
        data = self.socket.recv(1 << 18)
        if not data:
            raise UnexpectedResponseError("the server closed the connection before its response was complete")
        received = self._received
        received += data
        if self._length < 0:
            end = received.find(_HEAD_END)
            if end < 0:
                return False
            head = bytes(received[:end]).lower()
            start = head.find(_CONTENT_LENGTH)
            if start >= 0:
                length = int(head[start + len(_CONTENT_LENGTH) :].split(b"\r\n", 1)[0])
            elif head[9:12] == b"204":
                length = 0
            elif _CHUNKED in head:
                length = sys.maxsize
            else:
                raise UnexpectedResponseError("the response has no Content-Length")
            self._length = end + len(_HEAD_END) + length
            self.is_closing = _CONNECTION_CLOSE in head or (
                head.startswith(b"http/1.0") and _KEEP_ALIVE not in head
            )
        if self._length >= sys.maxsize:
            # A body of JSON cannot contain the bytes of the last chunk.
            return received.endswith(_LAST_CHUNK)
        return len(received) >= self._length

    @property
    def is_success(self) -> bool:
        """True for a response with a status of success that contains the expected bytes."""
        return self._received[9:10] == b"2" and self._expected in self._received

    def check(self) -> None:
        """Check the response.

        Raises:
            UnexpectedResponseError: if its status is not 2xx, or it lacks the expected bytes.
        """
        if not self.is_success:
            raise UnexpectedResponseError(bytes(self._received[:400]).decode("latin-1"))

    def exchange(self, request: bytes, expected: bytes = b"") -> bytes:
        """Send a request and wait for the whole response, head included.

        Raises:
            UnexpectedResponseError: if its status is not 2xx, it lacks the expected bytes, or the server hung up in
                the middle.
        """
        self.send(request, expected)
        while not self.receive():
            pass
        self.check()
        return bytes(self._received)

    def close(self) -> None:
        self.socket.close()


def generate_load(
    address: tuple[str, int],
    request: bytes | Exchange,
    *,
    seconds: float,
    connections: int,
    numbers: Iterator[int] | None = None,
    warm_up: int = 3,
) -> LoadResult:
    """Send one request over and over for a while, after a short warm-up, and wait for the last responses.

    Args:
        request: its bytes, or an exchange, whose unexpected responses are counted.
        numbers: the numbers of the requests of an exchange.
        warm_up: requests of each connection before the measurement.

    Raises:
        UnexpectedResponseError: if a request given as bytes had no success.
    """
    exchange = request if isinstance(request, Exchange) else Exchange(request)
    sent = exchange.numbered(count() if numbers is None else numbers)
    latencies: list[float] = []
    refused = 0
    with ExitStack() as resources:
        selector = resources.enter_context(selectors.DefaultSelector())
        opened = [Connection(address) for _ in range(connections)]
        for connection in opened:
            resources.callback(connection.close)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            for _ in range(warm_up):
                connection.send(*next(sent))
                while not connection.receive():
                    pass
                connection.reopen(selector)
        gc.disable()
        resources.callback(gc.enable)
        started = time.perf_counter()
        until = started + seconds
        for connection in opened:
            connection.send(*next(sent))
        now = started
        while now < until:
            for key, _ in selector.select(30):
                connection = key.data
                if connection.receive():
                    now = time.perf_counter()
                    if connection.is_success:
                        latencies.append(now - connection.sent_at)
                    elif exchange is request:
                        refused += 1
                    else:
                        connection.check()
                    connection.reopen(selector)
                    connection.send(*next(sent))
        elapsed = now - started
        # The server would still work on these while the next one is measured.
        for connection in opened:
            while not connection.receive():
                pass
    answered = len(latencies)
    if not answered:
        return LoadResult(0, elapsed, 0, 0, refused)
    latencies.sort()
    return LoadResult(
        answered, elapsed, 1000 * latencies[answered // 2], 1000 * latencies[answered * 99 // 100], refused
    )


def run_in_subprocess(url: str, request: bytes, *, seconds: float, connections: int = 4) -> LoadResult:
    """The same from a process of its own.

    Raises:
        UnexpectedResponseError: if the server did not respond with success.
    """
    parts = urlsplit(url)
    command = [sys.executable, "-m", "benchmarks.load", parts.hostname or "", str(parts.port)]
    command += ["--seconds", str(seconds), "--connections", str(connections)]
    done = subprocess.run(command, input=request, capture_output=True, check=False)
    if done.returncode:
        raise UnexpectedResponseError(done.stderr.decode(errors="replace").strip())
    return LoadResult(**json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description="Send the request on standard input over and over.")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    request = sys.stdin.buffer.read()
    load = generate_load(
        (options.host, options.port), request, seconds=options.seconds, connections=options.connections
    )
    result = {"requests": load.requests, "seconds": load.seconds, "median": load.median, "p99": load.p99}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
