"""HTTP transports of the MCP server: streamable HTTP with and without sessions, and HTTP+SSE of 2024-11-05.

Sources: MCP specification, "Transports"; the official TypeScript SDK (order of the checks, texts, headers), which the vendor is
assumed to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from flask import Request as FlaskRequest
from flask import Response
from werkzeug.exceptions import RequestEntityTooLarge

from ..http import hints
from ..http.context import HttpInput, RequestContext
from ..http.dispatch import ApiDispatcher
from ..http.errors import MakeError, UnauthorizedError, WrongZoneError
from ..http.faults import CLIENT_GONE_KEY, STREAM_CLOSED_KEY
from ..http.pipeline import Pipeline
from ..http.request_log import LogEntry, RequestLog
from ..http.responses import to_make_error
from ..http.steps import fault_injection, request_log, usage_stats, world_lock
from ..http.steps.authentication import EndedAccessError
from ..json_types import Json, JsonObject, as_mapping
from ..redaction.rules import MASK
from ..registry import WorldRegistry
from ..world.exceptions import StateNotStoredError
from . import errors
from .access_parameters import AccessParameters, InvalidAccessParametersError, parse_access_parameters
from .authentication import challenge_response, find_caller, find_toolbox_caller
from .errors import BATCH_LIMIT, BODY_LIMIT, TransportError
from .host_routing import public_path
from .json_rpc import (
    INTERNAL_ERROR,
    JsonRpcError,
    Message,
    Notification,
    Request,
    error_message,
    parse_json,
    parse_message,
    result_message,
)
from .protocol import INITIALIZE, PROTOCOL_VERSIONS, ProtocolHandler
from .servers import MESSAGE_SUFFIX, ServerKind, ServerUrl, Transport
from .sessions import Session, SessionStore
from .sse import EVENT_STREAM, KEEPALIVE, STREAM_HEADERS, EventStream, encode_event, encode_message
from .tools.definition import McpClient
from .tools.management import SECRET_TOOLS, ManagementTools
from .tools.scenario_tools import ScenarioTools
from .tools.second_generation import SCOPE_BUNDLE, SecondGenerationTools
from .tools.toolbox_tools import ToolboxTools
from .tools.toolset import Toolset

SESSION_HEADER = "Mcp-Session-Id"
VERSION_HEADER = "MCP-Protocol-Version"

_JSON = "application/json"

#: Endpoint of the log entries: requests of the protocol, and calls of scenario tools, which need the scope ``mcp:use``.
ENDPOINT = "MCP"


@dataclass(slots=True, kw_only=True)
class McpContext(RequestContext):
    """State of a request to the MCP server."""

    request: FlaskRequest
    server: McpServer
    url: ServerUrl
    path_token: str | None
    #: UUID of the toolbox in the path.
    toolbox: str | None
    access: AccessParameters = field(default_factory=AccessParameters)
    messages: list[Message] = field(default_factory=list)
    session: Session | None = None

    @property
    def token(self) -> str:
        return self.require_caller().token.token

    @property
    def server_path(self) -> str:
        """Path of the server that was called, as its clients see it; it may have a token."""
        path = self.request.path
        if self.url.transport is Transport.SSE_MESSAGE:
            path = path.removesuffix(MESSAGE_SUFFIX)
        return public_path(self.input.host, path)


class McpServer:
    """MCP server of all worlds of a registry.

    Args:
        dispatcher: calls the REST API for management tools.
        protocols: the handler of requests of each kind of server, with its tools.
    """

    def __init__(
        self,
        registry: WorldRegistry,
        dispatcher: ApiDispatcher,
        protocols: Mapping[ServerKind, ProtocolHandler],
    ) -> None:
        self.registry = registry
        self.dispatcher = dispatcher
        self.protocols = protocols
        self.sessions = SessionStore()

    def serve(
        self, request: FlaskRequest, url: ServerUrl, token: str | None, toolbox: str | None
    ) -> Response:
        """Returns the response to a request.

        Args:
            token: the token, or the key of a toolbox, in the path.
            toolbox: the UUID of a toolbox in the path.
        """
        entry = LogEntry(
            request.method,
            url.rule.replace("<token>", MASK).replace("<toolbox>", toolbox or ""),
            request.query_string.decode("latin-1"),
            endpoint=ENDPOINT,
        )
        context = McpContext(
            self.registry,
            HttpInput(request.environ, request),
            entry,
            request=request,
            server=self,
            url=url,
            path_token=token,
            toolbox=toolbox,
        )
        return PIPELINE.run(context)


def create_server(registry: WorldRegistry, dispatcher: ApiDispatcher) -> McpServer:
    """Returns the MCP server, with the tools of each kind."""
    protocols = {
        ServerKind.FIRST_GENERATION: ProtocolHandler(Toolset([ScenarioTools(), ManagementTools()])),
        ServerKind.SECOND_GENERATION: ProtocolHandler(Toolset([SecondGenerationTools()])),
        ServerKind.TOOLBOX: ProtocolHandler(Toolset([ToolboxTools()])),
    }
    return McpServer(registry, dispatcher, protocols)


# --- steps ---------------------------------------------------------------------------------------


def _identify_caller(context: McpContext) -> None:
    """Finds the caller and its world; the error waits until faults were injected."""
    try:
        header, token = context.input.authorization, context.path_token
        if context.toolbox is not None:
            context.caller = find_toolbox_caller(context.registry, header, token, context.toolbox)
        else:
            context.caller = find_caller(context.registry, header, token, context.input.host)
    except UnauthorizedError as error:
        context.authentication_error = error
        if isinstance(error, EndedAccessError):
            context.handle = error.handle
    if context.caller is not None:
        context.handle = context.caller.handle
    context.handle = context.handle or context.registry.default()
    if context.handle is None and context.authentication_error is not None:
        raise context.authentication_error


def _require_caller(context: McpContext) -> None:
    if (error := context.authentication_error) is not None:
        context.entry.decision = "refused: authentication"
        if isinstance(error, (WrongZoneError, EndedAccessError)):
            context.entry.reason = error.reason
        raise error


def _check_scope_bundle(context: McpContext) -> None:
    """Rejects every request to the second generation whose token lacks one of its scopes."""
    if context.url.kind is ServerKind.SECOND_GENERATION:
        missing = SCOPE_BUNDLE - context.require_caller().token.scopes
        if missing:
            context.entry.decision = "refused: scope"
            context.entry.missing = tuple(sorted(missing))
            raise errors.insufficient_scope(missing)


def _parse_access(context: McpContext) -> None:
    context.entry.decision = "refused: parameters"
    if context.url.transport is Transport.SSE_MESSAGE:
        # Those of the stream hold.
        return
    try:
        context.access = parse_access_parameters(context.input.query)
    except InvalidAccessParametersError as error:
        raise errors.invalid_parameters(str(error)) from None


def _dispatch(context: McpContext) -> None:
    """Passes the request to the handler of its method and transport."""
    context.entry.decision = "refused: transport"
    methods = _HANDLERS[context.url.transport]
    handler = methods.get(context.request.method)
    if handler is None:
        raise errors.method_not_allowed(*methods)
    context.response = handler(context)


# --- messages ------------------------------------------------------------------------------------


def _read_messages(context: McpContext) -> None:
    """Reads the messages of the body.

    Raises:
        TransportError: if it is too large, or they are none.
    """
    if context.request.mimetype != _JSON:
        raise errors.unsupported_media_type()
    body = context.input.read_body(BODY_LIMIT)
    context.entry.request_body = RequestLog.truncate_body(body)
    try:
        value = parse_json(body)
        if SECRET_TOOLS.intersection(_called_tools(value)):
            context.entry.request_body = RequestLog.truncate_body(orjson.dumps(_without_arguments(value)))
        if not isinstance(value, list):
            context.messages = [parse_message(value)]
            return
        if not value:
            raise errors.invalid_request("Batch must not be empty")
        if len(value) > BATCH_LIMIT:
            raise errors.invalid_request(f"Batch must not exceed {BATCH_LIMIT} messages")
        context.messages = [parse_message(each) for each in value]
    except JsonRpcError as error:
        raise errors.unreadable(error) from None


def _called_tools(value: Json) -> Iterator[str]:
    """Yields the names of tools in messages that may not be valid."""
    for message in value if isinstance(value, list) else [value]:
        name = as_mapping(as_mapping(message).get("params")).get("name")
        if isinstance(name, str):
            yield name


def _without_arguments(value: Json) -> Json:
    """Returns messages for the log: of arguments that have credentials only the names."""
    if isinstance(value, list):
        return [_without_arguments(message) for message in value]
    if not isinstance(value, Mapping) or not SECRET_TOOLS.intersection(_called_tools(value)):
        return value
    params = as_mapping(value["params"])
    arguments = dict.fromkeys(as_mapping(params.get("arguments")), MASK)
    return {**value, "params": {**params, "arguments": arguments}}


def _summarize(context: McpContext) -> None:
    """Sets the beginning of the entry's sentence: who called what."""
    entry = context.entry
    if not context.messages:
        what = {"GET": "opens the stream", "DELETE": "ends the session"}.get(entry.method, entry.method)
    elif len(context.messages) == 1:
        what = _describe(context.messages[0])
    else:
        what = f"batch of {len(context.messages)}: " + ", ".join(map(_describe, context.messages[:5]))
    where = f" in organization {entry.organization_id}" if entry.organization_id else ""
    entry.summary = f"{entry.caller}: MCP {what}{where}"


