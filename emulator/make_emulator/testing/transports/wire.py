"""Requests as they are on the wire, of clients that write them to a socket."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from ...client.wsgi_client import WsgiResponse, call_wsgi

_HEAD_END = b"\r\n\r\n"


class RequestBuffer:
    """Bytes of one request, as a client writes them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        #: Position of the first byte that is not part of the head or of a whole chunk; 0 before the head is whole.
        self._position = 0
        self._is_chunked = False
        self._expects_continue = False
        self._length = 0

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._bytes += data

    @property
    def has_head(self) -> bool:
        """True once the head is whole."""
        if not self._position and (end := self._bytes.find(_HEAD_END)) >= 0:
            self._position = end + len(_HEAD_END)
            _, headers = _parse_head(bytes(self._bytes[:end]))
            named = {name.lower(): value for name, value in headers}
            self._is_chunked = named.get("transfer-encoding", "").lower() == "chunked"
            self._expects_continue = named.get("expect", "").lower() == "100-continue"
            self._length = int(named.get("content-length", 0))
        return self._position > 0

    @property
    def expects_continue(self) -> bool:
        """True if the client sends the body only after the status 100."""
        return self.has_head and self._expects_continue

    @property
    def is_complete(self) -> bool:
        """True once the request is whole."""
        if not self.has_head:
            return False
        if not self._is_chunked:
            return len(self._bytes) >= self._position + self._length
        while (line_end := self._bytes.find(b"\r\n", self._position)) >= 0:
            size = int(self._bytes[self._position : line_end].partition(b";")[0], 16)
            end = line_end + 2 + size + 2
            if len(self._bytes) < end:
                return False
            if size == 0:
                return True
            self._position = end
        return False


def send_bytes(
    app: WSGIApplication,
    scheme: str,
    sent: bytes,
    *,
    timeout: float | None = None,
    closed: threading.Event | None = None,
) -> WsgiResponse:
    """Sends a request, as a client wrote it, to an application; see `call_wsgi`."""
    head, _, body = sent.partition(_HEAD_END)
    request_line, headers = _parse_head(head)
    method, target, _ = request_line.split(" ")
    if "://" in target.partition("?")[0]:
        # The request line to a proxy names the host.
        target = urlsplit(target)._replace(scheme="", netloc="").geturl() or "/"
    named = {name.lower(): value for name, value in headers}
    chunked = named.get("transfer-encoding", "").lower() == "chunked"
    return call_wsgi(
        app,
        method,
        scheme,
        named.get("host", ""),
        target,
        headers,
        _join_chunks(body) if chunked else body,
        chunked=chunked,
        timeout=timeout,
        closed=closed,
    )


def _parse_head(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Returns the request line and the headers."""
    request_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return request_line, [(name, value.strip()) for name, _, value in pairs]


def _join_chunks(body: bytes) -> bytes:
    """Joins the chunks of a body."""
    joined, rest = b"", body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            return joined
        joined += rest[:length]
        rest = rest[length + 2 :]
