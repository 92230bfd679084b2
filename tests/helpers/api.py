"""Client of the API without a socket, the tokens of the default world, and assertions on responses."""

from __future__ import annotations

from typing import Any

import requests
from flask import Flask
from werkzeug.test import TestResponse

import make_emulator
from make_emulator.app import API_PREFIX, DEFAULT_WORLD, create_app, registry_of
from make_emulator.registry import WorldHandle
from make_emulator.world import organizations, roles
from make_emulator.world.enums import SCOPES
from make_emulator.world.world import World

ADMIN_TOKEN = "11111111-1111-4111-8111-111111111111"
READER_TOKEN = "22222222-2222-4222-8222-222222222222"
OUTSIDER_TOKEN = "33333333-3333-4333-8333-333333333333"

#: Noon of 2 March 2026, as seeds and options write it, and as responses show it.
NOON = "2026-03-02T12:00:00Z"
NOON_ISO = "2026-03-02T12:00:00.000Z"


class ApiClient:
    """Client of the API of an application, without a socket."""

    def __init__(self, app: Flask, token: str = ADMIN_TOKEN) -> None:
        self.app = app
        self.token = token
        self._client = app.test_client()

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call a path below ``/api/v2``; ``token=None`` sends no token."""
        token = options.pop("token", self.token)
        headers = {"Authorization": f"Token {token}"} if token else {}
        headers |= options.pop("headers", {})
        return self._client.open(API_PREFIX + path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)

    def control(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call a path below ``/_emulator``; a body is JSON unless the content type says otherwise."""
        if options.get("data") is not None:
            options.setdefault("content_type", "application/json")
        return self._client.open("/_emulator" + path, method=method, **options)

    @property
    def handle(self) -> WorldHandle:
        """The handle of the default world."""
        handle = registry_of(self.app).get(DEFAULT_WORLD)
        assert handle is not None
        return handle

    @property
    def world(self) -> World:
        """The default world."""
        return self.handle.world

    def token_with(self, *scopes: str) -> str:
        """A token of the default world's user that has just these scopes."""
        response = self.control("POST", "/worlds/default/tokens", json={"scopes": list(scopes)})
        return str(json_of(response)["token"])


def token_of_role(api: ApiClient, role: str, *, team: bool = True) -> str:
    """The token, with every scope, of a new user who has a role in the default world's first team or organization."""
    world = api.world
    user = organizations.create_user(world, name=role, email=f"{role}@example.com")
    found = roles.find_role(role, "team" if team else "organization")
    assert found is not None
    organizations.add_organization_member(
        world, user, world.organizations[1], role_id=roles.ORGANIZATION_MEMBER if team else found.id
    )
    if team:
        organizations.add_team_member(world, user, world.teams[1], role_id=found.id)
    return organizations.create_token(world, user, SCOPES, label=role).token


def frozen_api() -> ApiClient:
    """Client of a fresh default world whose clock is frozen at ``NOON``."""
    api = ApiClient(create_app(now=NOON))
    api.world.clock.freeze(NOON)
    return api


def json_of(response: TestResponse) -> Any:
    """The JSON body of a response."""
    return response.json


def assert_status(response: Any, status: int = 200) -> Any:
    """Assert the status of a response; return its JSON body."""
    assert response.status_code == status, response.get_data(as_text=True)
    return response.json


def assert_ok(response: Any) -> dict[str, Any]:
    """Assert that a response is 200; return its JSON object."""
    body: dict[str, Any] = assert_status(response)
    return body


def assert_refused(response: Any, status: int = 400, **fields: Any) -> dict[str, Any]:
    """Assert that a response has an error status and these fields; return its JSON object."""
    body: dict[str, Any] = assert_status(response, status)
    assert {key: body.get(key) for key in fields} == fields
    return body


def suberror_messages(response: Any) -> list[str]:
    """Assert that a response is 400; return the messages of its suberrors, one for each parameter."""
    return [suberror["message"] for suberror in assert_status(response, 400)["suberrors"]]


def get_from(world: make_emulator.World, path: str, *, timeout: float = 60) -> requests.Response:
    """The response of a world's server to a request for a path below ``/api/v2``."""
    return requests.get(world.base_url + path, headers=world.headers, timeout=timeout)


def team_name(world: make_emulator.World) -> str:
    """The name of team 1 of a world, asked over HTTP."""
    return str(get_from(world, "/teams/1").json()["team"]["name"])
