from __future__ import annotations

from typing import Any

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient
from make_emulator.http.request_log import MAX_ENTRIES, LogEntry
from make_emulator.http.usage_stats import UsageStats
from make_emulator.world import organizations


def rows(api: ApiClient) -> dict[str, dict[str, Any]]:
    response = api.control("GET", "/worlds/default/access-report")
    assert response.json is not None
    return {row["label"]: row for row in response.json["tokens"]}


def text(api: ApiClient, form: str) -> str:
    response = api.control("GET", f"/worlds/default/access-report?format={form}")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_a_token_has_used_unused_and_minimum_scopes(api: ApiClient) -> None:
    token = api.token_with("teams:read", "scenarios:read", "hooks:read")
    api.get("/teams/1", token=token)
    api.get("/teams/1", token=token)
    api.delete("/scenarios/1", token=token)
    row = rows(api)["token-4"]
    assert (row["user"], row["userId"], row["calls"]) == ("Ada Maker", 1, 3)
    assert row["granted"] == ["hooks:read", "scenarios:read", "teams:read"]
    assert row["used"] == ["teams:read"]
    assert row["neverUsed"] == ["hooks:read", "scenarios:read"]
    assert row["refused"] == ["scenarios:write"]
    assert row["least"] == ["scenarios:write", "teams:read"]
    assert row["refusedForScope"] == [
        {"endpoint": "DELETE /scenarios/{scenarioId}", "scopes": ["scenarios:write"], "times": 1}
    ]
    assert row["refusedForRole"] == []


def test_a_token_with_the_minimum_scopes_is_never_rejected_for_scope(api: ApiClient) -> None:
    def work(token: str) -> list[int]:
        return [
            api.get("/teams/1", token=token).status_code,
            api.post("/scenarios/1/run", json={"responsive": True}, token=token).status_code,
            api.get("/data-stores/99", token=token).status_code,
        ]

    poor = api.token_with("teams:read")
    assert work(poor) == [200, 403, 403]
    enough = api.token_with(*rows(api)["token-4"]["least"])
    assert 403 not in work(enough)
    assert rows(api)["token-5"]["refused"] == []


def test_a_request_counts_though_nothing_was_found(api: ApiClient) -> None:
    token = api.token_with("scenarios:read")
    api.get("/scenarios/99", token=token)
    row = rows(api)["token-4"]
    assert (row["used"], row["neverUsed"], row["least"]) == ([], ["scenarios:read"], ["scenarios:read"])


def test_permissions_that_the_role_lacks_are_reported_apart_from_scopes(api: ApiClient) -> None:
    world = api.world
    monitor = next(
        (member for member in world.team_members if member.user_id != 1 and member.team_id == 1), None
    )
    assert monitor is not None
    with world.lock:
        world.team_members.put(
            type(monitor)(user_id=monitor.user_id, team_id=1, role_id=_role(api, "Team Monitoring"))
        )
        scopes = ["scenarios:read", "scenarios:write"]
        token = organizations.create_token(world, world.users[monitor.user_id], scopes, label="watcher").token
    assert api.delete("/scenarios/1", token=token).status_code == 403
    row = rows(api)["watcher"]
    [refused] = row["refusedForRole"]
    assert (refused["endpoint"], refused["times"]) == ("DELETE /scenarios/{scenarioId}", 1)
    assert refused["permissions"] == ["scenario delete"]
    assert row["refused"] == []
    assert "lacks scenario delete for DELETE /scenarios/{scenarioId} (1 times)" in text(api, "text")
    assert "its user's role lacks `scenario delete`" in text(api, "markdown")


def _role(api: ApiClient, name: str) -> int:
    response = api.get("/users/roles")
    assert response.json is not None
    return int(next(row["id"] for row in response.json["usersRoles"] if row["name"] == name))


def test_the_report_outlives_the_request_log_and_ends_with_a_reset(api: ApiClient) -> None:
    api.get("/teams/1")
    api.control("DELETE", "/worlds/default/requests")
    assert rows(api)["admin"]["used"] == ["teams:read"]
    api.control("POST", "/worlds/default/reset")
    assert rows(api)["admin"]["calls"] == 0


def test_counting_takes_constant_memory(api: ApiClient) -> None:
    tally = UsageStats()
    token = api.handle.main_token()
    for number in range(MAX_ENTRIES + 5):
        tally.count(token, LogEntry("GET", f"/teams/{number}", endpoint="GET /teams/{teamId}", status=404))
    [(case, count)] = tally.counts().items()
    assert (case.endpoint, count) == ("GET /teams/{teamId}", MAX_ENTRIES + 5)


def test_no_token_is_shown(api: ApiClient) -> None:
    api.get("/teams/1", token=READER_TOKEN)
    shown = [api.control("GET", "/worlds/default/access-report").get_data(as_text=True)]
    shown += [text(api, "text"), text(api, "markdown")]
    for report in shown:
        assert ADMIN_TOKEN not in report
        assert READER_TOKEN not in report


def test_the_table_has_a_line_for_each_token(api: ApiClient) -> None:
    api.delete("/scenarios/1", token=READER_TOKEN)
    header, *lines = text(api, "text").splitlines()
    assert header.split("  ")[0] == "token"
    assert [line.split()[0] for line in lines] == ["admin", "read-only", "other"]
    assert lines[1].split()[1] == "1"
    assert lines[1].endswith("scenarios:write  scenarios:write")


def test_the_markdown_has_a_line_for_each_token(api: ApiClient) -> None:
    token = api.token_with("teams:read", "hooks:read")
    api.get("/teams/1", token=token)
    api.delete("/scenarios/1", token=token)
    assert text(api, "markdown").splitlines()[-1] == (
        "- **token-4** needs `scenarios:write`, `teams:read`; lacks `scenarios:write`;"
        " does not need 1 of its 2 scopes."
    )
    assert "- **admin** was not used." in text(api, "markdown")


def test_a_label_stays_on_its_line_and_is_no_markup(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/tokens", json={"scopes": [], "label": "a\n# <b>*x*"})
    assert "- **a # \\<b\\>\\*x\\*** was not used." in text(api, "markdown").splitlines()
    assert "a # <b>*x*" in text(api, "text").splitlines()[-1]


def test_other_forms_are_rejected(api: ApiClient) -> None:
    assert api.control("GET", "/worlds/default/access-report?format=pdf").status_code == 400
    assert api.control("GET", "/worlds/nowhere/access-report").status_code == 404
