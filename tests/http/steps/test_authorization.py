from __future__ import annotations

import pytest

from helpers.api import READER_TOKEN, ApiClient


def test_a_missing_scope_is_403_in_makes_words(api: ApiClient) -> None:
    response = api.delete("/scenarios/1", token=READER_TOKEN)
    assert response.status_code == 403
    assert response.json == {"detail": "Access denied.", "message": "Permission denied", "code": "SC403"}


def test_running_needs_read_write_and_run(api: ApiClient) -> None:
    body = {"data": {"name": "Zoe"}}
    needed = ["scenarios:read", "scenarios:write", "scenarios:run"]
    for left_out in needed:
        token = api.token_with(*(scope for scope in needed if scope != left_out))
        assert api.post("/scenarios/1/run", json=body, token=token).status_code == 403
    assert api.post("/scenarios/1/run", json=body, token=api.token_with(*needed)).status_code == 200


def test_creating_an_organization_needs_the_admin_scope_too(api: ApiClient) -> None:
    body = {"name": "New", "regionId": 1, "timezoneId": 113, "countryId": 4}
    token = api.token_with("organizations:write")
    assert api.post("/organizations", json=body, token=token).status_code == 403
    token = api.token_with("organizations:write", "admin:write")
    assert api.post("/organizations", json=body, token=token).status_code == 200


@pytest.mark.parametrize("path", ["/scenarios/99", "/scenarios/5", "/scenarios/abc"])
def test_the_scope_is_checked_before_anything_else(api: ApiClient, path: str) -> None:
    assert api.get(path, token=api.token_with("hooks:read")).status_code == 403
