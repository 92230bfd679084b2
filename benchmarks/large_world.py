"""The emulator with a world of a chosen size, served until killed.

It is filled through the world itself rather than over HTTP, which would take minutes.
"""

from __future__ import annotations

import argparse
import threading
from dataclasses import replace
from typing import Any

from flask import Flask

from make_emulator.app import API_PREFIX, DEFAULT_WORLD, WorldHandle, create_app, registry_of
from make_emulator.server.wsgi import Server
from make_emulator.world.world import World

ADMIN_TOKEN = "11111111-1111-4111-8111-111111111111"

#: Headers of a call by the admin.
HEADERS = {"Authorization": f"Token {ADMIN_TOKEN}"}

#: A scenario of a run with ten modules in a row, on demand.
TEN_MODULE_SCENARIO_ID = 777_777

#: A data store for records that a benchmark adds.
GROWING_STORE_ID = 777_778

STORE_ID = 1


def create_benchmark_app(scenarios: int, records: int) -> Flask:
    """The emulator with this many scenarios in team 1 and records in data store 1."""
    app = create_app(
        seed={
            "users": [{"id": 1, "name": "Ada Maker", "email": "ada@example.com"}],
            "tokens": [{"label": "admin", "user": 1, "scopes": "all", "token": ADMIN_TOKEN}],
            "organizations": [
                {
                    "id": 1,
                    "name": "Example Organization",
                    "owner": 1,
                    "teams": [{"id": 1, "name": "Example Team", **_team_seed()}],
                }
            ],
        },
        rate_limit=False,
    )
    populate(default_handle(app).world, scenarios, records)
    return app


def default_handle(app: Flask) -> WorldHandle:
    """Returns the default world of an application."""
    handle = registry_of(app).get(DEFAULT_WORLD)
    assert handle is not None
    return handle


def _team_seed() -> dict[str, object]:
    spec = [
        {"name": "sku", "type": "text", "required": True},
        {"name": "quantity", "type": "number", "required": True},
        {"name": "customer", "type": "text"},
    ]
    return {
        "dataStructures": [{"id": 1, "name": "Order", "strict": True, "spec": spec}],
        "dataStores": [
            {
                "id": STORE_ID,
                "name": "Orders",
                "maxSizeMB": 100,
                "dataStructure": 1,
                "records": [{"key": _record_key(0), "data": _record_data(0)}],
            },
            {"id": GROWING_STORE_ID, "name": "More orders", "maxSizeMB": 100, "dataStructure": 1},
        ],
        "scenarios": [
            {"id": 1, "blueprint": "greeting", "scheduling": {"type": "on-demand"}, "active": True},
            {
                "id": TEN_MODULE_SCENARIO_ID,
                "blueprint": linear_blueprint(10),
                "scheduling": {"type": "on-demand"},
                "active": True,
            },
        ],
    }


def _record_key(number: int) -> str:
    return f"order-{number:06}"


def _record_data(number: int) -> dict[str, Any]:
    return {"sku": f"A-{number % 97}", "quantity": number % 12, "customer": f"customer-{number}@example.com"}


def linear_blueprint(modules: int) -> dict[str, object]:
    """A blueprint of modules in a row: inputs, variables with formulas, outputs."""
    first = {
        "id": 1,
        "module": "scenario-service:StartSubscenario",
        "version": 2,
        "parameters": {},
        "mapper": {},
        "metadata": {"interface": [{"name": "name", "type": "text"}, {"name": "quantity", "type": "number"}]},
    }
    between = [
        {
            "id": id,
            "module": "util:SetVariables",
            "version": 1,
            "parameters": {},
            "mapper": {
                "variables": [
                    {"name": f"name{id}", "value": "{{upper(trim(1.name))}} no. " + str(id)},
                    {"name": f"total{id}", "value": "{{1.quantity * 2 + 1}}"},
                ],
                "scope": "roundtrip",
            },
            "metadata": {},
        }
        for id in range(2, modules)
    ]
    last = {
        "id": modules,
        "module": "scenario-service:ReturnData",
        "version": 2,
        "parameters": {},
        "mapper": {"greeting": "Hello, {{2.name2}}!"},
        "metadata": {"expect": [{"name": "greeting", "type": "text"}]},
    }
    inputs = [{"name": "name", "type": "text"}, {"name": "quantity", "type": "number"}]
    outputs = [{"name": "greeting", "type": "text"}]
    return {
        "name": "Ten modules in a row",
        "flow": [first, *between, last],
        "metadata": {"instant": False, "version": 1, "scenario": {"roundtrips": 1, "maxErrors": 3}},
        "io": {"input_spec": inputs, "output_spec": outputs},
    }


def populate(world: World, scenarios: int, records: int) -> None:
    """Put copies of the first scenario and of the first record, up to these numbers."""
    model = world.scenarios[1]
    version = world.blueprints[1, model.blueprint_version]
    for id in range(2, scenarios):
        world.scenarios.put(replace(model, id=id, name=f"Scenario {id * 7919 % 1_000_003:07}"))
        world.blueprints.put(replace(version, scenario_id=id))
    first = world.records[STORE_ID, _record_key(0)]
    for number in range(1, records):
        sequence = world.ids.next("record")
        world.records.put(
            replace(first, key=_record_key(number), data=_record_data(number), sequence=sequence)
        )
    store = world.data_stores[STORE_ID]
    world.data_stores.put(replace(store, records=records, size=records * first.size))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the emulator with a world of a chosen size.")
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--records", type=int, default=100)
    options = parser.parse_args()
    with Server(create_benchmark_app(options.scenarios, options.records)) as server:
        print(f"  base URL      {server.url}{API_PREFIX}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
