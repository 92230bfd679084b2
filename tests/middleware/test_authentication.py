from __future__ import annotations

import pytest

from conftest import ADMIN, STRANGER, Api


def test_a_known_token_is_admitted_and_the_answer_says_how(api: Api) -> None:
    answer = api.get("/users/me")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["authUser"]["name"] == "Ada Maker"
    assert answer.headers["authtype"] == "token"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(answer.headers["x-request-id"]) == 32


def test_the_token_decides_who_is_calling(api: Api) -> None:
    answer = api.get("/users/me", token=STRANGER)
    assert answer.json is not None
    assert answer.json["authUser"]["name"] == "Otto Other"


@pytest.mark.parametrize(
    "header",
    [
        "",
        ADMIN,
        "Token",
        "Token ",
        f"Bearer {ADMIN}",
        f"token {ADMIN}",
        f"Basic {ADMIN}",
        "Token not-a-uuid",
        "Token 44444444-4444-4444-8444-444444444444",
        f"Token {ADMIN}{ADMIN}",
        "Bearer whatever",
    ],
)
def test_anything_else_is_401_and_not_told_apart(api: Api, header: str) -> None:
    answer = api.get("/users/me", token=None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["code"] == "IM015"
    assert answer.json["message"] == "Unauthorized"
    assert answer.json["detail"].startswith("Access denied: ")
    assert "authtype" not in answer.headers


def test_a_token_in_capitals_is_the_same_token(api: Api) -> None:
    token = api.token_with("user:read")
    assert api.get("/users/me", token=token.upper()).status_code == 200


def test_without_a_token_an_unknown_route_is_401_and_with_one_404(api: Api) -> None:
    assert api.get("/nowhere", token=None).status_code == 401
    assert api.get("/nowhere").status_code == 404
