"""A client of the Python package mcp 1.x in the process of `mock_make`, without a socket: prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from make_emulator import World, mock_make
from mcp import ClientSession


async def call(read: Any, write: Any) -> Any:
    async with ClientSession(read, write) as session:
        await session.initialize()
        return (await session.call_tool("s1_greeting", {"name": "Ann"})).structuredContent


async def main(world: World) -> dict[str, Any]:
    headers = world.mcp.headers
    seen = {}
    for url in ("https://mcp.make.com", world.mcp.url, world.mcp.stream_url):
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as client,
            streamable_http_client(url, http_client=client) as (read, write, _session_id),
        ):
            seen[url] = await call(read, write)
    async with sse_client(world.mcp.sse_url, headers=headers) as (read, write):
        seen[world.mcp.sse_url] = await call(read, write)
    return seen


with mock_make() as mocked:
    print(json.dumps(asyncio.run(main(mocked))))
