"""Hints: the header that says beside an error of Make what its body leaves out."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from helpers.api import ADMIN_TOKEN, OUTSIDER_TOKEN, READER_TOKEN, ApiClient, assert_ok, assert_refused
from make_emulator.app import create_app
from make_emulator.cli.main import main
from make_emulator.http.hints import HEADER, MAX_LENGTH


def test_a_response_without_an_error_has_no_hint(api: ApiClient) -> None:
    response = api.get("/scenarios/1")
    assert_ok(response)
    assert HEADER not in response.headers


def test_the_body_of_an_error_stays_that_of_make(api: ApiClient) -> None:
    response = api.get("/scenarios/1", token=None)
    assert response.json == {"message": "User is not logged in.", "code": "IM015"}
    assert response.headers[HEADER] == "There is no token: send the header `Authorization: Token <uuid>`."


def test_a_missing_scope_is_named_in_the_hint_only(api: ApiClient) -> None:
    response = api.delete("/scenarios/1", token=READER_TOKEN)
    body = assert_refused(response, 403, code="SC403")
    assert body == {"detail": "Access denied.", "message": "Permission denied", "code": "SC403"}
    assert response.headers[HEADER] == "the token lacks scenarios:write"


def test_each_wrong_parameter_is_in_the_hint(api: ApiClient) -> None:
    response = api.get("/connections")
    assert response.headers[HEADER] == "Missing value of required parameter 'teamId'."


def test_a_hint_does_not_distinguish_what_is_hidden_from_what_does_not_exist(api: ApiClient) -> None:
    def hint(path: str, id: int) -> str:
        response = api.get(path.format(id), token=OUTSIDER_TOKEN)
        return response.headers[HEADER].replace(str(id), "ID")

    for path in ("/scenarios/{}", "/hooks/{}", "/scenarios?teamId={}", "/teams?organizationId={}"):
        assert hint(path, 1) == hint(path, 987654), path


def test_a_hint_lists_what_the_caller_sees(api: ApiClient) -> None:
    hint = api.get("/scenarios?teamId=987654", token=OUTSIDER_TOKEN).headers[HEADER]
    assert hint == "teamId 987654 is no team of the token's user, who has: 2."


def test_a_hint_is_one_line_of_ascii_without_secrets(api: ApiClient) -> None:
    name = "caf\u00e9\r\nSet-Cookie: x=1 \u6f22 " + ADMIN_TOKEN
    response = api.post("/connections?teamId=1", json={"accountName": "x", "accountType": name[:128]})
    hint = response.headers[HEADER]
    assert hint.isascii()
    assert hint.isprintable()
    assert ADMIN_TOKEN not in hint
    assert "caf\\xe9" in hint
    assert "Set-Cookie" not in response.headers


def test_a_long_hint_is_cut(api: ApiClient) -> None:
    response = api.post("/scenarios", json={f"wrong{number}": 1 for number in range(500)})
    assert len(response.headers[HEADER]) == MAX_LENGTH
    assert response.headers[HEADER].endswith("...")


def test_hints_can_be_switched_off() -> None:
    response = ApiClient(create_app(hints=False)).get("/scenarios/999")
    assert response.status_code == 404
    assert HEADER not in response.headers


def test_an_injected_fault_says_that_it_is_one(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/faults", json={"path": "/users/me", "status": 503})
    assert "fault" in api.get("/users/me").headers[HEADER]


@pytest.mark.parametrize("option", ["--no-hints"])
def test_the_server_has_an_option_for_it(option: str) -> None:
    assert option in CliRunner().invoke(main, ["serve", "--help"]).output