def _describe(message: Message) -> str:
    if isinstance(message, (Request, Notification)):
        if message.method == "tools/call":
            return f"tools/call {str(message.params.get('name'))[:100]}"
        return message.method[:100]
    return "response"


def _answer(context: McpContext) -> list[bytes]:
    """Handles the messages; returns the JSON of the messages to send to the client."""
    client = McpClient(
        context.registry,
        context.server.dispatcher,
        context.require_caller(),
        context.access,
        context.url.limits,
        context.entry,
        origin=context.input.origin,
    )
    context.entry.decision = "served"
    sent: list[JsonObject] = []
    for message in context.messages:
        if isinstance(message, Request):
            sent.extend(_answer_request(context, client, message))
        elif isinstance(message, Notification) and context.session is not None:
            _receive_notification(context.session, message)
    _summarize(context)
    # Serialized once, for the client and for the log: a list of tools may be long.
    encoded = [orjson.dumps(message) for message in sent]
    if encoded:
        context.logged_body = encoded[0] if len(encoded) == 1 else b"[%b]" % b",".join(encoded)
    return encoded


def _answer_request(context: McpContext, client: McpClient, message: Request) -> list[JsonObject]:
    session = context.session
    sent: list[JsonObject] = []
    if session is not None:
        session.in_progress.add(message.id)
    try:
        protocol = context.server.protocols[context.url.kind]
        response = result_message(message.id, protocol.handle(message, client, sent.append))
    except JsonRpcError as error:
        response = _rejection(context, message, error)
    except StateNotStoredError as error:
        response = _rejection(context, message, JsonRpcError(INTERNAL_ERROR, error.detail))
        context.entry.decision = world_lock.NOT_STORED
    except UnauthorizedError as error:
        # The world was reset meanwhile, and does not know the token any more.
        response = _rejection(context, message, JsonRpcError(INTERNAL_ERROR, error.detail))
    if session is not None and session.is_cancelled(message.id):
        return []
    return [*sent, response]


