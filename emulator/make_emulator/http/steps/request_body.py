"""Body of a request: 400 if it is too large, 415 if its content coding is unknown, 400 if it is not JSON."""

from __future__ import annotations

from werkzeug.exceptions import RequestEntityTooLarge

from ...redaction.masking import mask_field_values
from ..context import RequestContext
from ..errors import BODY_LIMIT, BodyTooLargeError
from ..request_log import RequestLog


def read_body(context: RequestContext) -> None:
    """Read the body and log its beginning; endpoints without a body ignore it."""
    endpoint = context.require_endpoint()
    context.entry.decision = "refused: body"
    try:
        body = context.input.read_body(BODY_LIMIT)
    except RequestEntityTooLarge:
        raise BodyTooLargeError from None
    if endpoint.body_schema is None and not endpoint.raw_body:
        return
    context.input.check_json(body)
    context.body = body
    context.entry.request_body = RequestLog.truncate_body(
        mask_field_values(body) if endpoint.secret_body else body
    )
