"""Content codings of request bodies (RFC 9110): gzip, decoded up to a limit. Which ones Make takes is assumed."""

from __future__ import annotations

import io
import zlib
from typing import IO
from wsgiref.types import WSGIEnvironment

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from .errors import BadRequestError, UnsupportedMediaTypeError

_GZIP = ("gzip", "x-gzip")

#: Window size of zlib for the format of gzip.
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def has_body(environ: WSGIEnvironment) -> bool:
    """Returns true if a request announces a body, or a content coding of it."""
    return (
        environ.get("CONTENT_LENGTH") not in (None, "", "0")
        or bool(environ.get("wsgi.input_terminated"))
        or "HTTP_CONTENT_ENCODING" in environ
    )


def plain_length(environ: WSGIEnvironment) -> int | None:
    """Returns the length of a body that is neither coded nor sent in chunks; ``None`` for another one."""
    length = environ.get("CONTENT_LENGTH", "")
    is_plain = "HTTP_CONTENT_ENCODING" not in environ and not environ.get("wsgi.input_terminated")
    return int(length) if is_plain and length.isascii() and length.isdigit() and len(length) < 16 else None


def read_exactly(stream: IO[bytes], length: int, limit: int) -> bytes:
    """Reads a body of known length, which Werkzeug's stream does in four times as long.

    Raises:
        RequestEntityTooLarge: if it is longer than ``limit`` bytes.
        ClientDisconnected: if it is cut off.
    """
    if length > limit:
        raise RequestEntityTooLarge
    body = stream.read(length)
    while 0 < len(body) < length and (piece := stream.read(length - len(body))):
        body += piece
    if len(body) < length:
        raise ClientDisconnected
    return body


def is_encoded(request: Request) -> bool:
    """Returns true if the body of a request has a content coding."""
    return request.environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity")


def decode_content(request: Request, limit: int) -> None:
    """Replaces the stream of an encoded body by that of the decoded one; other requests stay as they are.

    Raises:
        RequestEntityTooLarge: if either is longer than ``limit`` bytes.
        UnsupportedMediaTypeError: if the coding is not gzip.
        BadRequestError: if the body is not what the coding says.
    """
    if not is_encoded(request):
        return
    coding = request.environ["HTTP_CONTENT_ENCODING"].strip().lower()
    if coding not in _GZIP:
        raise UnsupportedMediaTypeError("The content coding of a body must be gzip, or none.")
    request.max_content_length = limit
    content = request.get_data(cache=False)
    check_chunked_length(request, content, limit)
    request.stream = io.BytesIO(gunzip(content, limit) if content else b"")


def gunzip(content: bytes, limit: int) -> bytes:
    """Returns decompressed data; never more than ``limit`` bytes are held.

    Raises:
        RequestEntityTooLarge: if it is longer.
        BadRequestError: if it is not one complete member of gzip.
    """
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    try:
        decoded = decompressor.decompress(content, limit + 1)
    except zlib.error:
        raise _malformed() from None
    if len(decoded) > limit:
        raise RequestEntityTooLarge
    # Further members would be decoded in a time that grows with their square: no client sends them.
    if not decompressor.eof or decompressor.unused_data:
        raise _malformed()
    return decoded


def check_chunked_length(request: Request, body: bytes, limit: int) -> None:
    """Raises RequestEntityTooLarge if Werkzeug silently truncated a chunked body at the limit."""
    if len(body) >= limit and request.content_length is None and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge


def _malformed() -> BadRequestError:
    return BadRequestError("The body is not compressed with gzip.", suberrors=[])
