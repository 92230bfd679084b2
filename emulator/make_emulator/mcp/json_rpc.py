"""JSON-RPC 2.0 messages in the form that MCP gives them: parameters are objects, and ids are texts or whole numbers.

Source: MCP specification, "Base protocol"; the message schemas of the official TypeScript SDK, which are closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from ..json_types import Json, JsonObject, is_integer
from ..schemas.base import is_too_deep

RequestId: TypeAlias = str | int

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603


class JsonRpcError(Exception):
    """Error response of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """Message that expects a response."""

    id: RequestId
    method: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notification:
    """Message that expects no response."""

    method: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """Response of the client to a request of the server, which sends none."""

    id: RequestId


Message: TypeAlias = Request | Notification | ClientResponse

_REQUEST_KEYS = frozenset(("jsonrpc", "id", "method", "params"))
_RESULT_KEYS = frozenset(("jsonrpc", "id", "result"))
_ERROR_KEYS = frozenset(("jsonrpc", "id", "error"))


def parse_json(body: bytes) -> Json:
    """Returns the JSON value of a body.

    Raises:
        JsonRpcError: if it is not JSON, or nested too deep.
    """
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise JsonRpcError(PARSE_ERROR, "Parse error: Invalid JSON") from None
    if is_too_deep(value):
        raise JsonRpcError(PARSE_ERROR, "Parse error: Invalid JSON")
    return value


def parse_message(value: Json) -> Message:
    """Returns the message that a JSON value is.

    Raises:
        JsonRpcError: if it is none.
    """
    if isinstance(value, Mapping) and value.get("jsonrpc") == "2.0":
        message = _parse_call(value) if "method" in value else _parse_response(value)
        if message is not None:
            return message
    raise JsonRpcError(PARSE_ERROR, "Parse error: Invalid JSON-RPC message")


def _parse_call(value: Mapping[str, Json]) -> Message | None:
    method, params = value["method"], value.get("params", {})
    if not isinstance(method, str) or not isinstance(params, Mapping) or not value.keys() <= _REQUEST_KEYS:
        return None
    meta = params.get("_meta", {})
    if not isinstance(meta, Mapping) or not _is_token(meta.get("progressToken", 0)):
        return None
    if "id" not in value:
        return Notification(method, params)
    id = value["id"]
    return Request(id, method, params) if isinstance(id, str) or is_integer(id) else None


def _parse_response(value: Mapping[str, Json]) -> Message | None:
    id = value.get("id")
    if not (isinstance(id, str) or is_integer(id)):
        return None
    if value.keys() == _RESULT_KEYS and isinstance(value["result"], Mapping):
        return ClientResponse(id)
    error = value.get("error")
    is_error = (
        value.keys() == _ERROR_KEYS
        and isinstance(error, Mapping)
        and is_integer(error.get("code"))
        and isinstance(error.get("message"), str)
    )
    return ClientResponse(id) if is_error else None


def _is_token(value: Json) -> bool:
    return isinstance(value, str) or is_integer(value)


def result_message(id: RequestId, result: JsonObject) -> JsonObject:
    """Returns the response to a request."""
    return {"jsonrpc": "2.0", "id": id, "result": result}


def error_message(id: RequestId | None, error: JsonRpcError) -> JsonObject:
    """Returns the error response to a request; the id is ``None`` for a message that could not be read."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": error.code, "message": error.message}}


def notification(method: str, params: JsonObject) -> JsonObject:
    """Returns a notification of the server."""
    return {"jsonrpc": "2.0", "method": method, "params": params}
