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
from dataclasses import dataclass
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_CONTENT_LENGTH = b"\r\ncontent-length:"
_CONNECTION_CLOSE = b"\r\nconnection: close"


class UnexpectedResponseError(RuntimeError):
    """Response other than success, which invalidates the measurement."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Result of a round of load; times in milliseconds."""

    requests: int
    seconds: float
    median: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def request_bytes(
    method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """An HTTP/1.1 request as it goes over the wire."""
    parts = urlsplit(url)
    lines = [
        f"{method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
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

    def send(self, request: bytes) -> None:
        self._received.clear()
        self._length = -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what has come; whether the response is complete.

        Raises:
            UnexpectedResponseError: if its status is not 2xx, or the server hung up in the middle.
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
            if received[9:10] != b"2":
                raise UnexpectedResponseError(bytes(received[:400]).decode("latin-1"))
            head = bytes(received[:end]).lower()
            start = head.find(_CONTENT_LENGTH)
            if start < 0:
                raise UnexpectedResponseError("the response has no Content-Length")
            length = int(head[start + len(_CONTENT_LENGTH) :].split(b"\r\n", 1)[0])
            self._length = end + len(_HEAD_END) + length
            self.is_closing = _CONNECTION_CLOSE in head
        return len(received) >= self._length

    def exchange(self, request: bytes) -> bytes:
        """Send a request and wait for the whole response, head included."""
        self.send(request)
        while not self.receive():
            pass
        return bytes(self._received)

    def close(self) -> None:
        self.socket.close()


def generate_load(
    address: tuple[str, int], request: bytes, *, seconds: float, connections: int
) -> LoadResult:
    """Send one request over and over for a while, after a short warm-up."""
    selector = selectors.DefaultSelector()
    opened = [Connection(address) for _ in range(connections)]
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        for _ in range(3):
            connection.exchange(request)
            connection.reopen(selector)
    latencies: list[float] = []
    gc.disable()
    started = time.perf_counter()
    until = started + seconds
    for connection in opened:
        connection.send(request)
    now = started
    while now < until:
        for key, _ in selector.select(30):
            connection = key.data
            if connection.receive():
                now = time.perf_counter()
                latencies.append(now - connection.sent_at)
                connection.reopen(selector)
                connection.send(request)
    elapsed = now - started
    for connection in opened:
        connection.close()
    latencies.sort()
    count = len(latencies)
    return LoadResult(count, elapsed, 1000 * latencies[count // 2], 1000 * latencies[count * 99 // 100])


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
