"""Settings of a run: flags, and environment variables for flags that are not set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from make_emulator.contract.settings import Settings, SettingsError, load_settings

ZONE: dict[str, Any] = {
    "base_url": "https://eu1.make.com/api/v2",
    "token": "secret",
    "team_id": 7,
    "organization_id": 3,
}
ENVIRONMENT = {
    "MAKE_EMULATOR_CONTRACT_BASE_URL": "https://us1.make.com/api/v2",
    "MAKE_EMULATOR_CONTRACT_TOKEN": "other",
    "MAKE_EMULATOR_CONTRACT_TEAM_ID": "8",
    "MAKE_EMULATOR_CONTRACT_ORGANIZATION_ID": "4",
    "MAKE_EMULATOR_CONTRACT_READ_ONLY": "true",
    "MAKE_EMULATOR_CONTRACT_HTML": "page.html",
}


def test_without_a_base_url_a_fresh_emulator_is_meant() -> None:
    assert load_settings({}, {}) == Settings()
    assert Settings().zone == "a fresh emulator"


def test_flags_win_over_environment_variables() -> None:
    assert load_settings({}, ENVIRONMENT) == Settings(
        base_url="https://us1.make.com/api/v2",
        token="other",
        team_id=8,
        organization_id=4,
        read_only=True,
        html=Path("page.html"),
    )
    settings = load_settings(ZONE, ENVIRONMENT)
    assert (settings.zone, settings.token, settings.team_id) == ("eu1.make.com", "secret", 7)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"token": "secret"}, "--token goes with --base-url only"),
        ({"update": True}, "--update goes with --base-url only"),
        ({"base_url": ZONE["base_url"]}, "--base-url needs --token, --team-id, --organization-id too"),
        ({**ZONE, "base_url": "eu1.make.com"}, "is no URL such as https://eu1.make.com/api/v2"),
    ],
)
def test_invalid_combinations_of_options_are_reported(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        Settings(**given)


def test_an_environment_variable_that_is_no_number_is_reported() -> None:
    with pytest.raises(SettingsError, match="MAKE_EMULATOR_CONTRACT_TEAM_ID must be a number"):
        load_settings({}, {**ENVIRONMENT, "MAKE_EMULATOR_CONTRACT_TEAM_ID": "mine"})


def test_the_token_is_never_shown() -> None:
    assert "secret" not in repr(Settings(**ZONE))