def _rejection(context: McpContext, message: Request, error: JsonRpcError) -> JsonObject:
    entry = context.entry
    entry.code, entry.reason = str(error.code), error.message
    if entry.decision == "served":
        entry.decision = "refused: request"
    return error_message(message.id, error)


def _receive_notification(session: Session, message: Notification) -> None:
    if message.method == "notifications/cancelled":
        id = message.params.get("requestId")
        if isinstance(id, (str, int)):
            session.cancel(id)


def _add_hint(context: McpContext) -> None:
    """Adds the reason of a rejection, or of the failure of a tool, which the response may leave out."""
    entry = context.entry
    if context.response is not None and context.registry.has_hints and entry.decision.startswith("refused"):
        hints.add_header(context.response, entry.reason, entry.redactor)


# --- streamable HTTP -----------------------------------------------------------------------------


def _post(context: McpContext) -> Response:
    accept = context.request.headers.get("Accept", "")
    if _JSON not in accept or EVENT_STREAM not in accept:
        raise errors.not_acceptable(f"both {_JSON} and {EVENT_STREAM}")
    _read_messages(context)
    _summarize(context)
    is_initialization = any(
        isinstance(message, Request) and message.method == INITIALIZE for message in context.messages
    )
    if is_initialization and len(context.messages) > 1:
        raise errors.invalid_request("Only one initialization request is allowed")
    if context.url.transport is Transport.STREAM:
        _enter_session(context, is_initialization=is_initialization)
    if not is_initialization:
        _check_protocol_version(context)
    sent = _answer(context)
    if not any(isinstance(message, Request) for message in context.messages):
        return Response(status=202)
    if is_initialization and context.entry.code is not None and context.session is not None:
        # The initialization was rejected.
        context.server.sessions.end(context.require_handle(), context.session)
        context.session = None
    response = Response(b"".join(map(encode_message, sent)), content_type=EVENT_STREAM)
    response.headers.extend(STREAM_HEADERS)
    if context.session is not None:
        response.headers[SESSION_HEADER] = context.session.id
    return response


