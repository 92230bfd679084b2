"""What a request to a service outside is made of, and who carries it there. The world itself never calls anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .models import Headers

#: What no header of HTTP can hold (Node refuses it too).
INVALID_HEADER_CHARACTERS = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """One request, ready to be sent: an absolute address of ASCII, the headers in their order, a time-out in milliseconds.

    ``verified`` is whether the server's certificate must be vouched for, ``authority`` who else may vouch for it (PEM).
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
    """What came back, decoded; ``elapsed`` is how many milliseconds it took.

    ``further`` are the pages after this one, if one was asked for all of them.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    elapsed: int = 0
    next_pages: tuple[HttpResponse, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of a name, however it is written."""
        return next((value for key, value in self.headers if key.lower() == name), None)


class NoResponseError(Exception):
    """Nothing came back in time, nobody was there, or more came than is taken; the text says which, without secrets."""

    def __init__(self, cause: Literal["timeout", "connection", "size"], text: str, elapsed: int = 0) -> None:
        super().__init__(text)
        self.cause = cause
        self.elapsed = elapsed


class Transport(Protocol):
    """Sends one request and waits for its answer; follows no redirect.

    Raises:
        Unanswered: if there is no answer.
    """

    def __call__(self, request: OutgoingRequest) -> HttpResponse: ...
