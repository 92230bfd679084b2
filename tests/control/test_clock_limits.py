"""The clock in the control API, at the end of its time."""

from __future__ import annotations

import pytest

from helpers.api import ApiClient, json_of

LAST = "9998-12-31T23:59:59Z"


@pytest.mark.parametrize("frozen", [True, False])
def test_a_world_at_the_last_moment_is_served(api: ApiClient, frozen: bool) -> None:
    assert (
        api.control("PATCH", "/worlds/default/clock", json={"now": LAST, "frozen": frozen}).status_code == 200
    )
    # A clock that runs is past the moment at once.
    api.world.clock.resume(api.world.clock.offset + 60_000) if not frozen else None
    assert json_of(api.get("/scenarios/1"))["scenario"]["id"] == 1
    assert json_of(api.control("GET", "/worlds/default/clock"))["now"] == "9998-12-31T23:59:59.000Z"
    assert json_of(api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}))
    assert json_of(api.get("/organizations/1"))["organization"]["id"] == 1


def test_a_clock_is_not_advanced_past_its_last_moment(api: ApiClient) -> None:
    api.control("PATCH", "/worlds/default/clock", json={"now": LAST, "frozen": True})
    response = api.control("POST", "/worlds/default/clock/advance", json={"seconds": 1})
    assert response.status_code == 400
    assert "between 1970 and 9998-12-31T23:59:59Z" in json_of(response)["detail"]
    assert (
        api.control("PATCH", "/worlds/default/clock", json={"now": "9999-01-01T00:00:00Z"}).status_code == 400
    )
    assert json_of(api.control("GET", "/worlds/default/clock"))["now"] == "9998-12-31T23:59:59.000Z"
