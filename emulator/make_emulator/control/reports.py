"""Request log, access report and coverage report of a world in the control API."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask import Blueprint, Response, request

from ..http.endpoint import Endpoint
from ..http.errors import BadRequestError
from ..http.responses import json_response, streamed_json_response
from ..registry import WorldRegistry
from .worlds import find_world

# Imports in functions keep the start-up short: most servers make no report.

_TEXT = "text/plain; charset=utf-8"
_YAML = "application/yaml; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"


def add_routes(blueprint: Blueprint, registry: WorldRegistry, endpoints: Collection[Endpoint]) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/requests")
    def list_requests(name: str) -> Response:
        """Request log, or a part of it.

        ``?method=``, ``path=`` (a glob, with parameters of the query behind it or not), ``status=`` (``404``, ``4xx``), ``decision=`` (a glob),
        ``user=``, ``agent=``, ``since=`` (an id), ``limit=``; ``format=har`` for an HTTP archive.
        """
        from ..reports.request_queries import parse_query

        arguments = request.args.copy()
        form = _parse_format(arguments.poplist("format"), "json", "har")
        entries = parse_query(arguments).select(find_world(registry, name).request_log)
        if form == "har":
            from ..reports import har

            items = har.iter_entries(entries, request.host_url.rstrip("/"))
            return streamed_json_response(har.HEAD, items, har.TAIL)
        return streamed_json_response(b'{"requests":[', (entry.to_json() for entry in entries), b"]}")

    @blueprint.delete("/worlds/<name>/requests")
    def clear_requests(name: str) -> Response:
        """Clears the request log."""
        find_world(registry, name).request_log.clear()
        return Response(status=204)

    @blueprint.get("/worlds/<name>/mcp-sessions")
    def list_mcp_sessions(name: str) -> Response:
        """MCP sessions in the request log, the latest first: client, caller, agent, state, the ids of their requests, and the tools called."""
        from ..reports import mcp_sessions

        entries = find_world(registry, name).request_log.select({})
        return json_response({"sessions": mcp_sessions.list_sessions(entries)})

    @blueprint.get("/worlds/<name>/access-report")
    def access_report(name: str) -> Response:
        """Scopes of each token: granted, used, unused and missing ones, and the minimum scopes.

        ``?format=text`` or ``markdown``; ``policy`` for the least grants of each, as ``agents`` of a seed in YAML.
        """
        from ..reports import access, policy

        format = _parse_format(request.args.getlist("format"), "json", "text", "markdown", "policy")
        if format == "policy":
            least = policy.report(find_world(registry, name))
            return Response(policy.render_yaml(least), content_type=_YAML)
        rows = access.report(find_world(registry, name), endpoints)
        match format:
            case "text":
                return Response(access.render_text(rows), content_type=_TEXT)
            case "markdown":
                return Response(access.render_markdown(rows), content_type=_MARKDOWN)
        return json_response({"tokens": [row.view() for row in rows]})

    @blueprint.get("/worlds/<name>/coverage")
    def coverage_report(name: str) -> Response:
        """Calls of each endpoint by class of status, and the endpoints that were not called."""
        from ..reports import coverage

        return json_response(coverage.report(find_world(registry, name).usage_stats, endpoints))

    @blueprint.get("/worlds/<name>/provenance")
    def provenance_report(name: str) -> Response:
        """Behaviours of the fidelity ledger that the responses rest on: id, status, number of responses; the weakest first."""
        from ..reports import provenance

        return json_response(provenance.report(find_world(registry, name).usage_stats))


def _parse_format(given: Sequence[str], *known: str) -> str:
    """Returns the requested format; the first of the known ones by default."""
    requested = given[0] if given else known[0]
    if len(given) > 1 or requested not in known:
        raise BadRequestError(f"Parameter 'format' must be one of: {', '.join(known)}.", suberrors=[])
    return requested
