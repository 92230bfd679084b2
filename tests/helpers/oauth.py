"""Client of the authorization server without a socket, and what every flow needs."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import TestResponse

from helpers.api import ApiClient, assert_status

#: The well-known client of the default world.
CLIENT_ID = "44444444-4444-4444-8444-444444444444"
CLIENT_SECRET = "emulator-secret"
CALLBACK = "http://127.0.0.1:8765/callback"

VERIFIER = "a-code-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE: dict[str, Any] = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def query_of(location: str) -> dict[str, str]:
    """The parameters of a redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, whatever its signature."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


class OAuthHarness:
    """Client of the authorization server of an application."""

    def __init__(self, api: ApiClient, *, base_url: str = "http://localhost") -> None:
        self.api = api
        self.base_url = base_url
        self.browser = api.app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.browser.get(path, base_url=self.base_url, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.browser.post(path, base_url=self.base_url, **options)

    # --- clients -----------------------------------------------------------------------------------------

    def create_client(self, world: str = "default", **fields: Any) -> dict[str, Any]:
        """A client of a world, as the control API describes it."""
        body = {"name": "App", "allowLoopback": True, **fields}
        response = self.api.control("POST", f"/worlds/{world}/oauth/clients", json=body)
        client: dict[str, Any] = assert_status(response, 201)["client"]
        return client

    def register(self, **metadata: Any) -> dict[str, Any]:
        """A client that registered itself."""
        body = {
            "client_name": "Agent",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            **metadata,
        }
        client: dict[str, Any] = assert_status(self.post("/oauth/v2/register/mcp", json=body), 201)
        return client

    # --- the flow ----------------------------------------------------------------------------------------

    def authorize(self, **parameters: str | None) -> TestResponse:
        """The response to an authorization request; a parameter that is ``None`` is left out."""
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "s-1",
            **parameters,
        }
        sent = {name: value for name, value in query.items() if value is not None}
        return self.get("/oauth/v2/authorize", query_string=sent)

    def waiting(self, world: str = "default") -> list[dict[str, Any]]:
        """The authorization requests that wait for consent."""
        rows: list[dict[str, Any]] = assert_status(
            self.api.control("GET", f"/worlds/{world}/oauth/requests")
        )["requests"]
        return rows

    def approve(self, id: int, world: str = "default", **body: Any) -> dict[str, str]:
        """The parameters of the redirect that an approval leads to."""
        response = self.api.control("POST", f"/worlds/{world}/oauth/requests/{id}/approve", json=body)
        return query_of(assert_status(response)["redirectTo"])

    def code(self, world: str = "default", *, user_id: int = 1, **parameters: Any) -> str:
        """The code of an authorization request that a user approves."""
        assert_status(self.authorize(**parameters))
        return self.approve(self.waiting(world)[-1]["id"], world, userId=user_id)["code"]

    def token(self, **fields: str | None) -> TestResponse:
        """The response to a token request of the well-known client; a field that is ``None`` is left out."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **fields,
        }
        data = {name: value for name, value in form.items() if value is not None}
        return self.post("/oauth/v2/token", data=data)

    def tokens(self, *, user_id: int = 1, **parameters: Any) -> dict[str, Any]:
        """The tokens that a user grants the well-known client."""
        code = self.code(user_id=user_id, **parameters)
        tokens: dict[str, Any] = assert_status(self.token(code=code))
        return tokens

    def refresh(self, refresh_token: str, **fields: str | None) -> TestResponse:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **fields)

    def call(self, path: str, access_token: str) -> TestResponse:
        """The response of the API to a call with an access token."""
        return self.api.get(path, token=None, headers={"Authorization": f"Bearer {access_token}"})


def assert_oauth_error(response: TestResponse, code: str, status: int = 400) -> str:
    """Assert that a response is an error of the protocol; return its description."""
    body = assert_status(response, status)
    assert set(body) == {"error", "error_description"}
    assert body["error"] == code, body
    assert response.headers["Cache-Control"] == "no-store"
    return str(body["error_description"])
