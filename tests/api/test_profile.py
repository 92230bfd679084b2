"""Profile and API tokens of the caller over the API."""

from __future__ import annotations

import re
from typing import Any

import pytest

from helpers.api import (
    ADMIN_TOKEN,
    OUTSIDER_TOKEN,
    READER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
)

PATH = "/users/me/api-tokens"


def create(api: ApiClient, *scopes: str, **options: Any) -> Any:
    return api.post(PATH, json={"label": "CI", "scope": list(scopes)}, **options)


# --- profile -------------------------------------------------------------------------------------


def test_the_caller_changes_parts_of_the_profile(api: ApiClient) -> None:
    changed = assert_ok(api.patch("/users/1", json={"name": "Ada L.", "timezoneId": 301}))["user"]
    assert (changed["id"], changed["name"], changed["timezoneId"], changed["language"]) == (
        1,
        "Ada L.",
        301,
        "en",
    )
    assert_ok(api.patch("/users/1", json={"language": "cs", "localeId": 18, "countryId": 4}))
    me = assert_ok(api.get("/users/me"))["authUser"]
    assert (me["name"], me["timezone"], me["language"], me["localeId"], me["countryId"]) == (
        "Ada L.",
        "America/New_York",
        "cs",
        18,
        4,
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": " Ada"}, "Parameter 'name' has forbidden characters."),
        ({"name": "Ada<b>"}, "Parameter 'name' has forbidden characters."),
        ({"timezoneId": 9999}, "Invalid value of parameter 'timezoneId'."),
        ({"countryId": 9999}, "Invalid value of parameter 'countryId'."),
        ({"localeId": 9999}, "Invalid value of parameter 'localeId'."),
        ({"language": "xx"}, "Invalid value of parameter 'language'."),
        ({"email": "a@example.com"}, "Unknown parameter 'email'."),
    ],
)
def test_a_profile_that_is_invalid_is_refused(api: ApiClient, body: dict[str, Any], message: str) -> None:
    assert suberror_messages(api.patch("/users/1", json=body)) == [message]
    assert assert_ok(api.get("/users/me"))["authUser"]["name"] == "Ada Maker"


def test_nobody_changes_the_profile_of_another_user(api: ApiClient) -> None:
    assert_refused(api.patch("/users/3", json={"name": "Mine"}), 403, code="SC403")
    assert_refused(api.patch("/users/1", json={"name": "Mine"}, token=OUTSIDER_TOKEN), 404, code="SC404")


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_is_shown_in_full_when_it_is_created_and_never_again(api: ApiClient) -> None:
    api.world.clock.advance(1)
    created = assert_ok(create(api, "teams:read", "hooks:read"))["apiToken"]
    assert list(created) == ["token", "scope", "created", "label"]
    assert re.fullmatch(r"[0-9a-f-]{36}", created["token"])
    assert (created["scope"], created["label"]) == (["hooks:read", "teams:read"], "CI")
    assert created["created"] == "2026-03-02T12:00:01.000Z"
    rows = assert_ok(api.get(PATH))["apiTokens"]
    assert rows[0] == {**created, "token": f"{created['token'][:8]}-****-****-****-************"}
    assert [row["label"] for row in rows] == ["CI", "admin", "read-only"]
    assert api.get("/teams/1", token=created["token"]).status_code == 200
    assert api.get("/scenarios/1", token=created["token"]).status_code == 403
    shown = api.control("GET", "/worlds/default/requests").get_data(as_text=True)
    assert created["token"] not in shown


def test_tokens_created_at_once_are_told_apart(api: ApiClient) -> None:
    first, second = (assert_ok(create(api, "teams:read"))["apiToken"] for _ in range(2))
    assert first["created"] != second["created"]
    assert assert_ok(api.delete(f"{PATH}/{first['created']}")) == {"apiToken": first["created"]}
    assert api.get("/teams/1", token=first["token"]).status_code == 401
    assert api.get("/teams/1", token=second["token"]).status_code == 200


@pytest.mark.parametrize("timestamp", ["2020-01-01T00:00:00.000Z", "2026-03-02", "newest", "1772452800000"])
def test_a_token_is_deleted_by_the_time_of_its_creation_only(api: ApiClient, timestamp: str) -> None:
    assert_refused(api.delete(f"{PATH}/{timestamp}"), 404, code="SC404")
    assert len(assert_ok(api.get(PATH))["apiTokens"]) == 2


def test_tokens_of_others_are_neither_listed_nor_deleted(api: ApiClient) -> None:
    mine = assert_ok(create(api, "teams:read"))["apiToken"]
    rows = assert_ok(api.get(PATH, token=OUTSIDER_TOKEN))["apiTokens"]
    assert [row["label"] for row in rows] == ["other"]
    assert_refused(api.delete(f"{PATH}/{mine['created']}", token=OUTSIDER_TOKEN), 404, code="SC404")


def test_a_token_makes_no_token_that_may_do_more(api: ApiClient) -> None:
    token = api.token_with("user:write", "user:read")
    assert_refused(create(api, "teams:read", token=token), 403, code="SC403")
    assert_ok(create(api, "user:read", token=token))
    assert create(api, "user:read", token=READER_TOKEN).status_code == 403
    message = "Parameter 'scope': there is no scope 'team:read'."
    assert suberror_messages(create(api, "team:read")) == [message]
    assert len([row for row in api.world.tokens if row.user_id == 1]) == 4


def test_a_token_may_delete_itself(api: ApiClient) -> None:
    api.world.clock.advance(1)
    made = assert_ok(create(api, "user:write"))["apiToken"]
    assert_ok(api.delete(f"{PATH}/{made['created']}", token=made["token"]))
    assert api.get("/users/me", token=made["token"]).status_code == 401
    assert api.get("/users/me", token=ADMIN_TOKEN).status_code == 200
