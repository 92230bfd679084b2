"""Requests at the same moment: a code, a refresh token and a waiting request are used once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from helpers.api import assert_ok, assert_status
from helpers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHarness

THREADS = 8

T = TypeVar("T")


def at_once(call: Callable[[OAuthHarness], T], oauth: OAuthHarness) -> list[T]:
    """The results of a call by several threads, each with a browser of its own."""
    barrier = threading.Barrier(THREADS)
    results: list[T] = []

    def run() -> None:
        harness = OAuthHarness(oauth.api)
        barrier.wait()
        results.append(call(harness))

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == THREADS
    return results


def test_a_code_is_redeemed_once(oauth: OAuthHarness) -> None:
    code = oauth.code()
    responses = at_once(lambda harness: harness.token(code=code), oauth)
    assert Counter(response.status_code for response in responses) == {200: 1, 400: THREADS - 1}
    [tokens] = [response.get_json() for response in responses if response.status_code == 200]
    assert oauth.call("/teams/1", tokens["access_token"]).status_code == 401, "the code was used again"


def test_a_refresh_token_is_replaced_once(oauth: OAuthHarness) -> None:
    tokens = oauth.tokens()
    responses = at_once(lambda harness: harness.refresh(tokens["refresh_token"]), oauth)
    assert Counter(response.status_code for response in responses) == {200: 1, 400: THREADS - 1}
    assert len(oauth.api.world.oauth_grants) == 0


def test_a_request_is_approved_once(oauth: OAuthHarness) -> None:
    assert_status(oauth.authorize())

    def approve(harness: OAuthHarness) -> int:
        return harness.api.control("POST", "/worlds/default/oauth/requests/1/approve").status_code

    assert Counter(at_once(approve, oauth)) == {200: 1, 404: THREADS - 1}
    assert len(oauth.api.world.oauth_grants) == 1


def test_clients_register_and_refresh_while_a_world_is_reset(oauth: OAuthHarness) -> None:
    oauth.api.control("POST", "/worlds", json={"name": "other"})
    tokens = oauth.tokens()

    def work(harness: OAuthHarness) -> int:
        harness.register()
        assert_ok(harness.api.control("POST", "/worlds/other/reset"))
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return harness.api.get("/users/me", token=None, headers=headers).status_code

    assert set(at_once(work, oauth)) == {200}
    own = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert_ok(oauth.refresh(tokens["refresh_token"], **own))
