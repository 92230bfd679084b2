"""What the webhook gateway answers: plain text, with headers that let any page read it.

Source: a client's measurements of September 2026 (the preflight, ``Make-Actual-Status``, who may read an answer).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
from flask import Request, Response

from ..world.models import ExecutionResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

TEXT_CONTENT_TYPE = "text/plain; charset=utf-8"

#: What a webhook answers that nothing else is said of (AdobeDocs, workfront-fusion.en, "Webhooks").
ACCEPTED = "Accepted"

#: Statuses whose answers have no body (RFC 9110).
_WITHOUT_BODY = frozenset([204, 304])

#: Headers of an answer that are the server's alone.
_SERVER_HEADERS = frozenset(
    ["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"]
)


@dataclass(slots=True)
class WebhookResponse:
    """What the caller gets, what the log of the hook and the journal say of it."""

    status: int
    body: str
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    #: Whether it is what a scenario responded: then any page may read it, whatever its status.
    from_scenario: bool = False


def preflight_response(request: Request) -> Response:
    """Any page may ask whether it may send; what it asks for is granted (measured)."""
    methods = "GET, PUT, POST, PATCH, DELETE, HEAD, OPTIONS"
    response = Response("ok", content_type=TEXT_CONTENT_TYPE)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = methods
    if asked := request.headers.get("Access-Control-Request-Headers"):
        response.headers["Access-Control-Allow-Headers"] = asked
    response.headers["Allow"] = ", ".join(METHODS)
    return response


def to_flask_response(answer: WebhookResponse) -> Response:
    response = Response(answer.body, status=answer.status, content_type=TEXT_CONTENT_TYPE)
    if answer.status < 400 or answer.from_scenario:
        response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Make-Actual-Status"] = str(answer.status)
    for name, value in answer.headers:
        if name.lower() in _SERVER_HEADERS:
            continue
        if name.lower() == "set-cookie":
            response.headers.add(name, value)
        else:
            response.headers[name] = value
    return response


def response_status(answer: ExecutionResponse) -> int:
    """The status of an answer; what only announces an answer (1xx) would leave the caller waiting."""
    return answer.status if answer.status >= 200 else 200


def response_body(answer: ExecutionResponse) -> str:
    """The body of an answer; one without is the text that a webhook answers by itself."""
    if answer.status in _WITHOUT_BODY:
        return ""
    if answer.body is None:
        return ACCEPTED
    return answer.body if isinstance(answer.body, str) else orjson.dumps(answer.body).decode()


def response_headers(answer: ExecutionResponse) -> list[tuple[str, str]]:
    """The headers of an answer that can be sent."""
    return [(name, value) for name, value in answer.headers if _is_header(name) and _is_header_value(value)]


def _is_header(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _is_header_value(value: str) -> bool:
    return all(" " <= character <= "\xff" and character != "\x7f" for character in value)
