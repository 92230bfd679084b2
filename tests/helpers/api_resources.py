"""Connections and hooks that tests create over the API, in team 1 of the default world."""

from __future__ import annotations

from typing import Any

from .api import ADMIN_TOKEN, ApiClient, assert_ok

#: The fields of a hook of type ``gateway-webhook``.
WEBHOOK_FIELDS = {"method": False, "headers": False, "stringify": False}


def create_connection(
    api: ApiClient, type: str = "make", *, name: str = "Mine", scopes: Any = None, **fields: Any
) -> dict[str, Any]:
    """A connection of a type, created with these fields."""
    body = {"accountName": name, "accountType": type, **fields}
    if scopes is not None:
        body["scopes"] = scopes
    connection: dict[str, Any] = assert_ok(api.post("/connections?teamId=1", json=body))["connection"]
    return connection


def create_make_connection(api: ApiClient, key: str = ADMIN_TOKEN) -> int:
    """The id of a connection to Make with this API key."""
    id: int = create_connection(api, url="https://eu1.make.com", apiKey=key)["id"]
    return id


def create_hook(api: ApiClient, **changes: Any) -> dict[str, Any]:
    """A hook, ``gateway-webhook`` unless changed."""
    body = {"name": "Intake", "teamId": 1, "typeName": "gateway-webhook", **WEBHOOK_FIELDS, **changes}
    hook: dict[str, Any] = assert_ok(api.post("/hooks", json=body))["hook"]
    return hook
