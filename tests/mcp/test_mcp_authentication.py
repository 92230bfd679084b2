"""Authentication of MCP clients."""

from __future__ import annotations

import pytest

from helpers.api import ADMIN_TOKEN, ApiClient
from helpers.mcp import McpHarness, frame

UNKNOWN = "99999999-9999-4999-8999-999999999999"


@pytest.mark.parametrize("prefix", ["/mcp/u/{}", "/mcp/api/v1/u/{}"])
@pytest.mark.parametrize("suffix", ["", "/stateless"])
def test_a_token_in_the_path_identifies_the_caller(api: ApiClient, prefix: str, suffix: str) -> None:
    mcp = McpHarness(api, prefix.format(ADMIN_TOKEN) + suffix, token=None)
    assert "s1_greeting" in mcp.tools()


@pytest.mark.parametrize(
    "path", ["/mcp", "/mcp/stateless", "/mcp/api/v1/stateless", "/mcp.make.com", "/mcp.make.com/"]
)
def test_a_bearer_token_identifies_the_caller(api: ApiClient, path: str) -> None:
    assert "s1_greeting" in McpHarness(api, path).tools()


def test_a_call_without_a_token_starts_the_oauth_login(api: ApiClient) -> None:
    response = McpHarness(api, token=None).post(frame("ping"))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="OAuth", resource_metadata="http://localhost/.well-known/oauth-protected-resource"'
    )
    assert response.json == {"error": "invalid_token", "error_description": "Missing Authorization header"}


@pytest.mark.parametrize(
    ("path", "header", "description"),
    [
        ("/mcp/stateless", f"Bearer {UNKNOWN}", "Invalid token"),
        (f"/mcp/u/{UNKNOWN}/stateless", None, "Invalid token"),
        # The path decides, whatever the header.
        (f"/mcp/u/{UNKNOWN}/stateless", f"Bearer {ADMIN_TOKEN}", "Invalid token"),
        ("/mcp", f"Token {ADMIN_TOKEN}", "Invalid Authorization header format, expected 'Bearer TOKEN'"),
        ("/mcp", "Bearer", "Invalid Authorization header format, expected 'Bearer TOKEN'"),
    ],
)
def test_an_unknown_token_is_challenged_as_invalid(
    api: ApiClient, path: str, header: str | None, description: str
) -> None:
    response = McpHarness(api, path).post(frame("ping"), headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json == {"error": "invalid_token", "error_description": description}
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="OAuth", resource_metadata="http://localhost/.well-known/oauth-protected-resource", '
        f'error="invalid_token", error_description="{description}"'
    )


def test_a_token_is_unknown_at_another_zone(api: ApiClient) -> None:
    assert McpHarness(api).post(frame("ping"), headers={"Host": "eu1.make.com"}).status_code == 200
    response = McpHarness(api).post(frame("ping"), headers={"Host": "us1.make.com"})
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert "The token belongs to eu1.make.com" in McpHarness(api).sentences()[-1]


def test_the_host_of_the_server_serves_every_zone(api: ApiClient) -> None:
    mcp = McpHarness(api, "/")
    for path in ("/", "/stateless"):
        assert "s1_greeting" in mcp.tools(path=path, headers={"Host": "mcp.make.com"})
    missing = McpHarness(api, "/", token=None).post(frame("ping"), headers={"Host": "mcp.make.com"})
    assert missing.status_code == 401
    assert "http://mcp.make.com/.well-known/oauth-protected-resource" in missing.headers["WWW-Authenticate"]


def test_a_token_without_any_scope_connects_and_finds_the_open_tools_only(api: ApiClient) -> None:
    mcp = McpHarness(api, token=api.token_with())
    assert mcp.request("ping")["result"] == {}
    assert not [name for name, tool in mcp.tools().items() if name.startswith(("s1", "teams", "scenarios"))]
    missing = mcp.request("tools/call", {"name": "teams_list", "arguments": {"organizationId": 1}})
    assert missing["error"] == {"code": -32602, "message": "Tool teams_list not found"}


def test_each_scope_shows_its_tools(api: ApiClient) -> None:
    assert "s1_greeting" in McpHarness(api, token=api.token_with("mcp:use")).tools()
    names = set(McpHarness(api, token=api.token_with("teams:read")).tools())
    assert {"teams_list", "teams_get"} <= names
    assert not names & {"s1_greeting", "scenarios_list"}


@pytest.mark.parametrize("path", ["/mcp/u/{}/other", "/mcp/server/1/t/{}/other", "/mcp/api/v1/u/{}/"])
def test_a_url_that_is_none_of_a_server_is_reported_without_its_token(api: ApiClient, path: str) -> None:
    response = McpHarness(api, path.format(ADMIN_TOKEN), token=None).post(frame("ping"))
    assert response.status_code == 404
    assert response.json is not None
    assert response.json["detail"] == f"No route POST {path.format('********')}."


def test_neither_the_request_log_nor_its_sentences_show_a_token(api: ApiClient) -> None:
    for path in (f"/mcp/u/{ADMIN_TOKEN}", f"/mcp/u/{UNKNOWN}/stream"):
        McpHarness(api, path, token=None).post(frame("ping"))
    assert len(api.handle.request_log) == 2
    for entry in api.handle.request_log:
        shown = str(entry.to_json())
        assert ADMIN_TOKEN not in shown
        assert UNKNOWN not in shown
        assert entry.path.startswith("/mcp/u/*")


def test_a_rejected_call_is_in_the_log_and_the_archive_of_the_default_world(api: ApiClient) -> None:
    McpHarness(api, token=None).post(frame("ping"))
    assert McpHarness(api).sentences() == [
        "Unauthenticated caller: MCP POST -> 401: Missing Authorization header"
    ]
    archive = api.control("GET", "/worlds/default/requests?format=har").json
    assert archive is not None
    [entry] = archive["log"]["entries"]
    assert entry["request"]["url"] == "http://localhost/mcp/stateless"
