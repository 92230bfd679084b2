"""A client of the Python package mcp, 1.x or 2.x, that logs in with OAuth 2.0.

It prints the URL that its user is to open, reads the redirect from standard input, and prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from mcp import ClientSession

try:
    import httpx2 as httpx
    from mcp.client.auth import AuthorizationCodeResult
except ImportError:
    import httpx

    AuthorizationCodeResult = None

REDIRECT_URI = "http://localhost:3118/callback"


class Storage:
    """Tokens and registration of one run."""

    tokens: Any = None
    client_info: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client_info

    async def set_client_info(self, client_info: Any) -> None:
        self.client_info = client_info


async def open_page(url: str) -> None:
    print(url, flush=True)


async def read_redirect() -> Any:
    line = await asyncio.to_thread(sys.stdin.readline)
    query = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    if AuthorizationCodeResult is None:
        return query.get("code", ""), query.get("state")
    return AuthorizationCodeResult(code=query.get("code", ""), state=query.get("state"))


async def main(url: str) -> dict[str, Any]:
    storage = Storage()
    metadata = OAuthClientMetadata(
        client_name="Python agent",
        redirect_uris=[REDIRECT_URI],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    provider = OAuthClientProvider(url, metadata, storage, open_page, read_redirect)
    async with (
        httpx.AsyncClient(auth=provider, timeout=60, follow_redirects=True) as client,
        streamable_http_client(url, http_client=client) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        first = storage.tokens.access_token
        # As after an hour: the client refreshes its token before the next call.
        provider.context.token_expiry_time = 1
        result = await session.call_tool("s1_greeting", {"name": "Ann"})
        structured = getattr(result, "structuredContent", None) or getattr(result, "structured_content", None)
        return {
            "tools": tools,
            "structured": structured,
            "refreshed": storage.tokens.access_token != first,
            "scope": storage.tokens.scope,
            "method": storage.client_info.token_endpoint_auth_method,
        }


print(json.dumps(asyncio.run(main(sys.argv[1]))))
