"""Rate limit: the calls that count, and the response to one too many."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target
from make_emulator.throttle import Throttle

from .resources import FreshResources
from .valid_requests import each_route, valid_request

_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

#: Product -> documented calls a minute.
_PLANS = {"Core": 60, "Pro": 120, "Teams": 240, "Enterprise": 1000}


@pytest.mark.fidelity("rate.headers")
@pytest.mark.parametrize("route", each_route("rate limit"))
def test_a_call_tells_how_many_are_left(route: str, api: ContractClient, make: FreshResources) -> None:
    answer = valid_request(route, make).send(api)
    if answer.status != 424:
        answer.ok()
    limit, remaining, reset = (int(answer.headers[name]) for name in _HEADERS)
    assert 0 <= remaining < limit
    assert reset > 0


@pytest.mark.fidelity("rate.run-exempt")
@pytest.mark.parametrize("route", each_route("no rate limit"))
def test_a_run_is_not_counted(route: str, api: ContractClient, make: FreshResources) -> None:
    answer = valid_request(route, make).send(api)
    answer.ok()
    assert [name for name in _HEADERS if name in answer.headers] == []


@pytest.mark.fidelity("rate.per-organization")
def test_the_limit_is_that_of_the_licence(
    api: ContractClient, target: Target, license: dict[str, Any]
) -> None:
    if "apiLimit" not in license:
        pytest.skip("the token lacks organizations:read")
    answer = api.get(f"/teams/{target.team_id}")
    answer.fits()
    assert int(answer.headers["X-RateLimit-Limit"]) == license["apiLimit"]


@pytest.mark.fidelity("rate.plans")
def test_each_plan_allows_at_least_its_number_of_calls(
    api: ContractClient, target: Target, license: dict[str, Any]
) -> None:
    organization = api.get(f"/organizations/{target.organization_id}").fits()["organization"]
    if organization["productName"] not in _PLANS:
        pytest.skip("the documentation names no limit for this plan")
    assert license["apiLimit"] >= _PLANS[organization["productName"]]


@pytest.mark.fidelity("rate.unowned")
def test_listing_organizations_counts_for_none_of_them(api: ContractClient) -> None:
    answer = api.get("/organizations")
    answer.fits()
    assert answer.headers["X-RateLimit-Limit"] == "10000"


@pytest.mark.fidelity("rate.exceeded", "rate.exceeded-body", "rate.no-retry-after", "rate.window")
def test_one_call_too_many_is_429_until_the_minute_is_over(
    api: ContractClient, target: Target, license: dict[str, Any]
) -> None:
    if not target.can_exhaust_rate_limit:
        pytest.skip("without --rate-limit: it would use up the organization's calls of a minute")
    if "apiLimit" not in license:
        pytest.skip("the token lacks organizations:read")
    path = f"/teams/{target.team_id}"
    api.require_scopes("teams:read")
    careful, api.throttle = api.throttle, Throttle(None, target)
    try:
        answer = next(
            (answer for _ in range(2 * license["apiLimit"]) if (answer := api.get(path)).status != 200), None
        )
    finally:
        api.throttle = careful
        api.throttle.wait_full_window()
    assert answer is not None, "no call was one too many"
    body = answer.refused(429, "SC429")
    assert body["detail"] == body["message"]
    assert body["message"] == "Requests limit for organization exceeded, please try again later."
    assert "Retry-After" not in answer.headers
    api.get(path).fits()
