"""Seed loader: optional parts, references between parts, and sources of blueprints."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from helpers.api import NOON
from make_emulator import seeds
from make_emulator.registry import WorldSpec
from make_emulator.resources import fixture_path
from make_emulator.world import credential_requests
from make_emulator.world.blueprint_refs import first_module
from make_emulator.world.clock import DAY, format_iso
from make_emulator.world.enums import SCOPES
from make_emulator.world.models import Execution
from make_emulator.world.world import World

MINIMAL = """\
organizations:
  - name: Acme
    teams: [{ name: Ops }]
"""


def built(seed: Any, *, name: str = "default", **bodies: Any) -> World:
    world = World(name, now=NOON)
    world.clock.freeze(NOON)
    seeds.build(world, WorldSpec(name=name, seed=seed, **bodies))
    return world


def team_with(**content: Any) -> dict[str, Any]:
    return {"organizations": [{"name": "Acme", "teams": [{"name": "Ops", **content}]}]}


def test_three_lines_make_a_world(tmp_path: Path) -> None:
    path = tmp_path / "minimal.yaml"
    path.write_text(MINIMAL, "utf-8")
    world = built(path)
    [user], [token], [organization], [team] = world.users, world.tokens, world.organizations, world.teams
    assert (user.id, user.name, user.is_admin) == (1, "Ada Maker", True)
    assert (token.user_id, token.label, token.scopes) == (1, "admin", SCOPES)
    assert token.token == "11111111-1111-4111-8111-111111111111"
    assert (organization.id, organization.plan, organization.zone) == (1, "enterprise", "eu1.make.com")
    assert (team.id, team.organization_id) == (1, 1)


def test_a_world_beside_the_first_makes_up_its_tokens(tmp_path: Path) -> None:
    seed = team_with()
    first, second = (next(iter(built(seed, name=name).tokens)).token for name in ("one", "two"))
    assert first != second
    assert first == next(iter(built(seed, name="one").tokens)).token


def with_roles(roles: list[dict[str, Any]], member: Any) -> dict[str, Any]:
    seed = team_with(members=[{"user": 2, "role": member}])
    seed["organizations"][0] |= {"customRoles": roles, "members": [{"user": 2}]}
    return {"users": [{"name": "Ada"}, {"name": "Mia"}], **seed}


VIEWER = {"name": "Viewer", "permissions": ["scenarios get"]}


@pytest.mark.parametrize("member", ["Viewer", 101])
def test_members_may_have_custom_roles(member: Any) -> None:
    world = built(with_roles([VIEWER], member))
    [role] = world.custom_roles
    assert (role.id, role.category, role.permission_list) == (101, "team", ["scenarios get"])
    assert world.team_members[2, 1].role_id == 101


@pytest.mark.parametrize(
    ("roles", "member", "issues"),
    [
        (
            [VIEWER],
            "Veiwer",
            [
                "there is no team role 'Veiwer'; there are: Team Admin, Team Member, Team Monitoring, "
                "Team Operator, Team Restricted Member, Viewer; did you mean 'Viewer'?"
            ],
        ),
        (
            [{**VIEWER, "category": "organization", "permissions": []}],
            "Viewer",
            ["there is no team role 'Viewer'"],
        ),
        ([{**VIEWER, "id": 3}], "Member", ["'Team Member' has the id 3"]),
        ([{**VIEWER, "permissions": ["scenario get"]}], "Member", ["there is no permission 'scenario get'"]),
        ([{**VIEWER, "name": "Team Admin"}], "Member", ["There is a team role 'Team Admin' already"]),
    ],
)
def test_custom_roles_of_a_seed_are_validated(
    roles: list[dict[str, Any]], member: str, issues: list[str]
) -> None:
    with pytest.raises(seeds.SeedError) as caught:
        built(with_roles(roles, member))
    texts = [issue.text for issue in caught.value.issues]
    assert len(texts) == len(issues)
    assert all(text.startswith(start) for text, start in zip(texts, issues, strict=True)), texts


def test_a_team_has_keys_with_or_without_their_parameters() -> None:
    parameters = {"key": "s3cret"}
    rows = [
        {"name": "Shop", "type": "apikeyauth", "parameters": parameters},
        {"name": "Of an app", "type": "some-app"},
    ]
    shop, other = built(team_with(keys=rows)).keys
    assert shop.parameters == {"key": "s3cret", "placement": "header", "name": "X-API-Key"}
    assert (other.type_name, other.theme, other.parameters) == ("some-app", "#007ee5", None)


def test_keys_of_a_seed_are_validated() -> None:
    rows = [{"name": "Shop", "type": "apikeyauth", "parameters": {"placement": "body"}}]
    with pytest.raises(seeds.SeedError) as caught:
        built(team_with(keys=rows))
    assert [issue.text for issue in caught.value.issues] == [
        "Missing value of required parameter 'parameters.key'",
        "Parameter 'parameters.placement' must be one of: header, qs",
    ]


REQUESTS: dict[str, Any] = {
    "connections": [{"name": "Chat", "type": "slack2", "scopes": ["chat:write"]}],
    "keys": [{"name": "Shop", "type": "apikeyauth"}],
    "credentialRequests": [
        {
            "name": "Onboarding",
            "provider": "Ada",
            "created": "2025-12-01T08:00:00Z",
            "connections": [
                {"type": "slack2", "scopes": ["chat:write"], "app": "slack", "connection": "Chat"},
                {"type": "google", "name": "Mail", "declined": "No longer used"},
            ],
            "keys": [{"type": "apikeyauth", "key": "Shop"}],
        },
        {"keys": [{"type": "basicauth", "description": "Of the shop"}]},
    ],
}


def test_credential_requests_have_the_states_of_their_credentials() -> None:
    world = built({"users": [{"name": "Ada"}], **team_with(**REQUESTS)})
    first, second = sorted(world.credential_requests, key=lambda row: row.index)
    assert (first.name, first.user_id, first.provider_id, first.is_action) == ("Onboarding", 1, 1, False)
    assert format_iso(first.created) == "2025-12-01T08:00:00.000Z"
    assert [
        (row.name, row.component, row.state, row.remote_id, row.decline_reason)
        for row in credential_requests.credentials_of(world, first)
    ] == [
        ("slack2", "account", "authorized", 1, None),
        ("google", "account", "declined", None, "No longer used"),
        ("apikeyauth", "keychain", "authorized", 1, None),
    ]
    assert credential_requests.status_of(world, first) == "partially_authorized"
    assert (second.name, second.provider_id, second.is_action) == ("Request for credentials", None, True)
    [pending] = credential_requests.credentials_of(world, second)
    assert (pending.state, pending.description, pending.remote_id) == ("pending", "Of the shop", None)
    assert format_iso(world.now()) == "2026-03-02T12:00:00.000Z"
    assert (len(world.connections), len(world.keys)) == (1, 1)


@pytest.mark.parametrize(
    ("request_", "issue"),
    [
        ({"name": "Empty"}, "A request needs a connection or a key"),
        ({"connections": [{"type": "no-such-app"}]}, "Failed to load manifest for connection 'no-such-app'"),
        (
            {"connections": [{"type": "slack2", "connection": "Talk"}]},
            "there is no connection 'Talk' in this team",
        ),
        (
            {"connections": [{"type": "google", "connection": "Chat"}]},
            "The type is 'google', that of number 1 is 'slack2'",
        ),
        ({"keys": [{"type": "apikeyauth", "key": "Shop", "declined": ""}]}, "The credential is authorized"),
        ({"provider": "Bob", "keys": [{"type": "basicauth"}]}, "there is no user 'Bob'"),
    ],
)
def test_credential_requests_of_a_seed_are_validated(request_: dict[str, Any], issue: str) -> None:
    with pytest.raises(seeds.SeedError) as caught:
        built(team_with(**{**REQUESTS, "credentialRequests": [request_]}))
    [found] = caught.value.issues
    assert found.text.startswith(issue)
    assert found.path[:6] == ("organizations", 0, "teams", 0, "credentialRequests", 0)


def test_a_team_has_functions_which_its_past_executions_called() -> None:
    flow = [{"id": 1, "module": "scenario-service:ReturnData", "version": 2, "mapper": {"x": "{{twice(4)}}"}}]
    blueprint = {"name": "User", "flow": flow, "metadata": {}}
    scenario = {"blueprint": blueprint, "runs": [{"at": "-1h"}]}
    written = [{"id": 4, "name": "twice", "code": "function twice(x) {\n  return 2 * x;\n}\n"}]
    world = built(team_with(functions=written, scenarios=[scenario]))
    [function] = world.functions
    assert (function.id, function.name, function.description) == (4, "twice", "")
    assert (function.team_id, function.created_by, function.created) == (1, 1, world.now())
    [run] = [row for row in world.logs if isinstance(row, Execution)]
    assert (run.error, run.status) == (None, 1)
    assert world.ids.next("function") == 5


@pytest.mark.parametrize("plan", ["free", "enterprise"])
def test_a_license_may_include_functions_that_the_plan_does_not(plan: str) -> None:
    seed = team_with()
    seed["organizations"][0] |= {"plan": plan, "license": {"customFunctions": plan == "free"}}
    [organization] = built(seed).organizations
    assert organization.license.custom_functions is (plan == "free")


def test_the_seed_that_is_given_stays_as_it_is() -> None:
    seed = team_with(scenarios=[{"blueprint": "greeting"}])
    before = json.dumps(seed)
    built(seed)
    assert json.dumps(seed) == before


def test_ids_that_are_left_out_are_the_next_free_ones() -> None:
    folders = [{"name": "a"}, {"id": 1, "name": "b"}, {"name": "c"}, {"id": 7, "name": "d"}]
    world = built(team_with(folders=folders))
    assert {folder.name: folder.id for folder in world.folders} == {"a": 2, "b": 1, "c": 3, "d": 7}
    assert world.ids.next("folder") == 8


def test_things_refer_to_each_other_by_id_or_by_name() -> None:
    spec = [{"name": "sku", "type": "text"}]
    world = built(
        {
            "users": [{"id": 5, "name": "Ann"}, {"id": 6, "name": "Bob Bee"}],
            "tokens": [{"user": "bob.bee@example.com", "scopes": ["teams:read"]}, {"user": 5}],
            "organizations": [
                {
                    "name": "Acme",
                    "owner": "Bob Bee",
                    "members": [{"user": 5}],
                    "teams": [
                        {"name": "A", "folders": [{"name": "Same"}], "members": [{"user": "Ann", "role": 4}]},
                        {
                            "name": "B",
                            "folders": [{"name": "Same"}, {"name": "In", "parent": "Same"}],
                            "dataStructures": [{"name": "Order", "spec": spec}],
                            "dataStores": [
                                {"name": "x", "dataStructure": "Order"},
                                {"name": "y", "dataStructure": 1},
                            ],
                            "scenarios": [{"blueprint": "greeting", "folder": "In"}],
                        },
                    ],
                }
            ],
        }
    )
    assert [(token.user_id, token.label) for token in world.tokens] == [(6, "token-1"), (5, "token-2")]
    assert {(row.user_id, row.role_id) for row in world.organization_members} == {(6, 11), (5, 13)}
    assert {(row.user_id, row.team_id, row.role_id) for row in world.team_members} == {
        (6, 1, 1),
        (5, 1, 4),
        (6, 2, 1),
    }
    assert [(row.id, row.team_id, row.parent_id) for row in world.folders] == [
        (1, 1, None),
        (2, 2, None),
        (3, 2, 2),
    ]
    assert {store.datastructure_id for store in world.data_stores} == {1}
    assert world.scenarios[1].folder_id == 3


@pytest.mark.parametrize("role", ["Team Operator", "operator", "Operator", 6])
def test_a_role_has_an_id_and_names(role: str | int) -> None:
    seed = team_with(members=[{"user": "Mia", "role": role}])
    seed["users"] = [{"name": "Ann"}, {"name": "Mia"}]
    assert built(seed).team_members[2, 1].role_id == 6


def test_times_are_relative_to_the_worlds_now_or_absolute() -> None:
    scenarios = [
        {"blueprint": "greeting", "created": "-2d"},
        {"blueprint": "greeting", "created": "2026-01-01T00:00:00Z"},
        {"blueprint": "greeting"},
    ]
    world = built(team_with(scenarios=scenarios))
    now = world.now()
    assert [row.created for row in world.scenarios] == [now - 2 * DAY, 1_767_225_600_000, now]


def test_the_plan_and_the_zone_of_the_first_organization_can_be_set() -> None:
    world = built(team_with(), plan="free", zone="us2")
    assert (world.organizations[1].plan, world.organizations[1].zone) == ("free", "us2.make.com")


def test_a_scenario_with_errors_is_at_rest() -> None:
    world = built(team_with(scenarios=[{"blueprint": "greeting", "active": True, "invalid": True}]))
    assert (world.scenarios[1].is_active, world.scenarios[1].is_invalid) == (False, True)


def test_what_is_not_said_of_a_connection_or_a_hook_follows_from_its_type() -> None:
    world = built(
        team_with(
            connections=[{"name": "a", "type": "slack"}, {"name": "b", "type": "some-new-app"}],
            hooks=[{"name": "c"}, {"name": "d", "type": "gateway-mailhook"}],
        )
    )
    assert [row.account_label for row in world.connections] == ["Slack", "Some New App"]
    assert [row.type for row in world.hooks] == ["web", "mail"]
    assert world.hooks[1].data == {"teamId": 1, "method": False, "headers": False, "stringify": False}


# --- blueprints ----------------------------------------------------------------------------------


def blueprint(name: str) -> dict[str, Any]:
    return {"name": name, "flow": [{"id": 1, "module": "json:ParseJSON", "version": 1}], "metadata": {}}


def test_a_blueprint_may_be_written_into_the_seed() -> None:
    world = built(team_with(scenarios=[{"blueprint": blueprint("Inside")}]))
    assert world.scenarios[1].name == "Inside"
    assert first_module(world.blueprints[1, 1].blueprint["flow"])["module"] == "json:ParseJSON"


def test_a_blueprint_may_be_a_file_beside_the_seed(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "mine.json").write_text(json.dumps(blueprint("Mine")), "utf-8")
    path = tmp_path / "seed.yaml"
    path.write_text(json.dumps(team_with(scenarios=[{"blueprint": "flows/mine.json"}])), "utf-8")
    assert built(path).scenarios[1].name == "Mine"


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    file, path = tmp_path / "mine.json", tmp_path / "seed.yaml"
    path.write_text(json.dumps(team_with(scenarios=[{"blueprint": "mine.json"}])), "utf-8")
    for number, name in enumerate(("First", "Other")):
        file.write_text(json.dumps(blueprint(name)), "utf-8")
        os.utime(file, (number, number))
        assert built(path).scenarios[1].name == name
    path.write_text(json.dumps(team_with()), "utf-8")
    assert len(built(path).scenarios) == 0


def test_a_seed_that_is_no_file_reads_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.json").write_text(json.dumps(blueprint("Mine")), "utf-8")
    for name in ("mine.json", str(tmp_path / "mine.json"), "../../etc/passwd"):
        with pytest.raises(seeds.SeedError, match="there is neither a file"):
            seeds.load(team_with(scenarios=[{"blueprint": name}]))


def test_a_shipped_seed_goes_before_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("default").write_text(MINIMAL, "utf-8")
    assert len(seeds.load("default").organizations) == 2
    assert len(seeds.load("./default").organizations) == 1


def test_a_seed_is_checked_once() -> None:
    assert seeds.load("default") is seeds.load("default")
    path = fixture_path("worlds", "empty.yaml")
    assert seeds.load(path) is seeds.load(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("2026-01-01", "2026-01-01"),
        ("08:30", "08:30"),
        ("18:30", "18:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("12", 12),
        ("-3.5", -3.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("~", None),
        ("'12'", "12"),
    ],
)
def test_a_value_means_what_it_means_in_json(tmp_path: Path, text: str, value: Any) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(
        "organizations: [{name: A, teams: [{name: T, connections: [{name: c, type: t, metadata: {x: "
        + text
        + "}}]}]}]",
        "utf-8",
    )
    [connection] = built(path).connections
    assert connection.metadata == {"x": value}


def test_oauth_clients_keep_their_id_and_secret_in_the_default_world_only() -> None:
    seed = {
        "oauthClients": [
            {
                "name": "App",
                "id": "44444444-4444-4444-8444-444444444444",
                "secret": "a-secret",
                "redirectUris": ["https://app.example/cb"],
                "scopes": ["openid", "teams:read"],
                "rotateRefreshTokens": False,
            },
            {"name": "Public", "public": True, "allowLoopback": True, "autoApprove": True, "scopes": "read"},
        ],
        **team_with(),
    }
    app, public = built(seed).oauth_clients
    assert (app.id, app.secret) == ("44444444-4444-4444-8444-444444444444", "a-secret")
    assert app.redirect_uris == ("https://app.example/cb",)
    assert app.scopes == {"openid", "teams:read"}
    assert (app.rotates_refresh_tokens, app.has_refresh_tokens, app.allows_loopback) == (False, True, False)
    assert (public.secret, public.has_refresh_tokens, public.auto_approve) == (None, False, True)
    assert public.scopes == {scope for scope in SCOPES if scope.endswith(":read")} | {"openid"}
    other, _ = built(seed, name="other").oauth_clients
    assert other.id != app.id
    assert other.secret not in (None, "a-secret")
