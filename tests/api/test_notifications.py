"""Notifications and e-mail preferences over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import NOON_ISO, OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused
from helpers.engine import set_variable
from make_emulator.engine.runtime import executor
from make_emulator.world import notifications, organizations
from make_emulator.world.enums import SCOPES

ADA, MIA = 1, 3
#: Fails whenever it runs.
BROKEN = {"id": 2, "module": "json:ParseJSON", "version": 1, "parameters": {}, "mapper": {"json": "{<b>"}}


def create(api: ApiClient, name: str = "Broken & co") -> int:
    """A live scenario whose runs fail; its id."""
    blueprint = {"name": name, "flow": [set_variable(1, "1"), BROKEN], "metadata": {}}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def fail(api: ApiClient, id: int) -> str:
    """Runs a scenario as its schedule would; the id of the run."""
    execution = executor.run_scenario(api.world, api.world.scenarios[id], kind="auto")
    assert execution.status == 3
    api.world.clock.advance(1)
    return execution.id


@pytest.fixture
def clean(api: ApiClient) -> ApiClient:
    """The default world without the notifications of its past."""
    api.world.notifications.clear()
    return api


def listed(api: ApiClient, query: str = "", **options: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = assert_ok(api.get(f"/notifications{query}", **options))["notifications"]
    return rows


def test_a_failed_run_notifies_the_members_of_the_team(clean: ApiClient) -> None:
    id = create(clean)
    execution = fail(clean, id)
    body = assert_ok(clean.get("/notifications"))
    [row] = body["notifications"]
    assert list(row) == ["id", "subject", "read", "created", "type"]
    assert isinstance(row["id"], str)
    assert (row["subject"], row["read"], row["type"]) == (
        "Encountered error in scenario Broken & co",
        None,
        1,
    )
    assert body["userUnreadNotifications"] == 1
    assert body["userZoneNotifications"] == [{"imtZoneId": 1, "unreadNotifications": 1}]
    assert body["pg"] == {
        "sortBy": "id",
        "limit": 10000,
        "sortDir": "desc",
        "offset": 0,
        "returnTotalCount": False,
    }
    detail = assert_ok(clean.get(f"/notifications/{row['id']}"))["notification"]
    assert {key: detail[key] for key in row} == row
    html = detail["body"]
    assert html.startswith("<p>Encountered error in scenario Broken &amp; co</p><ul><li><a href=")
    assert f"https://eu1.make.com/1/scenarios/{id}/logs/{execution}" in html
    assert "<code>" in html
    assert "{<b>" not in html
    mia = organizations.create_token(clean.world, clean.world.users[MIA], SCOPES, label="mia").token
    assert [each["subject"] for each in listed(clean, token=mia)] == [row["subject"]]
    assert listed(clean, token=OUTSIDER_TOKEN) == []


def test_the_end_of_a_scenarios_activity_is_told_after_the_error(clean: ApiClient) -> None:
    id = create(clean)
    for _ in range(3):
        fail(clean, id)
    rows = listed(clean)
    assert [row["type"] for row in rows] == [6, 1, 1, 1]
    assert rows[0]["subject"] == "Scenario Broken & co was deactivated"


def test_notifications_are_paged_and_unread_ones_can_be_listed_alone(clean: ApiClient) -> None:
    id = create(clean)
    fail(clean, id)
    assert_ok(clean.post("/notifications/mark-as-read?ids=all"))
    fail(clean, id)
    newest, oldest = (row["id"] for row in listed(clean))
    assert int(newest) > int(oldest)
    assert [row["id"] for row in listed(clean, "?pg[sortDir]=asc&pg[limit]=1")] == [oldest]
    assert [row["id"] for row in listed(clean, "?pg[offset]=1&imtZoneId=1")] == [oldest]
    assert [row["id"] for row in listed(clean, "?unreadOnly=true")] == [newest]
    unread = {
        "userUnreadNotifications": 1,
        "userZoneUnreadNotifications": [{"zoneId": 1, "unreadNotifications": 1}],
    }
    assert assert_ok(clean.get("/users/unread-notifications")) == unread


def test_all_are_marked_as_read_at_once(clean: ApiClient) -> None:
    clean.world.clock.freeze(NOON_ISO)
    id = create(clean)
    fail(clean, id)
    [row] = listed(clean)
    clean.world.clock.freeze("2026-03-02T13:00:00.000Z")
    assert assert_ok(clean.post("/notifications/mark-as-read?ids=all")) == {
        "notifications": [{"id": row["id"]}]
    }
    assert listed(clean)[0]["read"] == "2026-03-02T13:00:00.000Z"
    assert assert_ok(clean.post("/notifications/mark-as-read?ids=all")) == {"notifications": []}
    assert clean.post("/notifications/mark-as-read").status_code == 400


def test_deleting_answers_those_that_there_were(clean: ApiClient) -> None:
    id = create(clean)
    fail(clean, id)
    [row] = listed(clean)
    body = {"ids": [row["id"], "999999"]}
    assert assert_ok(clean.delete("/notifications", json=body, token=OUTSIDER_TOKEN)) == {"notifications": []}
    assert assert_ok(clean.delete("/notifications", json=body)) == {"notifications": [{"id": row["id"]}]}
    assert_refused(clean.get(f"/notifications/{row['id']}"), 404, code="SC404")


def test_the_oldest_notifications_make_room(clean: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MAX_NOTIFICATIONS", 2)
    first, second = create(clean, "First"), create(clean, "Second")
    for id in (first, second, second):
        fail(clean, id)
    assert {row["subject"] for row in listed(clean)} == {"Encountered error in scenario Second"}


# --- e-mails about a team's scenarios ------------------------------------------------------------


def test_errors_and_deactivations_are_told_unless_switched_off(clean: ApiClient) -> None:
    rows = assert_ok(clean.get(f"/users/{ADA}/user-team-notifications/1"))["userTeamNotifications"]
    assert rows == [
        {"userId": ADA, "teamId": 1, "notificationId": 1, "enabled": True},
        {"userId": ADA, "teamId": 1, "notificationId": 2, "enabled": False},
        {"userId": ADA, "teamId": 1, "notificationId": 6, "enabled": True},
    ]
    path = f"/users/{ADA}/user-team-notifications/1/1"
    changed = {"userTeamNotification": {**rows[0], "enabled": False}}
    assert assert_ok(clean.put(path, json={"enabled": False})) == changed
    assert assert_ok(clean.get(path)) == changed
    fail(clean, create(clean))
    assert listed(clean) == []
    mia = organizations.create_token(clean.world, clean.world.users[MIA], SCOPES, label="mia").token
    assert len(listed(clean, token=mia)) == 1


def test_only_the_caller_chooses_for_himself(api: ApiClient) -> None:
    path = f"/users/{MIA}/user-team-notifications/1"
    assert_refused(api.get(path), 403, code="SC403")
    assert_refused(api.put(f"{path}/1", json={"enabled": False}), 403, code="SC403")
    for unknown in ("3", "onboarding"):
        assert api.get(f"/users/{ADA}/user-team-notifications/1/{unknown}").status_code == 404
    assert_refused(api.get(f"/mailhub/users/{MIA}/preferences"), 403, code="SC403")


def test_email_preferences_are_chosen_once_or_for_a_team(api: ApiClient) -> None:
    path = f"/mailhub/users/{ADA}/preferences"
    before = assert_ok(api.get(path))["preferences"]
    assert (before["id"], before["email"], before["is_email_verified"]) == (ADA, "ada@example.com", True)
    rows = before["global"]["preferences"]
    assert [row["id"] for row in rows] == [
        *("use_cases", "product_updates", "app_updates", "events_and_webinars"),
        *("promotions", "channel_partner_updates", "academy", "blog"),
    ]
    assert {row["enabled"] for row in rows} == {False}
    changed = assert_ok(api.patch(path, json={"id": "blog", "enabled": True}))
    assert changed == {"preferences": {"global": {"preferences": {"id": "blog", "enabled": True}}}}
    after = assert_ok(api.get(path))["preferences"]["global"]["preferences"]
    assert [row["id"] for row in after if row["enabled"]] == ["blog"]
    assert api.patch(path, json={"id": "onboarding", "enabled": True}).status_code == 400


def test_the_native_preferences_of_a_team_are_its_notifications(api: ApiClient) -> None:
    path = f"/mailhub/users/{ADA}/organizations/1/teams/1"
    team = assert_ok(api.get(f"{path}/preferences"))["team"]
    assert (team["teamId"], team["teamName"]) == (1, "Example Team")
    native = {row["id"]: row["subscribed"] for row in team["preferences"]["native"]}
    assert native == {6: True, 2: False, 1: True}
    assert [row["id"] for row in team["preferences"]["marketing"]] == ["onboarding"]
    changed = assert_ok(api.patch(f"{path}/native-preferences", json={"id": "2", "enabled": True}))
    assert changed == {"team": {"preferences": {"id": "2", "enabled": True}}}
    seen = assert_ok(api.get(f"/users/{ADA}/user-team-notifications/1/2"))["userTeamNotification"]
    assert seen["enabled"] is True
    assert_ok(api.patch(f"{path}/preferences", json={"id": "onboarding", "enabled": True}))
    marketing = assert_ok(api.get(f"{path}/preferences"))["team"]["preferences"]["marketing"]
    assert marketing[0]["enabled"] is True
