from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from conftest import OUTSIDER_TOKEN, READER_TOKEN, ApiClient

CORE = 60


def exhaust(api: ApiClient) -> list[TestResponse]:
    """Use up the minute of organization 2, which is on plan Core."""
    return [api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN) for _ in range(CORE)]


def test_each_answer_tells_what_is_left(api: ApiClient) -> None:
    answers = exhaust(api)
    assert [a.headers["X-RateLimit-Limit"] for a in answers] == ["60"] * CORE
    assert [int(a.headers["X-RateLimit-Remaining"]) for a in answers] == list(range(CORE - 1, -1, -1))
    assert {a.headers["X-RateLimit-Reset"] for a in answers} == {"1772452860"}


def test_one_call_too_many_is_429_in_makes_words(api: ApiClient) -> None:
    exhaust(api)
    answer = api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN)
    assert answer.status_code == 429
    assert answer.json is not None
    assert answer.json["message"] == "Requests limit for organization exceeded, please try again later."
    assert answer.headers["X-RateLimit-Remaining"] == "0"


def test_a_refused_call_changes_nothing(api: ApiClient) -> None:
    exhaust(api)
    answer = api.post("/data-stores", json={"name": "x", "teamId": 2, "maxSizeMB": 1}, token=OUTSIDER_TOKEN)
    assert answer.status_code == 429
    assert len(api.world.data_stores.where(team=2)) == 1


def test_the_window_opens_with_the_first_call_and_lasts_a_minute(api: ApiClient) -> None:
    exhaust(api)
    api.world.clock.advance(59.999)
    assert api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN).status_code == 429
    api.world.clock.advance(0.001)
    answer = api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN)
    assert answer.status_code == 200
    assert answer.headers["X-RateLimit-Remaining"] == "59"


def test_all_tokens_of_an_organization_count_together(api: ApiClient) -> None:
    api.get("/scenarios/1")
    answer = api.get("/scenarios/1", token=READER_TOKEN)
    assert answer.headers["X-RateLimit-Limit"] == "1000"
    assert answer.headers["X-RateLimit-Remaining"] == "998"


def test_calls_that_belong_to_no_organization_count_by_themselves(api: ApiClient) -> None:
    exhaust(api)
    answer = api.get("/organizations", token=OUTSIDER_TOKEN)
    assert answer.status_code == 200
    assert answer.headers["X-RateLimit-Limit"] == "10000"


def test_runs_are_outside_of_the_limit(api: ApiClient) -> None:
    api.post("/scenarios/5/start", token=OUTSIDER_TOKEN)
    exhaust(api)
    answer = api.post("/scenarios/5/run", json={"data": {"name": "Zoe"}}, token=OUTSIDER_TOKEN)
    assert answer.status_code == 200
    assert "X-RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(
    "plan_limit", [("free", 30), ("core", 60), ("pro", 120), ("teams", 240), ("enterprise", 1000)]
)
def test_the_plan_says_how_many_a_minute(api: ApiClient, plan_limit: tuple[str, int]) -> None:
    plan, limit = plan_limit
    answer = api.control("POST", "/worlds", json={"plan": plan})
    assert answer.json is not None
    world = answer.json["world"]
    got = api.get(f"/organizations/{world['organizationId']}", token=world["token"])
    assert got.json is not None
    assert got.json["organization"]["license"]["apiLimit"] == limit
    assert got.headers["X-RateLimit-Limit"] == str(limit)


def test_a_world_without_a_rate_limit_counts_nothing(api: ApiClient) -> None:
    answer = api.control("POST", "/worlds", json={"plan": "free", "rateLimit": False})
    assert answer.json is not None
    for _ in range(40):
        got = api.get("/scenarios/1", token=answer.json["world"]["token"])
        assert got.status_code == 200
    assert "X-RateLimit-Limit" not in got.headers
