"""Recorder of spans: of requests, runs, operations of modules, and requests to the network.

Names and attributes follow the semantic conventions of OpenTelemetry for HTTP; those of Make begin with ``make.``. No attribute has data
of a scenario, a query or a header: they may be secret.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from ..control.access import OPEN_PATHS
from ..engine.errors import ModuleError
from ..http.request_log import LogEntry
from ..http.routing import API_PREFIX, request_path
from ..redaction.masking import LOG_REDACTOR
from ..version import __version__
from ..world.models import ExecutionError, Scenario
from ..world.telemetry import RunSpan
from ..world.transport import HttpResponse, NoResponseError, OutgoingRequest, Transport
from ..world.world import World

_STATUS_NAMES = {1: "SUCCESS", 2: "WARNING", 3: "ERROR"}

#: Statuses of a server that mean that it failed.
_SERVER_ERRORS = 500


class Telemetry:
    """Recorder of spans by a provider of tracers."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = trace.get_tracer("make_emulator", __version__, tracer_provider=provider)

    # --- requests --------------------------------------------------------------------------------

    def wrap_app(self, app: WSGIApplication) -> WSGIApplication:
        """Returns an application with a span for each request but the probes; it continues the trace of the client."""
        return _TelemetryMiddleware(app, self._tracer)

    @contextmanager
    def call(self, route: str) -> Iterator[None]:
        """Context of a call of an endpoint without HTTP, such as by a tool of the MCP server."""
        method, _, path = route.partition(" ")
        attributes = {"http.request.method": method, "http.route": API_PREFIX + path}
        with self._span(f"call {route}", SpanKind.INTERNAL, attributes):
            yield

    def record_request(self, entry: LogEntry, world: str) -> None:
        """Adds what is known of a request at its end to its span."""
        span = trace.get_current_span()
        if not isinstance(span, ReadableSpan) or not span.is_recording():
            return
        if entry.endpoint is not None and "http.route" not in (span.attributes or {}):
            path = API_PREFIX + entry.endpoint.partition(" ")[2]
            span.set_attribute("http.route", path)
            span.update_name(f"{entry.method} {path}")
        attributes: dict[str, Any] = {
            "make.world": world,
            "make.decision": entry.decision,
            "make.error.code": entry.code,
            "make.organization.id": entry.organization_id,
            "make.agent": entry.agent,
        }
        span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    # --- runs ------------------------------------------------------------------------------------

    @contextmanager
    def run(self, scenario: Scenario, execution_id: str) -> Iterator[RunSpan]:
        """Context in which a run is computed."""
        attributes = {
            "make.scenario.id": scenario.id,
            "make.team.id": scenario.team_id,
            "make.execution.id": execution_id,
        }
        with self._span(f"run scenario {scenario.id}", SpanKind.INTERNAL, attributes) as span:
            yield _OTelRunSpan(span)

    @contextmanager
    def operation(self, module: str, module_id: int) -> Iterator[None]:
        """Context in which a module performs an operation."""
        attributes = {"make.module.id": module_id, "make.module.name": module}
        with self._span(module, SpanKind.INTERNAL, attributes) as span:
            try:
                yield
            except ModuleError as error:
                span.set_attribute("error.type", error.name)
                span.set_status(Status(StatusCode.ERROR, error.name))
                raise

    # --- the network -----------------------------------------------------------------------------

    def wrap_transport(self, transport: Transport) -> Transport:
        """Returns a transport with a span for each request, which hands the trace on to the service that is called."""

        def send(request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
            parts = urlsplit(request.url)
            attributes: dict[str, Any] = {
                "http.request.method": request.method,
                "server.address": parts.hostname or "",
                "url.full": LOG_REDACTOR.mask_url(
                    f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
                ),
            }
            with self._span(request.method, SpanKind.CLIENT, attributes) as span:
                try:
                    response = transport(_with_trace(request), interruption)
                except NoResponseError as error:
                    span.set_attribute("error.type", error.cause)
                    span.set_status(Status(StatusCode.ERROR, error.cause))
                    raise
                span.set_attribute("http.response.status_code", response.status)
                if response.status >= 400:
                    span.set_attribute("error.type", str(response.status))
                    span.set_status(Status(StatusCode.ERROR))
                return response

        return send

    @contextmanager
    def _span(self, name: str, kind: SpanKind, attributes: dict[str, Any]) -> Iterator[Span]:
        # Exceptions are recorded by those who know their names: their texts and tracebacks may have data of a scenario.
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            yield span


class _OTelRunSpan:
    """Span of a run."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def finish(
        self, *, status: int, duration: int, operations: int, error: ExecutionError | None, world: World
    ) -> None:
        if not self._span.is_recording():
            return
        attributes: dict[str, Any] = {
            "make.world": world.name,
            "make.execution.status": _STATUS_NAMES[status],
            "make.execution.duration_ms": duration,
            "make.execution.operations": operations,
        }
        if error is not None:
            attributes["error.type"] = error.name
            redactor = LOG_REDACTOR.with_secrets(world.secret_values())
            text = redactor.mask_text(f"{error.name}: {error.message}")
            self._span.set_status(Status(StatusCode.ERROR, text))
        self._span.set_attributes(attributes)


def _with_trace(request: OutgoingRequest) -> OutgoingRequest:
    """Returns a request with the headers of the trace, unless the scenario sets them itself."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    present = {name.lower() for name, _ in request.headers}
    added = tuple((name, value) for name, value in carrier.items() if name.lower() not in present)
    if not added or "traceparent" in present:
        return request
    return OutgoingRequest(
        method=request.method,
        url=request.url,
        headers=(*request.headers, *added),
        body=request.body,
        timeout=request.timeout,
        verify_tls=request.verify_tls,
        ca_certificate=request.ca_certificate,
    )


# --- WSGI ------------------------------------------------------------------------------------------------


class _HeaderGetter(Getter[WSGIEnvironment]):
    """Getter of request headers, from which the trace of the client is read."""

    def get(self, carrier: WSGIEnvironment, key: str) -> list[str] | None:
        value = carrier.get(f"HTTP_{key.upper().replace('-', '_')}")
        return None if value is None else [str(value)]

    def keys(self, carrier: WSGIEnvironment) -> list[str]:
        prefix = "HTTP_"
        return [
            name.removeprefix(prefix).lower().replace("_", "-") for name in carrier if name.startswith(prefix)
        ]


_HEADERS = _HeaderGetter()


class _TelemetryMiddleware:
    """WSGI middleware with a span for each request, from its head to the end of the response's body."""

    def __init__(self, app: WSGIApplication, tracer: trace.Tracer) -> None:
        self._app = app
        self._tracer = tracer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = request_path(environ)
        if path in OPEN_PATHS:
            return self._app(environ, start_response)
        parent = propagate.extract(environ, getter=_HEADERS)
        method = str(environ["REQUEST_METHOD"])
        route = _known_route(path)
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "url.scheme": environ.get("wsgi.url_scheme", "http"),
            "url.path": LOG_REDACTOR.mask_text(path) if route is None else route,
            "server.address": environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""),
            "client.address": environ.get("REMOTE_ADDR", ""),
        }
        if route is not None:
            attributes["http.route"] = route
        name = method if route is None else f"{method} {route}"
        span = self._tracer.start_span(name, context=parent, kind=SpanKind.SERVER, attributes=attributes)

        is_streamed = True

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal is_streamed
            is_streamed = all(name.lower() != "content-length" for name, _ in headers)
            code = int(status[:3])
            span.set_attribute("http.response.status_code", code)
            if code >= _SERVER_ERRORS:
                span.set_attribute("error.type", str(code))
                span.set_status(Status(StatusCode.ERROR))
            return (
                start_response(status, headers)
                if exc_info is None
                else start_response(status, headers, exc_info)
            )

        token = otel_context.attach(trace.set_span_in_context(span, parent))
        try:
            body = self._app(environ, start)
        except BaseException as error:
            # A fault that leaves the request without a response.
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            span.end()
            raise
        finally:
            otel_context.detach(token)
        if is_streamed:
            return _SpannedBody(body, span)
        span.end()
        return body


class _SpannedBody:
    """Body of a streamed response, whose end is that of the span."""

    def __init__(self, body: Iterable[bytes], span: Span) -> None:
        self._body = body
        self._span = span

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._span.end()


def _known_route(path: str) -> str | None:
    """Returns the route of a path outside of the API, without names, tokens and other parameters; ``None`` for others.

    Endpoints of the API name their routes once they are found.
    """
    segments = path.split("/")
    match segments[1:2]:
        case ["hook"]:
            return "/hook/{udid}"
        case ["mcp"]:
            if segments[2:3] in (["u"], ["server"]) or segments[2:4] == ["api", "v1"]:
                return f"/mcp/{segments[2]}/{{key}}"
            return "/".join(segments[:3])
        case ["oauth"]:
            return "/".join(segments[:4])
        case ["_emulator"]:
            if segments[2:3] == ["worlds"] and len(segments) > 3:
                return "/".join([*segments[:3], "{name}", *segments[4:5]])
            return "/".join(segments[:3])
    return None
