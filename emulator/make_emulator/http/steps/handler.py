"""Handler of the endpoint, and the response made from its result."""

from __future__ import annotations

import orjson
from flask import Response

from ...schemas.base import request_origin
from ..context import RequestContext
from ..responses import JSON_CONTENT_TYPE


def handle(context: RequestContext) -> None:
    """Runs the handler; the result is serialized while the world is locked."""
    context.entry.decision = "refused: handler"
    request_origin.set(lambda: context.input.origin)
    endpoint = context.require_endpoint()
    result = endpoint.handle(context.require_call())
    context.response = Response(orjson.dumps(result), status=endpoint.status, content_type=JSON_CONTENT_TYPE)
    context.entry.decision = "served"
