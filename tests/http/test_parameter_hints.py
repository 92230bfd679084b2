"""Hints for wrong parameters: what is allowed, the nearest name, and notes on what clients send."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_refused
from make_emulator.http.hints import HEADER


def hint(response: Any) -> str:
    """The hint of a response that refuses a parameter."""
    assert_refused(response, 400, code="SC400")
    return str(response.headers[HEADER])


@pytest.mark.parametrize(
    ("method", "path", "body", "text"),
    [
        ("PATCH", "/scenarios/1", {"nam": "x"}, "Unknown parameter 'nam' (did you mean 'name'?)."),
        ("PATCH", "/teams/1", {"colour": "x"}, "Unknown parameter 'colour' (there are: "),
        ("PATCH", "/scenarios/1", {"name": ""}, "(from 1 to 120 characters)."),
        ("GET", "/scenarios?teamId=1&isActive=True", None, "(true or false, in lower case)."),
        ("POST", "/scenarios/1/run", {"responsive": 1}, "(true or false, not a number or a text)."),
        ("GET", "/scenarios?teamId=0", None, "(from 1 to 9007199254740991)."),
    ],
)
def test_a_wrong_parameter_says_what_is_allowed(
    api: ApiClient, method: str, path: str, body: dict[str, Any] | None, text: str
) -> None:
    assert text in hint(api.call(method, path, json=body))


@pytest.mark.parametrize(
    ("method", "path", "body", "text"),
    [
        ("PATCH", "/scenarios/4", {"isActive": True}, "POST /scenarios/{scenarioId}/start"),
        ("PATCH", "/scenarios/4", {"confirmed": True}, "it belongs into the query"),
        ("PATCH", "/scenarios/4", {"scheduling": {"type": "on-demand"}}, "send the JSON as a text"),
        ("POST", "/scenarios", {"teamId": "1"}, "send a JSON number"),
        ("POST", "/scenarios", {"description": "d"}, "set it with PATCH"),
        ("POST", "/scenarios/1/run", {"name": "Zoe"}, "the inputs of a run go into data"),
        ("POST", "/scenarios/1/run", {"callbackUrl": ""}, "leave it out"),
    ],
)
def test_what_clients_send_without_a_source_is_refused_with_a_note(
    api: ApiClient, method: str, path: str, body: dict[str, Any], text: str
) -> None:
    found = hint(api.call(method, path, json=body))
    assert text in found
    assert "no source shows whether Make takes it" in found


def test_every_wrong_parameter_is_named_and_the_log_has_each_once(api: ApiClient) -> None:
    response = api.patch("/scenarios/1", json={"nam": "x", "folderId": "y"})
    found = hint(response)
    assert "'nam'" in found
    assert "'folderId'" in found
    *_, entry = api.handle.request_log
    assert entry.sentence().count("'nam'") == 1


def test_many_wrong_parameters_are_counted(api: ApiClient) -> None:
    found = hint(api.patch("/teams/1", json={f"p{number}": 1 for number in range(30)}))
    assert len(found) <= 1_000
