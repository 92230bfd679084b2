"""Pull of a team: served as a seed, it is the same team."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from helpers.api import get_from
from helpers.importer import FakeTimer, PullHarness, RecordingReporter, notes_of, team_of
from make_emulator import MakeEmulator
from make_emulator.importer import ZoneError, render_yaml
from make_emulator.seeds import check

#: Fields that differ between worlds: the addresses of hooks, log-ins, and the consumption of executions.
VOLATILE = {
    "lastLogin",
    "udid",
    "url",
    "nextExec",
    "lastReset",
    "nextReset",
    "operations",
    "centicredits",
    "transfer",
    "centicreditsConsumed",
    "unusedOperations",
    "unusedTransfer",
    "unusedCenticredits",
}
LISTS = (
    "/scenarios?teamId={team}&pg[sortBy]=id",
    "/scenarios-folders?teamId={team}&childrenDepth=all",
    "/connections?teamId={team}",
    "/hooks?teamId={team}",
    "/data-stores?teamId={team}",
    "/data-stores/1/data?pg[limit]=1000",
    "/data-structures?teamId={team}",
    "/functions?teamId={team}&cols[]=*",
    "/templates?teamId={team}",
    "/teams/{team}",
    "/organizations/{organization}",
    "/organizations/{organization}/variables",
    "/teams/{team}/variables",
    "/users?teamId={team}",
    "/users/me",
    "/scenarios/1/blueprint",
    "/scenarios/1/interface",
    "/scenarios/1/custom-properties",
    "/custom-property-structures/1/custom-property-structure-items",
    "/scenarios/2/blueprint",
    "/templates/1/blueprint",
)


def settled(value: Any) -> Any:
    """An answer without what each world has of its own, such as the variables that tell what is left of a plan."""
    if isinstance(value, list):
        return [settled(item) for item in value if not (isinstance(item, dict) and item.get("isSystem"))]
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items() if key not in VOLATILE}
    return value


@pytest.mark.parametrize("name", ["default", "agency", "free", "empty"])
def test_a_shipped_world_survives_the_round_trip(
    make_emulator: MakeEmulator, tmp_path: Path, name: str
) -> None:
    original = make_emulator.create_world(seed=name)
    first = PullHarness(original).pull()
    assert (first.notes, first.masked) == ([], [])

    seed = tmp_path / "seed.yaml"
    seed.write_text(render_yaml(first.document, ["Pulled."]), encoding="utf-8")
    check(seed)
    copy = make_emulator.create_world(seed=seed)
    second = PullHarness(copy).pull()
    assert second.document == first.document

    # The limit of requests of the smallest plan is nearly used up.
    original.clock.advance(minutes=1)
    copy.clock.advance(minutes=1)
    for path in LISTS:
        path = path.format(team=original.team_id, organization=original.organization_id)
        mine, theirs = settled(get_from(original, path).json()), settled(get_from(copy, path).json())
        if path == f"/organizations/{original.organization_id}":
            # Only the one team is pulled.
            del mine["organization"]["teams"], theirs["organization"]["teams"]
            del mine["organization"]["activeScenarios"], theirs["organization"]["activeScenarios"]
        assert theirs == mine, path


@pytest.mark.parametrize("team", [2, 3])
def test_one_of_several_teams_survives_it_too(make_emulator: MakeEmulator, team: int) -> None:
    first = PullHarness(make_emulator.create_world(seed="agency")).pull(team_id=team)
    second = PullHarness(make_emulator.create_world(seed=first.document)).pull(team_id=team)
    assert second.document == first.document
    assert team_of(first)["id"] == team


def test_a_role_that_sees_little_is_reported(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="agency")
    scopes = world.access_report()[0]["granted"]
    pulled = PullHarness(world, token=world.create_token(scopes, user_id=4)).pull()
    assert pulled.document["users"][0]["name"] == "Mona Monitoring"
    assert pulled.document["organizations"][0]["owner"] == 1
    assert {note.partition(" not readable with this token (403 IM002, ")[0] for note in notes_of(pulled)} >= {
        "connections:",
        "hooks:",
        "data stores:",
        "data structures:",
    }
    assert len(team_of(pulled)["scenarios"]) == 8


def test_ids_names_and_settings_are_kept(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="agency")
    document = PullHarness(world).pull().document
    [organization] = document["organizations"]
    [team] = organization["teams"]
    assert (organization["id"], organization["plan"], organization["zone"]) == (1, "teams", "eu1")
    assert [row["name"] for row in document["users"]][:2] == ["Olga Owner", "Adam Admin"]
    assert {"user": 7, "role": 14} not in organization["members"], "who is not in the team is not read"
    assert team["members"][-1] == {"user": 6, "role": 7}
    assert team["folders"][1] == {"id": 2, "name": "Archive", "parent": 1}
    assert team["connections"][0]["scopes"] == ["chat:write"]
    by_id = {row["id"]: row for row in team["scenarios"]}
    assert by_id[3]["scheduling"] == {"type": "weekly", "days": [1], "time": "08:00"}
    assert (by_id[3]["active"], by_id[3]["folder"]) == (True, 3)
    assert (by_id[7]["invalid"], by_id[7]["description"]) == (True, "The partner's sheet is gone.")
    assert by_id[1]["blueprint"]["io"]["input_spec"][0]["name"] == "name"


def test_nothing_but_get_reaches_the_zone(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="agency")
    PullHarness(world).pull(executions=5)
    assert {request["method"] for request in world.requests} == {"GET"}
    zone = PullHarness(world).zone
    with pytest.raises(RuntimeError, match="a pull only reads: POST is refused"):
        zone._session.post(zone.address + "/scenarios")


def test_a_license_of_its_own_and_a_disabled_hook_come_along(make_emulator: MakeEmulator) -> None:
    seed = {
        "organizations": [
            {
                "name": "Own",
                "plan": "core",
                "license": {"apiLimit": 90, "operations": 20_000},
                "teams": [{"name": "Ops", "hooks": [{"name": "Closed", "enabled": False}]}],
            }
        ]
    }
    world = make_emulator.create_world(seed=seed)
    assert get_from(world, "/organizations/1").json()["organization"]["license"]["apiLimit"] == 90
    assert get_from(world, "/hooks/1").json()["hook"]["enabled"] is False
    document = PullHarness(world).pull().document
    [organization] = document["organizations"]
    assert organization["license"] == {"apiLimit": 90, "operations": 20_000}
    assert organization["teams"][0]["hooks"][0]["enabled"] is False
    assert make_emulator.create_world(seed=seed, plan="pro").plan == "pro"


def test_devices_come_along_without_their_queues(make_emulator: MakeEmulator) -> None:
    [device] = team_of(PullHarness(make_emulator.create_world(seed="default")).pull())["devices"]
    assert (device["name"], device["scope"]) == ("Ada's phone", ["call", "scanner"])
    assert list(device) == ["id", "name", "scope", "info"]


def test_credential_requests_come_along_with_their_states(make_emulator: MakeEmulator) -> None:
    seed = {
        "users": [{"name": "Ada"}, {"name": "Mia"}],
        "organizations": [
            {
                "name": "Acme",
                "members": [{"user": "Mia"}],
                "teams": [
                    {
                        "name": "Ops",
                        "members": [{"user": "Mia"}],
                        "connections": [{"id": 4, "name": "Chat", "type": "slack2"}],
                        "keys": [{"id": 7, "name": "Shop", "type": "apikeyauth"}],
                        "credentialRequests": [
                            {
                                "name": "Onboarding",
                                "description": "For the shop",
                                "user": "Mia",
                                "provider": "Ada",
                                "created": "2026-01-02T03:04:05.000Z",
                                "connections": [
                                    {
                                        "type": "slack2",
                                        "name": "Chat",
                                        "app": "slack",
                                        "appModules": ["createMessage"],
                                        "appVersion": "4",
                                        "scopes": ["chat:write"],
                                        "connection": "Chat",
                                    },
                                    {"type": "google", "declined": "Not any more"},
                                ],
                                "keys": [{"type": "apikeyauth", "description": "Of the shop", "key": "Shop"}],
                            },
                            {"name": "Later", "keys": [{"type": "basicauth"}]},
                        ],
                    }
                ],
            }
        ],
    }
    first = PullHarness(make_emulator.create_world(seed=seed)).pull()
    onboarding, later = team_of(first)["credentialRequests"]
    [declared, _] = seed["organizations"][0]["teams"][0]["credentialRequests"]  # type: ignore[index]
    chat, mail = declared["connections"]
    [key] = declared["keys"]
    assert onboarding == {
        **declared,
        "user": 2,
        "provider": 1,
        "connections": [{**chat, "connection": 4}, mail],
        "keys": [{**key, "key": 7}],
    }
    assert (later["user"], later.get("provider"), later["keys"]) == (1, None, [{"type": "basicauth"}])
    assert first.notes == []
    second = PullHarness(make_emulator.create_world(seed=first.document)).pull()
    assert second.document == first.document


def test_a_credential_whose_connection_is_missing_is_left_out(make_emulator: MakeEmulator) -> None:
    seed = {
        "organizations": [
            {
                "name": "Acme",
                "teams": [
                    {
                        "name": "Ops",
                        "connections": [{"name": "Chat", "type": "slack2"}],
                        "credentialRequests": [
                            {"connections": [{"type": "slack2", "connection": "Chat"}, {"type": "google"}]}
                        ],
                    }
                ],
            }
        ]
    }
    world = make_emulator.create_world(seed=seed)
    scopes = [
        f"{area}:read" for area in ("teams", "organizations", "user", "scenarios", "credential-requests")
    ]
    pulled = PullHarness(world, token=world.create_token(scopes)).pull()
    [request] = team_of(pulled)["credentialRequests"]
    assert [row["type"] for row in request["connections"]] == ["google"]
    assert [note for note in notes_of(pulled) if "credential request" in note] == [
        "connection of credential request Request for credentials: removed, since it is invalid:"
        " there is no connection 1 in this team"
    ]


def test_custom_roles_come_along_with_those_who_have_them(make_emulator: MakeEmulator) -> None:
    role = {"name": "Viewer", "category": "team", "permissions": ["scenarios get", "team view"]}
    seed = {
        "users": [{"name": "Ada"}, {"name": "Mia"}],
        "organizations": [
            {
                "name": "Acme",
                "customRoles": [role],
                "members": [{"user": "Mia"}],
                "teams": [{"name": "Ops", "members": [{"user": "Mia", "role": "Viewer"}]}],
            }
        ],
    }
    first = PullHarness(make_emulator.create_world(seed=seed)).pull()
    [organization] = first.document["organizations"]
    assert organization["customRoles"] == [{"id": 101, **role}]
    assert team_of(first)["members"] == [{"user": 2, "role": 101}]
    assert first.notes == []
    second = PullHarness(make_emulator.create_world(seed=first.document)).pull()
    assert second.document == first.document


def test_keys_come_along_without_their_parameters(make_emulator: MakeEmulator) -> None:
    pulled = PullHarness(make_emulator.create_world(seed="default")).pull()
    assert team_of(pulled)["keys"] == [{"id": 1, "name": "Webshop API", "type": "apikeyauth"}]
    assert "webshop-example-key" not in render_yaml(pulled.document)


def test_functions_come_along_where_the_plan_includes_them(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world()
    [function] = team_of(PullHarness(world).pull())["functions"]
    assert (function["name"], function["description"]) == ("initials", "The first letter of each word.")
    assert function["code"].startswith("function initials(name) {\n")
    without = make_emulator.create_world(plan="pro")
    pulled = PullHarness(without).pull()
    assert (pulled.notes, team_of(pulled).get("functions")) == ([], None)
    assert not [call for call in without.requests if "/functions" in call["path"]]


def test_a_part_that_a_scope_forbids_is_left_out_with_the_reason(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")
    scopes = [
        f"{area}:read"
        for area in ("teams", "organizations", "user", "scenarios", "connections", "hooks", "templates")
    ]
    pulled = PullHarness(world, token=world.create_token(scopes)).pull()
    assert notes_of(pulled) == [
        "custom properties: not readable with this token (403 SC403, Access denied.);"
        " the scope is custom-property-structures:read",
        "keys: not readable with this token (403 SC403, Access denied.); the scope is keys:read",
        "credential requests: not readable with this token (403 SC403, Access denied.);"
        " the scope is credential-requests:read",
        "devices: not readable with this token (403 SC403, Access denied.); the scope is devices:read",
        "custom functions: not readable with this token (403 SC403, Access denied.); the scope is functions:read",
        "data structures: not readable with this token (403 SC403, Access denied.); the scope is udts:read",
        "data stores: not readable with this token (403 SC403, Access denied.); the scope is datastores:read",
        *(
            f"variables of the {owner}: not readable with this token (403 SC403, Access denied.);"
            f" the scope is {owner}-variables:read"
            for owner in ("organization", "team")
        ),
    ]
    assert "dataStores" not in team_of(pulled)
    assert len(team_of(pulled)["scenarios"]) == 4
    check(pulled.document)


def test_without_the_connections_others_stand_for_those_in_use(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")
    pulled = PullHarness(
        world, token=world.create_token(["teams:read", "organizations:read", "scenarios:read"])
    ).pull()
    connections = team_of(pulled)["connections"]
    assert {"id": 1, "name": "Connection 1", "type": "slack"} in connections
    assert any(
        note.startswith(
            "connection 1: scenario 3 uses it, but it was not read; a placeholder of type slack is added"
        )
        for note in notes_of(pulled)
    )
    check(pulled.document)


def test_one_thing_that_cannot_be_read_does_not_keep_the_others(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")
    world.faults.add(path="/scenarios/2/blueprint", status=400)
    world.faults.add(path="/data-stores/1/data", status=424)
    pulled = PullHarness(world).pull()
    assert [row["id"] for row in team_of(pulled)["scenarios"]] == [1, 3, 4]
    assert [row.get("records") for row in team_of(pulled)["dataStores"]] == [None, [{"key": "evt-1"}]]
    assert [note.partition(" (")[0] for note in notes_of(pulled)] == [
        "records of data store 1: not readable",
        "scenario 2: not readable",
    ]


def test_a_token_with_hardly_a_scope_gets_a_team_with_the_least(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")
    token = world.create_token(["hooks:read"])
    with pytest.raises(ZoneError, match="the token may not read the team, so --organization-id is required"):
        PullHarness(world, token=token).pull()
    pulled = PullHarness(world, token=token).pull(organization_id=1)
    [organization] = pulled.document["organizations"]
    assert (organization["name"], organization["plan"]) == ("Organization 1", "free")
    # The owner is a placeholder: the token's user might be allowed too much as an owner.
    assert [row["name"] for row in pulled.document["users"]] == ["Ada Maker", "Owner"]
    assert (organization["owner"], organization["members"]) == (2, [{"user": 1, "role": 13}])
    [team] = organization["teams"]
    assert (team["name"], team["members"], len(team["hooks"])) == ("Team 1", [{"user": 1, "role": 3}], 2)
    assert set(team) == {"id", "name", "members", "hooks"}
    assert "the plan: assumed to be free, the smallest one" in notes_of(pulled)


def test_a_user_who_cannot_be_read_is_stood_in_for(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")
    for path in ("/users/me", "/organizations/1/user-organization-roles"):
        world.faults.add(path=path, status=403)
    pulled = PullHarness(world, token=world.create_token(["teams:read", "organizations:read"])).pull()
    assert pulled.document["users"] == [{"id": 1, "name": "User 1"}, {"id": 2, "name": "Owner"}]
    assert pulled.document["organizations"][0]["owner"] == 2
    assert notes_of(pulled)[0].startswith("the token's user: not readable with this token (403 SC403")


def test_roles_are_read_from_their_own_list_where_the_zone_has_one(
    make_emulator: MakeEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = {
        ("teams", 1, "user-team-roles"): {
            "userTeamRoles": [
                {"usersRoleId": 1, "userId": 1, "teamId": 1, "changeable": False},
                {"usersRoleId": 6, "userId": 3, "teamId": 1, "changeable": True},
            ]
        },
        ("organizations", 1, "user-organization-roles"): {
            "userOrganizationRoles": [
                {"usersRoleId": 11, "userId": 1, "organizationId": 1, "invitation": None},
                {"usersRoleId": 777, "userId": 3, "organizationId": 1, "invitation": None},
            ]
        },
    }
    world = make_emulator.create_world(seed="default")
    puller = PullHarness(world)
    ask = puller.zone.get
    monkeypatch.setattr(puller.zone, "get", lambda *path, **query: lists.get(path) or ask(*path, **query))
    pulled = puller.pull()
    [organization] = pulled.document["organizations"]
    assert organization["teams"][0]["members"] == [{"user": 3, "role": 6}]
    assert organization["members"] == [{"user": 3, "role": 13}]
    assert notes_of(pulled) == [
        "the role 777 of user 3: the emulator has no such organization role; it is a member"
    ]
    # Only for the custom roles.
    assert [request["path"] for request in world.requests].count("/users/roles") == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"team_id": 99}, r"has no team 99, or the token's user does not belong to it \(404\)"),
        ({"team_id": 2}, "has no team 2, or"),
        ({"organization_id": 2}, "team 1 belongs to organization 1, not to 2"),
    ],
)
def test_a_team_that_is_not_there_is_one_clear_line(
    make_emulator: MakeEmulator, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ZoneError, match=text):
        PullHarness(make_emulator.create_world(seed="default")).pull(**options)


def test_an_unknown_token_is_not_reported_again(make_emulator: MakeEmulator) -> None:
    token = "44444444-4444-4444-8444-444444444444"
    with pytest.raises(ZoneError, match=r"does not know this token \(401\)") as caught:
        PullHarness(make_emulator.create_world(), token=token).pull()
    assert token not in str(caught.value)


@pytest.mark.parametrize(("records", "expected"), [(0, 0), (2, 2), (3, 3), (None, 3)])
def test_as_many_records_come_as_were_requested(
    make_emulator: MakeEmulator, records: int | None, expected: int
) -> None:
    seed = {
        "organizations": [
            {
                "name": "O",
                "teams": [
                    {
                        "name": "T",
                        "dataStores": [
                            {"name": "Three", "records": [{"key": key} for key in ("a", "b", "c")]}
                        ],
                    }
                ],
            }
        ]
    }
    pulled = PullHarness(make_emulator.create_world(seed=seed)).pull(records=records)
    [store] = team_of(pulled)["dataStores"]
    assert len(store.get("records", [])) == expected
    reported = notes_of(pulled)
    assert reported == (
        [] if records in (0, None, 3) else ["records of data store 1: only the first 2 were requested"]
    )


def test_past_executions_are_times_at_which_the_emulator_runs_again(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="agency")
    pulled = PullHarness(world).pull(executions=10)
    runs = {row["id"]: row.get("runs", []) for row in team_of(pulled)["scenarios"]}
    logs = get_from(world, "/scenarios/2/logs").json()["scenarioLogs"]
    times = [row["timestamp"] for row in logs if row.get("eventType") == "EXECUTION_END"]
    assert [run["at"] for run in runs[2]] == sorted(times)
    assert [run["manual"] for run in runs[2]] == [False, False]
    # Scenario 1 takes inputs, which no route returns.
    assert runs[1] == []
    assert any(note.startswith("3 past executions of scenario 1: removed") for note in notes_of(pulled))
    check(pulled.document)


def test_a_large_team_is_read_page_by_page(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="large", rate_limit=False)
    puller = PullHarness(world, timer=FakeTimer())
    pulled = puller.pull(records=150)
    team = team_of(pulled)
    assert len(team["scenarios"]) == 1000
    assert len({row["id"] for row in team["scenarios"]}) == 1000
    assert [len(store["records"]) for store in team["dataStores"]] == [150] * 10
    assert ("scenarios", 1000, 1000) in puller.reporter.progress
    lists = [request for request in world.requests if request["path"] == "/scenarios"]
    assert [request["status"] for request in lists] == [200, 200, 200]
    # 0.8 of 1,000 requests a minute: more than a thousand took a second window.
    assert 0 < sum(puller.timer.slept) <= 120


def test_a_list_that_lacks_a_thing_that_was_deleted_meanwhile_goes_on(make_emulator: MakeEmulator) -> None:
    world = make_emulator.create_world(seed="default")

    class Deleter(RecordingReporter):
        def update(self, what: str, done: int, total: int) -> None:
            if (what, done) == ("scenarios", 1):
                requests.delete(f"{world.base_url}/scenarios/4", headers=world.headers, timeout=10)

    pulled = PullHarness(world, reporter=Deleter()).pull()
    assert [row["id"] for row in team_of(pulled)["scenarios"]] == [1, 2, 3]
    assert notes_of(pulled) == ["scenario 4: it was deleted while the team was read"]