def _enter_session(context: McpContext, *, is_initialization: bool) -> None:
    given = context.request.headers.get(SESSION_HEADER)
    if given is not None:
        context.session = _find_session(context, given)
        context.access = context.session.access
        if is_initialization:
            raise errors.invalid_request("Server already initialized")
    elif is_initialization:
        context.session = context.server.sessions.create(
            context.require_handle(),
            context.token,
            context.url.transport,
            context.server_path,
            context.access,
        )
    else:
        raise errors.bad_request("Server not initialized")


def _find_session(context: McpContext, id: str) -> Session:
    session = context.server.sessions.find(
        id, context.require_handle(), context.token, _session_transport(context), context.server_path
    )
    if session is None:
        raise errors.session_not_found()
    return session


def _session_transport(context: McpContext) -> Transport:
    return Transport.STREAM if context.url.transport is Transport.STREAM else Transport.SSE


def _require_session(context: McpContext) -> Session:
    given = context.request.headers.get(SESSION_HEADER)
    if given is None:
        raise errors.bad_request("Mcp-Session-Id header is required")
    session = _find_session(context, given)
    _check_protocol_version(context)
    return session


def _check_protocol_version(context: McpContext) -> None:
    version = context.request.headers.get(VERSION_HEADER)
    if version is not None and version not in PROTOCOL_VERSIONS:
        raise errors.bad_request(
            f"Unsupported protocol version: {version} (supported versions: {', '.join(PROTOCOL_VERSIONS)})"
        )


def _get(context: McpContext) -> Response:
    _require_event_stream(context)
    session = _require_session(context)
    if session.stream is not None:
        raise errors.stream_conflict()
    return _open_stream(context, session, KEEPALIVE)


def _delete(context: McpContext) -> Response:
    session = _require_session(context)
    _summarize(context)
    context.server.sessions.end(context.require_handle(), session)
    context.entry.decision = "served"
    return Response(status=200)


