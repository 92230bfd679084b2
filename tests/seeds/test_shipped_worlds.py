"""The seeds that are shipped: each makes a world, and every list of it answers something."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, NOON, ApiClient
from make_emulator import seeds
from make_emulator.app import create_app
from make_emulator.registry import WorldSpec
from make_emulator.world import data_stores
from make_emulator.world.models import Execution
from make_emulator.world.world import World

FILLED = ("default", "agency", "free", "large")


def world_of(seed: str, world_seed: int = 0) -> World:
    world = World("default", seed=world_seed, now=NOON)
    world.clock.freeze(NOON)
    seeds.build(world, WorldSpec(name="default", seed=seed, world_seed=world_seed))
    return world


def api_of(seed: str) -> ApiClient:
    return ApiClient(create_app(seed=seed, now=NOON))


def rows(api: ApiClient, path: str, **options: Any) -> list[Any]:
    response = api.get(path, **options)
    assert response.status_code == 200, response.json
    body = dict(response.json or {})
    body.pop("pg", None)
    return list(next(iter(body.values())))


@pytest.mark.parametrize("seed", FILLED)
def test_every_list_answers_something(seed: str) -> None:
    api = api_of(seed)
    for path in (
        "/organizations",
        "/teams?organizationId=1",
        "/users?teamId=1",
        "/users?organizationId=1",
        "/scenarios?teamId=1",
        "/scenarios?organizationId=1",
        "/data-stores?teamId=1",
        "/data-stores/1/data",
        "/data-structures?teamId=1",
    ):
        assert rows(api, path), path
    team = next(iter(api.world.teams))
    for table in (api.world.connections, api.world.hooks, api.world.templates):
        assert len(table.where(team=team.id)), table.name
    assert any(isinstance(entry, Execution) for entry in api.world.logs)


def test_the_empty_world_has_a_team_with_nothing_in_it() -> None:
    api = api_of("empty")
    assert [team["name"] for team in rows(api, "/teams?organizationId=1")] == ["Empty Team"]
    for path in ("/scenarios?teamId=1", "/data-stores?teamId=1", "/data-structures?teamId=1"):
        assert rows(api, path) == []


def test_the_free_world_is_at_its_limits() -> None:
    api = api_of("free")
    assert sum(scenario.is_active for scenario in api.world.scenarios) == 2
    assert (api.post("/scenarios/3/start").json or {})["code"] == "IM011"
    assert (api.post("/teams", json={"name": "Second", "organizationId": 1}).json or {})["code"] == "IM011"


@pytest.mark.parametrize(
    ("label", "statuses"),
    {
        "owner": [200, 200, 200, 200],
        "owner read-only": [200, 200, 403, 403],
        "admin": [200, 200, 200, 200],
        "member": [200, 200, 200, 200],
        "monitoring": [200, 403, 403, 403],
        "operator": [200, 200, 403, 403],
        "restricted": [200, 200, 200, 403],
        "accountant": [404, 403, 404, 404],
        "developer": [404, 403, 404, 404],
    }.items(),
)
def test_the_users_of_the_agency_may_do_different_things(label: str, statuses: list[int]) -> None:
    api = api_of("agency")
    [api.token] = [token.token for token in api.world.tokens if token.label == label]
    responses = (
        api.get("/scenarios/1"),
        api.get("/data-stores?teamId=1"),
        api.patch("/scenarios/1", json={"name": "Greet"}),
        api.delete("/scenarios/8"),
    )
    assert [response.status_code for response in responses] == statuses


def test_scenarios_of_the_agency_are_live_at_rest_and_with_errors() -> None:
    api = api_of("agency")
    assert {scenario.is_active for scenario in api.world.scenarios} == {True, False}
    assert any(scenario.is_invalid for scenario in api.world.scenarios)


def test_the_default_world_keeps_its_ids_names_and_tokens() -> None:
    world = world_of("default")
    assert next(iter(world.tokens)).token == ADMIN_TOKEN
    assert [(row.id, row.name, row.plan) for row in world.organizations] == [
        (1, "Example Organization", "enterprise"),
        (2, "Another Organization", "core"),
    ]
    assert [(row.id, row.name) for row in world.scenarios] == [
        (1, "Greeting"),
        (2, "Webhook to data store"),
        (3, "Weekly report"),
        (4, "Order intake"),
        (5, "Out of sight"),
    ]


# --- the large world -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> World:
    return world_of("large")


def test_the_large_world_has_a_thousand_scenarios_and_a_hundred_thousand_records(large: World) -> None:
    assert (len(large.scenarios), len(large.records), len(large.data_stores)) == (1_000, 100_000, 10)
    assert 0 < sum(row.is_active for row in large.scenarios) < 1_000
    assert 0 < sum(row.is_invalid for row in large.scenarios) < 1_000
    assert all((row.next_exec is not None) <= row.is_active for row in large.scenarios)


def test_generated_stores_are_as_large_as_their_records(large: World) -> None:
    for store in large.data_stores:
        sizes = [record.size for record in large.records.where(store=store.id)]
        assert (store.records, store.size) == (len(sizes), sum(sizes))
        assert store.size <= store.max_size
    store = large.data_stores[1]
    record = next(iter(large.records.where(store=1)))
    again = data_stores.replace_record(large, store, "again" + record.key[5:], record.data)
    assert again.size == record.size
    data_stores.delete_records(large, store, [again.key])


def test_generated_runs_are_counted(large: World) -> None:
    runs = [entry for entry in large.logs if isinstance(entry, Execution)]
    assert len(runs) == 5_000
    assert {run.status for run in runs} == {1, 3}
    organization = large.organizations[1]
    assert large.tallies["organization", 1].operations == sum(
        run.operations for run in runs if run.started >= organization.last_reset
    )


def test_the_same_number_makes_up_the_same_world_and_another_one_another(large: World) -> None:
    second, other = world_of("large"), world_of("large", world_seed=1)
    for table in ("scenarios", "records", "connections", "logs", "folders"):
        mine = list(getattr(large, table))
        assert mine == list(getattr(second, table)), table
        assert mine != list(getattr(other, table)), table


def test_generated_things_come_after_those_that_are_written_down() -> None:
    seed = {
        "organizations": [
            {
                "name": "A",
                "teams": [
                    {
                        "name": "T",
                        "folders": [{"id": 9, "name": "Mine"}],
                        "generate": {"folders": 2, "scenarios": 3, "dataStores": 1, "records": 2},
                    }
                ],
            }
        ]
    }
    world = World("test")
    world.clock.freeze(NOON)
    seeds.build(world, WorldSpec(name="test", seed=seed))
    assert [folder.id for folder in world.folders] == [9, 10, 11]
    assert (len(world.scenarios), len(world.records)) == (3, 2)


def test_a_generated_scenario_runs() -> None:
    api = api_of("large")
    scenario = next(row for row in api.world.scenarios if row.is_active)
    response = api.post(f"/scenarios/{scenario.id}/run", json={"responsive": True}).json
    assert response is not None
    assert response["status"] == 1


def test_a_generated_scenario_is_shown_as_any_other(large: World) -> None:
    for table in (large.scenarios, large.connections, large.hooks, large.data_stores):
        row = next(iter(table))
        assert dataclasses.is_dataclass(row)
    page = rows(api_of("large"), "/scenarios?teamId=1&pg[limit]=100&pg[offset]=950")
    assert len(page) == 50
