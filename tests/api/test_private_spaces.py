"""Private spaces over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused, token_of_role
from helpers.engine import set_variable
from make_emulator import seeds
from make_emulator.registry import WorldSpec
from make_emulator.world import organizations, private_spaces
from make_emulator.world.enums import SCOPES
from make_emulator.world.world import World

MIA = 3


@pytest.fixture
def space(api: ApiClient) -> int:
    """The id of Mia's private space."""
    world = api.world
    return private_spaces.create(world, world.organizations[1], world.users[MIA]).id


@pytest.fixture
def mia(api: ApiClient) -> str:
    return organizations.create_token(api.world, api.world.users[MIA], SCOPES, label="mia").token


def run_in(api: ApiClient, space: int, token: str, times: int) -> None:
    """Runs a scenario of one operation in a private space."""
    blueprint = {"name": "One", "flow": [set_variable(1, "1")], "metadata": {}}
    body = {"teamId": space, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = assert_ok(api.post("/scenarios?confirmed=true", json=body, token=token))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{id}/start", token=token))
    for _ in range(times):
        assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}, token=token))
        api.world.clock.advance(1)


def test_the_private_spaces_of_an_organization_are_listed_with_their_owners(
    api: ApiClient, space: int
) -> None:
    body = assert_ok(api.get("/private-spaces?organizationId=1"))
    assert body["privateSpaces"] == [
        {
            "id": space,
            "name": "Mia Member's personal space",
            "organizationId": 1,
            "globalAgentsEnabled": False,
            "type": "personal",
            "privateSpaceOwnerName": "Mia Member",
            "privateSpaceOwnerEmail": "mia@example.com",
            "privateSpaceOwnerId": MIA,
        }
    ]
    assert (body["pg"]["sortBy"], body["pg"]["limit"]) == ("name", 10000)
    assert assert_ok(api.get("/private-spaces?organizationId=1&externalId=x"))["privateSpaces"] == []
    assert api.get("/private-spaces").status_code == 400


def test_a_private_space_is_a_team_of_its_own(api: ApiClient, space: int, mia: str) -> None:
    def teams(query: str = "") -> list[int]:
        return [
            row["id"] for row in assert_ok(api.get(f"/teams?organizationId=1{query}", token=mia))["teams"]
        ]

    assert teams() == [1]
    assert teams("&includePrivateSpaces=true") == [1, space]
    assert assert_ok(api.get(f"/teams/{space}?cols[]=type", token=mia)) == {"team": {"type": "personal"}}
    listed = assert_ok(api.get("/organizations/1"))["organization"]["teams"]
    assert [row["id"] for row in listed] == [1]


def test_the_space_and_its_scenarios_are_visible_to_members_only(
    api: ApiClient, space: int, mia: str
) -> None:
    run_in(api, space, mia, 1)
    stranger = token_of_role(api, "Member", team=False)
    for token in (stranger, OUTSIDER_TOKEN):
        assert_refused(api.get(f"/private-spaces/{space}", token=token), 404, code="SC404")
    # The owner of the organization watches it.
    assert api.get(f"/private-spaces/{space}").status_code == 200
    [scenario] = assert_ok(api.get(f"/scenarios?teamId={space}"))["scenarios"]
    assert_refused(api.delete(f"/scenarios/{scenario['id']}"), 403, code="IM002")
    later = token_of_role(api, "Owner", team=False)
    assert api.get(f"/private-spaces/{space}", token=later).status_code == 404
    assert api.get("/teams/1", token=later).status_code == 200


def test_a_private_space_shows_what_it_consumed(api: ApiClient, space: int, mia: str) -> None:
    run_in(api, space, mia, 3)
    shown = assert_ok(api.get(f"/private-spaces/{space}?cols[]=*", token=mia))["privateSpace"]
    assert (shown["operations"], shown["consumedOperations"]) == ("3", 3)
    assert (shown["centicredits"], shown["consumedCenticredits"]) == ("300", "300")
    assert (shown["operationsLimit"], shown["transferLimit"], shown["isPaused"]) == (None, None, False)


