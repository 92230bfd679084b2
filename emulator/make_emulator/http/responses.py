"""Responses made from JSON values and from exceptions, one place for both."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import orjson
from flask import Response
from werkzeug.exceptions import HTTPException

from ..json_types import Json
from ..world.exceptions import DomainError
from .errors import InternalServerError, MakeError, from_domain_error, from_http_exception

JSON_CONTENT_TYPE = "application/json; charset=utf-8"

#: The least bytes of a piece of a streamed response: few pieces, little memory.
PIECE_SIZE = 65_536

log = logging.getLogger("make_emulator")


class JsonResponse(Response):
    """Response with a JSON body that is there: what Werkzeug does to the headers of any response is done already."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        super().__init__(body, status, content_type=JSON_CONTENT_TYPE)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.status_code < 200 or self.status_code in (204, 304):
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.get_data(),)


def json_response(value: Json, status: int = 200) -> Response:
    """Returns a response with a JSON body."""
    return JsonResponse(orjson.dumps(value), status)


def streamed_json_response(head: bytes, items: Iterable[Json], tail: bytes) -> Response:
    """Returns a response with a JSON body that has a long array, whose items are serialized as the client reads them.

    Args:
        head: the body before the first item, e.g. ``{"requests":[``.
        tail: the body after the last item.
    """
    return Response(_serialize_pieces(head, items, tail), content_type=JSON_CONTENT_TYPE)


def _serialize_pieces(head: bytes, items: Iterable[Json], tail: bytes) -> Iterator[bytes]:
    piece, separator = bytearray(head), b""
    for item in items:
        piece += separator
        piece += orjson.dumps(item)
        separator = b","
        if len(piece) >= PIECE_SIZE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + tail)


def error_response(error: MakeError, *, is_plain: bool = False) -> Response:
    """Returns the response of an error of Make; a plain one has one text and no code."""
    response = json_response(error.plain_body() if is_plain else error.body(), error.status)
    response.headers.extend(error.headers())
    return response


def to_make_error(error: Exception, method: str, path: str) -> MakeError:
    """Returns the error of Make for any exception that a request raised.

    An unexpected exception is a defect of the emulator: its cause goes to the log, not to the caller.
    """
    match error:
        case MakeError():
            return error
        case DomainError():
            return from_domain_error(error)
        case HTTPException():
            return from_http_exception(error, method, path)
    log.error("internal error in %s %r", method, path, exc_info=error)
    return InternalServerError("Internal error of the emulator; see its log.")
