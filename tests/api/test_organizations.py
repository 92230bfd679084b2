from __future__ import annotations

import json

from helpers.api import OUTSIDER_TOKEN, ApiClient
from helpers.engine import set_variable
from make_emulator.world import organizations


def test_only_the_callers_organizations_are_listed(api: ApiClient) -> None:
    response = api.get("/organizations").json
    assert response is not None
    assert response["organizations"] == [
        {"id": 1, "name": "Example Organization", "timezoneId": 113, "zone": "eu1.make.com"}
    ]
    other = api.get("/organizations", token=OUTSIDER_TOKEN).json
    assert other is not None
    assert [row["id"] for row in other["organizations"]] == [2]


def test_the_list_can_be_limited_to_a_zone(api: ApiClient) -> None:
    response = api.get("/organizations?zone=us1.make.com").json
    assert response is not None
    assert response["organizations"] == []


def test_one_organization_shows_its_license_and_counters_as_strings(api: ApiClient) -> None:
    response = api.get("/organizations/1").json
    assert response is not None
    organization = response["organization"]
    assert organization["license"]["apiLimit"] == 1000
    assert organization["teams"] == [{"id": 1, "name": "Example Team"}]
    operations = int(organization["operations"])
    assert operations > 0
    assert organization["unusedOperations"] == str(organization["license"]["operations"] - operations)
    assert organization["centicreditsConsumed"] == str(100 * operations)
    assert organization["activeScenarios"] == 3
    assert organization["productName"] == "Enterprise"


def test_counters_follow_the_runs(api: ApiClient) -> None:
    def operations() -> int:
        response = api.get("/organizations/1").json
        assert response is not None
        return int(response["organization"]["operations"])

    before = operations()
    api.post("/scenarios/4/start")
    api.post("/scenarios/4/run", json={"data": {"sku": "X"}, "responsive": True})
    assert operations() == before + 4


def test_what_belongs_to_others_is_404(api: ApiClient) -> None:
    assert api.get("/organizations/2").status_code == 404
    assert api.patch("/organizations/2", json={"name": "Mine now"}).status_code == 404
    assert api.delete("/organizations/2?confirmed=true").status_code == 404
    assert api.world.organizations[2].name == "Another Organization"


def test_a_new_organization_has_a_team_and_its_creator_as_owner(api: ApiClient) -> None:
    body = {"name": "New one", "regionId": 1, "timezoneId": 164, "countryId": 4}
    response = api.post("/organizations", json=body)
    assert response.status_code == 200
    assert response.json is not None
    id = response.json["organization"]["id"]
    assert response.json["organization"]["teams"] == [{"id": 3, "name": "My Team"}]
    assert response.json["userOrganizationRole"] == {
        "userId": 1,
        "organizationId": id,
        "usersRoleId": 11,
        "invitation": None,
    }
    assert api.get(f"/organizations/{id}").status_code == 200


def test_a_name_with_forbidden_characters_is_rejected(api: ApiClient) -> None:
    for name in ("<script>", " led by a space", "", "x" * 129):
        body = {"name": name, "regionId": 1, "timezoneId": 164, "countryId": 4}
        assert api.post("/organizations", json=body).status_code == 400, name
    assert len(api.world.organizations) == 2


def test_changing_a_field_leaves_the_others(api: ApiClient) -> None:
    response = api.patch("/organizations/1", json={"name": "Renamed"}).json
    assert response is not None
    assert response["organization"]["name"] == "Renamed"
    assert response["organization"]["timezoneId"] == 113


def test_deleting_asks_for_confirmation_while_scenarios_are_active(api: ApiClient) -> None:
    response = api.delete("/organizations/1")
    assert (response.status_code, response.json and response.json["code"]) == (406, "IM004")
    assert api.get("/organizations/1").status_code == 200
    assert api.delete("/organizations/1?confirmed=true").json == {"organization": 1}
    assert api.get("/organizations/1").status_code == 404
    assert api.get("/scenarios/1").status_code == 404
    assert len(api.world.records.where(store=1)) == 0


def test_only_administrators_found_organizations(api: ApiClient) -> None:
    body = {"name": "Mine", "regionId": 1, "timezoneId": 113, "countryId": 4}
    response = api.post("/organizations", json=body, token=OUTSIDER_TOKEN)
    assert (response.status_code, response.json and response.json["code"]) == (403, "SC403")
    assert len(api.world.organizations) == 2


def test_places_that_do_not_exist_are_rejected(api: ApiClient) -> None:
    body = {"name": "Mine", "regionId": 1, "timezoneId": 113, "countryId": 4}
    for field in ("regionId", "timezoneId", "countryId"):
        assert api.post("/organizations", json={**body, field: 99999}).status_code == 400, field
    assert api.patch("/organizations/1", json={"timezoneId": 99999}).status_code == 400
    assert api.world.organizations[1].timezone_id == 113


def test_counters_start_anew_every_month(api: ApiClient) -> None:
    def counters() -> tuple[str, str, str]:
        response = api.get("/organizations/1").json
        assert response is not None
        row = response["organization"]
        return row["operations"], row["lastReset"], row["nextReset"]

    operations, last, upcoming = counters()
    assert int(operations) > 0
    assert (last, upcoming) == ("2026-02-10T12:00:00.000Z", "2026-03-10T12:00:00.000Z")
    api.post("/scenarios/3/stop")
    api.world.clock.advance(days=60)
    assert counters() == ("0", "2026-04-10T12:00:00.000Z", "2026-05-10T12:00:00.000Z")


def test_an_owner_sees_every_team_of_the_organization(api: ApiClient) -> None:
    world = api.world
    team, _ = organizations.create_team(world, world.users[3], world.organizations[1], name="Mia's")
    assert api.get(f"/teams/{team.id}").status_code == 200


def test_the_plan_says_how_many_teams_there_are(api: ApiClient) -> None:
    response = api.post("/teams", json={"name": "Second", "organizationId": 2}, token=OUTSIDER_TOKEN)
    assert (response.status_code, response.json and response.json["code"]) == (400, "IM011")
    assert len(api.world.teams.where(organization=2)) == 1


def test_scheduled_runs_stop_when_the_operations_are_used_up_until_the_next_month(api: ApiClient) -> None:
    response = api.control(
        "POST", "/worlds", json={"plan": "free", "now": "2026-01-01T00:00:00Z", "rateLimit": False}
    )
    assert response.json is not None
    world, token = response.json["world"], response.json["world"]["token"]
    api.control("PATCH", f"/worlds/{world['name']}/clock", json={"frozen": True})
    blueprint = {"name": "Tick", "flow": [set_variable(1, "1")], "metadata": {}}
    body = {
        "teamId": 1,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps({"type": "indefinitely", "interval": 900}),
    }
    id = api.post("/scenarios", json=body, token=token).json["scenario"]["id"]  # type: ignore[index]
    for other in (1, 2, 3):
        api.post(f"/scenarios/{other}/stop", token=token)
    assert api.post(f"/scenarios/{id}/start", token=token).status_code == 200

    def after(days: int) -> tuple[str, bool]:
        path = f"/worlds/{world['name']}/clock/advance"
        assert api.control("POST", path, json={"seconds": days * 86400}).status_code == 200
        got = api.get("/organizations/1", token=token).json
        assert got is not None
        return got["organization"]["operations"], got["organization"]["isPaused"]

    # The month began on the 12th, 96 runs a day are due, and the plan has 1,000 operations.
    assert after(20) == ("864", False)
    assert after(4) == ("1000", True)
    assert after(17) == ("1000", True)
    operations, paused = after(2)
    assert (operations, paused) == ("96", False)
