"""Errors of the MCP transports: HTTP statuses with a JSON-RPC error, as the official TypeScript SDK words them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Response
from werkzeug.exceptions import RequestEntityTooLarge

from ..http.bearer import bearer_challenge
from ..http.errors import MakeError, UnauthorizedError
from ..http.responses import json_response
from .json_rpc import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, JsonRpcError, error_message

#: Code of errors of the transport, and of unknown sessions.
TRANSPORT_ERROR = -32000
SESSION_NOT_FOUND = -32001

#: Largest body of a POST, and the most messages of a batch.
BODY_LIMIT = 4_194_304
BATCH_LIMIT = 100


class TransportError(Exception):
    """Request that the transport rejects, with an HTTP status and a JSON-RPC error without an id."""

    def __init__(
        self,
        status: int,
        message: str,
        code: int = TRANSPORT_ERROR,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}


def not_acceptable(types: str) -> TransportError:
    return TransportError(406, f"Not Acceptable: Client must accept {types}")


def unsupported_media_type() -> TransportError:
    return TransportError(415, "Unsupported Media Type: Content-Type must be application/json")


def body_too_large() -> TransportError:
    return TransportError(413, f"Payload Too Large: Request body must not exceed {BODY_LIMIT} bytes")


def invalid_request(message: str) -> TransportError:
    return TransportError(400, f"Invalid Request: {message}", INVALID_REQUEST)


def invalid_parameters(message: str) -> TransportError:
    return TransportError(400, f"Invalid params: {message}", INVALID_PARAMS)


def unreadable(error: JsonRpcError) -> TransportError:
    return TransportError(400, error.message, error.code)


def bad_request(message: str) -> TransportError:
    return TransportError(400, f"Bad Request: {message}")


def session_not_found() -> TransportError:
    return TransportError(404, "Session not found", SESSION_NOT_FOUND)


def stream_conflict() -> TransportError:
    return TransportError(409, "Conflict: Only one SSE stream is allowed per session")


def method_not_allowed(*methods: str) -> TransportError:
    return TransportError(405, "Method not allowed.", headers={"Allow": ", ".join(methods)})


def insufficient_scope(missing: Iterable[str]) -> TransportError:
    """403 with the scopes that are missing, as the bearer middleware of the official TypeScript SDK words it."""
    scope = " ".join(sorted(missing))
    challenge = bearer_challenge(
        None, error="insufficient_scope", description="Insufficient scope", scope=scope
    )
    return TransportError(403, "Insufficient scope", headers={"WWW-Authenticate": challenge})


def to_transport_error(error: Exception, make_error: MakeError) -> TransportError:
    """Returns the error of the transport for any exception.

    Args:
        make_error: the error of Make for it.
    """
    if isinstance(error, TransportError):
        return error
    if isinstance(error, RequestEntityTooLarge):
        return body_too_large()
    code = INTERNAL_ERROR if make_error.status == 500 else TRANSPORT_ERROR
    return TransportError(make_error.status, make_error.detail, code, make_error.headers())


def error_response(error: TransportError) -> Response:
    """Returns the response of an error."""
    response = json_response(error_message(None, JsonRpcError(error.code, error.message)), error.status)
    response.headers["Content-Type"] = "application/json"
    response.headers.extend(error.headers)
    return response


class InvalidTokenError(UnauthorizedError):
    """401: there is no token, or it is unknown; the response has an OAuth challenge."""

    def __init__(self, description: str, *, is_missing: bool) -> None:
        super().__init__(description)
        self.is_missing = is_missing
