"""Headers as the request log keeps them: as they came, since few are ever looked at."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from wsgiref.types import WSGIEnvironment

KeptHeaders = bytes | tuple[tuple[str, str], ...]
"""Lines of a head, each with a name, a colon and a value; or names and values, the names perhaps as variables of WSGI."""

#: Key of the environment under which a server has the headers as the client sent them.
KEY = "make-emulator.headers"

#: Bytes that a header takes, about.
_HEADER_SIZE = 110

#: Variables of WSGI that are headers and have no prefix.
_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")
_PREFIX = "HTTP_"


def keep_request(environ: WSGIEnvironment) -> KeptHeaders:
    """Returns the headers of a request."""
    sent: KeptHeaders | None = environ.get(KEY)
    if sent is None:
        names = _header_variables(tuple(environ))
        sent = tuple([(name, environ[name]) for name in names])
    return sent


@lru_cache(maxsize=64)
def _header_variables(variables: tuple[str, ...]) -> tuple[str, ...]:
    """Returns those that are headers: the environments of one client have the same variables."""
    return tuple(name for name in variables if name.startswith(_PREFIX) or name in _UNPREFIXED)


def keep_response(headers: Iterable[tuple[str, str]]) -> KeptHeaders:
    """Returns the headers of a response."""
    return tuple(headers)


def size(kept: KeptHeaders) -> int:
    """Returns the bytes that they take, about."""
    return len(kept) if isinstance(kept, bytes) else _HEADER_SIZE * len(kept)


def read(kept: KeptHeaders) -> list[tuple[str, str]]:
    """Returns the names and values; the names in lower case where a server does not tell how they were sent."""
    if isinstance(kept, bytes):
        lines = (line.partition(":") for line in kept.decode("latin-1").split("\r\n") if line)
        return [(name, value.strip()) for name, _, value in lines]
    return [(_header_name(name), value) for name, value in kept]


def _header_name(name: str) -> str:
    if name in _UNPREFIXED or name.startswith(_PREFIX):
        return name.removeprefix(_PREFIX).replace("_", "-").lower()
    return name