def test_a_limit_of_operations_sets_that_of_transfer(api: ApiClient, space: int) -> None:
    changed = assert_ok(api.patch(f"/private-spaces/{space}", json={"operationsLimit": 10_000}))[
        "privateSpace"
    ]
    assert (changed["operationsLimit"], changed["transferLimit"]) == (10_000, 536_870_912)
    assert (changed["deleted"], changed["externalId"]) == (False, None)
    greatest = assert_ok(api.patch(f"/private-spaces/{space}", json={"operationsLimit": 2**53 - 1}))
    assert greatest["privateSpace"]["transferLimit"] == 2**53 - 1
    assert_ok(api.patch(f"/private-spaces/{space}", json={"operationsLimit": 10_000}))
    columns = "cols[]=operationsLimit&cols[]=transferLimit"
    shown = assert_ok(api.get(f"/private-spaces/{space}?{columns}"))["privateSpace"]
    assert shown == {"operationsLimit": 10_000, "transferLimit": "536870912"}
    assert assert_ok(api.patch(f"/private-spaces/{space}", json={}))["privateSpace"] == changed
    lifted = assert_ok(api.patch(f"/private-spaces/{space}", json={"operationsLimit": None}))["privateSpace"]
    assert (lifted["operationsLimit"], lifted["transferLimit"]) == (None, None)


def test_a_limit_below_the_consumption_pauses_the_space_if_confirmed(
    api: ApiClient, space: int, mia: str
) -> None:
    run_in(api, space, mia, 3)
    path, body = f"/private-spaces/{space}", {"operationsLimit": 2}
    assert_refused(api.patch(path, json=body), 406, code="IM004")
    assert api.world.teams[space].operations_limit is None
    changed = assert_ok(api.patch(f"{path}?confirmed=true", json=body))["privateSpace"]
    assert (changed["operationsLimit"], changed["isPaused"]) == (2, True)
    raised = assert_ok(api.patch(path, json={"operationsLimit": 3}))["privateSpace"]
    assert raised["isPaused"] is False


def test_private_spaces_take_a_permission_and_a_plan(api: ApiClient, space: int, mia: str) -> None:
    refused = assert_refused(api.get("/private-spaces?organizationId=1", token=mia), 403, code="IM002")
    assert "personal team manage" in refused["detail"]
    response = api.patch(f"/private-spaces/{space}", json={"operationsLimit": 1}, token=mia)
    assert_refused(response, 403, code="IM002")
    organizations.change_plan(api.world, api.world.organizations[1], "teams")
    assert_refused(api.get("/private-spaces?organizationId=1"), 403, code="IM903")
    assert_refused(api.get(f"/private-spaces/{space}", token=mia), 403, code="IM903")


def test_an_ordinary_team_is_no_private_space(api: ApiClient) -> None:
    assert_refused(api.get("/private-spaces/1"), 404, code="SC404")
    assert_refused(api.patch("/private-spaces/1", json={"operationsLimit": 1}), 404, code="SC404")


def test_a_seed_has_private_spaces() -> None:
    seed: dict[str, Any] = {
        "users": [{"name": "Ada"}, {"name": "Mia"}],
        "organizations": [
            {
                "name": "Acme",
                "members": [{"user": "Mia"}],
                "teams": [{"name": "Ops"}, {"name": "Mia's", "privateSpaceOf": "Mia"}],
            }
        ],
    }
    world = World("w")
    seeds.build(world, WorldSpec(name="w", seed=seed))
    assert [team.owner_id for team in world.teams] == [None, 2]
    assert {row.user_id: row.role_id for row in world.team_members.where(team=2)} == {1: 4, 2: 3}
    seed["organizations"][0]["members"] = []
    with pytest.raises(seeds.SeedError, match="must be a member of the organization"):
        seeds.build(World("v"), WorldSpec(name="v", seed=seed))
