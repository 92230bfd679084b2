"""A client of the Python package mcp, of either generation, that logs in by OAuth.

It prints the URL of the consent page, reads the redirect of the browser from its standard input, and prints what it saw
as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from mcp import ClientSession

IS_FIRST = version("mcp").startswith("1.")

#: The HTTP client of the generation.
http = import_module("httpx" if IS_FIRST else "httpx2")


class Storage:
    """Storage in memory."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


async def open_browser(url: str) -> None:
    print(url, flush=True)


async def wait_for_redirect() -> Any:
    line = await asyncio.to_thread(sys.stdin.readline)
    query = parse_qs(urlsplit(line.strip()).query)
    code, state = query["code"][0], query["state"][0]
    if IS_FIRST:
        return code, state
    from mcp.client.auth import AuthorizationCodeResult

    return AuthorizationCodeResult(code=code, state=state, iss=query.get("iss", [None])[0])


async def main(url: str) -> dict[str, Any]:
    metadata = OAuthClientMetadata.model_validate(
        {
            "client_name": "Assistant",
            "redirect_uris": ["http://127.0.0.1:33418/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }
    )
    storage = Storage()
    auth = OAuthClientProvider(url, metadata, storage, open_browser, wait_for_redirect)
    async with http.AsyncClient(auth=auth, timeout=60, follow_redirects=True) as client:
        transport = streamable_http_client(url, http_client=client)
        async with transport as streams, ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            first = storage.tokens.access_token
            # As after an hour: the client refreshes its token before the next call.
            auth.context.token_expiry_time = 1
            result = await session.call_tool("s1_greeting", {"name": "Ann"})
            text = "".join(getattr(part, "text", "") for part in result.content)
            return {"tools": tools, "text": text, "is_refreshed": storage.tokens.access_token != first}


print(json.dumps(asyncio.run(main(sys.argv[1]))))
