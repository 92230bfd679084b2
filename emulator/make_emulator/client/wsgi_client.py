"""WSGI client: calls a WSGI application directly, without a socket or a test client. Streamed bodies stay streams."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from ..http.faults import STREAM_CLOSED_KEY

_DEFAULT_PORTS = {"http": "80", "https": "443"}

#: Methods for which clients send ``Content-Length: 0`` when there is no body.
_METHODS_WITH_BODY = frozenset(["POST", "PUT", "PATCH"])


@dataclass(frozen=True, slots=True)
class WsgiResponse:
    """Response of the application.

    A response without a length is streamed: its body is in ``stream``, piece by piece as the application yields it,
    and its headers are those of a server that sends chunks.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    stream: BodyStream | None = None

    @property
    def missing_bytes(self) -> int:
        """Number of bytes of the body that were announced but not sent."""
        announced = next((value for name, value in self.headers if name.lower() == "content-length"), None)
        return 0 if announced is None else max(int(announced) - len(self.body), 0)


class BodyStream:
    """Body of a streamed response. Close it to let the application know that nothing more is read."""

    def __init__(self, pieces: Iterable[bytes], closed: threading.Event | None = None) -> None:
        self._whole = pieces
        self._pieces = iter(pieces)
        #: Set when nothing more is read, for an application that waits in another thread.
        self._closed = closed or threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Returns the next piece that is not empty."""
        try:
            while not self._closed.is_set():
                piece = next(self._pieces)
                if piece and not self._closed.is_set():
                    return piece
        except BaseException:
            self.close()
            raise
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Releases the application's resources; closing twice is allowed."""
        self._closed.set()
        close = getattr(self._whole, "close", None)
        if close is not None:
            # A generator that produces a piece in another thread cannot be closed now: that thread closes it.
            with suppress(ValueError):
                close()


class _WireReader(io.RawIOBase):
    """Bytes of a streamed response as a server sends them: head, chunks, last chunk."""

    def __init__(self, response: WsgiResponse) -> None:
        assert response.stream is not None
        self._stream = response.stream
        self._frames = self._frame(serialize_head(response))
        self._rest = b""

    def _frame(self, head: bytes) -> Iterator[bytes]:
        yield head
        for piece in self._stream:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._frames, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


def wire_file(response: WsgiResponse) -> io.BufferedIOBase:
    """Returns a file of the bytes that a server sends for a response; a streamed body is produced as it is read."""
    if response.stream is None:
        return io.BytesIO(serialize_head(response) + response.body)
    return io.BufferedReader(_WireReader(response))


def serialize_head(response: WsgiResponse) -> bytes:
    """Returns status line and headers."""
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(": ".join(pair) for pair in response.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def body_bytes(body: Any) -> bytes:
    """Returns the bytes of a body: ``None``, text, bytes, a file, or an iterable of text and bytes."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return body_bytes(body.read())
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    try:
        return b"".join(map(body_bytes, body))
    except TypeError:
        return bytes(memoryview(body))


def call_wsgi(
    app: WSGIApplication,
    method: str,
    scheme: str,
    host: str,
    target: str,
    headers: Iterable[tuple[str | bytes, str | bytes]],
    body: Any = None,
    *,
    chunked: bool = False,
    timeout: float | None = None,
    closed: threading.Event | None = None,
) -> WsgiResponse:
    """Sends one request to an application.

    Args:
        host: the host that is called, with its port unless that is the scheme's default.
        target: path and query, encoded as in a request line.
        headers: names and values, text or bytes.
        chunked: true if the client sends the body in chunks, without a length.
        timeout: seconds that the client waits for the response, or for the start of a streamed one.
        closed: is set by a client in another thread that waits no longer.

    Raises:
        TimeoutError: if the response took longer than that.
        OSError: raised by the application to break the connection, e.g. ConnectionResetError.
    """
    environ = _build_environ(method, scheme, host, target)
    for name, value in headers:
        text = value if isinstance(value, str) else value.decode("latin-1")
        key = _environ_key(name)
        environ[key] = f"{environ[key]}, {text}" if key in environ and key != "HTTP_HOST" else text
    data = body_bytes(body)
    if "CONTENT_LENGTH" not in environ:
        whole = body is None or isinstance(body, (bytes, str))
        if chunked or "HTTP_TRANSFER_ENCODING" in environ or not whole:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            environ["wsgi.input_terminated"] = True
        elif data or method in _METHODS_WITH_BODY:
            environ["CONTENT_LENGTH"] = str(len(data))
    environ["wsgi.input"] = io.BytesIO(data)
    if timeout is None:
        return _run_app(app, environ, closed)
    started = time.perf_counter()
    response = _run_app(app, environ, closed)
    if time.perf_counter() - started > timeout:
        raise TimeoutError("timed out")
    return response


def _build_environ(method: str, scheme: str, host: str, target: str) -> WSGIEnvironment:
    path, _, query = target.partition("?")
    name, _, port = host.rpartition(":") if host[-1:].isdigit() and ":" in host else (host, "", "")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path or not path.isascii() else path,
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "SERVER_NAME": name,
        "SERVER_PORT": port or _DEFAULT_PORTS[scheme],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


@lru_cache(maxsize=1024)
def _environ_key(name: str | bytes) -> str:
    """Returns the key of a header in a WSGI environment."""
    text = (name if isinstance(name, str) else name.decode("latin-1")).upper().replace("-", "_")
    return text if text in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{text}"


#: Statuses of responses without a body.
_WITHOUT_BODY = ("1", "204", "304")


def _is_streamed(status: str, headers: list[tuple[str, str]]) -> bool:
    """Returns true for a response with a body of unknown length."""
    return not status.startswith(_WITHOUT_BODY) and all(
        name.lower() != "content-length" for name, _ in headers
    )


def _run_app(
    app: WSGIApplication, environ: WSGIEnvironment, closed: threading.Event | None = None
) -> WsgiResponse:
    started: list[Any] = []
    written: list[bytes] = []
    closed = closed or threading.Event()
    environ[STREAM_CLOSED_KEY] = closed.is_set

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = status, headers
        return written.append

    pieces = app(environ, start_response)
    if started and not written and _is_streamed(*started):
        code, _, reason = started[0].partition(" ")
        headers = [*started[1], ("Transfer-Encoding", "chunked")]
        return WsgiResponse(int(code), reason, headers, stream=BodyStream(pieces, closed))
    try:
        written.extend(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    code, _, reason = started[0].partition(" ")
    return WsgiResponse(int(code), reason, started[1], b"".join(written))