# --- HTTP+SSE of 2024-11-05 ----------------------------------------------------------------------


def _get_sse(context: McpContext) -> Response:
    """Opens a session with its stream, whose first event has the path to post messages to."""
    _require_event_stream(context)
    path = context.server_path
    session = context.server.sessions.create(
        context.require_handle(), context.token, Transport.SSE, path, context.access
    )
    address = f"{path}{MESSAGE_SUFFIX}?sessionId={session.id}"
    return _open_stream(context, session, encode_event("endpoint", address.encode()), ends_session=True)


def _post_sse(context: McpContext) -> Response:
    """Handles a message; its response goes to the stream of the session."""
    id = context.request.args.get("sessionId")
    if id is None:
        raise errors.bad_request("Missing sessionId parameter")
    context.session = session = _find_session(context, id)
    context.access = session.access
    _read_messages(context)
    _summarize(context)
    for message in _answer(context):
        if session.stream is not None:
            session.stream.send(message)
    return Response("Accepted", status=202, content_type="text/plain; charset=utf-8")


# --- streams -------------------------------------------------------------------------------------


def _require_event_stream(context: McpContext) -> None:
    if EVENT_STREAM not in context.request.headers.get("Accept", ""):
        raise errors.not_acceptable(EVENT_STREAM)


def _open_stream(
    context: McpContext, session: Session, first: bytes, *, ends_session: bool = False
) -> Response:
    stream = session.stream = EventStream()
    sessions, handle = context.server.sessions, context.require_handle()

    def on_close() -> None:
        if session.stream is stream:
            session.stream = None
        if ends_session:
            sessions.end(handle, session)

    environ = context.input.environ
    is_gone = environ.get(CLIENT_GONE_KEY) or environ.get(STREAM_CLOSED_KEY) or (lambda: False)
    _summarize(context)
    context.entry.decision = "served"
    response = Response(stream.events(first, is_gone, on_close), content_type=EVENT_STREAM)
    # A stream that never starts, because its client left, is closed as well.
    response.call_on_close(on_close)
    response.headers.extend(STREAM_HEADERS)
    if not ends_session:
        response.headers[SESSION_HEADER] = session.id
    return response


# --- pipeline ------------------------------------------------------------------------------------

_Handlers = Mapping[str, Callable[[McpContext], Response]]

_HANDLERS: Mapping[Transport, _Handlers] = {
    Transport.STATELESS: {"POST": _post},
    Transport.STREAM: {"GET": _get, "POST": _post, "DELETE": _delete},
    Transport.SSE: {"GET": _get_sse},
    Transport.SSE_MESSAGE: {"POST": _post_sse},
}


def _error_response(context: McpContext, error: Exception) -> Response:
    entry = context.entry
    _summarize(context)
    if isinstance(error, UnauthorizedError):
        entry.reason = entry.reason or error.detail
        return challenge_response(error, context.input.origin)
    transport_error = errors.to_transport_error(error, _make_error(error, entry))
    entry.code = str(transport_error.code)
    entry.reason = entry.reason or transport_error.message
    return errors.error_response(transport_error)


def _make_error(error: Exception, entry: LogEntry) -> MakeError:
    if isinstance(error, (TransportError, RequestEntityTooLarge)):
        return MakeError()
    return to_make_error(error, entry.method, entry.path)


#: The way of a request to the MCP server.
PIPELINE: Pipeline[McpContext] = Pipeline(
    request_steps=[
        _identify_caller,
        request_log.begin,
        fault_injection.inject,
        _require_caller,
        _check_scope_bundle,
        _parse_access,
        _dispatch,
    ],
    response_steps=[
        _add_hint,
        fault_injection.truncate,
        request_log.finish,
        usage_stats.count,
    ],
    error_response=_error_response,
)
