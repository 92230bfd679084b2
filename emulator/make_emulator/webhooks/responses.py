"""Responses of the webhook gateway: plain text, with CORS headers for any page.

Source: a client's measurements of September 2026 (the preflight, ``Make-Actual-Status``, the CORS headers).
"""

from __future__ import annotations

from dataclasses import field

import orjson
from flask import Request, Response

from ..engine.apps.webhooks import ACCEPTED
from ..lazy_dataclasses import dataclass
from ..world.models import ExecutionResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

TEXT_CONTENT_TYPE = "text/plain; charset=utf-8"

#: Statuses whose responses have no body (RFC 9110).
_WITHOUT_BODY = frozenset([204, 304])

#: Policy of every response, so that a page which a scenario outputs has an origin of its own: its scripts and forms work,
#: and reach neither the control API nor the pages of the emulator.
_SANDBOX = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"

#: Headers of a response that only the server sets.
_SERVER_HEADERS = frozenset(
    ["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"]
)


@dataclass(slots=True)
class WebhookResponse:
    """Response to the caller, with its reason for the request log."""

    status: int
    body: str
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    #: Responses of scenarios have CORS headers whatever their status.
    from_scenario: bool = False


class WebhookError(Exception):
    """Request that the gateway refuses."""

    def __init__(self, status: int, text: str, reason: str) -> None:
        super().__init__(text)
        self.response = WebhookResponse(status, text, reason)


def preflight_response(request: Request) -> Response:
    """Returns the response to a CORS preflight: every origin and header is granted (measured)."""
    methods = "GET, PUT, POST, PATCH, DELETE, HEAD, OPTIONS"
    response = Response("ok", content_type=TEXT_CONTENT_TYPE)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = methods
    if requested := request.headers.get("Access-Control-Request-Headers"):
        response.headers["Access-Control-Allow-Headers"] = requested
    response.headers["Allow"] = ", ".join(METHODS)
    return _sandboxed(response)


def to_flask_response(webhook_response: WebhookResponse) -> Response:
    """Returns the HTTP response."""
    status = webhook_response.status
    response = Response(webhook_response.body, status=status, content_type=TEXT_CONTENT_TYPE)
    if status < 400 or webhook_response.from_scenario:
        response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Make-Actual-Status"] = str(status)
    for name, value in webhook_response.headers:
        if name.lower() in _SERVER_HEADERS:
            continue
        if name.lower() == "set-cookie":
            response.headers.add(name, value)
        else:
            response.headers[name] = value
    return _sandboxed(response)


def _sandboxed(response: Response) -> Response:
    """Adds the policy; one of the scenario applies besides it."""
    response.headers.add("Content-Security-Policy", _SANDBOX)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def response_status(response: ExecutionResponse) -> int:
    """Returns the status of a scenario's response; an interim one (1xx) would leave the caller waiting."""
    return response.status if response.status >= 200 else 200


def response_body(response: ExecutionResponse) -> str:
    """Returns the body of a scenario's response; the default text if it has none."""
    if response.status in _WITHOUT_BODY:
        return ""
    if response.body is None:
        return ACCEPTED
    return response.body if isinstance(response.body, str) else orjson.dumps(response.body).decode()


def response_headers(response: ExecutionResponse) -> list[tuple[str, str]]:
    """Returns the headers of a scenario's response that HTTP allows."""
    return [(name, value) for name, value in response.headers if _is_header(name) and _is_header_value(value)]


def _is_header(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _is_header_value(value: str) -> bool:
    return all(" " <= character <= "\xff" and character != "\x7f" for character in value)
