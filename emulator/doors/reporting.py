"""The calls of the control API that tell what was asked of a world: the journal, the access and the coverage report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request

from ..endpoint import Endpoint
from ..errors import BadRequest
from ..middleware.tenant import Tenant
from ..reports import access, coverage, har
from ..reports.queries import query_of
from .wishes import answer

_TEXT = "text/plain; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"


def add_calls(door: Blueprint, endpoints: Sequence[Endpoint], find: Callable[[str], Tenant]) -> None:
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
        form = _format(arguments.poplist("format"), "json", "har")
        entries = query_of(arguments).select(find(name).journal)
        if form == "har":
            return answer(har.archive(entries, request.host_url.rstrip("/")))
        return answer({"requests": [entry.view() for entry in entries]})

    @door.delete("/worlds/<name>/requests")
    def clear_requests(name: str) -> Response:
        """Clears it."""
        find(name).journal.clear()
        return Response(status=204)

    @door.get("/worlds/<name>/access-report")
    def access_report(name: str) -> Response:
        """For each token: scopes granted, used, never used and refused, and the least set that would do;
        ``?format=text`` or ``markdown``.
        """
        rows = access.report(find(name), endpoints)
        match _format(request.args.getlist("format"), "json", "text", "markdown"):
            case "text":
                return Response(access.as_text(rows), content_type=_TEXT)
            case "markdown":
                return Response(access.as_markdown(rows), content_type=_MARKDOWN)
        return answer({"tokens": [row.view() for row in rows]})

    @door.get("/worlds/<name>/coverage")
    def coverage_report(name: str) -> Response:
        """Which endpoints were called, by class of status, and which were not."""
        return answer(coverage.report(find(name).tally, endpoints))


def _format(given: Sequence[str], *known: str) -> str:
    """The form that a caller wishes; the first of the known ones by default."""
    wish = given[0] if given else known[0]
    if len(given) > 1 or wish not in known:
        raise BadRequest(f"Parameter 'format' must be one of: {', '.join(known)}.", suberrors=[])
    return wish
