"""Entry points of the API pipeline: HTTP requests to ``/api/v2``, and direct calls without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from flask import Flask, Response
from werkzeug.datastructures import Headers, MultiDict

from ..lazy_dataclasses import dataclass
from ..registry import WorldHandle, WorldRegistry
from .context import Caller, DirectInput, HttpInput, RequestContext
from .endpoint import ENCODED_SLASH, Endpoint
from .endpoint_table import EndpointTable
from .faults import DroppedConnection, TruncatedResponse
from .pipeline import UNLOGGED_PIPELINE, Pipeline
from .request_log import LogEntry
from .responses import error_response, to_make_error
from .routing import API_PREFIX, RouteMatch, RouteMatcher, request_path


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """Response to a direct call."""

    status: int
    headers: Headers
    content: bytes

    def json(self) -> Any:
        """Returns the parsed body; a ValueError if it was truncated by a fault."""
        return orjson.loads(self.content)


class ApiMiddleware:
    """WSGI middleware that answers the requests below ``/api/v2``, and passes others on to Flask.

    Flask's contexts, sessions, signals and hooks around a request cost as much as its handler, and the API needs none.
    """

    def __init__(self, app: WSGIApplication, dispatcher: ApiDispatcher, matcher: RouteMatcher) -> None:
        self._app = app
        self._dispatcher = dispatcher
        self._matcher = matcher

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = request_path(environ)
        if not path.startswith(API_PREFIX + "/") and path != API_PREFIX:
            return self._app(environ, start_response)
        match = self._matcher.match(environ["REQUEST_METHOD"], path)
        try:
            response = self._dispatcher.dispatch(environ, path, match)
        except Exception as error:  # a defect of a step after the handler
            response = error_response(to_make_error(error, environ["REQUEST_METHOD"], path))
        return response(environ, start_response)


class ApiDispatcher:
    """Dispatcher of requests to the declared endpoints, by HTTP or directly; both pass the same pipeline."""

    def __init__(
        self,
        registry: WorldRegistry,
        endpoints: EndpointTable,
        matcher: RouteMatcher,
        pipeline: Pipeline[RequestContext],
    ) -> None:
        self._registry = registry
        self._endpoints = endpoints
        self._matcher = matcher
        self._pipeline = pipeline

    def endpoint(self, route: str) -> Endpoint:
        """Returns the endpoint of a route, such as ``GET /scenarios/{scenarioId}``; a KeyError if there is none."""
        return self._endpoints[route]

    def register(self, app: Flask) -> None:
        """Takes over the requests to an application below ``/api/v2``."""
        app.wsgi_app = ApiMiddleware(app.wsgi_app, self, self._matcher)  # type: ignore[method-assign]

    def dispatch(self, environ: WSGIEnvironment, path: str, match: RouteMatch) -> Response:
        """Returns the response to a request of HTTP."""
        route = match.route
        entry = LogEntry(
            environ["REQUEST_METHOD"],
            path.removeprefix(API_PREFIX).replace(ENCODED_SLASH, "%2F"),
            environ.get("QUERY_STRING", ""),
            endpoint=route,
        )
        context = RequestContext(
            self._registry,
            HttpInput(environ),
            entry,
            self._endpoints[route] if route else None,
            routing_error=match.error,
            path=match.values,
            routes=self._endpoints,
        )
        return self._pipeline.run(context)

    def call_unlogged(
        self, handle: WorldHandle, method: str, target: str, *, body: Any = None, origin: str = ""
    ) -> Response:
        """Returns the response to a call in a world that leaves no trace in its log, statistics, rate limit and faults.

        The caller is an owner of what the call names.

        Args:
            target: path and query, below the prefix of the API.
            body: the JSON value of the body; ``None`` for no body.
        """
        sent_path, _, query = target.partition("?")
        segments = [unquote(segment).replace("/", ENCODED_SLASH) for segment in sent_path.split("/")]
        path = "/".join(segments)
        match = self._matcher.match(method, API_PREFIX + path)
        entry = LogEntry(method, path.replace(ENCODED_SLASH, "%2F"), query, endpoint=match.route)
        entry.secrets = handle.secret_values
        context = RequestContext(
            self._registry,
            DirectInput(
                MultiDict(parse_qsl(query, keep_blank_values=True)),
                b"" if body is None else orjson.dumps(body),
                origin,
            ),
            entry,
            self._endpoints[match.route] if match.route else None,
            routing_error=match.error,
            path=match.values,
            routes=self._endpoints,
            handle=handle,
        )
        return UNLOGGED_PIPELINE.run(context)

    def invoke(
        self,
        endpoint: Endpoint,
        caller: Caller | None = None,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: Any = None,
        authorization: str | None = None,
        origin: str = "",
    ) -> InvocationResult:
        """Calls a declared endpoint without HTTP: same scopes, role, plan, rate limit, faults and log as over HTTP.

        Args:
            caller: the caller, if it is already authenticated.
            path: value of each path parameter.
            query: query parameters by their names in Make's API; a sequence repeats the parameter.
            body: the JSON value of the body; ``None`` for no body.
            authorization: an ``Authorization`` header to authenticate by, where there is no caller.
            origin: scheme and host for URLs in the response.

        Raises:
            KeyError: if a path parameter is missing.
            InjectedResetError, InjectedTimeoutError: if a fault leaves the call without a response.
        """
        values = {name: str(value) for name, value in (path or {}).items()}
        arguments: MultiDict[str, str] = MultiDict(
            {name: value if isinstance(value, str) else list(value) for name, value in (query or {}).items()}
        )
        entry = LogEntry(
            endpoint.method,
            endpoint.fill_path(values),
            urlencode(list(arguments.items(multi=True))),
            endpoint=endpoint.route,
        )
        content = b"" if body is None else orjson.dumps(body)
        context = RequestContext(
            self._registry,
            DirectInput(arguments, content, origin, authorization),
            entry,
            endpoint,
            path=values,
            caller=caller,
        )
        telemetry = self._registry.telemetry
        with nullcontext() if telemetry is None else telemetry.call(endpoint.route):
            response = self._pipeline.run(context)
        if isinstance(response, DroppedConnection):
            response.drop({})
        content = response.sent_data if isinstance(response, TruncatedResponse) else response.get_data()
        return InvocationResult(response.status_code, response.headers, content)
