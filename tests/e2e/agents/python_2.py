"""A client of the Python package mcp 2.x: connects, lists, calls, and prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


async def use(given: dict[str, Any], transport: Any) -> dict[str, Any]:
    async with Client(transport) as client:
        seen: dict[str, Any] = {
            "server": client.server_info.name,
            "protocol": client.protocol_version,
            "tools": [tool.name for tool in (await client.list_tools()).tools],
        }
        for name, (tool, arguments) in given["calls"].items():
            try:
                result = await client.call_tool(tool, arguments)
            except MCPError as error:
                seen[name] = {"code": error.error.code, "message": error.error.message}
            else:
                text = "".join(getattr(part, "text", "") for part in result.content)
                seen[name] = {
                    "isError": result.is_error,
                    "text": text,
                    "structured": result.structured_content,
                }
        return seen


async def main(given: dict[str, Any]) -> dict[str, Any]:
    if given["transport"] == "sse":
        return await use(given, sse_client(given["url"], headers=given["headers"]))
    async with httpx2.AsyncClient(headers=given["headers"], timeout=60, follow_redirects=True) as client:
        return await use(given, streamable_http_client(given["url"], http_client=client))


print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
