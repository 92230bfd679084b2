"""Bridge between a client on standard input and output and the stateless transport of an MCP server.

Source: MCP specification, "Transports > stdio": one message a line, and nothing else on the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import orjson

from ..client.control import ControlError, Transport
from ..json_types import Json, JsonObject, as_array, as_mapping
from ..mcp.json_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    JsonRpcError,
    Request,
    error_message,
    parse_json,
    parse_message,
    result_message,
)
from .emulator_tools import EmulatorTools

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

_DATA = b"data: "


class StdioBridge:
    """Bridge of one client.

    Args:
        transport: carries requests to the emulator.
        path: path of the stateless transport, with the access control parameters.
        token: the token of the client.
        emulator_tools: tools beside those of the server; ``None`` for none.
    """

    def __init__(
        self, transport: Transport, path: str, token: str, emulator_tools: EmulatorTools | None = None
    ) -> None:
        self._transport = transport
        self._path = path
        self._headers = {**_HEADERS, "Authorization": f"Bearer {token}"}
        self._emulator_tools = emulator_tools

    def serve(self, lines: Iterable[bytes], output: BinaryIO) -> None:
        """Answers messages, one a line, until the input ends."""
        for line in lines:
            if line.strip():
                for message in self.answer(line):
                    output.write(orjson.dumps(message) + b"\n")
                output.flush()

    def answer(self, line: bytes) -> list[Json]:
        """Returns the messages that answer a line."""
        try:
            value = parse_json(line)
            messages = [parse_message(each) for each in (value if isinstance(value, list) else [value])]
        except JsonRpcError as error:
            return [error_message(None, error)]
        tools = self._emulator_tools
        if tools is None or isinstance(value, list):
            return self._forward(line, [each.id for each in messages if isinstance(each, Request)])
        message = messages[0]
        if not isinstance(message, Request):
            return self._forward(line, [])
        if message.method == "tools/call" and tools.has(message.params.get("name")):
            return [_call_emulator_tool(tools, message)]
        answers = self._forward(line, [message.id])
        if message.method == "tools/list":
            return [_add_tools(answer, tools.list_tools()) for answer in answers]
        return answers

    def _forward(self, line: bytes, ids: list[str | int]) -> list[Json]:
        """Sends a message, or several, to the server; returns its answers, or an error for each request."""
        try:
            status, body = self._transport.send("POST", self._path, line, self._headers)
        except ControlError as error:
            return [error_message(id, JsonRpcError(INTERNAL_ERROR, str(error))) for id in ids]
        if status < 400:
            answers = list(_read_events(body))
            answered = {as_mapping(answer).get("id") for answer in answers}
            # A fault may cut the response.
            lost = JsonRpcError(INTERNAL_ERROR, "The connection to the emulator was lost.")
            return [*answers, *(error_message(id, lost) for id in ids if id not in answered)]
        return [error_message(id, _transport_error(status, body)) for id in ids]


def _read_events(body: bytes) -> Iterator[Json]:
    """Yields the messages of an event stream, as far as it is whole."""
    for line in body.splitlines():
        if line.startswith(_DATA):
            try:
                yield orjson.loads(line.removeprefix(_DATA))
            except orjson.JSONDecodeError:
                return


def _transport_error(status: int, body: bytes) -> JsonRpcError:
    """Returns the error for a response of the transport."""
    try:
        answer = as_mapping(orjson.loads(body))
    except orjson.JSONDecodeError:
        answer = {}
    error = as_mapping(answer.get("error"))
    text = error.get("message") or answer.get("error_description") or answer.get("detail") or "no MCP server"
    code = error.get("code")
    return JsonRpcError(code if isinstance(code, int) else INVALID_REQUEST, f"{status}: {text}")


def _call_emulator_tool(tools: EmulatorTools, message: Request) -> JsonObject:
    arguments = message.params.get("arguments", {})
    if not isinstance(arguments, Mapping):
        return error_message(
            message.id, JsonRpcError(INVALID_PARAMS, "Invalid params: arguments must be an object")
        )
    return result_message(message.id, tools.call(str(message.params["name"]), arguments))


def _add_tools(answer: Json, tools: list[JsonObject]) -> Json:
    result = as_mapping(as_mapping(answer).get("result"))
    if "tools" not in result:
        return answer
    return {**as_mapping(answer), "result": {**result, "tools": [*as_array(result["tools"]), *tools]}}
