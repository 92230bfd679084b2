"""Session of calls that shows every behaviour that a mutant of the contract suite changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from make_emulator import MakeEmulator

from .recording import Recorder

#: Organization and team with ids of their own, as those of an account at a zone.
ZONE_SEED = {
    "users": [{"id": 333, "name": "Grace Hopper", "email": "grace@example.com"}],
    "organizations": [
        {
            "id": 4711,
            "plan": "pro",
            "name": "Acme",
            "teams": [
                {
                    "id": 815,
                    "name": "Ops",
                    "dataStores": [{"id": 900, "name": "Before the recording", "maxSizeMB": 1}],
                }
            ],
        }
    ],
}

BLUEPRINT = {
    "name": "Greeting",
    "flow": [
        {
            "id": 1,
            "module": "scenario-service:ReturnData",
            "version": 1,
            "parameters": {},
            "mapper": {"greeting": "Hello, {{var.input.name}}!"},
            "metadata": {},
        }
    ],
    "metadata": {"version": 1},
}


def call_everything(client: Recorder, weak_token: str) -> None:
    """Makes the calls.

    Args:
        weak_token: a token without the scope of users.
    """
    read_lists(client)
    provoke_errors(client, weak_token)
    change_records(client)
    use_hooks(client)
    run_scenario(client)
    credentials = {"url": "https://eu1.make.com", "apiKey": "key-of-the-shop-12345"}
    client.post("/connections?teamId=1", {"accountName": "Shop", "accountType": "make", **credentials})


def read_lists(client: Recorder) -> None:
    """Reads lists with pages, an order, columns and a filter."""
    client.get("/users/me")
    client.get("/scenarios/1")
    for path in ("/hooks?teamId=1", "/data-stores?teamId=1", "/teams?organizationId=1"):
        client.get(path)
    for query in ("pg[offset]=1", "pg[limit]=1", "pg[sortBy]=name&pg[sortDir]=desc"):
        client.get(f"/hooks?teamId=1&{query}")
    client.get("/scenarios?teamId=1&cols[]=id&cols[]=name")
    client.get("/scenarios?teamId=1&isActive=false")


def provoke_errors(client: Recorder, weak_token: str) -> None:
    """Makes calls that are refused."""
    client.get("/teams/99")
    client.get("/hooks")
    client.get("/users/ME")
    client.get("/users/me", token="")
    client.get("/users/me/current-authorization", token=weak_token)
    client.get("/users?teamId=1", token=weak_token)


def change_records(client: Recorder) -> None:
    """Creates a data store; patches and replaces a record of another one."""
    client.post("/data-stores", {"name": "Orders of May", "teamId": 1, "maxSizeMB": 1})
    record = "/data-stores/1/data/order-1001"
    client.call("PATCH", record, {"quantity": 5})
    client.call("PUT", record, {"sku": "A-2", "quantity": 1})
    client.get("/data-stores/1/data")


def use_hooks(client: Recorder) -> None:
    """Creates a hook, delivers to it and deletes it; tries to delete one that a scenario uses."""
    settings = {"method": False, "headers": False, "stringify": False}
    hook = client.post(
        "/hooks", {"name": "Orders", "teamId": 1, "typeName": "gateway-webhook", **settings}
    ).get("hook")
    client.post(hook["url"], {"order": 1}, token="")
    client.call("DELETE", "/hooks/1")
    client.call("DELETE", f"/hooks/{hook['id']}?confirmed=true")


def run_scenario(client: Recorder) -> None:
    """Creates a scenario, runs it twice, reads its logs and deletes it."""
    body = {
        "teamId": 1,
        "blueprint": json.dumps(BLUEPRINT),
        "scheduling": json.dumps({"type": "on-demand"}),
    }
    scenario = client.post("/scenarios?confirmed=true", body)["scenario"]["id"]
    client.post(f"/scenarios/{scenario}/start")
    for _ in range(2):
        client.post(f"/scenarios/{scenario}/run", {"responsive": True})
    client.get(f"/scenarios/{scenario}/logs")
    client.call("DELETE", f"/scenarios/{scenario}")
    client.get(f"/scenarios/{scenario}")


def write_documented_session(folder: Path) -> None:
    """Writes the session of docs/how-to/replay.md, in which the zone returns a number as text, and the seed of its team."""
    (folder / "team.yaml").write_text(yaml.safe_dump(ZONE_SEED), "utf-8")
    with MakeEmulator(seed=ZONE_SEED) as zone:
        client = Recorder(zone.base_url, zone.token, rename=True)
        client.get("/users/me")
        client.get("/data-stores/900")
        client.get("/hooks?teamId=815")
        settings = {"typeName": "gateway-webhook", "method": False, "headers": False, "stringify": False}
        hook = client.post("/hooks", {"name": "Orders", "teamId": 815, **settings})["hook"]
        client.post(hook["url"], {"order": 1}, token="")
        client.get(f"/hooks/{hook['id']}/incomings")
        client.get("/teams/815")
        answer = client.entries[3]["response"]["content"]
        answer["text"] = re.sub(r'"queueLimit":(\d+)', r'"queueLimit":"\1"', answer["text"])
        client.write(folder / "session.har")
