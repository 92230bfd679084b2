"""Headers that every response of the API has."""

from __future__ import annotations

import os

from ..context import RequestContext


def add_headers(context: RequestContext) -> None:
    """Adds the request's id, and how the caller was authenticated."""
    assert context.response is not None
    headers = context.response.headers
    headers.add("x-request-id", os.urandom(16).hex())
    if context.caller is not None:
        headers.add("authtype", context.caller.token.auth_used)
