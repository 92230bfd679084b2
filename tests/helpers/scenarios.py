"""Scenarios that tests make over the API."""

from __future__ import annotations

from typing import Any

import orjson
import requests

from make_emulator import World

SMTP = {
    "accountName": "Mail",
    "accountType": "smtp",
    "host": "smtp.example.com",
    "port": 587,
    "userName": "shop@example.com",
    "password": "hush-4711",
}
"""Body that creates a connection of the app Email."""


def create_smtp_connection(world: World) -> int:
    """The id of a connection with which modules send mails, made."""
    response = requests.post(
        f"{world.base_url}/connections?teamId={world.team_id}", json=SMTP, headers=world.headers, timeout=10
    )
    assert response.status_code == 200, response.text
    return int(response.json()["connection"]["id"])


def create_live_scenario(world: World, *flow: Any) -> int:
    """The id of a scenario of these modules, made and started."""

    def post(path: str, **body: Any) -> Any:
        response = requests.post(f"{world.base_url}{path}", json=body, headers=world.headers, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    made = post(
        "/scenarios?confirmed=true",
        blueprint=orjson.dumps({"name": "Made", "flow": flow, "metadata": {}}).decode(),
        teamId=world.team_id,
        scheduling='{"type": "on-demand"}',
    )
    id = int(made["scenario"]["id"])
    post(f"/scenarios/{id}/start")
    return id


def http_request_module(url: str, **mapper: Any) -> dict[str, Any]:
    """A module that posts to an address, with all that Make requires of it."""
    return {
        "id": 1,
        "module": "http:MakeRequest",
        "version": 4,
        "parameters": {"authenticationType": "noAuth"},
        "mapper": {
            "url": url, "method": "post", "parseResponse": True, "stopOnHttpError": True, "allowRedirects": True,
            "shareCookies": False, "requestCompressedContent": True, **mapper,
        },
    }  # fmt: skip
