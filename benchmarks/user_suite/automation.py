"""The code under test: ten calls of Make's API, as an automation makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

BASE_URL = "https://eu1.make.com/api/v2"

#: Ids of the emulator's default seed, and so of the stubs.
TEAM_ID, SCENARIO_ID, STORE_ID = 1, 1, 1

RECORD = {"sku": "A-1", "quantity": 2}

#: Method, path and body of each call.
CALLS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("GET", "/users/me", None),
    ("GET", f"/scenarios?teamId={TEAM_ID}", None),
    ("GET", f"/scenarios/{SCENARIO_ID}", None),
    ("GET", f"/scenarios/{SCENARIO_ID}/blueprint", None),
    ("PATCH", f"/scenarios/{SCENARIO_ID}", {"name": "Welcome"}),
    ("POST", f"/scenarios/{SCENARIO_ID}/run", {"data": {"name": "Zoe"}, "responsive": True}),
    ("GET", f"/scenarios/{SCENARIO_ID}/logs", None),
    ("GET", f"/data-stores?teamId={TEAM_ID}", None),
    ("POST", f"/data-stores/{STORE_ID}/data", {"data": RECORD}),
    ("GET", f"/data-stores/{STORE_ID}/data", None),
)


class Client(Protocol):
    """The part of a session of requests, or a client of httpx, that is used."""

    def request(self, method: str, url: str, *, json: Any = None, headers: Any = None) -> Any: ...


def run_automation(client: Client, base_url: str, headers: Mapping[str, str]) -> list[Any]:
    """Make the ten calls; the JSON of their responses."""
    bodies = []
    for method, path, body in CALLS:
        response = client.request(method, base_url + path, json=body, headers=headers)
        response.raise_for_status()
        bodies.append(response.json())
    return bodies


def check(bodies: list[Any]) -> None:
    """The assertions of the test."""
    user, listed, scenario, blueprint, changed, run, logs, stores, record, records = bodies
    assert user["authUser"]["id"] == 1
    assert scenario["scenario"]["id"] in [row["id"] for row in listed["scenarios"]]
    assert blueprint["response"]["blueprint"]["flow"]
    assert changed["scenario"]["name"] == "Welcome"
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
    assert logs["scenarioLogs"]
    assert STORE_ID in [row["id"] for row in stores["dataStores"]]
    assert record["data"] == RECORD
    assert record in [{"key": row["key"], "data": row["data"]} for row in records["records"]]
