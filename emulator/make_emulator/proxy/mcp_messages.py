"""Messages of the Model Context Protocol that pass the proxy: what they call, and lists of tools with only some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import orjson

from .. import api
from ..http.endpoint import Endpoint
from ..json_types import Json, as_mapping, is_integer
from ..lazy_dataclasses import dataclass
from ..mcp.tools.definition import ToolDefinition
from ..mcp.tools.management import GROUPS
from ..mcp.tools.management.group import RestCall
from ..mcp.tools.second_generation import second_generation_tools
from ..mcp.tools.tool_names import id_in_name
from .accesses import NamedResources

#: Methods that only read; answers of a client, and notifications, have no effect on resources.
_SAFE_METHODS = frozenset(
    {
        "",
        "initialize",
        "ping",
        "tools/list",
        "logging/setLevel",
        "resources/list",
        "resources/templates/list",
        "prompts/list",
    }
)

#: JSON-RPC: the code of an error of the parameters.
INVALID_PARAMS = -32602


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a client; ``method`` is empty for an answer."""

    id: Json
    method: str
    tool: str = ""
    arguments: Mapping[str, Json] | None = None

    @property
    def is_safe(self) -> bool:
        return self.method in _SAFE_METHODS or self.method.startswith("notifications/")


@dataclass(frozen=True, slots=True)
class KnownTool:
    """A tool that the emulator has, or that is the run of a scenario."""

    is_read_only: bool
    scopes: tuple[str, ...] = ()
    scenario_id: int | None = None
    #: The route of a list of resources that can be granted one by one.
    listing: Endpoint | None = None


def read_messages(body: Json) -> Iterator[Message]:
    """Yields the messages of a body, which may be a batch; anything else is a message without a known method."""
    for each in body if isinstance(body, list) else [body]:
        message = as_mapping(each)
        params = as_mapping(message.get("params"))
        method = message.get("method", "" if "id" in message else "?")
        name = params.get("name")
        yield Message(
            message.get("id"),
            method if isinstance(method, str) else "?",
            name if isinstance(name, str) else "",
            as_mapping(params.get("arguments")),
        )


def find_tool(name: str) -> KnownTool | None:
    """Returns the tool of a name; ``None`` if it is not known."""
    if (known := _management_tools().get(name)) is not None:
        return known[0]
    id = id_in_name("s", name)
    return KnownTool(is_read_only=False, scenario_id=id) if id is not None else None


def rest_request(message: Message) -> tuple[Endpoint, NamedResources] | None:
    """Returns the call of the REST API that the call of a tool is; ``None`` if it is another, or several."""
    _, call = _management_tools().get(message.tool, (None, None))
    if call is None:
        return None
    endpoint = api.ENDPOINTS[call.route]
    arguments = {call.rename.get(name, name): value for name, value in (message.arguments or {}).items()}
    names = [name for name, _ in endpoint.path_types]
    if any(name not in arguments for name in names):
        return None
    path = {name: _text(arguments.pop(name)) for name in names}
    # Wherever the tool puts an argument, it names the same resource.
    query = [(name, _text(each)) for name, value in arguments.items() for each in _items(value)]
    return endpoint, NamedResources(endpoint, path, query, arguments)


@lru_cache(maxsize=1)
def _management_tools() -> Mapping[str, tuple[KnownTool, RestCall | None]]:
    tools: dict[str, tuple[KnownTool, RestCall | None]] = {
        tool.name: (KnownTool(_is_read_only(tool), tool.scopes), None) for tool in second_generation_tools()
    }
    for group in GROUPS:
        for tool in group.tools:
            call = group.rest_calls.get(tool.name)
            endpoint = api.ENDPOINTS[call.route] if call is not None else None
            listing = endpoint if endpoint is not None and endpoint.lists is not None else None
            tools[tool.name] = KnownTool(_is_read_only(tool), tool.scopes, listing=listing), call
    return tools


def _is_read_only(tool: ToolDefinition) -> bool:
    return tool.annotations is not None and tool.annotations.read_only


def _items(value: Json) -> list[Json]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: Json) -> str:
    """Returns a text or a number as a request has it; an empty text for anything else, which is no id."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else str(value) if is_integer(value) else ""


# --- lists of tools ------------------------------------------------------------------------------


def hide_tools(body: bytes, media_type: str, is_visible: Callable[[str], bool]) -> bytes | None:
    """Returns a response to ``tools/list`` with the visible tools, as JSON or as events; ``None`` if it is none."""
    if media_type == "text/event-stream":
        return _hide_in_events(body, is_visible)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return orjson.dumps(_hide(document, is_visible))


def _hide_in_events(body: bytes, is_visible: Callable[[str], bool]) -> bytes | None:
    lines = []
    for line in body.split(b"\n"):
        if not line.startswith(b"data:"):
            lines.append(line)
            continue
        try:
            document = orjson.loads(line.removeprefix(b"data:"))
        except orjson.JSONDecodeError:
            return None
        lines.append(b"data: " + orjson.dumps(_hide(document, is_visible)))
    return b"\n".join(lines)


def _hide(document: Json, is_visible: Callable[[str], bool]) -> Json:
    if isinstance(document, list):
        return [_hide(each, is_visible) for each in document]
    result = as_mapping(as_mapping(document).get("result"))
    tools = result.get("tools")
    if not isinstance(tools, list):
        return document
    shown = [tool for tool in tools if is_visible(str(as_mapping(tool).get("name")))]
    return {**as_mapping(document), "result": {**result, "tools": shown}}


def error_response(body: Json, reason: str) -> bytes | None:
    """Returns the response to messages that do not pass: a result with an error for calls of tools; ``None`` if none expects one."""
    answers: list[Json] = []
    for message in read_messages(body):
        if message.id is None:
            continue
        if message.method == "tools/call":
            text = f"Refused by the proxy: {reason}."
            result: dict[str, Json] = {"content": [{"type": "text", "text": text}], "isError": True}
            answers.append({"jsonrpc": "2.0", "id": message.id, "result": result})
        else:
            error: dict[str, Json] = {"code": INVALID_PARAMS, "message": f"Refused by the proxy: {reason}"}
            answers.append({"jsonrpc": "2.0", "id": message.id, "error": error})
    if not answers:
        return None
    return orjson.dumps(answers if isinstance(body, list) else answers[0])
