from __future__ import annotations

import pytest

from helpers.api import ADMIN_TOKEN, OUTSIDER_TOKEN, ApiClient


def test_a_known_token_is_admitted_and_the_answer_says_how(api: ApiClient) -> None:
    response = api.get("/users/me")
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["authUser"]["name"] == "Ada Maker"
    assert response.headers["authtype"] == "token"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(response.headers["x-request-id"]) == 32


def test_the_token_decides_who_is_calling(api: ApiClient) -> None:
    response = api.get("/users/me", token=OUTSIDER_TOKEN)
    assert response.json is not None
    assert response.json["authUser"]["name"] == "Otto Other"


@pytest.mark.parametrize(
    "header",
    [
        ADMIN_TOKEN,
        "Token",
        "Token ",
        f"Bearer {ADMIN_TOKEN}",
        f"token {ADMIN_TOKEN}",
        f"Basic {ADMIN_TOKEN}",
        "Token not-a-uuid",
        "Token 44444444-4444-4444-8444-444444444444",
        f"Token {ADMIN_TOKEN}{ADMIN_TOKEN}",
        "Bearer whatever",
    ],
)
def test_any_other_header_is_the_same_401(api: ApiClient, header: str) -> None:
    response = api.get("/users/me", token=None, headers={"Authorization": header})
    assert response.status_code == 401
    assert list((response.json or {}).items()) == [
        ("detail", "Invalid token header."),
        ("message", "Access denied"),
        ("code", "SC401"),
        ("suberrors", []),
    ]
    assert "authtype" not in response.headers


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_no_token_at_all_is_another_401(api: ApiClient, headers: dict[str, str]) -> None:
    response = api.get("/users/me", token=None, headers=headers)
    assert response.status_code == 401
    assert response.json == {"message": "User is not logged in.", "code": "IM015"}


def test_a_token_in_capitals_is_the_same_token(api: ApiClient) -> None:
    token = api.token_with("user:read")
    assert api.get("/users/me", token=token.upper()).status_code == 200


def test_without_a_token_an_unknown_route_is_401_and_with_one_404(api: ApiClient) -> None:
    assert api.get("/nowhere", token=None).status_code == 401
    assert api.get("/nowhere").status_code == 404
