from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from helpers.api import OUTSIDER_TOKEN, READER_TOKEN, ApiClient

CORE = 60


def exhaust(api: ApiClient) -> list[TestResponse]:
    """Use up the minute of organization 2, which is on plan Core."""
    return [api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN) for _ in range(CORE)]


def test_each_answer_shows_what_is_left(api: ApiClient) -> None:
    responses = exhaust(api)
    assert [a.headers["X-RateLimit-Limit"] for a in responses] == ["60"] * CORE
    assert [int(a.headers["X-RateLimit-Remaining"]) for a in responses] == list(range(CORE - 1, -1, -1))
    assert {a.headers["X-RateLimit-Reset"] for a in responses} == {"1772452860"}


def test_one_call_too_many_is_429_in_makes_words(api: ApiClient) -> None:
    exhaust(api)
    response = api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN)
    assert response.status_code == 429
    assert response.json is not None
    assert response.json["message"] == "Requests limit for organization exceeded, please try again later."
    assert response.headers["X-RateLimit-Remaining"] == "0"


def test_a_rejected_call_changes_nothing(api: ApiClient) -> None:
    exhaust(api)
    response = api.post("/data-stores", json={"name": "x", "teamId": 2, "maxSizeMB": 1}, token=OUTSIDER_TOKEN)
    assert response.status_code == 429
    assert len(api.world.data_stores.where(team=2)) == 1


def test_the_window_opens_with_the_first_call_and_lasts_a_minute(api: ApiClient) -> None:
    exhaust(api)
    api.world.clock.advance(59.999)
    assert api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN).status_code == 429
    api.world.clock.advance(0.001)
    response = api.get("/data-stores?teamId=2", token=OUTSIDER_TOKEN)
    assert response.status_code == 200
    assert response.headers["X-RateLimit-Remaining"] == "59"


def test_all_tokens_of_an_organization_count_together(api: ApiClient) -> None:
    api.get("/scenarios/1")
    response = api.get("/scenarios/1", token=READER_TOKEN)
    assert response.headers["X-RateLimit-Limit"] == "1000"
    assert response.headers["X-RateLimit-Remaining"] == "998"


def test_calls_that_belong_to_no_organization_count_by_themselves(api: ApiClient) -> None:
    exhaust(api)
    response = api.get("/organizations", token=OUTSIDER_TOKEN)
    assert response.status_code == 200
    assert response.headers["X-RateLimit-Limit"] == "10000"


def test_runs_are_outside_of_the_limit(api: ApiClient) -> None:
    api.post("/scenarios/5/start", token=OUTSIDER_TOKEN)
    exhaust(api)
    response = api.post("/scenarios/5/run", json={"data": {"name": "Zoe"}}, token=OUTSIDER_TOKEN)
    assert response.status_code == 200
    assert "X-RateLimit-Limit" not in response.headers


@pytest.mark.parametrize(
    "plan_limit", [("free", 30), ("core", 60), ("pro", 120), ("teams", 240), ("enterprise", 1000)]
)
def test_the_plan_says_how_many_a_minute(api: ApiClient, plan_limit: tuple[str, int]) -> None:
    plan, limit = plan_limit
    response = api.control("POST", "/worlds", json={"plan": plan})
    assert response.json is not None
    world = response.json["world"]
    got = api.get(f"/organizations/{world['organizationId']}", token=world["token"])
    assert got.json is not None
    assert got.json["organization"]["license"]["apiLimit"] == limit
    assert got.headers["X-RateLimit-Limit"] == str(limit)


def test_a_world_without_a_rate_limit_counts_nothing(api: ApiClient) -> None:
    response = api.control("POST", "/worlds", json={"plan": "free", "rateLimit": False})
    assert response.json is not None
    for _ in range(40):
        got = api.get("/scenarios/1", token=response.json["world"]["token"])
        assert got.status_code == 200
    assert "X-RateLimit-Limit" not in got.headers
