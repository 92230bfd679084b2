"""Authentication: tokens and the header that carries them."""

from __future__ import annotations

import re
import uuid

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target


@pytest.mark.fidelity("auth.token")
def test_a_token_goes_into_the_header_after_the_word_token(api: ContractClient) -> None:
    assert api.get("/users/me").fits()["authUser"]["id"] > 0


@pytest.mark.fidelity("auth.bearer")
def test_the_word_bearer_does_not_go_with_a_token_of_this_form(api: ContractClient, target: Target) -> None:
    headers = {"Authorization": f"Bearer {target.token}"}
    api.call("GET", "/users/me", headers=headers).refused(401)


@pytest.mark.fidelity("auth.missing-token", "auth.missing-token-body")
def test_a_call_without_a_token_is_turned_away(api: ContractClient) -> None:
    body = api.call("GET", "/users/me", headers={"Authorization": None}).refused(401, "IM015")
    assert body == {"message": "User is not logged in.", "code": "IM015"}


@pytest.mark.fidelity("auth.unknown-token")
def test_a_token_that_nobody_was_given_is_turned_away(api: ContractClient) -> None:
    body = api.call("GET", "/users/me", token=str(uuid.uuid4())).refused(401)
    assert body == {
        "detail": "Invalid token header.",
        "message": "Access denied",
        "code": "SC401",
        "suberrors": [],
    }


@pytest.mark.fidelity("auth.before-routing")
def test_an_outsider_learns_nothing_of_the_paths(api: ContractClient) -> None:
    answer = api.call("GET", "/contract-nothing", headers={"Authorization": None})
    assert answer.status == 401


@pytest.mark.fidelity("auth.authtype-header")
def test_every_answer_names_its_request_and_how_the_caller_was_known(api: ContractClient) -> None:
    answer = api.get("/users/me")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["authtype"] == "token"


@pytest.mark.fidelity("users.current-authorization")
def test_the_token_can_be_asked_for_what_it_may(api: ContractClient) -> None:
    authorization = api.get("/users/me/current-authorization").fits()["authorization"]
    assert authorization["authUsed"] == "token"
    assert authorization["scope"] == sorted(api.scopes)
