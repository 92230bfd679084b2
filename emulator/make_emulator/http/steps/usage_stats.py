"""Usage statistics of tokens and endpoints."""

from __future__ import annotations

from ..context import RequestContext


def count(context: RequestContext) -> None:
    """Counts the finished request for its token and endpoint."""
    if context.caller is not None:
        context.caller.handle.usage_stats.count(context.caller.token, context.entry)
