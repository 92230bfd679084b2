"""The calls of the control API that tell what was asked of a world: the journal, the access and the coverage report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request

from ..http.endpoint import Endpoint
from ..http.errors import BadRequestError
from ..registry import WorldHandle
from ..reports import access, coverage, har
from ..reports.request_queries import parse_query
from .params import json_response

_TEXT = "text/plain; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"


def add_routes(door: Blueprint, endpoints: Sequence[Endpoint], find: Callable[[str], WorldHandle]) -> None:
    """Add the calls to the control API.

    Args:
        find: finds a world by its name, or raises.
    """

    @door.get("/worlds/<name>/requests")
    def list_requests(name: str) -> Response:
        """The journal; ``?method=``, ``path=`` (a glob), ``status=`` (``404``, ``4xx``), ``decision=`` (a glob),
        ``user=``, ``since=`` (an id), ``limit=``; ``format=har`` for an HTTP archive.
        """
        arguments = request.args.copy()
        form = _parse_format(arguments.poplist("format"), "json", "har")
        entries = parse_query(arguments).select(find(name).request_log)
        if form == "har":
            return json_response(har.archive(entries, request.host_url.rstrip("/")))
        return json_response({"requests": [entry.to_json() for entry in entries]})

    @door.delete("/worlds/<name>/requests")
    def clear_requests(name: str) -> Response:
        """Clears it."""
        find(name).request_log.clear()
        return Response(status=204)

    @door.get("/worlds/<name>/access-report")
    def access_report(name: str) -> Response:
        """For each token: scopes granted, used, never used and refused, and the least set that would do;
        ``?format=text`` or ``markdown``.
        """
        rows = access.report(find(name), endpoints)
        match _parse_format(request.args.getlist("format"), "json", "text", "markdown"):
            case "text":
                return Response(access.render_text(rows), content_type=_TEXT)
            case "markdown":
                return Response(access.render_markdown(rows), content_type=_MARKDOWN)
        return json_response({"tokens": [row.view() for row in rows]})

    @door.get("/worlds/<name>/coverage")
    def coverage_report(name: str) -> Response:
        """Which endpoints were called, by class of status, and which were not."""
        return json_response(coverage.report(find(name).usage_stats, endpoints))


def _parse_format(given: Sequence[str], *known: str) -> str:
    """The form that a caller wishes; the first of the known ones by default."""
    wish = given[0] if given else known[0]
    if len(given) > 1 or wish not in known:
        raise BadRequestError(f"Parameter 'format' must be one of: {', '.join(known)}.", suberrors=[])
    return wish
