"""A client of the Python package mcp 1.x: connects, lists, calls, and prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from mcp import ClientSession, McpError


async def use(given: dict[str, Any], read: Any, write: Any) -> dict[str, Any]:
    async with ClientSession(read, write) as session:
        initialized = await session.initialize()
        seen: dict[str, Any] = {
            "server": initialized.serverInfo.name,
            "protocol": initialized.protocolVersion,
            "tools": [tool.name for tool in (await session.list_tools()).tools],
        }
        await session.send_ping()
        for name, (tool, arguments) in given["calls"].items():
            try:
                result = await session.call_tool(tool, arguments)
            except McpError as error:
                seen[name] = {"code": error.error.code, "message": error.error.message}
            else:
                text = "".join(getattr(part, "text", "") for part in result.content)
                seen[name] = {"isError": result.isError, "text": text, "structured": result.structuredContent}
        return seen


async def main(given: dict[str, Any]) -> dict[str, Any]:
    headers = given["headers"]
    if given["transport"] == "sse":
        async with sse_client(given["url"], headers=headers) as (read, write):
            return await use(given, read, write)
    async with (
        httpx.AsyncClient(headers=headers, timeout=60, follow_redirects=True) as client,
        streamable_http_client(given["url"], http_client=client) as (read, write, _session_id),
    ):
        return await use(given, read, write)


print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
