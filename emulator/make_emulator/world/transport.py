"""Requests to external services, their responses, and the protocol of the transport that sends them; the world itself sends none."""

from __future__ import annotations

import re
import threading
from dataclasses import field
from typing import Literal, Protocol

from ..lazy_dataclasses import dataclass
from .models import Headers

#: Characters that are invalid in headers of HTTP (Node rejects them too).
INVALID_HEADER_CHARACTERS = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """Request, ready to be sent: an absolute URL of ASCII, the headers in their order, a time-out in milliseconds.

    ``ca_certificate`` is a further authority (PEM) that may have signed the server's certificate.
    """

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = b""
    timeout: int
    verify_tls: bool = True
    ca_certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """Response, decoded; ``elapsed`` is the milliseconds that it took.

    ``next_pages`` are the pages after this one, if all of them were requested.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    elapsed: int = 0
    next_pages: tuple[HttpResponse, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of a name in lower case; the case of the response's names is ignored."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class NoResponseError(Exception):
    """Time-out, failed connection, or a response above the limit of size; the text says which, without secrets."""

    def __init__(self, cause: Literal["timeout", "connection", "size"], text: str, elapsed: int = 0) -> None:
        super().__init__(text)
        self.cause = cause
        self.elapsed = elapsed


class Transport(Protocol):
    """Sender of requests, which waits for the response and follows no redirect; an interruption ends the wait.

    Raises:
        NoResponseError: if there is no response.
    """

    def __call__(
        self, request: OutgoingRequest, interruption: threading.Event | None = None
    ) -> HttpResponse: ...
