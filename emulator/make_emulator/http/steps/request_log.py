"""Log entry of a request: begun before anything else, finished with the response, and written to the server's log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from flask import Response

from ...policies import agents
from ...world.models import OAuthAccess
from .. import kept_headers
from ..context import RequestContext
from ..request_log import LogEntry, RequestLog

log = logging.getLogger("make_emulator")


def begin(context: RequestContext) -> None:
    """Numbers and dates the entry in the log of the request's world."""
    handle = context.require_handle()
    context.entry.secrets = handle.secret_values
    context.entry.request_headers = context.input.headers
    handle.request_log.begin(context.entry, handle.world.now())
    if context.caller is not None:
        user, token = context.caller.user, context.caller.token
        context.entry.user = user.name
        context.entry.token_label = token.label
        context.entry.is_client = isinstance(token, OAuthAccess)
        agent = agents.find(handle.world, token)
        context.entry.agent = agent.name if agent is not None else None


def finish(context: RequestContext) -> None:
    """Completes the entry with the response and keeps it; requests that belong to no world are kept nowhere.

    A streamed response passes untouched: the entry is kept as soon as it starts, and records the beginning of the
    body while it flows.
    """
    response, entry = context.response, context.entry
    assert response is not None
    if context.handle is None:
        return
    request_log = context.handle.request_log
    entry.response_headers = kept_headers.keep_response(response.headers)
    if response.is_streamed:
        request_log.finish_streamed(entry, response.status_code)
        _record_stream(response, request_log, entry)
    else:
        body = response.get_data() if context.logged_body is None else context.logged_body
        request_log.finish(entry, response.status_code, body)
    if context.registry.telemetry is not None:
        context.registry.telemetry.record_request(entry, context.handle.name)
    if log.isEnabledFor(logging.INFO):
        log.info(entry.sentence(), extra={"entry": entry})


def _record_stream(response: Response, request_log: RequestLog, entry: LogEntry) -> None:
    """Copies the beginning of a streamed body into the entry, piece by piece, as the server sends it."""
    whole, pieces = response.response, response.iter_encoded()
    if (close := getattr(whole, "close", None)) is not None:
        response.call_on_close(close)

    def record() -> Iterator[bytes]:
        for piece in pieces:
            request_log.record_piece(entry, piece)
            yield piece

    response.response = record()
