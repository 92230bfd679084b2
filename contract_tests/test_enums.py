"""Fixed lists: time zones, locales, kinds of modules and others, and the types of keys."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient


def listed(api: ContractClient, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
    body = api.get(path, **query).fits()
    assert list(body) == [key]
    rows: list[dict[str, Any]] = body[key]
    return rows


@pytest.mark.fidelity("enums.timezones")
def test_time_zones_come_by_their_standard_offset(api: ContractClient) -> None:
    rows = listed(api, "/enums/timezones", "timezones")
    assert {113: "Europe/Prague", 164: "Europe/Rome"}.items() <= {
        row["id"]: row["code"] for row in rows
    }.items()
    [prague] = [row for row in rows if row["id"] == 113]
    assert (prague["name"], prague["offset"]) == ("(GMT+01:00) Europe/Prague", "+0100")


@pytest.mark.fidelity("enums.locales")
def test_locales_come_by_their_english_name(api: ContractClient) -> None:
    rows = listed(api, "/enums/locales", "locales")
    assert rows[0]["name"] == "Afrikaans"
    assert {"id": 19, "name": "English (United States)", "code": "en-us", "angularCode": "en-US"} in rows


@pytest.mark.fidelity("enums.languages")
def test_languages_with_a_name_of_their_own_are_some_of_all(api: ContractClient) -> None:
    every = {row["code"] for row in listed(api, "/enums/languages", "languages")}
    own = {row["code"]: row["name"] for row in listed(api, "/enums/languages", "languages", localized="true")}
    assert "en" in every
    assert own["en"] == "English"
    assert own.keys() <= every


@pytest.mark.fidelity("enums.types")
def test_kinds_have_the_ids_of_make(api: ContractClient) -> None:
    modules = {row["id"]: row["name"] for row in listed(api, "/enums/module-types", "moduleTypes")}
    assert (modules[4], modules[9]) == ("action", "search")
    variables = {row["id"]: row["name"] for row in listed(api, "/enums/variable-types", "variableTypes")}
    assert variables == {1: "number", 2: "string", 3: "boolean", 4: "date"}
    mails = listed(api, "/enums/user-email-notifications", "userEmailNotifications")
    assert {1, 2, 6} <= {row["id"] for row in mails}
    statuses = listed(api, "/enums/apps-review-statuses", "reviewStatuses")
    assert {row["value"] for row in statuses} == set(range(6))


@pytest.mark.fidelity("enums.features")
def test_features_of_users_and_organizations_have_names(api: ContractClient) -> None:
    users = {row["name"] for row in listed(api, "/enums/user-features", "userFeatures")}
    assert "allow_apps" in users
    organizations = listed(api, "/enums/organization-features", "organizationFeatures")
    assert "local_access" in {row["name"] for row in organizations}


@pytest.mark.fidelity("enums.llm")
def test_language_models_have_three_preset_tiers(api: ContractClient) -> None:
    tiers = listed(api, "/enums/llm-builtin-tiers", "llmBuiltinTiers")
    assert {row["tierName"] for row in tiers} == {"small", "medium", "large"}
    assert listed(api, "/enums/llm-models", "llmModels")


@pytest.mark.fidelity("keys.types")
def test_types_of_keys_have_their_fields(api: ContractClient) -> None:
    types = {row["name"]: row for row in listed(api, "/keys/types", "keysTypes")}
    assert {"aes-key", "apikeyauth", "apn", "basicauth"} <= types.keys()
    fields = {field["name"]: field for field in types["apikeyauth"]["parameters"]}
    assert (fields["name"]["default"], fields["placement"]["default"]) == ("X-API-Key", "header")
    assert {field["name"] for field in types["basicauth"]["parameters"]} == {"authUser", "authPass"}
